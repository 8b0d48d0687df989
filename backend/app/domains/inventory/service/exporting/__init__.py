"""Resources as a file: asked for, written by a job, downloaded until it expires."""

from app.domains.inventory.service.exporting.keeping import (
    expire_exports,
    list_exports,
    open_export,
    read_export,
    start_export,
)
from app.domains.inventory.service.exporting.running import export_resources

__all__ = ["expire_exports", "export_resources", "list_exports", "open_export", "read_export", "start_export"]
