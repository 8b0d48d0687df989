"""Routes of organizations: policy, membership of one's own, quotas, branding, retention, export, deletion."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from app.core.errors import StepUpRequired, problems
from app.core.http import Caller, DbSession, allow
from app.domains.identity import service
from app.domains.identity.schemas.policy import PolicyRead, PolicyUpdate

organizations_router = APIRouter(prefix="/organizations", tags=["organizations"])
routers = [organizations_router]

Reader = Annotated[Caller, Depends(allow("organization:read"))]


@organizations_router.get("/current/policy")
async def read_policy(session: DbSession, caller: Reader) -> PolicyRead:
    """How people may sign in to the organization."""
    return PolicyRead.model_validate(await service.get_policy(session, caller.organization_id))


@organizations_router.put("/current/policy", responses=problems(StepUpRequired))
async def replace_policy(
    request: Request,
    body: PolicyUpdate,
    session: DbSession,
    caller: Annotated[Caller, Depends(allow("organization:write", step_up=True))],
) -> PolicyRead:
    """Change how people may sign in; shorter sessions hold for the live ones too."""
    settings = service.settings_of(request)
    return PolicyRead.model_validate(await service.set_policy(session, settings, caller, body))
