"""`import-costs` and `sync`: start a job through the domains' services and show how it goes until it ends."""

import asyncio
import os
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import typer
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.cli.failures import UsageError
from app.cli.serving import worker_command
from app.core.config import Settings, get_settings
from app.core.database import Database, tenant_session, use_database
from app.core.directory import DirectoryOrganization
from app.core.installation import Installation, open_installation
from app.core.processes import die_with_parent
from app.core.tasks.models import FINAL_STATES, Job, WorkerRow

POLL_SECONDS = 0.5
WORKER_SILENT = timedelta(minutes=1)  # a worker unseen for longer is taken for gone

Start = Callable[[UUID], Awaitable[UUID]]  # takes the organization's id, gives the job's


def sync_account(account: str, organization: str | None) -> int:
    """Collect one account; 0 when every unit was complete, else 1."""

    async def start(organization_id: UUID) -> UUID:
        from app.domains.inventory.service import start_sync

        async with tenant_session(organization_id) as session:
            account_id = await _find_account(session, organization_id, account)
            return await start_sync(session, organization_id, account_id)

    return _run_jobs([(f"Syncing {account}", start)], organization)


def import_files(files: list[Path], organization: str | None) -> int:
    """Import cost files one after another; 0 when every row of each was stored, else 1."""
    starts = [(f"Importing {file}", _file_import(file.absolute())) for file in files]
    return _run_jobs(starts, organization)


def _file_import(file: Path) -> Start:
    async def start(organization_id: UUID) -> UUID:
        from app.domains.costs.service import start_upload_import

        started = await start_upload_import(
            organization_id, file, file.name, user_id=None, settings=get_settings(), source="local"
        )
        return started.job_id

    return start


def _run_jobs(jobs: list[tuple[str, Start]], organization: str | None) -> int:
    with open_installation(Settings()) as installation:
        _use_environment(installation)
        organization_id = asyncio.run(_find_organization(installation, organization))
        with _worker_if_missing(installation):
            return asyncio.run(_follow_all(installation, jobs, organization_id))


def _use_environment(installation: Installation) -> None:
    """Let this process see what a serving one would."""
    os.environ.update(installation.environment())
    os.environ.pop("CLOUDOPS_DATABASE_URL", None)
    get_settings.cache_clear()


@contextmanager
def _worker_if_missing(installation: Installation) -> Iterator[None]:
    """A worker of our own for the time being, unless one is alive."""
    if asyncio.run(_worker_is_alive(installation)):
        yield
        return
    worker = subprocess.Popen(  # noqa: S603  # our own program
        worker_command(), env=installation.environment(), start_new_session=True, preexec_fn=die_with_parent()
    )
    try:
        yield
    finally:
        worker.terminate()
        try:
            worker.wait(20)
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()


async def _worker_is_alive(installation: Installation) -> bool:
    database = Database(installation.addresses.app, pool_size=1)
    try:
        async with database.sessions() as session:
            query = select(WorkerRow.id).where(WorkerRow.seen_at > func.now() - WORKER_SILENT).limit(1)
            return (await session.execute(query)).first() is not None
    finally:
        await database.close()


async def _follow_all(installation: Installation, jobs: list[tuple[str, Start]], organization_id: UUID) -> int:
    from app.domains import load_domains

    load_domains()
    database = Database(installation.addresses.app, pool_size=2)
    use_database(database)
    try:
        failed = 0
        for title, start in jobs:
            typer.echo(f"{title} …")
            job_id = await start(organization_id)
            state, error = await _follow(organization_id, job_id)
            typer.echo(f"{title}: {state}" + (f" ({error})" if error else ""))
            failed += state != "succeeded"
        return 1 if failed else 0
    finally:
        use_database(None)
        await database.close()


async def _follow(organization_id: UUID, job_id: UUID) -> tuple[str, str | None]:
    """Print the progress as it changes; returns the last state and the error."""
    shown = ""
    while True:
        async with tenant_session(organization_id) as session:
            query = select(Job.state, Job.progress_done, Job.progress_total, Job.error).where(
                Job.organization_id == organization_id, Job.id == job_id
            )
            job = (await session.execute(query)).one()
        if job.progress_total:
            line = f"  {job.progress_done} of {job.progress_total}"
            if line != shown:
                typer.echo(line)
                shown = line
        if job.state in FINAL_STATES:
            return job.state, job.error
        await asyncio.sleep(POLL_SECONDS)


async def _find_organization(installation: Installation, given: str | None) -> UUID:
    """The organization that was named, or the only one."""
    database = Database(installation.addresses.app, pool_size=1)
    try:
        async with database.sessions() as session:
            query = select(DirectoryOrganization.id)
            known = (await session.execute(query.limit(2) if given is None else query)).scalars().all()
    finally:
        await database.close()
    if not known:
        raise UsageError("There is no organization yet: start `cloudops up` first.")
    if given is None:
        if len(known) > 1:
            raise UsageError("There are several organizations: say which with --organization.")
        return known[0]
    matches = [organization_id for organization_id in known if str(organization_id) == given.lower()]
    if not matches:
        raise UsageError(f"There is no organization {given}. Give its id.")
    return matches[0]


async def _find_account(session: AsyncSession, organization_id: UUID, given: str) -> UUID:
    """By id or by name."""
    from app.domains.accounts.service import list_accounts

    page = await list_accounts(session, organization_id)
    matches = [item.id for item in page.items if given in (str(item.id), item.name)]
    if len(matches) != 1:
        names = ", ".join(sorted(item.name for item in page.items)) or "none"
        what = "There is no account" if not matches else "There are several accounts"
        raise UsageError(f"{what} {given!r}. Connected: {names}.")
    return matches[0]
