"""Routes of exports."""

from uuid import UUID

from fastapi import APIRouter, status
from fastapi.responses import StreamingResponse

from app.core.config import get_settings
from app.core.errors import problems
from app.core.http import DbSession
from app.domains.inventory import service
from app.domains.inventory.api.common import Reader
from app.domains.inventory.errors import TooManyExports
from app.domains.inventory.schemas import (
    ResourceExportCreate,
    ResourceExportRead,
    ResourceExports,
    ResourceExportStarted,
)

router = APIRouter(prefix="/usage/exports", tags=["inventory"])
_MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
}


@router.post("", status_code=status.HTTP_202_ACCEPTED, responses=problems(TooManyExports))
async def start_resource_export(
    body: ResourceExportCreate, session: DbSession, caller: Reader
) -> ResourceExportStarted:
    """Write the filtered resources to a file in the background; the job shows progress and can be cancelled."""
    row = await service.start_export(session, caller, body)
    return ResourceExportStarted(job_id=row.job_id, export_id=row.id)


@router.get("")
async def list_resource_exports(session: DbSession, caller: Reader) -> ResourceExports:
    """The newest exports of what the caller may see."""
    return ResourceExports(items=await service.list_exports(session, caller))


@router.get("/{export_id}")
async def get_resource_export(export_id: UUID, session: DbSession, caller: Reader) -> ResourceExportRead:
    """One export."""
    return await service.read_export(session, caller, export_id)


@router.get(
    "/{export_id}/download",
    response_class=StreamingResponse,
    responses={200: {"content": {kind.partition(";")[0]: {} for kind in _MEDIA_TYPES.values()}}},
)
async def download_resource_export(export_id: UUID, session: DbSession, caller: Reader) -> StreamingResponse:
    """The file of a finished export."""
    row, content = await service.open_export(session, get_settings(), caller, export_id)
    headers = {
        "Content-Disposition": f'attachment; filename="resources-{row.created_at:%Y-%m-%d}.{row.format}"',
        "Content-Length": str(row.size_bytes),
        "Cache-Control": "no-store",
    }
    return StreamingResponse(content, media_type=_MEDIA_TYPES[row.format], headers=headers)
