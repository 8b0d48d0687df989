"""Routes of usage analytics."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from app.core.http import Caller, DbSession, allow
from app.domains.identity.schemas.usage import UsageEvents, UsageRead, UsageSettingsRead, UsageSettingsUpdate
from app.domains.identity.service import usage

usage_router = APIRouter(prefix="/usage-events", tags=["organizations"])
organizations_router = APIRouter(prefix="/organizations", tags=["organizations"])
routers = [usage_router, organizations_router]

Owner = Annotated[Caller, Depends(allow("ownership:write"))]


@usage_router.post("", status_code=204)
async def record_usage(
    body: UsageEvents, session: DbSession, caller: Annotated[Caller, Depends(allow("profile:read"))]
) -> None:
    """Count pages and features; without effect where the organization switched it off."""
    await usage.record_usage(session, caller, body.events)


@organizations_router.get("/current/usage")
async def read_usage(
    session: DbSession,
    caller: Owner,
    first: Annotated[date | None, Query(alias="from", description="First day, inclusive.")] = None,
    end: Annotated[date | None, Query(alias="to", description="Day after the last.")] = None,
) -> UsageRead:
    """Which pages and features were used, by how many people; the last 30 days by default."""
    return UsageRead.model_validate(await usage.read_usage(session, caller, first, end))


@organizations_router.put("/current/usage-settings")
async def replace_usage_settings(body: UsageSettingsUpdate, session: DbSession, caller: Owner) -> UsageSettingsRead:
    """Switch the counting on or off; off deletes what was counted."""
    return UsageSettingsRead(enabled=await usage.set_usage_enabled(session, caller, body.enabled))
