"""Starting imports and reading their manifests."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.config import Settings, get_settings
from app.core.database import tenant_session
from app.core.errors import FieldProblem, UnsupportedMediaType
from app.core.ids import new_id
from app.core.pagination import decode_cursor, encode_cursor, invalid_cursor
from app.core.quotas import QuotaExceeded, counts, period_bounds, take_quota
from app.core.storage import check_key, get_storage, organization_key
from app.core.tasks import Job, enqueue
from app.core.uploads import FileKind, inspect, safe_name
from app.domains.costs import queries
from app.domains.costs.errors import AddressNotAllowed
from app.domains.costs.models import CostFile, CostImport

IMPORT_TASK = "costs.import_file"
UPLOADS, INBOX = "uploads", "inbox"
POLL_SECONDS = 0.5
FINAL_STATES = ("succeeded", "partial", "failed", "cancelled")


@dataclass(frozen=True, kw_only=True)
class Started:
    """A queued import and its job."""

    import_id: UUID
    job_id: UUID


@dataclass(frozen=True, kw_only=True)
class LocalProgress:
    """How far one file of `import_local_files` is; `share` is 0 to 1."""

    file_name: str
    state: str
    share: float


def upload_key(organization_id: UUID, import_id: UUID) -> str:
    """Where the file of an import waits for its job."""
    return organization_key(organization_id, "costs", UPLOADS, str(import_id))


async def check_upload(file: Path) -> None:
    """Refuse what is no bill. Raises UnsupportedMediaType, UnsafeArchive, DamagedFile and TooLarge."""
    if await asyncio.to_thread(inspect, file) is FileKind.JSON:
        raise UnsupportedMediaType("Send a FOCUS bill as CSV or Parquet, or either of them as gzip or zip.")


async def start_upload_import(
    organization_id: UUID,
    file: Path,
    name: str,
    *,
    user_id: UUID | None,
    settings: Settings,
    source: str = "upload",
    sha256: str | None = None,
) -> Started:
    """Keep the file and queue its import; one that came by upload is moved. Raises StorageFull and QuotaExceeded.

    `sha256` of the file in hexadecimal, where it is known already, saves the job another read.
    """
    import_id = new_id()
    key = upload_key(organization_id, import_id)
    async with tenant_session(organization_id) as session:  # a look ahead, before the file is moved; `_queue` decides
        await take_quota(session, organization_id, "imports")
        await take_quota(session, organization_id, "storage", (await asyncio.to_thread(file.stat)).st_size)
    size = await get_storage(settings).put_file(key, file, move=source == "upload")
    try:
        return await _start_upload(organization_id, import_id, key, size, name, source, sha256, user_id)
    except QuotaExceeded:  # somebody else was first meanwhile
        await get_storage(settings).delete(key)
        raise


async def _start_upload(
    organization_id: UUID,
    import_id: UUID,
    key: str,
    size: int,
    name: str,
    source: str,
    sha256: str | None,
    user_id: UUID | None,
) -> Started:
    async with tenant_session(organization_id) as session:
        row = CostImport(
            organization_id=organization_id,
            id=import_id,
            file_name=safe_name(name),
            source=source,
            source_path=key,
            size_bytes=size,
            sha256=sha256,
            created_by=user_id,
        )
        return await _queue(session, row)


async def start_store_import(organization_id: UUID, uri: str, *, user_id: UUID | None, settings: Settings) -> Started:
    """Queue the import of a file in the organization's inbox of the store. Raises AddressNotAllowed, QuotaExceeded."""
    key = inbox_key(organization_id, uri, settings)
    if not await get_storage(settings).exists(key):
        raise AddressNotAllowed(errors=[FieldProblem(pointer="#/uri", detail="names no file in the inbox")])
    async with tenant_session(organization_id) as session:
        row = CostImport(
            organization_id=organization_id,
            id=new_id(),
            file_name=safe_name(key),
            source="store",
            source_path=key,
            created_by=user_id,
        )
        return await _queue(session, row)


def inbox_key(organization_id: UUID, uri: str, settings: Settings) -> str:
    """The object key of an address inside `<store>/org/<id>/inbox/`. Raises AddressNotAllowed for any other."""
    inbox = organization_key(organization_id, INBOX)
    location = settings.storage_location.removeprefix("file://").rstrip("/")
    base = f"{location}/{inbox}/"
    plain = uri.removeprefix("file://")
    try:
        if not plain.startswith(base):
            raise ValueError("outside of the inbox")
        return check_key(f"{inbox}/{plain.removeprefix(base)}")
    except ValueError:
        detail = "must lie in this organization's inbox of the file store"
        raise AddressNotAllowed(errors=[FieldProblem(pointer="#/uri", detail=detail)]) from None


@counts("imports")
async def count_imports(session: AsyncSession, organization_id: UUID) -> int:
    """Imports that were started today, UTC, whatever became of them."""
    start, end = period_bounds("imports")
    query = select(func.count()).where(
        CostImport.organization_id == organization_id, CostImport.created_at >= start, CostImport.created_at < end
    )
    return (await session.execute(query)).scalar_one()


@counts("storage")
async def count_stored_bytes(session: AsyncSession, organization_id: UUID) -> int:
    """Bytes of the bills' Parquet files, and of uploads that wait for their import or may be started again."""
    files = select(func.sum(CostFile.size_bytes)).where(CostFile.organization_id == organization_id)
    uploads = select(func.sum(CostImport.size_bytes)).where(
        CostImport.organization_id == organization_id,
        CostImport.source != "store",
        CostImport.state.in_(("queued", "running", "failed")),
    )
    return sum([int((await session.execute(query)).scalar_one() or 0) for query in (files, uploads)])


async def _queue(session: AsyncSession, row: CostImport) -> Started:
    await take_quota(session, row.organization_id, "imports")
    await take_quota(session, row.organization_id, "storage", row.size_bytes or 0)
    row.job_id = await enqueue(
        session,
        IMPORT_TASK,
        {"import_id": row.id},
        organization_id=row.organization_id,
        requested_by=row.created_by,
    )
    session.add(row)
    return Started(import_id=row.id, job_id=row.job_id)


async def get_import(session: AsyncSession, organization_id: UUID, import_id: UUID) -> CostImport:
    """The manifest of one import. Raises NotFound."""
    return await queries.get_import(session, organization_id, import_id)


async def list_imports(
    session: AsyncSession, organization_id: UUID, *, limit: int, cursor: str | None
) -> tuple[Sequence[CostImport], str | None]:
    """A page of imports, newest first, and the cursor of the next page."""
    after = None
    if (key := decode_cursor(cursor, 2)) is not None:
        try:
            after = (datetime.fromisoformat(key[0]), UUID(key[1]))
        except (TypeError, ValueError, AttributeError):
            raise invalid_cursor() from None
        if after[0].tzinfo is None:
            raise invalid_cursor()
    rows = await queries.list_imports(session, organization_id, limit=limit + 1, after=after)
    page = rows[:limit]
    more = len(rows) > limit
    return page, encode_cursor(page[-1].created_at, page[-1].id) if more else None


async def import_local_files(
    organization_id: UUID,
    paths: Sequence[Path],
    on_progress: Callable[[LocalProgress], Awaitable[None]] | None = None,
    *,
    settings: Settings | None = None,
) -> list[CostImport]:
    """Import files of this machine, any size, and wait for their jobs; a worker must be running.

    The files are copied into the store first, so that a worker elsewhere can read them. Returns the manifests.
    """
    chosen = settings or get_settings()
    started = [
        await start_upload_import(organization_id, path, path.name, user_id=None, settings=chosen, source="local")
        for path in paths
    ]
    finished: list[CostImport] = []
    for one in started:
        while True:
            async with tenant_session(organization_id) as session:
                row = await queries.get_import(session, organization_id, one.import_id)
                job = (
                    await session.execute(
                        select(Job).where(Job.organization_id == organization_id, Job.id == one.job_id)
                    )
                ).scalar_one_or_none()
            share = job.progress_done / job.progress_total if job is not None and job.progress_total else 0.0
            is_over = row.state in FINAL_STATES and (job is None or job.state in FINAL_STATES)
            if on_progress is not None:
                shown = 1.0 if is_over else share
                await on_progress(LocalProgress(file_name=row.file_name, state=row.state, share=shown))
            if is_over or (job is not None and job.state in ("failed", "cancelled")):
                finished.append(row)
                break
            await asyncio.sleep(POLL_SECONDS)
    return finished
