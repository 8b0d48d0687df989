"""HTTP routes of alerts."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from app.core.errors import problems
from app.core.http import Caller, DbSession, allow
from app.core.pagination import Cursor, Limit, Page, cursor_instant, cursor_uuid, decode_cursor, encode_cursor
from app.core.schemas import one_of
from app.domains.alerts import rules, service
from app.domains.alerts.errors import AlertAlreadyResolved
from app.domains.alerts.queries import AlertFilter
from app.domains.alerts.schemas import (
    AcknowledgeAlert,
    AlertDetail,
    AlertRead,
    AlertSummary,
    AssignAlert,
    ResolveAlert,
    SnoozeAlert,
)

router = APIRouter(prefix="/alerts", tags=["alerts"])
Reader = Annotated[Caller, Depends(allow("alerts:read"))]
Acknowledger = Annotated[Caller, Depends(allow("alerts:acknowledge"))]
Writer = Annotated[Caller, Depends(allow("alerts:write"))]
SEVERITIES = ("critical", "high", "medium", "low", "info")


@router.get("")
async def list_alerts(
    session: DbSession,
    caller: Reader,
    status: Annotated[str | None, Query(max_length=100, description="One or more, comma-separated.")] = None,
    severity: Annotated[str | None, Query(max_length=100, description="One or more, comma-separated.")] = None,
    q: Annotated[str | None, Query(max_length=200, description="Text in title, description or labels.")] = None,
    resource_id: Annotated[UUID | None, Query()] = None,
    assignee: Annotated[UUID | None, Query()] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[AlertRead]:
    """Alerts, newest first."""
    wanted = AlertFilter(
        statuses=one_of("query/status", status, rules.STATUSES),
        severities=one_of("query/severity", severity, SEVERITIES),
        text=q,
        resource_id=resource_id,
        assignee_id=assignee,
    )
    key = decode_cursor(cursor, 2)
    rows = await service.list_alerts(
        session,
        caller.organization_id,
        wanted,
        limit=limit + 1,
        after=(cursor_instant(key[0]), cursor_uuid(key[1])) if key else None,
    )
    total = None if key else await service.count_alerts(session, caller.organization_id, wanted)
    more = len(rows) > limit
    rows = rows[:limit]
    next_cursor = encode_cursor(rows[-1]["started_at"], rows[-1]["id"]) if more else None
    return Page(items=[AlertRead.model_validate(row) for row in rows], next_cursor=next_cursor, total=total)


@router.get("/summary")
async def read_alert_summary(session: DbSession, caller: Reader) -> AlertSummary:
    """How many alerts there are, by status and severity."""
    return AlertSummary.model_validate(await service.summarise(session, caller.organization_id))


@router.get("/{alert_id}")
async def read_alert(session: DbSession, caller: Reader, alert_id: UUID) -> AlertDetail:
    """One alert with its timeline and messages."""
    return AlertDetail.model_validate(await service.read_alert(session, caller.organization_id, alert_id))


@router.post("/{alert_id}/acknowledge", responses=problems(AlertAlreadyResolved))
async def acknowledge_alert(
    session: DbSession, caller: Acknowledger, alert_id: UUID, body: AcknowledgeAlert
) -> AlertRead:
    """Stop notifying about an alert until it fires again."""
    return AlertRead.model_validate(await service.acknowledge(session, caller, alert_id, note=body.note))


@router.post("/{alert_id}/resolve", responses=problems(AlertAlreadyResolved))
async def resolve_alert(session: DbSession, caller: Writer, alert_id: UUID, body: ResolveAlert) -> AlertRead:
    """End an alert by hand."""
    return AlertRead.model_validate(await service.resolve(session, caller, alert_id, note=body.note))


@router.post("/{alert_id}/snooze", responses=problems(AlertAlreadyResolved))
async def snooze_alert(session: DbSession, caller: Writer, alert_id: UUID, body: SnoozeAlert) -> AlertRead:
    """Keep an alert quiet for a while."""
    return AlertRead.model_validate(await service.snooze(session, caller, alert_id, until=body.until, note=body.note))


@router.post("/{alert_id}/assign", responses=problems(AlertAlreadyResolved))
async def assign_alert(session: DbSession, caller: Writer, alert_id: UUID, body: AssignAlert) -> AlertRead:
    """Give an alert to a member."""
    return AlertRead.model_validate(
        await service.assign(session, caller, alert_id, assignee_id=body.assignee_id, note=body.note)
    )
