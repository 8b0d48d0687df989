"""From a request's bearer token to its caller, on every request: signature, session, membership, permissions."""

from datetime import datetime
from uuid import UUID

from fastapi import Request

from app.core import clock
from app.core.config import Settings, get_settings
from app.core.database import tenant_session
from app.core.errors import Unauthenticated
from app.core.http import Caller
from app.core.ratelimit import client_address as address_of
from app.core.scope import read_scope
from app.domains.identity import queries, rules, tokens
from app.domains.identity.queries import SessionSnapshot
from app.domains.identity.rules import access
from app.domains.identity.rules.organizations import allowed_while_deleted
from app.domains.identity.service import cache, machines
from app.domains.identity.service.keys import get_key_ring
from app.domains.identity.service.sessions import Origin

MAX_USER_AGENT = 300
_settings: Settings | None = None
_verified = tokens.VerifiedTokens()


def use_settings(settings: Settings | None) -> None:
    """Set the settings that `authenticate_token` takes; the application calls it once. None: the environment's."""
    global _settings
    _settings = settings


def settings_of(request: Request) -> Settings:
    """The settings of the application that answers this request."""
    found: Settings | None = getattr(request.app.state, "settings", None)
    return found or _settings or get_settings()


def origin_of(request: Request) -> Origin:
    """Client address (behind trusted proxies) and user agent, cut to what we store."""
    user_agent = request.headers.get("user-agent", "")
    printable = "".join(character if character.isprintable() else "?" for character in user_agent[:MAX_USER_AGENT])
    return Origin(client_address=address_of(request.scope, settings_of(request)), user_agent=printable)


async def authenticate(request: Request) -> Caller:
    """The caller of a request. Raises Unauthenticated, and Unavailable when nothing can be looked up."""
    given = request.headers.getlist("authorization")
    scheme, _, token = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated
    return await _authenticate(token, settings_of(request), origin_of(request))


async def authenticate_token(token: str, *, client_address: str = "", user_agent: str = "") -> Caller:
    """The caller that a token names, where it does not come in a header (WebSocket). Raises Unauthenticated."""
    origin = Origin(client_address=client_address, user_agent=user_agent[:MAX_USER_AGENT])
    return await _authenticate(token, _settings or get_settings(), origin)


async def _authenticate(token: str, settings: Settings, origin: Origin) -> Caller:
    if token.startswith(f"{access.KEY_PREFIX}_"):
        return await machines.authenticate_key(token, settings, origin)
    now = clock.utc_now()
    keys = await get_key_ring().verification_keys(tokens.key_id_of(token))
    claims = tokens.verify(token, keys, issuer=settings.public_url, now=now, verified=_verified)
    state, may_fill = await cache.read_copy(settings, claims.organization_id, claims.session_id, claims.user_id)
    if state is None or not _admits(state, claims.user_id, now.timestamp()) or _is_factor_due(state, now):
        # A copy may let in, never keep out: before anybody is refused the table is asked.
        state = await _read_state(settings, claims.organization_id, claims.session_id, may_fill=may_fill)
        if state is None or not _admits(state, claims.user_id, now.timestamp()):
            raise Unauthenticated
    factor_due = _is_factor_due(state, now)
    granted = access.granted(state.role, state.custom_permissions)
    if state.organization_deleted:
        granted = allowed_while_deleted(granted)
    return Caller(
        user_id=claims.user_id,
        organization_id=claims.organization_id,
        email=state.email,
        role=state.role,
        permissions=granted & rules.OWN_PROFILE if factor_due else granted,
        factor_due=factor_due,
        scope=read_scope(state.scope),
        session_id=claims.session_id,
        authenticated_at=claims.authenticated_at,
        is_stepped_up=rules.is_recent(claims.authenticated_at, now) and (state.proved_factor or not state.has_factor),
        client_address=origin.client_address,
        user_agent=origin.user_agent,
        attributes={"membership_version": state.membership_version},
    )


def _admits(state: SessionSnapshot, user_id: UUID, now: float) -> bool:
    alive = not state.revoked and now < state.ends_at.timestamp()
    return alive and not state.disabled and state.user_id == user_id


def _is_factor_due(state: SessionSnapshot, now: datetime) -> bool:
    return state.factor_due_at is not None and state.factor_due_at <= now


async def _read_state(
    settings: Settings, organization_id: UUID, session_id: UUID, *, may_fill: bool
) -> SessionSnapshot | None:
    async with tenant_session(organization_id) as session:
        state = await queries.get_snapshot(session, organization_id, session_id)
    if state is not None and may_fill:
        await cache.write_copy(settings, organization_id, session_id, state)
    return state
