"""The audit log."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from app.core.http import Caller, DbSession, allow
from app.core.pagination import Cursor, Limit, Page
from app.core.schemas import Instant, ShortText
from app.domains.audit import service
from app.domains.audit.schemas import AuditEventRead
from app.domains.identity.service import get_user_names

router = APIRouter(prefix="/audit-log", tags=["audit"])


@router.get("")
async def list_audit_events(
    session: DbSession,
    caller: Annotated[Caller, Depends(allow("audit:read"))],
    action: ShortText | None = None,
    actor_id: UUID | None = None,
    subject_type: ShortText | None = None,
    subject_id: ShortText | None = None,
    start: Annotated[Instant | None, Query(alias="from", description="Inclusive.")] = None,
    end: Annotated[Instant | None, Query(alias="to", description="Exclusive.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[AuditEventRead]:
    """What was done in the organization, newest first."""
    wanted = service.AuditFilter(
        action=action, actor_id=actor_id, subject_type=subject_type, subject_id=subject_id, start=start, end=end
    )
    rows, next_cursor = await service.list_events(session, caller.organization_id, wanted, limit, cursor)
    names = await get_user_names(session, caller.organization_id, [row.actor_id for row in rows if row.actor_id])
    items = [AuditEventRead.model_validate({**row._mapping, "actor_name": names.get(row.actor_id)}) for row in rows]
    return Page(items=items, next_cursor=next_cursor)
