"""Between the right password and the session: the token, the tries, the factor."""

import hashlib
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.config import Settings
from app.core.database import directory_session, set_user, tenant_session
from app.core.errors import NotFound
from app.core.tickets import Ticket, issue_ticket, read_ticket, take_ticket
from app.domains.identity import queries
from app.domains.identity.errors import MfaEnded, MfaFailed, MfaRequired
from app.domains.identity.models import User
from app.domains.identity.rules import Client
from app.domains.identity.rules import factors as rules
from app.domains.identity.service import sessions, throttle
from app.domains.identity.service.entering import open_session
from app.domains.identity.service.factors import passkeys, resets
from app.domains.identity.service.factors.checking import (
    AMR,
    Challenged,
    Proof,
    check_proof,
    list_methods,
    take_challenge,
)
from app.domains.identity.service.factors.passkeys import PasskeyOptions
from app.domains.identity.service.sessions import Origin, SignedIn

KIND = "mfa"


async def ask_for_factor(organization_id: UUID, user_id: UUID, *, client: Client, origin: Origin) -> MfaRequired:
    """The answer to a right password of somebody with a factor: a token of five minutes for this person and client."""
    async with tenant_session(organization_id) as session:
        await set_user(session, user_id)
        methods = await list_methods(session, user_id)
        token = await issue_ticket(
            session,
            KIND,
            rules.MFA_LIFETIME,
            subject_id=user_id,
            organization_id=organization_id,
            content={"client": client, "agent": _fingerprint(origin.user_agent)},
        )
    return MfaRequired(extensions={"mfa_token": token, "methods": methods})


async def finish_sign_in(
    settings: Settings, *, mfa_token: str, proof: Proof, client: Client, origin: Origin
) -> SignedIn:
    """Trade the token and a factor for a session.

    Raises MfaFailed, MfaEnded (unknown, late, used, another client's, too many tries) and RateLimited.
    """
    ticket = await _read(mfa_token, origin)
    if ticket.content["client"] != client:
        raise MfaEnded
    if not await throttle.count_try(mfa_token, rules.MFA_TRIES):
        raise MfaEnded
    organization_id, user_id = _places(ticket)
    given = await take_challenge(proof, "mfa", user_id=user_id, bound_to=_fingerprint(mfa_token))
    signed_in = await try_factor(
        settings, organization_id, user_id, given, client=client, origin=origin, mfa_token=mfa_token
    )
    if signed_in is None:
        raise MfaFailed
    return signed_in


async def start_passkey(settings: Settings, mfa_token: str, origin: Origin) -> PasskeyOptions:
    """Options for a passkey as the second factor, bound to the token. Raises MfaEnded."""
    organization_id, user_id = _places(await _read(mfa_token, origin))
    async with tenant_session(organization_id) as session:
        await set_user(session, user_id)
        return await passkeys.issue_request(session, settings, "mfa", user_id=user_id, bound_to=_fingerprint(mfa_token))


async def report_lost(mfa_token: str, origin: Origin) -> None:
    """Ask the owners to have the factors removed. Raises MfaEnded."""
    organization_id, user_id = _places(await _read(mfa_token, origin))
    async with tenant_session(organization_id) as session:
        await set_user(session, user_id)
        await resets.request_reset(session, organization_id, user_id, origin)


async def try_factor(
    settings: Settings,
    organization_id: UUID,
    user_id: UUID,
    given: Challenged,
    *,
    client: Client,
    origin: Origin,
    mfa_token: str | None = None,
) -> SignedIn | None:
    """Check a factor after a right password and start the session, all in one transaction; None when it was wrong.

    Tries count per person, apart from those of the password. Raises RateLimited and MfaEnded.
    """
    await throttle.begin_attempt(throttle.factor_name(user_id), origin.client_address)
    async with tenant_session(organization_id) as session:
        user = await _admitted(session, organization_id, user_id)
        right = await check_proof(session, settings, organization_id, user, given, origin)
        if right:
            if mfa_token is not None and await take_ticket(session, KIND, mfa_token) is None:
                raise MfaEnded  # somebody was faster with the same token
            await resets.cancel_resets(session, organization_id, user_id, origin)
            method = given.proof.method
            row, refresh_token = await open_session(
                session,
                settings,
                organization_id,
                user_id,
                client=client,
                amr=["pwd", *(AMR[method] if method else ())],
                origin=origin,
            )
    if not right:
        return None
    await throttle.forgive_attempt(throttle.factor_name(user_id), origin.client_address)
    return await sessions.issue_tokens(settings, row, refresh_token)


async def _admitted(session: AsyncSession, organization_id: UUID, user_id: UUID) -> User:
    """The person, still allowed in, the session bound to them. Raises MfaEnded."""
    await set_user(session, user_id)
    user = await queries.get_user(session, user_id)
    try:
        membership = await queries.get_membership(session, organization_id, user_id)
    except NotFound:
        raise MfaEnded from None
    if user is None or user.disabled_at is not None or membership.disabled_at is not None:
        raise MfaEnded
    return user


async def _read(mfa_token: str, origin: Origin) -> Ticket:
    async with directory_session() as session:
        ticket = await read_ticket(session, KIND, mfa_token)
    if ticket is None or ticket.content["agent"] != _fingerprint(origin.user_agent):
        raise MfaEnded
    return ticket


def _places(ticket: Ticket) -> tuple[UUID, UUID]:
    if ticket.organization_id is None or ticket.subject_id is None:
        raise MfaEnded
    return ticket.organization_id, ticket.subject_id


def _fingerprint(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
