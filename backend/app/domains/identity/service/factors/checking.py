"""One proof of a second factor, of whatever kind, checked for one person."""

from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.config import Settings
from app.core.events import publish
from app.domains.identity import rules as identity_rules
from app.domains.identity.events import FactorFailed, RecoveryCodeUsed
from app.domains.identity.models import User
from app.domains.identity.queries import factors as reads
from app.domains.identity.service.factors import passkeys, recovery, totp
from app.domains.identity.service.origin import Origin

Method = Literal["totp", "passkey", "recovery_code"]
# RFC 8176: how each shows in a session's `amr`; `mfa` is what step-up and required factors look for.
AMR: dict[Method, tuple[str, ...]] = {
    "totp": ("otp", "mfa"),
    "passkey": ("pop", "user", "mfa"),
    "recovery_code": ("recovery", "mfa"),
}


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What the person gave: one of the three. `ticket` belongs to the passkey's answer."""

    otp: str | None = None
    recovery_code: str | None = None
    ticket: str | None = None
    credential: dict[str, Any] | None = None

    @property
    def method(self) -> Method | None:
        """Which of the three it is; None when it is nothing."""
        if self.otp is not None:
            return "totp"
        if self.recovery_code is not None:
            return "recovery_code"
        return "passkey" if self.credential is not None else None


@dataclass(frozen=True, kw_only=True)
class Challenged:
    """A proof whose challenge was taken, ready to be checked inside a transaction."""

    proof: Proof
    challenge: bytes | None = None


async def take_challenge(proof: Proof, purpose: passkeys.Purpose, *, user_id: UUID, bound_to: str) -> Challenged:
    """Use up the challenge of a passkey's answer, in a transaction of its own, before anything is checked."""
    if proof.ticket is None:
        return Challenged(proof=proof)
    challenge = await passkeys.take_challenge(purpose, proof.ticket, user_id=user_id, bound_to=bound_to)
    return Challenged(proof=proof, challenge=challenge)


async def list_methods(session: AsyncSession, user_id: UUID) -> list[Method]:
    """What the person can prove themselves with. The session must be bound to the person."""
    found: list[Method] = []
    if await reads.list_totp(session, user_id):
        found.append("totp")
    if await reads.list_passkeys(session, user_id):
        found.append("passkey")
    codes = await reads.read_recovery_state(session, user_id)
    if found and codes and codes.left:
        found.append("recovery_code")
    return found


async def check_proof(
    session: AsyncSession, settings: Settings, organization_id: UUID, user: User, given: Challenged, origin: Origin
) -> bool:
    """Whether the proof is right; it is used up by this. The session must be bound to organization and person.

    Publishes what the person should hear of, so the caller commits in both cases.
    """
    proof = given.proof
    if await _is_right(session, settings, user.id, given):
        if proof.recovery_code is not None:
            await _tell_used(session, organization_id, user.id, origin)
        return True
    await publish(
        session,
        FactorFailed(
            organization_id=organization_id,
            user_id=user.id,
            actor_kind="anonymous",
            method=proof.method or "",
            device=identity_rules.describe_device(origin.user_agent),
            client_address=origin.client_address,
            user_agent=origin.user_agent,
        ),
    )
    return False


async def _is_right(session: AsyncSession, settings: Settings, user_id: UUID, given: Challenged) -> bool:
    proof = given.proof
    if proof.otp is not None:
        return await totp.use_code(session, user_id, proof.otp)
    if proof.recovery_code is not None:
        return await recovery.use_code(session, user_id, proof.recovery_code)
    if proof.credential is None or given.challenge is None:
        return False
    answer = passkeys.read_credential(proof.credential)
    return answer is not None and await passkeys.use_passkey(session, settings, user_id, given.challenge, answer)


async def _tell_used(session: AsyncSession, organization_id: UUID, user_id: UUID, origin: Origin) -> None:
    state = await reads.read_recovery_state(session, user_id)
    await publish(
        session,
        RecoveryCodeUsed(
            organization_id=organization_id,
            user_id=user_id,
            actor_id=user_id,
            left=state.left if state else 0,
            client_address=origin.client_address,
            user_agent=origin.user_agent,
        ),
    )
