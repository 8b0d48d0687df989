"""Everything an organization owns in one zip: a JSON line a row, a description of the tables, and the stored files.

Which tables those are is read from the metadata, so a new table is exported by itself. Secrets never leave: sealed,
hashed and otherwise binary columns say only whether they are set.
"""

import asyncio
import contextlib
import secrets
import zipfile
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Column, LargeBinary, Table, select, text, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.config import Settings
from app.core.database import Base, get_database, set_organization, tenant_session
from app.core.errors import NotFound
from app.core.events import publish
from app.core.http import Caller
from app.core.ids import new_id
from app.core.storage import FileMissing, Storage, get_storage, organization_key
from app.core.tasks import TaskContext, enqueue
from app.core.tasks.models import OPEN_STATES, Job
from app.domains.identity.errors import ExportRunning
from app.domains.identity.events import OrganizationExported
from app.domains.identity.models import Membership, Organization, OrganizationExport, User
from app.domains.identity.queries import organizations as reads
from app.domains.identity.rules.organizations import EXPORT_LIFETIME

EXPORT_TASK = "identity.export_organization"
EXPORTS = "exports"
ROWS_AT_ONCE = 1_000
STATEMENT_SECONDS = 300
SHOWN = 50
FORMAT_VERSION = 1
_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]
_README = """This file holds everything that one organization owns in CloudOps Pro.

schema.json      what each table is, and its columns with their types
tables/NAME.jsonl  one JSON object a row
files/           stored files by their own names: bills as they were sent, and Parquet made of them

Secrets are not in it: such a column says {"set": true} or {"set": false}.
"""


async def start_export(session: AsyncSession, caller: Caller) -> OrganizationExport:
    """Queue an export. Raises ExportRunning while one is on its way."""
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"export:{caller.organization_id}"}
    )
    running = (
        select(OrganizationExport.id)
        .join(Job, (Job.organization_id == OrganizationExport.organization_id) & (Job.id == OrganizationExport.job_id))
        .where(
            OrganizationExport.organization_id == caller.organization_id,
            OrganizationExport.state.in_(("queued", "running")),
            Job.state.in_(OPEN_STATES),
        )
    )
    if (await session.execute(running.limit(1))).first() is not None:
        raise ExportRunning("Wait for it to end.")
    row = OrganizationExport(
        organization_id=caller.organization_id, id=new_id(), state="queued", created_by=caller.user_id, row_counts={}
    )
    row.job_id = await enqueue(
        session,
        EXPORT_TASK,
        {"export_id": row.id},
        organization_id=caller.organization_id,
        requested_by=caller.user_id,
    )
    session.add(row)
    await _announce(session, caller, row.id, "requested")
    await session.flush()
    await session.refresh(row)
    return row


async def list_exports(session: AsyncSession, caller: Caller) -> Sequence[OrganizationExport]:
    """The newest exports."""
    return await reads.list_exports(session, caller.organization_id, SHOWN)


async def open_export(
    session: AsyncSession, settings: Settings, caller: Caller, export_id: UUID
) -> tuple[OrganizationExport, AsyncIterator[bytes]]:
    """A finished export and its content. Raises NotFound for one that is not ready, has expired, or is unknown."""
    row = await reads.get_export(session, caller.organization_id, export_id)
    storage = get_storage(settings)
    if row.state != "ready" or row.storage_key is None or (row.expires_at or clock.utc_now()) <= clock.utc_now():
        raise NotFound
    if not await storage.exists(row.storage_key):
        raise FileMissing
    await _announce(session, caller, row.id, "downloaded")
    return row, storage.open_read(row.storage_key)


async def expire_exports(session: AsyncSession, settings: Settings, organization_id: UUID) -> int:
    """Remove the files of exports that are a week old; how many. The file goes first, so none stays without a row."""
    query = select(OrganizationExport).where(
        OrganizationExport.organization_id == organization_id,
        OrganizationExport.state == "ready",
        OrganizationExport.expires_at <= clock.utc_now(),
    )
    rows = (await session.execute(query.with_for_update(skip_locked=True))).scalars().all()
    for row in rows:
        if row.storage_key is not None:
            await get_storage(settings).delete(row.storage_key)
        row.state, row.storage_key, row.size_bytes = "expired", None, None
    await session.flush()
    return len(rows)


async def export_organization(context: TaskContext, export_id: UUID, settings: Settings) -> None:
    """Write the export. Safe to repeat: a second run writes the same key again."""
    organization_id = context.organization_id
    storage = get_storage(settings)
    folder = settings.data_dir / "tmp"
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    draft = folder / f"export-{secrets.token_hex(16)}.zip"
    await _note(organization_id, export_id, state="running")
    try:
        counts, files = await _write(context, storage, draft)
        key = organization_key(organization_id, EXPORTS, f"{export_id}.zip")
        size = await storage.put_file(key, draft, move=True)
    except Exception:
        await _note(organization_id, export_id, state="failed", finished_at=clock.utc_now())
        raise
    finally:
        await asyncio.to_thread(draft.unlink, missing_ok=True)
    async with tenant_session(organization_id) as session:
        row = await reads.get_export(session, organization_id, export_id, lock=True)
        now = clock.utc_now()
        row.state, row.storage_key, row.size_bytes = "ready", key, size
        row.row_counts, row.file_count, row.finished_at, row.expires_at = counts, files, now, now + EXPORT_LIFETIME
        await publish(
            session,
            OrganizationExported(
                organization_id=organization_id, export_id=export_id, step="finished", actor_kind="system"
            ),
        )


def exported_tables() -> list[Table]:
    """Every table that holds an organization's rows; those of the directory hold hashes and ids only."""
    return [table for table in Base.metadata.sorted_tables if "organization_id" in table.c and table.schema is None]


def is_withheld(column: Column[Any]) -> bool:
    """Whether the column's value stays here: sealed values, hashes, wrapped keys, everything binary."""
    return bool(column.info.get("sealed")) or isinstance(column.type, LargeBinary)


async def _write(context: TaskContext, storage: Storage, draft: Path) -> tuple[dict[str, int], int]:
    organization_id = context.organization_id
    prefix = organization_key(organization_id) + "/"
    keys = [key for key in await storage.list_prefix(prefix) if not key.startswith(f"{prefix}{EXPORTS}/")]
    tables = [*_own_tables(), *exported_tables()]
    total = len(tables) + len(keys)
    counts: dict[str, int] = {}
    with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
        async with _snapshot(organization_id) as session:
            for done, table in enumerate(tables):
                await context.raise_if_cancelled()
                counts[str(table.name)] = await _write_table(archive, session, table, organization_id)
                await context.report_progress(done + 1, total)
        for done, key in enumerate(keys, start=len(tables)):
            await context.raise_if_cancelled()
            await _write_file(archive, storage, key, f"files/{key.removeprefix(prefix)}")
            await context.report_progress(done + 1, total)
        described = {
            "format": FORMAT_VERSION,
            "organization_id": str(organization_id),
            "made_at": clock.utc_now().isoformat(),
            "tables": {str(table.name): _describe(table, counts[table.name]) for table in tables},
        }
        archive.writestr("schema.json", orjson.dumps(described, option=orjson.OPT_INDENT_2))
        archive.writestr("README.txt", _README)
    return counts, len(keys)


@contextlib.asynccontextmanager
async def _snapshot(organization_id: UUID) -> AsyncIterator[AsyncSession]:
    """One state of all tables, however long the reading takes."""
    async with get_database().sessions() as session, session.begin():
        await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        await set_organization(session, organization_id)
        await session.execute(text(f"SET LOCAL statement_timeout = '{STATEMENT_SECONDS}s'"))
        yield session


def _own_tables() -> list[Table]:
    """The organization's own row and its members' names, whose tables belong to no one organization."""
    return [Base.metadata.tables[Organization.__tablename__], Base.metadata.tables[User.__tablename__]]


async def _write_table(archive: zipfile.ZipFile, session: AsyncSession, table: Table, organization_id: UUID) -> int:
    query = select(table).order_by(*table.primary_key.columns)
    if table.name == Organization.__tablename__:
        query = query.where(table.c.id == organization_id)
    elif table.name == User.__tablename__:
        members = select(Membership.user_id).where(Membership.organization_id == organization_id)
        query = query.where(table.c.id.in_(members))
    else:
        query = query.where(table.c.organization_id == organization_id)
    count = 0
    with archive.open(f"tables/{table.name}.jsonl", "w", force_zip64=True) as file:
        found = await session.stream(query.execution_options(yield_per=ROWS_AT_ONCE))
        async for rows in found.mappings().partitions():
            count += len(rows)
            content = b"".join(_lines(table, rows))
            await asyncio.to_thread(file.write, content)
    return count


def _lines(table: Table, rows: Sequence[Any]) -> Iterator[bytes]:
    withheld = {column.key for column in table.columns if is_withheld(column)}
    for row in rows:
        values = {
            str(column.name): {"set": row[column.key] is not None} if column.key in withheld else row[column.key]
            for column in table.columns
        }
        yield orjson.dumps(values, default=_plain, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal | UUID | date | datetime):
        return str(value)
    if isinstance(value, bytes | memoryview):
        raise TypeError("binary values stay here")
    return str(value)


async def _write_file(archive: zipfile.ZipFile, storage: Storage, key: str, name: str) -> None:
    with archive.open(name, "w", force_zip64=True) as file:
        try:
            async for part in storage.open_read(key):
                await asyncio.to_thread(file.write, part)
        except FileMissing:  # removed since it was listed
            return


def _describe(table: Table, rows: int) -> dict[str, Any]:
    return {
        "rows": rows,
        "primary_key": [column.name for column in table.primary_key.columns],
        "columns": [
            {
                "name": column.name,
                "type": str(column.type.compile(dialect=_DIALECT)).lower(),
                "nullable": bool(column.nullable),
                "withheld": is_withheld(column),
            }
            for column in table.columns
        ],
        "references": sorted(
            {f"{key.parent.name} → {key.target_fullname}" for key in table.foreign_keys if key.parent is not None}
        ),
    }


async def _note(organization_id: UUID, export_id: UUID, **values: Any) -> None:
    async with tenant_session(organization_id) as session:
        await session.execute(
            update(OrganizationExport)
            .where(OrganizationExport.organization_id == organization_id, OrganizationExport.id == export_id)
            .values(**values)
        )


async def _announce(session: AsyncSession, caller: Caller, export_id: UUID, step: str) -> None:
    await publish(
        session,
        OrganizationExported(
            organization_id=caller.organization_id,
            export_id=export_id,
            step=step,
            actor_id=caller.user_id,
            client_address=caller.client_address,
            user_agent=caller.user_agent,
        ),
    )
