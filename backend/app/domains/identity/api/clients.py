"""Routes by which the phone and the command line sign in, and the token endpoint."""

from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Request, Response
from pydantic import ValidationError

from app.core.errors import NotFound, TooLarge, UnsupportedMediaType, problems
from app.core.http import Caller, DbSession, allow
from app.domains.identity import service
from app.domains.identity.errors import TokenRefused
from app.domains.identity.rules import clients as rules
from app.domains.identity.schemas import TokenRead
from app.domains.identity.schemas.clients import (
    Authorize,
    Authorized,
    DeviceApprove,
    DevicePending,
    DeviceRead,
    DeviceStart,
    DeviceStarted,
    TokenRequest,
)
from app.domains.identity.service import SignedIn
from app.domains.identity.service import clients as use_cases

router = APIRouter(prefix="/auth", tags=["auth"])
routers = [router]

Person = Annotated[Caller, Depends(allow("profile:read"))]
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_FORM = "application/x-www-form-urlencoded"
_MAX_FIELDS = 20
_SHAPE = {"schema": TokenRequest.model_json_schema()}


@router.post("/authorize")
async def authorize_client(body: Authorize, request: Request, session: DbSession, caller: Person) -> Authorized:
    """Let a program of ours sign in as the present person: the answer says where the browser goes."""
    target = await use_cases.authorize_client(
        session,
        service.settings_of(request),
        caller,
        client_id=body.client_id,
        redirect_uri=body.redirect_uri,
        code_challenge=body.code_challenge,
        state=body.state,
    )
    return Authorized(redirect_to=target)


@router.post("/device", responses=problems(TokenRefused))
async def start_device_sign_in(body: DeviceStart, request: Request, response: Response) -> DeviceStarted:
    """Codes for a program without a browser (RFC 8628)."""
    settings = service.settings_of(request)
    codes = await use_cases.start_device(body.client_id, service.origin_of(request))
    page = f"{settings.public_url.rstrip('/')}/device"
    response.headers["Cache-Control"] = "no-store"
    return DeviceStarted(
        device_code=codes.device_code,
        user_code=codes.user_code,
        verification_uri=page,
        verification_uri_complete=f"{page}?user_code={codes.user_code}",
        expires_in=int(rules.DEVICE_LIFETIME.total_seconds()),
        interval=int(rules.POLL_INTERVAL.total_seconds()),
    )


@router.post("/device/read", responses=problems(NotFound))
async def read_device_sign_in(body: DeviceRead, session: DbSession, caller: Person) -> DevicePending:
    """Which program waits for the letters that the person typed."""
    del caller
    return _shown(await use_cases.read_device(session, body.user_code))


@router.post("/device/approve", responses=problems(NotFound))
async def decide_device_sign_in(body: DeviceApprove, session: DbSession, caller: Person) -> DevicePending:
    """Let the waiting program sign in as the present person, or refuse it."""
    return _shown(await use_cases.decide_device(session, caller, body.user_code, approve=body.approve))


@router.post(
    "/token",
    responses=problems(TokenRefused, UnsupportedMediaType, TooLarge),
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": _SHAPE, _FORM: _SHAPE}}},
)
async def exchange_token(request: Request, response: Response) -> TokenRead:
    """Trade an authorization code, a device code or a refresh token for tokens (RFC 6749, 7636, 8628)."""
    signed_in = await _exchange(request, await _read(request))
    response.headers["Cache-Control"] = "no-store"
    return TokenRead(
        access_token=signed_in.access_token,
        expires_in=signed_in.expires_in,
        refresh_token=signed_in.refresh_token,
    )


async def _exchange(request: Request, body: TokenRequest) -> SignedIn:
    settings, origin = service.settings_of(request), service.origin_of(request)
    if body.grant_type == "authorization_code":
        return await use_cases.exchange_code(
            settings,
            client_id=body.client_id,
            code=body.code,
            redirect_uri=body.redirect_uri,
            code_verifier=body.code_verifier,
            origin=origin,
        )
    if body.grant_type == DEVICE_GRANT:
        return await use_cases.exchange_device_code(
            settings, client_id=body.client_id, device_code=body.device_code, origin=origin
        )
    if body.grant_type == "refresh_token":
        return await use_cases.exchange_refresh_token(settings, body.refresh_token, origin)
    raise TokenRefused("unsupported_grant_type")


async def _read(request: Request) -> TokenRequest:
    """The body, sent as a form (OAuth's way) or as JSON (ours). Raises TokenRefused: OAuth's answer to a bad one."""
    raw = await request.body()
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if media_type == _FORM:
            pairs = parse_qsl(
                raw.decode(), keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=_MAX_FIELDS
            )
            if len(dict(pairs)) != len(pairs):
                raise TokenRefused("invalid_request", "A field is given twice.")
            return TokenRequest.model_validate(dict(pairs))
        return TokenRequest.model_validate_json(raw)
    except (ValidationError, ValueError):
        raise TokenRefused("invalid_request", "The fields do not fit.") from None


def _shown(pending: use_cases.Pending) -> DevicePending:
    return DevicePending(
        client_id=pending.client.id,
        client_name=pending.client.name,
        device=pending.device,
        client_address=pending.client_address,
        started_at=pending.started_at,
    )
