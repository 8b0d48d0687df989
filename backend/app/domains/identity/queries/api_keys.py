"""Reads of API keys and service identities."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.directory import DirectoryEntry
from app.core.errors import NotFound
from app.domains.identity.models import ApiKey, CustomRole, Membership, ServiceIdentity, User


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyPlace:
    """Whose a key is. It never changes, so a process may remember it."""

    organization_id: UUID
    key_id: UUID
    owner_id: UUID
    is_service: bool  # the owner is a service identity, not a member


@dataclass(frozen=True, kw_only=True, slots=True)
class KeySnapshot:
    """What every request of a machine needs to know: the key's own state and its owner's present rights."""

    name: str
    ends_at: datetime
    revoked: bool
    permissions: tuple[str, ...]
    addresses: tuple[str, ...]
    scope: dict[str, Any] | None
    owner_role: str
    owner_version: int
    owner_name: str
    owner_disabled: bool
    owner_permissions: tuple[str, ...] | None
    owner_scope: dict[str, Any] | None


async def find_key_organization(session: AsyncSession, key_hash: bytes) -> UUID | None:
    """The organization of a key, from the directory. Needs no organization."""
    query = select(DirectoryEntry.organization_id).where(
        DirectoryEntry.kind == "api_key", DirectoryEntry.hash == key_hash
    )
    return (await session.execute(query)).scalar_one_or_none()


async def get_key_snapshot(
    session: AsyncSession, organization_id: UUID, key_id: UUID, key_hash: bytes
) -> tuple[KeyPlace, KeySnapshot] | None:
    """A key with its owner's state and role; None when there is no such key."""
    key, service = ApiKey, ServiceIdentity
    query = (
        select(
            key.id,
            key.name,
            key.user_id,
            key.service_identity_id,
            key.expires_at,
            key.revoked_at,
            key.permissions,
            key.addresses,
            key.scope,
            func.coalesce(Membership.role, service.role, "custom").label("owner_role"),
            func.coalesce(Membership.version, service.version, 0).label("owner_version"),
            func.coalesce(User.email, service.name, "").label("owner_name"),
            func.coalesce(User.disabled_at, Membership.disabled_at, service.disabled_at).label("owner_disabled_at"),
            func.coalesce(CustomRole.permissions, service.permissions).label("owner_permissions"),
            func.coalesce(Membership.scope, service.scope).label("owner_scope"),
            or_(Membership.id.is_not(None), service.id.is_not(None)).label("has_owner"),
        )
        .outerjoin(
            Membership, and_(Membership.organization_id == key.organization_id, Membership.user_id == key.user_id)
        )
        .outerjoin(User, User.id == key.user_id)
        .outerjoin(service, and_(service.organization_id == key.organization_id, service.id == key.service_identity_id))
        .outerjoin(
            CustomRole,
            and_(
                CustomRole.organization_id == key.organization_id,
                CustomRole.id == func.coalesce(Membership.role_id, service.role_id),
            ),
        )
        .where(key.organization_id == organization_id, key.id == key_id, key.hash == key_hash)
    )
    row = (await session.execute(query)).one_or_none()
    owner_id = (row.user_id or row.service_identity_id) if row is not None else None
    if row is None or owner_id is None or not row.has_owner:
        return None
    place = KeyPlace(organization_id=organization_id, key_id=row.id, owner_id=owner_id, is_service=row.user_id is None)
    owner_permissions = row.owner_permissions
    return place, KeySnapshot(
        name=row.name,
        ends_at=row.expires_at,
        revoked=row.revoked_at is not None,
        permissions=tuple(row.permissions),
        addresses=tuple(row.addresses),
        scope=row.scope,
        owner_role=row.owner_role,
        owner_version=row.owner_version,
        owner_name=row.owner_name,
        owner_disabled=row.owner_disabled_at is not None,
        owner_permissions=None if owner_permissions is None else tuple(owner_permissions),
        owner_scope=row.owner_scope,
    )


async def note_use(session: AsyncSession, place: KeyPlace, address: str, now: datetime, unless_since: datetime) -> None:
    """Write the last use down, unless somebody did lately."""
    await session.execute(
        update(ApiKey)
        .where(
            ApiKey.organization_id == place.organization_id,
            ApiKey.id == place.key_id,
            or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at < unless_since),
        )
        .values(last_used_at=now, last_used_address=address)
        .execution_options(synchronize_session=False)
    )


async def list_keys(
    session: AsyncSession, organization_id: UUID, *, user_id: UUID | None = None
) -> Sequence[tuple[ApiKey, str | None]]:
    """Keys that were not revoked with their owners' names, the newest first; `user_id`: this member's only."""
    query = (
        select(ApiKey, func.coalesce(User.name, ServiceIdentity.name))
        .outerjoin(User, User.id == ApiKey.user_id)
        .outerjoin(
            ServiceIdentity,
            and_(
                ServiceIdentity.organization_id == ApiKey.organization_id,
                ServiceIdentity.id == ApiKey.service_identity_id,
            ),
        )
        .where(ApiKey.organization_id == organization_id, ApiKey.revoked_at.is_(None))
        .order_by(ApiKey.created_at.desc(), ApiKey.id.desc())
    )
    if user_id is not None:
        query = query.where(ApiKey.user_id == user_id)
    return [(key, name) for key, name in (await session.execute(query)).all()]


async def get_key(session: AsyncSession, organization_id: UUID, key_id: UUID, *, lock: bool = False) -> ApiKey:
    """One key that was not revoked. Raises NotFound."""
    query = select(ApiKey).where(
        ApiKey.organization_id == organization_id, ApiKey.id == key_id, ApiKey.revoked_at.is_(None)
    )
    found = (await session.execute(query.with_for_update() if lock else query)).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


async def count_keys(session: AsyncSession, organization_id: UUID, *, user_id: UUID | None = None) -> int:
    """Keys that were not revoked, of one member or of all."""
    query = select(func.count()).where(ApiKey.organization_id == organization_id, ApiKey.revoked_at.is_(None))
    if user_id is not None:
        query = query.where(ApiKey.user_id == user_id)
    return int((await session.execute(query)).scalar_one())


async def list_key_hashes(
    session: AsyncSession,
    organization_id: UUID,
    *,
    user_id: UUID | None = None,
    service_identity_id: UUID | None = None,
) -> Sequence[tuple[UUID, bytes]]:
    """(id, hash) of an owner's keys, revoked ones too."""
    query = select(ApiKey.id, ApiKey.hash).where(
        ApiKey.organization_id == organization_id,
        ApiKey.user_id == user_id if user_id else ApiKey.service_identity_id == service_identity_id,
    )
    return [(key_id, key_hash) for key_id, key_hash in (await session.execute(query)).all()]


async def list_identities(session: AsyncSession, organization_id: UUID) -> Sequence[tuple[ServiceIdentity, int]]:
    """Service identities by name with the number of their keys."""
    keys = (
        select(func.count())
        .where(
            ApiKey.organization_id == ServiceIdentity.organization_id,
            ApiKey.service_identity_id == ServiceIdentity.id,
            ApiKey.revoked_at.is_(None),
        )
        .correlate(ServiceIdentity)
        .scalar_subquery()
    )
    query = select(ServiceIdentity, keys).where(ServiceIdentity.organization_id == organization_id)
    rows = (await session.execute(query.order_by(ServiceIdentity.name_normalised))).all()
    return [(identity, count) for identity, count in rows]


async def get_identity(
    session: AsyncSession, organization_id: UUID, identity_id: UUID, *, lock: bool = False
) -> ServiceIdentity:
    """One service identity. Raises NotFound."""
    query = select(ServiceIdentity).where(
        ServiceIdentity.organization_id == organization_id, ServiceIdentity.id == identity_id
    )
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = (await session.execute(query)).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found
