"""A person's own factors: listed, added, renamed, removed. Each use case opens its own transactions.

Factors open every organization of the person, so a session that one organization's identity provider gave may not
touch them.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.config import Settings
from app.core.database import set_user, tenant_session
from app.core.errors import NotFound
from app.core.events import publish
from app.core.http import Caller
from app.domains.identity import queries
from app.domains.identity.errors import LastFactor, MfaFailed, NoFactor, PasskeyRefused
from app.domains.identity.events import FactorAdded, FactorRemoved, FactorRenamed, IdentityEvent, RecoveryCodesMade
from app.domains.identity.models import Passkey, TotpFactor, User
from app.domains.identity.queries import factors as reads
from app.domains.identity.queries.factors import RecoveryState
from app.domains.identity.rules import factors as rules
from app.domains.identity.service import sessions, throttle
from app.domains.identity.service.factors import checking, enrolment, passkeys, recovery, totp
from app.domains.identity.service.factors.passkeys import PasskeyOptions
from app.domains.identity.service.factors.requirement import Requirement, read_requirement
from app.domains.identity.service.factors.totp import TotpSetup
from app.domains.identity.service.sso.restrictions import require_own_sign_in


@dataclass(frozen=True, kw_only=True)
class Factors:
    """All of a person's factors and what the present organization wants."""

    totp: list[TotpFactor]
    passkeys: list[Passkey]
    recovery_codes: RecoveryState | None
    required: bool
    grace_ends_at: datetime | None


@asynccontextmanager
async def _own_session(caller: Caller) -> AsyncIterator[tuple[AsyncSession, User]]:
    """A transaction of the caller as a person, and their row."""
    async with tenant_session(caller.organization_id) as session:
        await require_own_sign_in(session, caller)
        await set_user(session, caller.user_id)
        user = await queries.get_user(session, caller.user_id, lock=True)
        if user is None:
            raise NotFound
        yield session, user


async def list_factors(session: AsyncSession, caller: Caller) -> Factors:
    """The caller's factors."""
    await set_user(session, caller.user_id)
    wanted: Requirement = await read_requirement(session, caller.organization_id, caller.user_id)
    return Factors(
        totp=list(await reads.list_totp(session, caller.user_id)),
        passkeys=list(await reads.list_passkeys(session, caller.user_id)),
        recovery_codes=await reads.read_recovery_state(session, caller.user_id),
        required=wanted.required,
        grace_ends_at=wanted.grace_ends_at,
    )


async def start_totp(caller: Caller, name: str) -> TotpSetup:
    """Begin to set up an authenticator app. Raises TooManyFactors."""
    async with _own_session(caller) as (session, _):
        return await totp.start_totp(session, caller, name)


async def confirm_totp(
    settings: Settings, caller: Caller, factor_id: UUID, otp: str, *, end_others: bool = False
) -> list[str] | None:
    """Take an authenticator app into use by its first code; recovery codes for who has none.

    Raises NotFound (also after 15 minutes), MfaFailed and RateLimited.
    """
    await throttle.begin_attempt(_throttled(caller), caller.client_address)
    async with _own_session(caller) as (session, user):
        now = clock.utc_now()
        factor = await reads.find_totp(session, caller.user_id, factor_id, lock=True)
        if factor is None or factor.confirmed_at or factor.created_at < now - rules.SETUP_LIFETIME:
            raise NotFound
        if not await totp.use_code_of(session, factor, otp, now):
            raise MfaFailed
        factor.confirmed_at = now
        await session.flush()
        codes = await _added(session, settings, caller, user, "totp", factor.id, factor.name)
        await _end_others(session, settings, caller, wanted=end_others)
    await throttle.forgive_attempt(_throttled(caller), caller.client_address)
    return codes


async def start_passkey(settings: Settings, caller: Caller) -> PasskeyOptions:
    """Options for a new passkey, bound to the caller's session. Raises TooManyFactors."""
    async with _own_session(caller) as (session, user):
        return await passkeys.issue_registration(
            session, settings, user_id=user.id, email=user.email, name=user.name, bound_to=str(caller.session_id)
        )


async def add_passkey(
    settings: Settings, caller: Caller, *, ticket: str, name: str, credential: dict[str, Any], end_others: bool = False
) -> tuple[UUID, list[str] | None]:
    """Take a new passkey into use: (its id, recovery codes for who has none). Raises PasskeyRefused."""
    challenge = await passkeys.take_challenge(
        "registration", ticket, user_id=caller.user_id, bound_to=str(caller.session_id)
    )
    if challenge is None:
        raise PasskeyRefused
    async with _own_session(caller) as (session, user):
        row = await passkeys.add_passkey(
            session, settings, user_id=user.id, name=name, challenge=challenge, credential=credential
        )
        codes = await _added(session, settings, caller, user, "passkey", row.id, row.name)
        await _end_others(session, settings, caller, wanted=end_others)
    return row.id, codes


async def rename_factor(caller: Caller, factor_id: UUID, name: str) -> None:
    """Give a factor another name. Raises NotFound."""
    async with _own_session(caller) as (session, user):
        factor, _ = await _find(session, user.id, factor_id)
        factor.name = name
        await session.flush()
        await publish(session, _event(FactorRenamed, caller, factor_id=factor_id, factor_name=name))


async def remove_factor(settings: Settings, caller: Caller, factor_id: UUID, *, end_others: bool = False) -> None:
    """Remove a factor. Raises NotFound, and LastFactor where the present organization wants one."""
    async with _own_session(caller) as (session, user):
        factor, kind = await _find(session, user.id, factor_id)
        left = len(await reads.list_totp(session, user.id)) + len(await reads.list_passkeys(session, user.id)) - 1
        if left == 0 and (await read_requirement(session, caller.organization_id, user.id)).required:
            raise LastFactor("Add another factor first.")
        if isinstance(factor, Passkey):
            await passkeys.remove_passkey(session, factor)
        else:
            await session.delete(factor)
            await session.flush()
        await enrolment.update_enrolment(session, settings, user, caller.organization_id)
        await publish(session, _event(FactorRemoved, caller, kind=kind, factor_id=factor_id, factor_name=factor.name))
        await _end_others(session, settings, caller, wanted=end_others)


async def make_recovery_codes(caller: Caller) -> list[str]:
    """Ten new recovery codes in place of the earlier ones. Raises NoFactor."""
    async with _own_session(caller) as (session, user):
        if user.mfa_enrolled_at is None:
            raise NoFactor
        codes = await recovery.replace_codes(session, user.id)
        await publish(session, _event(RecoveryCodesMade, caller))
        return codes


async def _end_others(session: AsyncSession, settings: Settings, caller: Caller, *, wanted: bool) -> None:
    """Somebody who changes a factor may do it because another has their session."""
    if wanted:
        await sessions.end_other_sessions(session, settings, caller, reason="factor_changed")


async def _added(
    session: AsyncSession, settings: Settings, caller: Caller, user: User, kind: str, factor_id: UUID, name: str
) -> list[str] | None:
    codes = await recovery.add_missing_codes(session, user.id)
    await enrolment.update_enrolment(session, settings, user, caller.organization_id)
    amr = checking.AMR["totp" if kind == "totp" else "passkey"]
    await enrolment.note_proof(session, settings, caller.organization_id, caller.session_id, amr)
    await publish(session, _event(FactorAdded, caller, kind=kind, factor_id=factor_id, factor_name=name))
    return codes


async def _find(session: AsyncSession, user_id: UUID, factor_id: UUID) -> tuple[TotpFactor | Passkey, str]:
    found = await reads.find_totp(session, user_id, factor_id)
    if found is not None and found.confirmed_at is not None:
        return found, "totp"
    passkey = await reads.find_passkey(session, user_id, factor_id)
    if passkey is None:
        raise NotFound
    return passkey, "passkey"


def _event(fact: type[IdentityEvent], caller: Caller, /, **values: Any) -> IdentityEvent:
    return fact(
        organization_id=caller.organization_id,
        user_id=caller.user_id,
        actor_id=caller.user_id,
        client_address=caller.client_address,
        user_agent=caller.user_agent,
        **values,
    )


def _throttled(caller: Caller) -> str:
    return throttle.factor_name(caller.user_id)
