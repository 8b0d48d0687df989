"""Routes of signing in through an identity provider. All but one are public: who asks is not known yet."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from app.core.errors import TooLarge, problems
from app.core.http import Caller, DbSession, allow
from app.core.pagination import Page
from app.core.route_table import QUERY_PREFIXES
from app.domains.identity import service
from app.domains.identity.api.cookies import binding_cookie_name, set_binding_cookie, set_refresh_cookie
from app.domains.identity.errors import ProviderSignInFailed
from app.domains.identity.rules.sso import TICKET_LIFETIME, ConnectionKind
from app.domains.identity.schemas.sso import OwnIdentityRead, SignInMethodsRead
from app.domains.identity.service.sso import use_cases as sso
from app.domains.identity.service.sso.use_cases import Finished, Started

router = APIRouter(prefix="/auth", tags=["auth"])
routers = [router]

ReturnTo = Annotated[str | None, Query(max_length=2_000, description="A path of the web app to go to afterwards.")]
Fresh = Annotated[bool, Query(description="Ask the provider to prove the person anew (step-up).")]
_FAILED = problems(ProviderSignInFailed)
_REDIRECT: dict[int | str, dict[str, Any]] = {
    302: {"description": "To the provider, the web app, or its sign-in page with `error=sign-in-failed`."}
}


@router.get("/methods")
async def list_sign_in_methods(email: Annotated[str, Query(min_length=1, max_length=320)]) -> SignInMethodsRead:
    """The ways to sign in for an address, found by its domain; says nothing about the person."""
    return SignInMethodsRead.model_validate(await sso.find_sign_in_methods(email), from_attributes=True)


@router.get("/identities")
async def list_own_identities(
    session: DbSession, caller: Annotated[Caller, Depends(allow("profile:read"))]
) -> Page[OwnIdentityRead]:
    """The identity providers that the signed-in person may link or has linked."""
    rows = await sso.list_own_identities(session, caller)
    return Page(items=[OwnIdentityRead.model_validate(row) for row in rows], total=len(rows))


@router.get("/oidc/{connection_id}/start", status_code=302, responses=_FAILED | _REDIRECT, response_class=Response)
async def start_oidc_sign_in(
    connection_id: UUID, request: Request, return_to: ReturnTo = None, fresh: Fresh = False
) -> Response:
    """Go to an OpenID provider."""
    return await _start("oidc", sso.start_oidc, connection_id, request, return_to=return_to, fresh=fresh)


@router.get(
    "/oidc/callback/{connection_id}",
    status_code=302,
    responses=_FAILED | _REDIRECT,
    response_class=Response,
    openapi_extra={QUERY_PREFIXES: [""]},  # providers add parameters of their own
)
async def finish_oidc_sign_in(connection_id: UUID, request: Request) -> Response:
    """Where an OpenID provider sends the browser back to."""
    settings = service.settings_of(request)
    try:
        finished = await sso.finish_oidc(
            settings,
            connection_id,
            dict(request.query_params),
            binding=request.cookies.get(binding_cookie_name(settings, "oidc")),
            origin=service.origin_of(request),
        )
    except ProviderSignInFailed:
        return _failed(request)
    return _finish(request, finished)


@router.post("/oidc/{connection_id}/back-channel-logout", responses=_FAILED | problems(TooLarge))
async def log_out_at_oidc_provider(
    connection_id: UUID, request: Request, response: Response, logout_token: Annotated[str, Form(max_length=32_768)]
) -> None:
    """The provider ends sessions (OpenID Connect back-channel logout 1.0)."""
    response.headers["Cache-Control"] = "no-store"
    await sso.log_out_at_provider(
        service.settings_of(request), connection_id, logout_token, origin=service.origin_of(request)
    )


@router.get("/saml/{connection_id}/start", status_code=302, responses=_FAILED | _REDIRECT, response_class=Response)
async def start_saml_sign_in(
    connection_id: UUID, request: Request, return_to: ReturnTo = None, fresh: Fresh = False
) -> Response:
    """Go to a SAML provider."""
    return await _start("saml", sso.start_saml, connection_id, request, return_to=return_to, fresh=fresh)


@router.post(
    "/saml/{connection_id}/acs",
    status_code=303,
    responses=_FAILED | problems(TooLarge) | {303: _REDIRECT[302]},
    response_class=Response,
)
async def finish_saml_sign_in(
    connection_id: UUID,
    request: Request,
    saml_response: Annotated[str, Form(alias="SAMLResponse")] = "",
    relay_state: Annotated[str, Form(alias="RelayState", max_length=200)] = "",
) -> Response:
    """Where a SAML provider's answer is posted to."""
    settings = service.settings_of(request)
    try:
        finished = await sso.finish_saml(
            settings,
            connection_id,
            response=saml_response,
            relay_state=relay_state,
            binding=request.cookies.get(binding_cookie_name(settings, "saml")),
            origin=service.origin_of(request),
        )
    except ProviderSignInFailed:
        return _failed(request, status=303)
    return _finish(request, finished, status=303)


@router.get("/saml/{connection_id}/metadata", responses=_FAILED, response_class=Response)
async def read_saml_metadata(connection_id: UUID, request: Request) -> Response:
    """Our SAML metadata for a connection."""
    content = await sso.saml_metadata(service.settings_of(request), connection_id)
    return Response(content, media_type="application/samlmetadata+xml")


async def _start(
    kind: ConnectionKind,
    start: Callable[..., Awaitable[Started]],
    connection_id: UUID,
    request: Request,
    *,
    return_to: str | None,
    fresh: bool,
) -> Response:
    """Send the browser to the provider, with a cookie that binds the answer to it."""
    settings = service.settings_of(request)
    try:
        started = await start(
            settings,
            connection_id,
            return_to=return_to,
            fresh=fresh,
            binding=request.cookies.get(binding_cookie_name(settings, kind)),
            origin=service.origin_of(request),
        )
    except ProviderSignInFailed:
        return _failed(request)
    response = RedirectResponse(started.location, 302)
    response.headers["Cache-Control"] = "no-store"
    seconds = int(TICKET_LIFETIME.total_seconds())
    set_binding_cookie(response, settings, started.kind, started.binding, seconds)
    return response


def _finish(request: Request, finished: Finished, *, status: int = 302) -> Response:
    if finished.signed_in is None:
        response = RedirectResponse(finished.return_to, status)
    else:
        response = RedirectResponse(f"/sign-in/complete?{urlencode({'return_to': finished.return_to})}", status)
        set_refresh_cookie(response, service.settings_of(request), finished.signed_in)
    response.headers["Cache-Control"] = "no-store"
    return response


def _failed(request: Request, *, status: int = 302) -> Response:
    """A browser goes back to the sign-in page; everybody else gets the problem. Never a cause."""
    if "text/html" not in request.headers.get("accept", ""):
        raise ProviderSignInFailed
    response = RedirectResponse("/sign-in?error=sign-in-failed", status)
    response.headers["Cache-Control"] = "no-store"
    return response
