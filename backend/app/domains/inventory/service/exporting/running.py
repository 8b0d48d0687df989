"""The job that writes an export: one snapshot, a server-side cursor, a file of its own until it is whole."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.bulk import open_driver
from app.core.config import Settings
from app.core.database import get_database, set_organization, tenant_session
from app.core.events import publish
from app.core.storage import get_storage, organization_key
from app.core.tasks import JobCancelled, TaskContext
from app.domains.inventory import queries
from app.domains.inventory.events import ResourcesExported
from app.domains.inventory.models import ResourceExport
from app.domains.inventory.queries import Past
from app.domains.inventory.rules import ResourceState
from app.domains.inventory.service.exporting.keeping import DRAFTS, filters_of, find_export, note_export, scope_of_row
from app.domains.inventory.service.exporting.writing import COLUMNS, JSON_COLUMNS, Writer, open_writer
from app.domains.inventory.service.past import find_changed, iter_states

EXPORT_LIFETIME = timedelta(days=7)
FOLDER = "resource-exports"
ROWS_AT_ONCE = 200
BYTES_AT_ONCE = 8 * 1024 * 1024
STATEMENT_SECONDS = 3_600


async def export_resources(context: TaskContext, export_id: UUID, settings: Settings) -> None:
    """Write the export. Safe to repeat: a second run writes the same key again."""
    organization_id = context.organization_id
    async with tenant_session(organization_id) as session:
        row = await find_export(session, organization_id, export_id, lock=True)
        row.state = "running"
    draft = await asyncio.to_thread(_prepare_draft, settings.data_dir / "tmp", export_id, row.format)
    try:
        written = await _write(context, row, draft)
        await context.raise_if_cancelled()
        key = organization_key(organization_id, FOLDER, f"{export_id}.{row.format}")
        size = await get_storage(settings).put_file(key, draft, move=True)
    except (JobCancelled, asyncio.CancelledError):
        await _note_end(organization_id, export_id, "cancelled")
        raise
    except Exception:
        await _note_end(organization_id, export_id, "failed")
        raise
    finally:
        await asyncio.to_thread(draft.unlink, missing_ok=True)
    async with tenant_session(organization_id) as session:
        now = clock.utc_now()
        await note_export(
            session,
            organization_id,
            export_id,
            state="ready",
            storage_key=key,
            size_bytes=size,
            resources=written,
            finished_at=now,
            expires_at=now + EXPORT_LIFETIME,
        )
        await publish(
            session,
            ResourcesExported(
                organization_id=organization_id,
                export_id=export_id,
                job_id=context.job_id,
                step="finished",
                format=row.format,
                search=row.search,
                actor_kind="system",
            ),
        )


def _prepare_draft(folder: Path, export_id: UUID, file_format: str) -> Path:
    """Where to write; what a killed run of the same export left is removed."""
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(f"{DRAFTS}{export_id}-*"):
        left.unlink(missing_ok=True)
    return folder / f"{DRAFTS}{export_id}-{secrets.token_hex(8)}.{file_format}"


async def _write(context: TaskContext, row: ResourceExport, draft: Path) -> int:
    written = 0
    writer = await asyncio.to_thread(open_writer, row.format, draft)
    try:
        async for part in _parts(context.organization_id, row):
            await context.raise_if_cancelled()
            await asyncio.to_thread(writer.write, part)
            written += len(part)
            await context.report_progress(written)
    finally:
        await asyncio.to_thread(_close, writer)
    return written


def _close(writer: Writer) -> None:
    writer.close()


async def _parts(organization_id: UUID, row: ResourceExport) -> AsyncIterator[Sequence[Mapping[str, Any]]]:
    """The rows in their own order; of a moment of the past first those that changed since."""
    filters, scope = filters_of(row), scope_of_row(row)
    past = None
    if row.at is not None:
        found = await find_changed(organization_id, filters, row.at, scope)
        past = Past(at=row.at, changed=[one["id"] for one in found])
        async for states in iter_states(organization_id, filters, found, row.at, scope, with_properties=True):
            yield [_past_row(present, state) for present, state in states]
    async with _snapshot(organization_id) as session:
        driver = await open_driver(session, statement_seconds=STATEMENT_SECONDS)
        sql, arguments = queries.export_statement(organization_id, filters, scope=scope, past=past)
        part: list[dict[str, Any]] = []
        size = 0
        async for record in driver.cursor(sql, *arguments, prefetch=ROWS_AT_ONCE):
            part.append(dict(record))
            size += len(record["properties"])
            if len(part) >= ROWS_AT_ONCE or size >= BYTES_AT_ONCE:
                yield part
                part, size = [], 0
        if part:
            yield part


def _past_row(present: Mapping[str, Any], state: ResourceState) -> dict[str, Any]:
    kept = {name: getattr(state, name) for name in COLUMNS if name not in (*JSON_COLUMNS, "closed_at")}
    return kept | {
        "tags": orjson.dumps(state.tags).decode(),
        "monthly_cost": present["cost"],
        "properties": orjson.dumps(state.properties).decode(),
        "closed_at": None,
    }


@asynccontextmanager
async def _snapshot(organization_id: UUID) -> AsyncIterator[AsyncSession]:
    """One state of the rows, however long the reading takes."""
    async with get_database().sessions() as session, session.begin():
        await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        await set_organization(session, organization_id)
        yield session


async def _note_end(organization_id: UUID, export_id: UUID, state: str) -> None:
    async with tenant_session(organization_id) as session:
        await note_export(session, organization_id, export_id, state=state, finished_at=clock.utc_now())
