"""Reads of a person's factors. The transaction must be bound to the person (`set_user`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.directory import DirectoryEntry, directory_hash
from app.core.tickets import TicketRow
from app.domains.identity.models import FactorReset, Membership, Passkey, RecoveryCode, TotpFactor, User


@dataclass(frozen=True, kw_only=True, slots=True)
class RecoveryState:
    """Recovery codes that were made and how many are left."""

    left: int
    created_at: datetime


async def list_totp(session: AsyncSession, user_id: UUID) -> Sequence[TotpFactor]:
    """Authenticator apps in use, the oldest first."""
    query = select(TotpFactor).where(TotpFactor.user_id == user_id, TotpFactor.confirmed_at.is_not(None))
    query = query.order_by(TotpFactor.created_at, TotpFactor.id).execution_options(populate_existing=True)
    return (await session.execute(query)).scalars().all()


async def find_totp(session: AsyncSession, user_id: UUID, factor_id: UUID, *, lock: bool = False) -> TotpFactor | None:
    """One authenticator app, also one that is being set up."""
    query = select(TotpFactor).where(TotpFactor.user_id == user_id, TotpFactor.id == factor_id)
    query = query.execution_options(populate_existing=True)
    return (await session.execute(query.with_for_update() if lock else query)).scalar_one_or_none()


async def list_passkeys(session: AsyncSession, user_id: UUID) -> Sequence[Passkey]:
    """Passkeys, the oldest first."""
    query = select(Passkey).where(Passkey.user_id == user_id).order_by(Passkey.created_at, Passkey.id)
    return (await session.execute(query.execution_options(populate_existing=True))).scalars().all()


async def find_passkey(session: AsyncSession, user_id: UUID, factor_id: UUID) -> Passkey | None:
    """One passkey by our id."""
    query = select(Passkey).where(Passkey.user_id == user_id, Passkey.id == factor_id)
    return (await session.execute(query)).scalar_one_or_none()


async def find_passkey_by_credential(session: AsyncSession, user_id: UUID, credential_id: bytes) -> Passkey | None:
    """One passkey of this person by the authenticator's id."""
    query = select(Passkey).where(Passkey.user_id == user_id, Passkey.credential_id == credential_id)
    return (await session.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()


async def find_passkey_owner(session: AsyncSession, credential_id: bytes) -> UUID | None:
    """Whose passkey this is, from the directory. Needs no person."""
    query = select(DirectoryEntry.subject_id).where(
        DirectoryEntry.kind == "passkey", DirectoryEntry.hash == directory_hash("passkey", credential_id.hex())
    )
    return (await session.execute(query)).scalar_one_or_none()


async def read_recovery_state(session: AsyncSession, user_id: UUID) -> RecoveryState | None:
    """The person's recovery codes; None when none were made."""
    query = select(
        func.count().filter(RecoveryCode.used_at.is_(None)).label("left"),
        func.max(RecoveryCode.created_at).label("created_at"),
    ).where(RecoveryCode.user_id == user_id)
    row = (await session.execute(query)).one()
    return None if row.created_at is None else RecoveryState(left=row.left, created_at=row.created_at)


async def list_open_resets(session: AsyncSession, user_id: UUID, now: datetime) -> Sequence[FactorReset]:
    """A person's open requests to have their factors removed; all organizations' in that person's transaction."""
    query = select(FactorReset).where(
        FactorReset.user_id == user_id, FactorReset.ended_at.is_(None), FactorReset.expires_at > now
    )
    return (await session.execute(query.order_by(FactorReset.id).with_for_update())).scalars().all()


@dataclass(frozen=True, kw_only=True, slots=True)
class ResetRow:
    """An open request as the organization's owners see it."""

    id: UUID
    user_id: UUID
    email: str
    name: str
    client_address: str
    requested_at: datetime
    approved_by: list[UUID]
    due_at: datetime | None
    expires_at: datetime


async def list_organization_resets(session: AsyncSession, organization_id: UUID, now: datetime) -> Sequence[ResetRow]:
    """The organization's open requests, the oldest first."""
    query = (
        select(
            FactorReset.id,
            FactorReset.user_id,
            User.email,
            User.name,
            FactorReset.client_address,
            FactorReset.requested_at,
            FactorReset.approved_by,
            FactorReset.due_at,
            FactorReset.expires_at,
        )
        .join(User, User.id == FactorReset.user_id)
        .where(
            FactorReset.organization_id == organization_id,
            FactorReset.ended_at.is_(None),
            FactorReset.expires_at > now,
        )
        .order_by(FactorReset.requested_at, FactorReset.id)
    )
    return [ResetRow(**row._mapping) for row in (await session.execute(query)).all()]


async def find_reset(session: AsyncSession, organization_id: UUID, reset_id: UUID, now: datetime) -> FactorReset | None:
    """One open request of the organization, locked."""
    query = select(FactorReset).where(
        FactorReset.organization_id == organization_id,
        FactorReset.id == reset_id,
        FactorReset.ended_at.is_(None),
        FactorReset.expires_at > now,
    )
    query = query.with_for_update().execution_options(populate_existing=True)
    return (await session.execute(query)).scalar_one_or_none()


async def list_owners(session: AsyncSession, organization_id: UUID) -> Sequence[tuple[UUID, str]]:
    """(id, address) of the organization's active owners."""
    query = (
        select(User.id, User.email)
        .join(Membership, Membership.user_id == User.id)
        .where(
            Membership.organization_id == organization_id,
            Membership.role == "owner",
            Membership.disabled_at.is_(None),
            User.disabled_at.is_(None),
        )
        .order_by(User.id)
    )
    return [(row.id, row.email) for row in (await session.execute(query)).all()]


async def count_open_tickets(session: AsyncSession, kind: str, subject_id: UUID, now: datetime) -> int:
    """Links of a kind that still work."""
    query = select(func.count()).where(
        TicketRow.kind == kind, TicketRow.subject_id == subject_id, TicketRow.expires_at > now
    )
    return int((await session.execute(query)).scalar_one())
