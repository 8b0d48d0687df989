"""Proving again who one is: a new session takes the old one's place, and sensitive routes accept it for ten minutes."""

from uuid import UUID

from app.core.config import Settings
from app.core.database import set_user, tenant_session
from app.core.errors import FieldProblem, InvalidInput
from app.core.http import Caller
from app.domains.identity import queries
from app.domains.identity.errors import MfaFailed, MfaRequired, SessionEnded
from app.domains.identity.rules import Client
from app.domains.identity.service import sessions, throttle
from app.domains.identity.service.entering import open_session
from app.domains.identity.service.factors import passkeys
from app.domains.identity.service.factors.checking import AMR, Proof, check_proof, list_methods, take_challenge
from app.domains.identity.service.factors.passkeys import PasskeyOptions
from app.domains.identity.service.sessions import Origin, SignedIn
from app.domains.identity.service.signing_in import check_own_password


async def step_up(
    settings: Settings, caller: Caller, *, password: str | None, proof: Proof, origin: Origin
) -> SignedIn:
    """Prove again who the caller is. Whoever has a factor needs it; a passkey is enough alone.

    Raises LoginFailed, MfaRequired (the password was right, a factor is missing), MfaFailed, RateLimited, and
    InvalidInput where the password is missing beside a code.
    """
    enrolled, has_password = await _needs(caller)
    if password is not None:
        await check_own_password(caller, password)
    if proof.method is None:
        if enrolled:
            raise MfaRequired(extensions={"methods": await _methods(caller)})
        return await _renew(settings, caller, ["pwd"], origin)
    if not enrolled:
        raise MfaFailed
    if password is None and has_password and proof.method != "passkey":
        raise InvalidInput(errors=[FieldProblem(pointer="#/password", detail="is needed beside a code")])
    await _check(settings, caller, proof, origin)
    return await _renew(settings, caller, [*(["pwd"] if password else []), *AMR[proof.method]], origin)


async def start_passkey(settings: Settings, caller: Caller) -> PasskeyOptions:
    """Options for proving it with a passkey, bound to the caller's session."""
    async with tenant_session(caller.organization_id) as session:
        await set_user(session, caller.user_id)
        return await passkeys.issue_request(
            session, settings, "step-up", user_id=caller.user_id, bound_to=str(caller.session_id)
        )


async def _needs(caller: Caller) -> tuple[bool, bool]:
    """(whether the caller has a factor, whether they have a password)."""
    async with tenant_session(caller.organization_id) as session:
        user = await queries.get_user(session, caller.user_id)
    if user is None:
        raise SessionEnded
    return user.mfa_enrolled_at is not None, user.password is not None


async def _methods(caller: Caller) -> list[str]:
    async with tenant_session(caller.organization_id) as session:
        await set_user(session, caller.user_id)
        return [*await list_methods(session, caller.user_id)]


async def _check(settings: Settings, caller: Caller, proof: Proof, origin: Origin) -> None:
    given = await take_challenge(proof, "step-up", user_id=caller.user_id, bound_to=str(caller.session_id))
    name = throttle.factor_name(caller.user_id)
    await throttle.begin_attempt(name, caller.client_address)
    async with tenant_session(caller.organization_id) as session:
        await set_user(session, caller.user_id)
        user = await queries.get_user(session, caller.user_id)
        right = user is not None and await check_proof(session, settings, caller.organization_id, user, given, origin)
    if not right:
        raise MfaFailed
    await throttle.forgive_attempt(name, caller.client_address)


async def _renew(settings: Settings, caller: Caller, amr: list[str], origin: Origin) -> SignedIn:
    """The new session in place of the old. It stays the identity provider's where the old one was."""
    organization_id: UUID = caller.organization_id
    async with tenant_session(organization_id) as session:
        live = await sessions.get_live_session(session, caller)
        client: Client = "native" if live.client == "native" else "web"
        kept = [] if live.connection_id is None else live.amr
        row, refresh_token = await open_session(
            session,
            settings,
            organization_id,
            caller.user_id,
            client=client,
            amr=list(dict.fromkeys([*kept, *amr])),
            origin=origin,
        )
        row.connection_id, row.provider_session = live.connection_id, live.provider_session
        await sessions.revoke_sessions(
            session,
            settings,
            organization_id,
            caller.user_id,
            reason="step_up",
            only=[live.id],
            actor_id=caller.user_id,
            origin=origin,
        )
        await session.flush()
    return await sessions.issue_tokens(settings, row, refresh_token)
