"""Routes of sign-in, sessions, members and the organization."""

from typing import Annotated, Any
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.config import Settings
from app.core.errors import (
    Forbidden,
    StepUpRequired,
    TooLarge,
    Unauthenticated,
    Unavailable,
    UnsupportedMediaType,
    problems,
)
from app.core.http import Caller, DbSession, allow, allow_detached
from app.core.pagination import Cursor, Limit, Page
from app.domains.identity import service
from app.domains.identity.api.answers import answer_tokens
from app.domains.identity.api.cookies import (
    LOOPBACK_HOSTS,
    delete_refresh_cookie,
    is_loopback,
    refresh_cookie_name,
)
from app.domains.identity.errors import LoginFailed, MfaRequired, SessionEnded
from app.domains.identity.schemas import (
    Login,
    MemberRead,
    MfaState,
    OrganizationRead,
    OrganizationReference,
    OrganizationUpdate,
    PasswordUpdate,
    ProfileRead,
    ProfileUpdate,
    Refresh,
    SessionRead,
    TokenRead,
)
from app.domains.identity.schemas.factors import SessionsEnded
from app.domains.identity.service import profile

auth_router = APIRouter(prefix="/auth", tags=["auth"])
users_router = APIRouter(prefix="/users", tags=["users"])
organizations_router = APIRouter(prefix="/organizations", tags=["organizations"])
well_known_router = APIRouter(tags=["auth"])
routers = [auth_router, users_router, organizations_router]

CLIENT_HEADER = "X-CloudOps-Client"

MyProfile = Annotated[Caller, Depends(allow("profile:read"))]
MyDetachedProfile = Annotated[Caller, Depends(allow_detached("profile:read"))]  # hashing takes its time


@auth_router.post("/login", responses=problems(LoginFailed, MfaRequired, UnsupportedMediaType, TooLarge))
async def sign_in(body: Login, request: Request, response: Response) -> TokenRead:
    """Sign in with e-mail address and password; `mfa-required` carries `mfa_token` and `methods` for `/auth/mfa`."""
    settings = service.settings_of(request)
    signed_in = await service.sign_in(
        settings,
        email=body.email,
        password=body.password,
        otp=body.otp,
        client=body.client,
        origin=service.origin_of(request),
    )
    return answer_tokens(response, settings, signed_in)


@auth_router.post("/refresh", responses=problems(SessionEnded, Forbidden, UnsupportedMediaType, TooLarge))
async def refresh_session(request: Request, response: Response, body: Refresh | None = None) -> TokenRead:
    """Trade a refresh token (native: in the body; browser: the cookie) for new tokens."""
    settings = service.settings_of(request)
    token = body.refresh_token if body else None
    if token is None:
        _check_same_origin(request, settings)
        token = request.cookies.get(refresh_cookie_name(settings))
    if not token:
        raise Unauthenticated
    signed_in = await service.refresh(settings, token, origin=service.origin_of(request))
    return answer_tokens(response, settings, signed_in)


@auth_router.post("/logout", status_code=204)
async def sign_out(request: Request, response: Response, session: DbSession, caller: MyProfile) -> None:
    """End the present session."""
    settings = service.settings_of(request)
    if caller.session_id is not None:
        await service.end_session(session, settings, caller, caller.session_id)
    response.headers["Clear-Site-Data"] = '"cache", "cookies", "storage"'
    delete_refresh_cookie(response, settings)


@auth_router.get("/me")
async def read_profile(session: DbSession, caller: MyProfile) -> ProfileRead:
    """The signed-in person, their role and what it allows."""
    return await _profile(session, caller)


@auth_router.patch("/me", responses=problems(Forbidden))
async def update_profile(body: ProfileUpdate, session: DbSession, caller: MyProfile) -> ProfileRead:
    """Set one's own name, which all of one's organizations see."""
    await profile.rename_self(session, caller, body.name)
    return await _profile(session, caller)


async def _profile(session: AsyncSession, caller: Caller) -> ProfileRead:
    organization = await service.get_organization(session, caller.organization_id)
    names = await service.get_user_names(session, caller.organization_id, [caller.user_id])
    wanted = await service.read_own_requirement(session, caller)
    return ProfileRead(
        id=caller.user_id,
        email=caller.email,
        name=names.get(caller.user_id, ""),
        role=caller.role,
        permissions=sorted(caller.permissions),
        organization=OrganizationReference.model_validate(organization),
        email_verified=wanted.email_verified,
        mfa=MfaState.model_validate(wanted),
        password_expires_at=wanted.password_expires_at,
    )


@auth_router.get("/sessions")
async def list_sessions(session: DbSession, caller: MyProfile) -> Page[SessionRead]:
    """The person's live sessions in this organization, newest use first; never more than 20."""
    rows = await service.list_own_sessions(session, caller)
    return Page(items=[SessionRead.model_validate(row) for row in rows], total=len(rows))


@auth_router.delete("/sessions")
async def end_other_sessions(request: Request, session: DbSession, caller: MyProfile) -> SessionsEnded:
    """End all of the person's sessions but the present one, in every organization."""
    return SessionsEnded(ended=await service.end_other_sessions(session, service.settings_of(request), caller))


@auth_router.delete("/sessions/{session_id}", status_code=204)
async def end_session(request: Request, session_id: UUID, session: DbSession, caller: MyProfile) -> None:
    """End one of the person's own sessions."""
    await service.end_session(session, service.settings_of(request), caller, session_id)


@auth_router.post("/password", status_code=204, responses=problems(LoginFailed, StepUpRequired))
async def change_password(request: Request, body: PasswordUpdate, caller: MyDetachedProfile) -> None:
    """Change the password; needs a sign-in of the last ten minutes."""
    await service.change_password(
        service.settings_of(request),
        caller,
        current_password=body.current_password,
        new_password=body.new_password,
        end_other_sessions=body.end_other_sessions,
    )


@users_router.get("")
async def list_members(
    session: DbSession,
    caller: Annotated[Caller, Depends(allow("members:read"))],
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[MemberRead]:
    """The organization's members by e-mail address."""
    rows, next_cursor = await service.list_members(session, caller.organization_id, limit, cursor)
    return Page(items=[MemberRead.model_validate(row) for row in rows], next_cursor=next_cursor)


@organizations_router.get("/current")
async def read_organization(
    session: DbSession, caller: Annotated[Caller, Depends(allow("organization:read"))]
) -> OrganizationRead:
    """The organization that the token is for."""
    return OrganizationRead.model_validate(await service.get_organization(session, caller.organization_id))


@organizations_router.patch("/current")
async def update_organization(
    body: OrganizationUpdate, session: DbSession, caller: Annotated[Caller, Depends(allow("organization:write"))]
) -> OrganizationRead:
    """Rename the organization."""
    return OrganizationRead.model_validate(await service.update_organization(session, caller, name=body.name))


@well_known_router.get("/.well-known/jwks.json", responses=problems(Unavailable))
async def read_jwks(response: Response) -> dict[str, list[dict[str, Any]]]:
    """The public keys that access tokens are checked with (RFC 7517)."""
    response.headers["Cache-Control"] = "public, max-age=300"
    return await service.read_key_set()


def _check_same_origin(request: Request, settings: Settings) -> None:
    """A browser sends the cookie by itself, so the page that asks has to be ours. Raises Forbidden."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise UnsupportedMediaType("Send application/json.")
    site = request.headers.get("sec-fetch-site")
    if (
        len(request.headers.getlist("origin")) != 1
        or not _is_own_origin(request.headers["origin"], request, settings)
        or (site is not None and site != "same-origin")
        or not request.headers.get(CLIENT_HEADER)
    ):
        raise Forbidden("This request did not come from the application's own pages.")


def _is_own_origin(origin: str, request: Request, settings: Settings) -> bool:
    address = urlsplit(settings.public_url)
    if origin == f"{address.scheme}://{address.netloc}" or origin in settings.allowed_origins:
        return True
    # On this machine people type localhost or 127.0.0.1, and ports differ: the page's own origin will do.
    own = urlsplit(origin)
    same = own.scheme == "http" and own.netloc == request.headers.get("host") and own.hostname in LOOPBACK_HOSTS
    return is_loopback(settings) and same and origin == f"http://{own.netloc}"
