"""Routes of passwords and addresses that go by a link in a mail."""

from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Depends, Request

from app.core.errors import StepUpRequired, problems
from app.core.http import Caller, allow_detached
from app.domains.identity import service
from app.domains.identity.errors import LinkInvalid
from app.domains.identity.schemas.factors import EmailToken, EmailUpdate, ForgottenPassword, PasswordReset
from app.domains.identity.service import credentials

router = APIRouter(prefix="/auth", tags=["auth"])
routers = [router]

MyProfile = Annotated[Caller, Depends(allow_detached("profile:read"))]
MyFreshProfile = Annotated[Caller, Depends(allow_detached("profile:read", step_up=True))]


@router.post("/password/forgot", status_code=202)
async def request_password_reset(body: ForgottenPassword, request: Request, later: BackgroundTasks) -> None:
    """Send a link to the verified address, if there is one; the answer and its time say nothing about it."""
    later.add_task(credentials.request_reset, body.email, service.origin_of(request))


@router.post("/password/reset", status_code=204, responses=problems(LinkInvalid))
async def reset_password(body: PasswordReset, request: Request) -> None:
    """Set a new password by a link's token; all sessions end, and a second factor stays due."""
    await credentials.reset_password(
        service.settings_of(request),
        token=body.token,
        new_password=body.new_password,
        origin=service.origin_of(request),
    )


@router.post("/email/verification", status_code=202)
async def request_email_verification(caller: MyProfile) -> None:
    """Send a link to one's own address."""
    await credentials.request_verification(caller)


@router.post("/email/verify", status_code=204, responses=problems(LinkInvalid))
async def verify_email(body: EmailToken, request: Request) -> None:
    """Confirm an address by a link's token; a new one takes the old one's place."""
    await credentials.verify_email(service.settings_of(request), token=body.token, origin=service.origin_of(request))


@router.post("/email/change", status_code=202, responses=problems(StepUpRequired))
async def change_email(body: EmailUpdate, caller: MyFreshProfile) -> None:
    """Send a link to a new address; it counts once the link was opened."""
    await credentials.request_email_change(caller, body.email)
