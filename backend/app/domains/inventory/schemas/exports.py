"""Bodies of exports."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from app.core.schemas import Instant, ReadModel, RequestModel
from app.domains.inventory.rules import MAX_SEARCH

ExportFormat = Literal["csv", "jsonl", "parquet"]
Given = Annotated[str | None, Field(max_length=2_000)]


class ResourceExportFilters(RequestModel):
    """The list's filters, each as its query parameter has it."""

    provider: Given = None
    account_id: Given = None
    type: Given = None
    native_type: Given = None
    region: Given = None
    status: Given = None
    tag: Given = None
    q: Annotated[str | None, Field(max_length=500)] = None
    stale: bool | None = None


class ResourceExportCreate(RequestModel):
    """What to write: every resource that the filters let through and the caller may see; `at`: as of then."""

    format: ExportFormat
    search: Annotated[str | None, Field(max_length=MAX_SEARCH)] = None
    filters: ResourceExportFilters = ResourceExportFilters()
    at: Instant | None = None


class ResourceExportStarted(ReadModel):
    """The job that writes the export."""

    job_id: UUID
    export_id: UUID


class ResourceExportRead(ReadModel):
    """An export; its file can be downloaded while `state` is ready. `resources`: rows written so far."""

    id: UUID
    format: ExportFormat
    state: Literal["queued", "running", "ready", "failed", "cancelled", "expired"]
    search: str
    at: datetime | None
    job_id: UUID | None
    resources: int
    size_bytes: int | None
    created_by: UUID
    created_at: datetime
    finished_at: datetime | None
    expires_at: datetime | None


class ResourceExports(ReadModel):
    """The newest exports."""

    items: list[ResourceExportRead]
