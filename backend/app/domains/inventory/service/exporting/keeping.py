"""Exports as rows: starting, listing, downloading, expiring."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.config import Settings
from app.core.errors import NotFound
from app.core.events import publish
from app.core.http import Caller
from app.core.ids import new_id
from app.core.scope import Scope, covers, intersect, read_scope
from app.core.storage import FileMissing, get_storage
from app.core.tasks import enqueue
from app.core.tasks.models import OPEN_STATES, Job
from app.domains.inventory.errors import TooManyExports
from app.domains.inventory.events import ResourcesExported
from app.domains.inventory.models import ResourceExport
from app.domains.inventory.rules import ResourceFilter, parse_filter
from app.domains.inventory.schemas import ResourceExportCreate, ResourceExportRead
from app.domains.inventory.service.asking import check_known
from app.domains.inventory.service.past import check_moment

EXPORT_TASK = "inventory.export_resources"
MAX_RUNNING = 3  # of an organization
SHOWN = 50
DRAFTS = "resources-"  # what the names of unfinished files begin with
DRAFT_LIFETIME = timedelta(hours=12)  # longer than a job may take
_SETTLED = ("ready", "expired")  # there is a file, or was one


def filters_of(row: ResourceExport) -> ResourceFilter:
    """What the export asks for. Raises InvalidInput."""
    return parse_filter(**row.filters, search=row.search)


def scope_of_row(row: ResourceExport) -> Scope | None:
    """What its creator might see."""
    scope: Scope | None = None
    for part in row.scope:
        scope = intersect(read_scope(part), scope)
    return scope


async def start_export(session: AsyncSession, caller: Caller, body: ResourceExportCreate) -> ResourceExport:
    """Queue an export. Raises TooManyExports, and InvalidInput for filters and moments that cannot be answered."""
    filters = parse_filter(**body.filters.model_dump(), search=body.search)
    await check_known(caller.organization_id, filters)
    if body.at is not None:
        await check_moment(session, caller.organization_id, body.at)
    await _check_room(session, caller.organization_id)
    row = ResourceExport(
        organization_id=caller.organization_id,
        id=new_id(),
        format=body.format,
        state="queued",
        search=body.search or "",
        filters=body.filters.model_dump(exclude_none=True),
        scope=[part.to_json() for part in caller.scope.parts()] if caller.scope else [],
        at=body.at,
        created_by=caller.user_id,
    )
    row.job_id = await enqueue(
        session,
        EXPORT_TASK,
        {"export_id": row.id},
        organization_id=caller.organization_id,
        requested_by=caller.user_id,
    )
    session.add(row)
    await announce(session, caller, row, "requested")
    await session.flush()
    await session.refresh(row)
    return row


async def list_exports(session: AsyncSession, caller: Caller) -> list[ResourceExportRead]:
    """The newest exports whose content the caller may see."""
    query = select(ResourceExport).where(ResourceExport.organization_id == caller.organization_id)
    query = query.order_by(ResourceExport.created_at.desc(), ResourceExport.id.desc()).limit(10 * SHOWN)
    rows = (await session.execute(query)).scalars().all()
    return await _told(session, [row for row in rows if _may_see(caller, row)][:SHOWN])


async def read_export(session: AsyncSession, caller: Caller, export_id: UUID) -> ResourceExportRead:
    """One export. Raises NotFound, also for one that shows more than the caller may see."""
    return (await _told(session, [await _find_visible(session, caller, export_id)]))[0]


async def open_export(
    session: AsyncSession, settings: Settings, caller: Caller, export_id: UUID
) -> tuple[ResourceExport, AsyncIterator[bytes]]:
    """A finished export and its content. Raises NotFound for one that is not ready, has expired, or is unknown."""
    row = await _find_visible(session, caller, export_id)
    now = clock.utc_now()
    if row.state != "ready" or row.storage_key is None or row.expires_at is None or row.expires_at <= now:
        raise NotFound
    storage = get_storage(settings)
    if not await storage.exists(row.storage_key):
        raise FileMissing
    await announce(session, caller, row, "downloaded")
    return row, storage.open_read(row.storage_key)


async def _find_visible(session: AsyncSession, caller: Caller, export_id: UUID) -> ResourceExport:
    row = await find_export(session, caller.organization_id, export_id)
    if not _may_see(caller, row):
        raise NotFound
    return row


async def _told(session: AsyncSession, rows: Sequence[ResourceExport]) -> list[ResourceExportRead]:
    """The rows as they are shown. Until there is a file, the job knows best how it goes: it may wait, be tried again,
    or have been cancelled before it began.
    """
    ids = [row.job_id for row in rows if row.state not in _SETTLED]
    jobs: dict[Any, str] = {}
    if ids:
        query = select(Job.id, Job.state).where(Job.organization_id == rows[0].organization_id, Job.id.in_(ids))
        jobs = {row.id: row.state for row in await session.execute(query)}
    made = []
    for row in rows:
        state = row.state if row.state in _SETTLED else jobs.get(row.job_id, "failed")
        state = state if state in (*_SETTLED, *OPEN_STATES, "cancelled") else "failed"
        fields = {name: getattr(row, name) for name in ResourceExportRead.model_fields}
        made.append(ResourceExportRead.model_validate(fields | {"state": state}))
    return made


async def expire_exports(session: AsyncSession, settings: Settings, organization_id: UUID) -> int:
    """Remove the files of exports whose time is over; how many. The file goes first, so none stays without a row.

    And unfinished ones of killed workers that nobody tried again, of whatever organization.
    """
    before = (clock.utc_now() - DRAFT_LIFETIME).timestamp()
    await asyncio.to_thread(_drop_drafts, settings.data_dir / "tmp", before)
    query = select(ResourceExport).where(
        ResourceExport.organization_id == organization_id,
        ResourceExport.state == "ready",
        ResourceExport.expires_at <= clock.utc_now(),
    )
    rows = (await session.execute(query.with_for_update(skip_locked=True))).scalars().all()
    for row in rows:
        if row.storage_key is not None:
            await get_storage(settings).delete(row.storage_key)
        row.state, row.storage_key, row.size_bytes = "expired", None, None
    await session.flush()
    return len(rows)


def _drop_drafts(folder: Path, before: float) -> None:
    for left in folder.glob(f"{DRAFTS}*"):
        with suppress(FileNotFoundError):  # gone meanwhile
            if left.stat().st_mtime < before:
                left.unlink()


async def find_export(
    session: AsyncSession, organization_id: UUID, export_id: UUID, *, lock: bool = False
) -> ResourceExport:
    """One export. Raises NotFound."""
    query = select(ResourceExport).where(
        ResourceExport.organization_id == organization_id, ResourceExport.id == export_id
    )
    query = query.execution_options(populate_existing=True)
    row = (await session.execute(query.with_for_update() if lock else query)).scalar_one_or_none()
    if row is None:
        raise NotFound
    return row


async def note_export(session: AsyncSession, organization_id: UUID, export_id: UUID, **values: Any) -> None:
    """Write how it goes."""
    await session.execute(
        update(ResourceExport)
        .where(ResourceExport.organization_id == organization_id, ResourceExport.id == export_id)
        .values(**values)
    )


async def announce(session: AsyncSession, caller: Caller, row: ResourceExport, step: str) -> None:
    """Let the audit log know."""
    await publish(
        session,
        ResourcesExported(
            organization_id=caller.organization_id,
            export_id=row.id,
            job_id=row.job_id,
            step=step,
            format=row.format,
            search=row.search,
            actor_id=caller.user_id,
            client_address=caller.client_address,
            user_agent=caller.user_agent,
        ),
    )


async def _check_room(session: AsyncSession, organization_id: UUID) -> None:
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"resource-export:{organization_id}"}
    )
    running = (
        select(func.count())
        .select_from(ResourceExport)
        .join(Job, (Job.organization_id == ResourceExport.organization_id) & (Job.id == ResourceExport.job_id))
        .where(
            ResourceExport.organization_id == organization_id,
            ResourceExport.state.in_(("queued", "running")),
            Job.state.in_(OPEN_STATES),
        )
    )
    if (await session.execute(running)).scalar_one() >= MAX_RUNNING:
        raise TooManyExports(f"{MAX_RUNNING} are written at a time.")


def _may_see(caller: Caller, row: ResourceExport) -> bool:
    return covers(caller.scope, scope_of_row(row))
