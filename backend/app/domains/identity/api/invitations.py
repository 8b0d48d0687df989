"""Routes of invitations: made and taken back by heads, read and accepted by whoever has the link."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from app.core.errors import Forbidden, Unavailable, problems
from app.core.http import Caller, DbSession, allow
from app.core.pagination import Page
from app.domains.identity import service
from app.domains.identity.api.cookies import set_refresh_cookie
from app.domains.identity.errors import AlreadyInvited, AlreadyMember, InvitationGone, SignInToAccept
from app.domains.identity.schemas import TokenRead
from app.domains.identity.schemas.invitations import (
    InvitationAccept,
    InvitationCreate,
    InvitationLookup,
    InvitationPreview,
    InvitationRead,
)
from app.domains.identity.service import invitations
from app.domains.identity.service.invitations import TooManyInvitations

heads_router = APIRouter(prefix="/users/invitations", tags=["users"])
guests_router = APIRouter(prefix="/auth/invitations", tags=["auth"])
routers = [heads_router, guests_router]

Reader = Annotated[Caller, Depends(allow("members:read"))]
Writer = Annotated[Caller, Depends(allow("members:write"))]


@heads_router.get("")
async def list_invitations(session: DbSession, caller: Reader) -> Page[InvitationRead]:
    """Invitations that nobody has answered, the newest first."""
    found = await invitations.list_invitations(session, caller.organization_id)
    return Page(items=[InvitationRead.model_validate(one) for one in found], total=len(found))


@heads_router.post(
    "", status_code=201, responses=problems(Forbidden, AlreadyInvited, AlreadyMember, TooManyInvitations)
)
async def create_invitation(session: DbSession, caller: Writer, body: InvitationCreate) -> InvitationRead:
    """Ask somebody in by e-mail, as no more than the caller."""
    return InvitationRead.model_validate(await invitations.create_invitation(session, caller, body))


@heads_router.post("/{invitation_id}/resend", responses=problems(Forbidden))
async def resend_invitation(session: DbSession, caller: Writer, invitation_id: UUID) -> InvitationRead:
    """Send a new link; the old one ends."""
    return InvitationRead.model_validate(await invitations.resend_invitation(session, caller, invitation_id))


@heads_router.delete("/{invitation_id}", status_code=204, responses=problems(Forbidden))
async def revoke_invitation(session: DbSession, caller: Writer, invitation_id: UUID) -> None:
    """Make an invitation worthless."""
    await invitations.revoke_invitation(session, caller, invitation_id)


@guests_router.post("/read", responses=problems(InvitationGone))
async def preview_invitation(body: InvitationLookup) -> InvitationPreview:
    """What a link is for."""
    return InvitationPreview.model_validate(await invitations.preview_invitation(body.token))


@guests_router.post(
    "/accept",
    responses=problems(InvitationGone, SignInToAccept, Forbidden, AlreadyMember, Unavailable)
    | {204: {"description": "The signed-in person is a member now"}},
)
async def accept_invitation(body: InvitationAccept, request: Request, response: Response) -> TokenRead | None:
    """Join as a new person, who gets tokens, or as the signed-in person whose address it is (204)."""
    settings = service.settings_of(request)
    caller = await service.authenticate(request) if "authorization" in request.headers else None
    signed_in = await invitations.accept_invitation(settings, body, caller, service.origin_of(request))
    if signed_in is None:
        response.status_code = 204
        return None
    response.headers["Cache-Control"] = "no-store"
    native = signed_in.client == "native"
    if not native:
        set_refresh_cookie(response, settings, signed_in)
    return TokenRead(
        access_token=signed_in.access_token,
        expires_in=signed_in.expires_in,
        refresh_token=signed_in.refresh_token if native else None,
    )
