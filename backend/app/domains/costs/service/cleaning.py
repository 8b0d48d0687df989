"""Removing files that no longer count: replaced Parquet files, finished uploads, and leftovers of runs that died."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import utc_now
from app.core.config import Settings, get_settings
from app.core.database import tenant_session
from app.core.storage import Storage, get_storage, organization_key
from app.core.tasks import TaskContext, enqueue
from app.domains.costs.models import CostFile, CostImport

CLEAN_TASK = "costs.remove_files"
KEEP_REPLACED = timedelta(hours=1)
"""Longer than any question runs: one that began before the replacement still reads the old files."""

KEEP_FAILED_UPLOADS = timedelta(days=7)
"""So long a failed import can be started again without sending the file again."""

KEEP_UNKNOWN = timedelta(days=1)
BATCH_ROWS = 500


async def enqueue_cleaning(session: AsyncSession, organization_id: UUID) -> None:
    """Queue the removal of files that no longer count."""
    await enqueue(session, CLEAN_TASK, organization_id=organization_id, dedupe="daily")


async def remove_files(context: TaskContext, settings: Settings | None = None) -> None:
    """Remove what no longer counts. Safe to repeat: the row goes only after its file."""
    storage = get_storage(settings or get_settings())
    organization_id = context.organization_id
    while keys := await _replaced_keys(organization_id):
        await _remove(storage, keys)
        async with tenant_session(organization_id) as session:
            await session.execute(
                delete(CostFile).where(CostFile.organization_id == organization_id, CostFile.path.in_(keys))
            )
        await context.raise_if_cancelled()
    await _remove(storage, await _leftovers(storage, organization_id))


async def _replaced_keys(organization_id: UUID) -> list[str]:
    async with tenant_session(organization_id) as session:
        statement = (
            select(CostFile.path)
            .where(CostFile.organization_id == organization_id, CostFile.replaced_at < func.now() - KEEP_REPLACED)
            .limit(BATCH_ROWS)
        )
        return list((await session.execute(statement)).scalars())


async def _leftovers(storage: Storage, organization_id: UUID) -> list[str]:
    """Stored files without a row: of imports that are over, and of runs that died before they made a row."""
    stored = await storage.list_prefix(organization_key(organization_id, "costs") + "/")
    async with tenant_session(organization_id) as session:
        files = await session.execute(select(CostFile.path).where(CostFile.organization_id == organization_id))
        named = set(files.scalars())
        imports = await session.execute(
            select(CostImport.id, CostImport.state, CostImport.finished_at).where(
                CostImport.organization_id == organization_id
            )
        )
        ends = {import_id: (state, finished_at) for import_id, state, finished_at in imports}
    now = utc_now()
    return [key for key in stored if key not in named and _is_over(_import_id(key), ends, now)]


def _is_over(import_id: UUID | None, ends: Mapping[UUID, tuple[str, datetime | None]], now: datetime) -> bool:
    if import_id is None:
        return False
    if import_id not in ends:  # its row may be about to be committed
        made_at = datetime.fromtimestamp((import_id.int >> 80) / 1000, UTC)
        return made_at < now - KEEP_UNKNOWN
    state, finished_at = ends[import_id]
    if state == "failed":
        return finished_at is not None and finished_at < now - KEEP_FAILED_UPLOADS
    return state in ("succeeded", "partial", "cancelled")


def _import_id(key: str) -> UUID | None:
    try:
        return UUID(key.rsplit("/", 1)[-1][:36])
    except ValueError:
        return None


async def _remove(storage: Storage, keys: Sequence[str]) -> None:
    for key in keys:
        await storage.delete(key)
