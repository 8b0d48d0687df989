"""Use cases of costs; the only way in for other domains."""

from app.domains.costs.queries import last_charge_on
from app.domains.costs.service.asking import list_dimension, read_breakdown
from app.domains.costs.service.cleaning import enqueue_cleaning, remove_files
from app.domains.costs.service.days import (
    enqueue_joining,
    join_resources,
    read_resource_costs,
    read_summary,
)
from app.domains.costs.service.imports import (
    LocalProgress,
    check_upload,
    get_import,
    import_local_files,
    list_imports,
    start_store_import,
    start_upload_import,
)
from app.domains.costs.service.running import run_import

__all__ = [
    "LocalProgress",
    "check_upload",
    "enqueue_cleaning",
    "enqueue_joining",
    "get_import",
    "import_local_files",
    "join_resources",
    "last_charge_on",
    "list_dimension",
    "list_imports",
    "read_breakdown",
    "read_resource_costs",
    "read_summary",
    "remove_files",
    "run_import",
    "start_store_import",
    "start_upload_import",
]
