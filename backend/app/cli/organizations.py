"""`organizations` and `quotas`: what the operator sees and sets of organizations. No names of people."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

import typer
from sqlalchemy import Row, select

from app.cli.failures import UsageError
from app.core.config import Settings
from app.core.database import Database, directory_session, tenant_session, use_database
from app.core.directory import DeletedOrganization, DirectoryOrganization
from app.core.installation import Installation, open_installation
from app.core.quotas import KINDS, MAX_LIMIT, QuotaKind, clear_limit, list_quotas, set_limit
from app.core.tasks.models import Job

NO_LIMIT, DEFAULT = "none", "default"
Limits = dict[QuotaKind, int | str]


def show_organizations() -> None:
    """One line an organization: id, name, state; then those that are gone."""
    _run(_show_organizations)


def show_or_set_quotas(organization: str, changes: list[str]) -> None:
    """Set the limits that are named, then show all with their use. Raises UsageError."""
    limits = parse_limits(changes)
    organization_id = _parse_id(organization)
    _run(lambda: _show_quotas(organization_id, limits))


def parse_limits(changes: list[str]) -> Limits:
    """`KIND=LIMIT`, where LIMIT is a whole number, `none` or `default`. Raises UsageError."""
    limits: Limits = {}
    for change in changes:
        kind, separator, given = change.partition("=")
        if kind not in KINDS or not separator:
            raise UsageError(f"Cannot read {change!r}: write KIND=LIMIT, with KIND one of {', '.join(KINDS)}.")
        if given in (NO_LIMIT, DEFAULT):
            limits[kind] = given
        elif given.isascii() and given.isdigit() and int(given) <= MAX_LIMIT:
            limits[kind] = int(given)
        else:
            raise UsageError(f"Cannot read {change!r}: the limit is a whole number, {NO_LIMIT} or {DEFAULT}.")
    return limits


def _run(work: Callable[[], Awaitable[None]]) -> None:
    with open_installation(Settings()) as installation:
        asyncio.run(_with_database(installation, work))


async def _with_database(installation: Installation, work: Callable[[], Awaitable[None]]) -> None:
    from app.domains import load_domains

    load_domains()  # the domains count what is used
    database = Database(installation.addresses.app, pool_size=2)
    use_database(database)
    try:
        await work()
    finally:
        use_database(None)
        await database.close()


async def _show_organizations() -> None:
    from app.domains.identity.service import get_organization
    from app.domains.identity.service.organizations.removing import REMOVE_TASK

    async with directory_session() as session:
        rows = (await session.execute(select(DirectoryOrganization).order_by(DirectoryOrganization.id))).scalars().all()
        gone = (await session.execute(select(DeletedOrganization).order_by(DeletedOrganization.id))).scalars().all()
    for row in rows:
        async with tenant_session(row.id) as session:
            name = (await get_organization(session, row.id)).name if row.emptied_at is None else "(removed)"
            progress = (
                await session.execute(
                    select(Job.progress_done, Job.progress_total)
                    .where(Job.organization_id == row.id, Job.kind == REMOVE_TASK)
                    .order_by(Job.created_at.desc())
                    .limit(1)
                )
            ).one_or_none()
        typer.echo(f"{row.id}  {name}  {_state(row, progress)}")
    for stone in gone:
        typer.echo(f"{stone.id}  deleted {stone.deleted_at:%Y-%m-%d}, removed {stone.removed_at:%Y-%m-%d}")


def _state(row: DirectoryOrganization, progress: Row[int, int | None] | None) -> str:
    if row.deleted_at is None or row.delete_after is None:
        return "active"
    if row.emptied_at is not None:
        return "removed"
    if progress is not None and progress[1]:
        return f"being removed, {progress[0]} of {progress[1]} steps"
    return f"deleted {row.deleted_at:%Y-%m-%d}, can be restored until {row.delete_after:%Y-%m-%d}"


async def _show_quotas(organization_id: UUID, limits: Limits) -> None:
    """What is changed goes on record in the organization's log, like all else that the operator does to it."""
    from app.domains.audit import service as audit

    async with directory_session() as session:
        if await session.get(DirectoryOrganization, organization_id) is None:
            raise UsageError(f"There is no organization {organization_id}. `cloudops organizations` lists them.")
    async with tenant_session(organization_id) as session:
        for kind, limit in limits.items():
            if limit == DEFAULT:
                await clear_limit(session, organization_id, kind)
            else:
                await set_limit(session, organization_id, kind, limit if isinstance(limit, int) else None)
            await audit.record(
                session,
                organization_id,
                "quota.changed",
                subject_type="quota",
                subject_id=kind,
                changes={"limit": limit},
                actor_kind="operator",
            )
        for quota in await list_quotas(session, organization_id):
            limit_text = "no limit" if quota.limit is None else f"{quota.limit:,}"
            period = f" a {quota.period}" if quota.period else ""
            typer.echo(f"{quota.kind:<10} {quota.used:>16,} of {limit_text} {quota.unit}{period}")


def _parse_id(given: str) -> UUID:
    try:
        return UUID(given)
    except ValueError:
        raise UsageError(f"{given!r} is no organization's id. `cloudops organizations` lists them.") from None
