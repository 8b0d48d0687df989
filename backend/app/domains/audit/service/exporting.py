"""The log as a file: read page by page while it is sent, so that memory does not grow with the log."""

from collections.abc import AsyncIterator
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from app.core import clock
from app.core.database import tenant_session
from app.core.http import Caller
from app.domains.audit import queries, rules
from app.domains.audit.queries import AuditFilter
from app.domains.audit.service.recording import record

EXPORT_PAGE = 1_000
COLUMNS = (
    "number", "id", "at", "actor_id", "actor_kind", "action", "subject_type", "subject_id", "client_address",
    "user_agent", "request_id", "outcome", "changes", "hash",
)  # fmt: skip


async def start_export(caller: Caller, wanted: AuditFilter, file_format: str) -> AsyncIterator[bytes]:
    """Put the export on record, then give its content: matching events up to now, oldest first."""
    now = clock.utc_now()
    async with tenant_session(caller.organization_id) as session:
        filters = {name: str(value) for name, value in asdict(wanted).items() if value is not None}
        await record(
            session, caller, "audit_log.exported", subject_type="audit_log", changes={"format": file_format} | filters
        )
    upto = replace(wanted, end=min(wanted.end, now) if wanted.end else now)
    return _content(caller.organization_id, upto, file_format)


async def _content(organization_id: UUID, wanted: AuditFilter, file_format: str) -> AsyncIterator[bytes]:
    if file_format == "csv":
        yield rules.csv_line(COLUMNS).encode()
    after: tuple[datetime, UUID] | None = None
    while True:
        # A transaction a page: a slow reader holds no connection, and rows are never changed meanwhile.
        async with tenant_session(organization_id) as session:
            rows = await queries.list_events_after(session, organization_id, wanted, after, EXPORT_PAGE)
        if not rows:
            return
        after = (rows[-1].at, rows[-1].id)
        write = _as_csv if file_format == "csv" else _as_json
        yield b"".join(write(row) for row in rows)


def _as_csv(row: Any) -> bytes:
    values = [getattr(row, name) for name in COLUMNS]
    values[COLUMNS.index("changes")] = orjson.dumps(row.changes).decode()
    return rules.csv_line(values).encode()


def _as_json(row: Any) -> bytes:
    return orjson.dumps({name: getattr(row, name) for name in COLUMNS}, default=str) + b"\n"
