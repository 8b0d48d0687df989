"""Reads of people, sessions and keys."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, any_, false, func, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.directory import DirectoryEntry, DirectoryOrganization, directory_hash
from app.core.errors import NotFound
from app.core.pagination import decode_cursor, encode_cursor, invalid_cursor
from app.core.schemas import check_text
from app.domains.identity.models import (
    CustomRole,
    Membership,
    Organization,
    OrganizationPolicy,
    Session,
    SigningKey,
    User,
)
from app.domains.identity.rules import normalise_email
from app.domains.identity.rules.policy import Policy


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionSnapshot:
    """What every request needs to know of a session and its person, in one row."""

    user_id: UUID
    ends_at: datetime  # the earlier of both expiries
    revoked: bool
    role: str
    membership_version: int
    email: str
    disabled: bool  # the person, the membership, or every sign-in like this one
    custom_permissions: tuple[str, ...] | None = None  # of a custom role
    scope: dict[str, Any] | None = None
    has_factor: bool = False  # the person
    proved_factor: bool = False  # in this session
    factor_due_at: datetime | None = None  # from when on this session, without a factor, reaches the profile only
    organization_deleted: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class MemberRow:
    """A line of the members' list; `id` is the person's. `role_name` is a custom role's, else the role itself."""

    id: UUID
    email: str
    name: str
    role: str
    role_id: UUID | None
    role_name: str
    scope: dict[str, Any] | None
    created_at: datetime
    last_seen_at: datetime | None
    disabled_at: datetime | None


async def find_user_by_login(session: AsyncSession, email: str) -> UUID | None:
    """The person who signs in with this address, from the directory. Needs no organization."""
    query = select(DirectoryEntry.subject_id).where(
        DirectoryEntry.kind == "login", DirectoryEntry.hash == directory_hash("login", normalise_email(email))
    )
    return (await session.execute(query)).scalar_one_or_none()


async def find_refresh_family(session: AsyncSession, token_hash: bytes) -> tuple[UUID, UUID] | None:
    """(organization, session) that a refresh token belongs to, from the directory."""
    query = select(DirectoryEntry.organization_id, DirectoryEntry.subject_id).where(
        DirectoryEntry.kind == "refresh", DirectoryEntry.hash == token_hash
    )
    row = (await session.execute(query)).one_or_none()
    return (row.organization_id, row.subject_id) if row and row.organization_id else None


async def has_organizations(session: AsyncSession) -> bool:
    """Whether the installation has any organization."""
    return (await session.execute(select(DirectoryOrganization.id).limit(1))).first() is not None


async def get_user(session: AsyncSession, user_id: UUID, *, lock: bool = False) -> User | None:
    """The person, if this transaction may see them."""
    query = select(User).where(User.id == user_id).execution_options(populate_existing=True)
    return (await session.execute(query.with_for_update() if lock else query)).scalar_one_or_none()


async def list_memberships_of(session: AsyncSession, user_id: UUID) -> Sequence[Membership]:
    """A person's active memberships, oldest first. All of them only in a transaction bound to that person."""
    query = (
        select(Membership)
        .where(Membership.user_id == user_id, Membership.disabled_at.is_(None))
        .order_by(Membership.created_at, Membership.id)
    )
    return (await session.execute(query)).scalars().all()


async def get_membership(
    session: AsyncSession, organization_id: UUID, user_id: UUID, *, lock: bool = False
) -> Membership:
    """A member of the organization. Raises NotFound."""
    query = select(Membership).where(Membership.organization_id == organization_id, Membership.user_id == user_id)
    query = query.execution_options(populate_existing=True)
    found = (await session.execute(query.with_for_update() if lock else query)).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


async def count_owners(session: AsyncSession, organization_id: UUID) -> int:
    """Active owners. Locks their rows, so that two of them cannot leave at the same moment."""
    query = select(Membership.id).where(
        Membership.organization_id == organization_id, Membership.role == "owner", Membership.disabled_at.is_(None)
    )
    return len((await session.execute(query.order_by(Membership.id).with_for_update())).scalars().all())


async def get_organization(session: AsyncSession, organization_id: UUID, *, lock: bool = False) -> Organization:
    """The organization itself. Raises NotFound."""
    query = select(Organization).where(Organization.id == organization_id)
    found = (await session.execute(query.with_for_update() if lock else query)).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


# As `service.sso.restrictions.password_allowed` says of sign-ins: also for who was an owner, or came in while the
# policy was being changed.
_NEEDS_PROVIDER = and_(
    Session.connection_id.is_(None),
    Membership.role != "owner",
    func.coalesce(OrganizationPolicy.sso_required, false()),
)


async def get_snapshot(session: AsyncSession, organization_id: UUID, session_id: UUID) -> SessionSnapshot | None:
    """A session with its person's state and role; None when there is no such session."""
    query = (
        select(
            Session.user_id,
            func.least(Session.expires_at, Session.absolute_expires_at).label("ends_at"),
            Session.revoked_at.is_not(None).label("revoked"),
            Membership.role,
            Membership.version.label("membership_version"),
            User.email,
            (User.disabled_at.is_not(None) | Membership.disabled_at.is_not(None) | _NEEDS_PROVIDER).label("disabled"),
            CustomRole.permissions.label("custom_permissions"),
            Membership.scope,
            User.mfa_enrolled_at.is_not(None).label("has_factor"),
            (literal("mfa") == any_(Session.amr)).label("proved_factor"),
            Session.connection_id,
            Membership.role_id,
            Membership.created_at,
            OrganizationPolicy.mfa_required_roles,
            OrganizationPolicy.mfa_grace_days,
            OrganizationPolicy.mfa_required_since,
            DirectoryOrganization.deleted_at.is_not(None).label("organization_deleted"),
        )
        .join(
            Membership,
            and_(Membership.organization_id == Session.organization_id, Membership.user_id == Session.user_id),
        )
        .join(User, User.id == Session.user_id)
        .join(DirectoryOrganization, DirectoryOrganization.id == Session.organization_id)
        .outerjoin(
            CustomRole,
            and_(CustomRole.organization_id == Membership.organization_id, CustomRole.id == Membership.role_id),
        )
        .outerjoin(OrganizationPolicy, OrganizationPolicy.organization_id == Session.organization_id)
        .where(Session.organization_id == organization_id, Session.id == session_id)
    )
    row = (await session.execute(query)).one_or_none()
    if row is None:
        return None
    custom = row.custom_permissions
    return SessionSnapshot(
        user_id=row.user_id,
        ends_at=row.ends_at,
        revoked=row.revoked,
        role=row.role,
        membership_version=row.membership_version,
        email=row.email,
        disabled=row.disabled,
        custom_permissions=None if custom is None else tuple(custom),
        scope=row.scope,
        has_factor=row.has_factor,
        proved_factor=row.proved_factor,
        factor_due_at=_factor_due_at(row),
        organization_deleted=row.organization_deleted,
    )


def _factor_due_at(row: Row[Any]) -> datetime | None:
    """A session of an identity provider is left out: there the connection says whether a factor is asked for."""
    if row.proved_factor or row.connection_id is not None or not row.mfa_required_roles:
        return None
    policy = Policy(
        mfa_required_roles=tuple(row.mfa_required_roles),
        mfa_grace_days=row.mfa_grace_days,
        mfa_required_since=row.mfa_required_since,
    )
    return policy.grace_ends_at(row.created_at) if policy.requires_mfa(str(row.role_id or row.role)) else None


async def list_live_sessions(
    session: AsyncSession, organization_id: UUID, user_id: UUID, now: datetime
) -> Sequence[Session]:
    """A person's sessions that may still be used, newest use first."""
    query = (
        select(Session)
        .where(
            Session.organization_id == organization_id,
            Session.user_id == user_id,
            Session.revoked_at.is_(None),
            Session.expires_at > now,
            Session.absolute_expires_at > now,
        )
        .order_by(Session.last_seen_at.desc(), Session.id.desc())
    )
    return (await session.execute(query)).scalars().all()


async def list_own_sign_ins(session: AsyncSession, organization_id: UUID) -> list[tuple[UUID, UUID]]:
    """(session, person) of what lives without an identity provider's word, but for owners, who may always do that."""
    query = (
        select(Session.id, Session.user_id)
        .join(
            Membership,
            and_(Membership.organization_id == Session.organization_id, Membership.user_id == Session.user_id),
        )
        .where(
            Session.organization_id == organization_id,
            Session.connection_id.is_(None),
            Session.revoked_at.is_(None),
            Membership.role != "owner",
        )
    )
    return [(row.id, row.user_id) for row in (await session.execute(query)).all()]


async def has_used_device(session: AsyncSession, organization_id: UUID, user_id: UUID, device: str) -> bool:
    """Whether the person had a session on a device of that name before."""
    query = select(Session.id).where(
        Session.organization_id == organization_id, Session.user_id == user_id, Session.device == device
    )
    return (await session.execute(query.limit(1))).first() is not None


def _members(organization_id: UUID) -> Select[Any]:
    last_seen = (
        select(func.max(Session.last_seen_at))
        .where(Session.organization_id == Membership.organization_id, Session.user_id == Membership.user_id)
        .correlate(Membership)
        .scalar_subquery()
    )
    return (
        select(
            User.id,
            User.email,
            User.name,
            Membership.role,
            Membership.role_id,
            func.coalesce(CustomRole.name, Membership.role).label("role_name"),
            Membership.scope,
            Membership.created_at,
            last_seen.label("last_seen_at"),
            func.coalesce(Membership.disabled_at, User.disabled_at).label("disabled_at"),
        )
        .join(User, User.id == Membership.user_id)
        .outerjoin(
            CustomRole,
            and_(CustomRole.organization_id == Membership.organization_id, CustomRole.id == Membership.role_id),
        )
        .where(Membership.organization_id == organization_id)
    )


async def read_member(session: AsyncSession, organization_id: UUID, user_id: UUID) -> MemberRow:
    """One member as the list shows them. Raises NotFound."""
    row = (await session.execute(_members(organization_id).where(User.id == user_id))).one_or_none()
    if row is None:
        raise NotFound
    return MemberRow(**row._mapping)


async def list_members(
    session: AsyncSession, organization_id: UUID, limit: int, cursor: str | None
) -> tuple[list[MemberRow], str | None]:
    """One page of members by e-mail address, and the next cursor."""
    query = _members(organization_id).order_by(User.email_normalised, User.id).limit(limit + 1)
    if key := decode_cursor(cursor, 2):
        try:
            email, user_id = check_text(str(key[0])), UUID(key[1])
        except (TypeError, ValueError, AttributeError):
            raise invalid_cursor() from None
        query = query.where(tuple_(User.email_normalised, User.id) > tuple_(email, user_id))
    rows = [MemberRow(**row._mapping) for row in (await session.execute(query)).all()]
    more = len(rows) > limit
    rows = rows[:limit]
    return rows, encode_cursor(normalise_email(rows[-1].email), rows[-1].id) if more else None


async def get_user_names(session: AsyncSession, organization_id: UUID, user_ids: Collection[UUID]) -> dict[UUID, str]:
    """Names of members by id; ids that are not members are left out."""
    if not user_ids:
        return {}
    query = (
        select(User.id, User.name)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.organization_id == organization_id, User.id.in_(set(user_ids)))
    )
    return {row.id: row.name for row in (await session.execute(query)).all()}


async def list_signing_keys(session: AsyncSession) -> Sequence[SigningKey]:
    """All keys of the installation, the newest first."""
    return (await session.execute(select(SigningKey).order_by(SigningKey.signs_from.desc()))).scalars().all()
