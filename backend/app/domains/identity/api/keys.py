"""Routes of the organization's encryption key."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends

from app.core import clock
from app.core.errors import StepUpRequired, problems
from app.core.http import Caller, DbSession, allow
from app.domains.identity import service
from app.domains.identity.schemas.keys import (
    KeyInventoryRead,
    KeyRotationStarted,
    KeyVersionRead,
    OrganizationKeysRead,
)
from app.domains.identity.service import RotationRunning

router = APIRouter(prefix="/organizations/current/keys", tags=["organizations"])
routers = [router]


@router.get("")
async def read_organization_keys(
    session: DbSession, caller: Annotated[Caller, Depends(allow("organization:write"))]
) -> OrganizationKeysRead:
    """The organization's key versions, what still needs the older ones, and every other key with its age."""
    state = await service.read_keys(session, caller.organization_id)
    return OrganizationKeysRead(
        versions=[
            KeyVersionRead.model_validate({**vars(known), "age_days": _age(known.created_at)})
            for known in state.versions
        ],
        remaining=state.remaining,
        due_at=state.due_at,
        job_id=state.job_id,
        inventory=[
            KeyInventoryRead.model_validate({**vars(key), "age_days": _age(key.made_at)}) for key in state.inventory
        ],
    )


@router.post("/rotate", status_code=202, responses=problems(RotationRunning, StepUpRequired))
async def rotate_organization_key(
    session: DbSession, caller: Annotated[Caller, Depends(allow("ownership:write", step_up=True))]
) -> KeyRotationStarted:
    """Make a new key version, which seals from now on, and start sealing all stored secrets anew."""
    version, job_id = await service.rotate_key(session, caller.organization_id, caller)
    return KeyRotationStarted(version=version, job_id=job_id)


def _age(made_at: datetime | None) -> int | None:
    return (clock.utc_now() - made_at).days if made_at else None
