"""Reads of identity providers. What comes before the organization is known goes through the directory."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.directory import DirectoryEntry, directory_hash
from app.core.errors import NotFound
from app.core.ids import new_id
from app.domains.identity.models import (
    ConnectionDomain,
    ExternalIdentity,
    GroupMapping,
    IdentityConnection,
    ProviderLogout,
    ScimGroup,
    ScimGroupMember,
    ScimUser,
    Session,
    UsedAssertion,
)
from app.domains.identity.rules.sso import LOGOUT_SUBJECT, logout_subject_key

Brought = TypeVar("Brought", ExternalIdentity, ScimUser, ScimGroup)


async def find_entry(session: AsyncSession, kind: str, value: str) -> tuple[UUID, UUID] | None:
    """(organization, subject) that a name or token leads to: of domains, ids and provisioning tokens the connection."""
    query = select(DirectoryEntry.organization_id, DirectoryEntry.subject_id).where(
        DirectoryEntry.kind == kind, DirectoryEntry.hash == directory_hash(kind, value)
    )
    row = (await session.execute(query)).one_or_none()
    return (row.organization_id, row.subject_id) if row and row.organization_id else None


async def get_connection(
    session: AsyncSession, organization_id: UUID, connection_id: UUID, *, lock: bool = False
) -> IdentityConnection:
    """A connection of the organization. Raises NotFound."""
    query = (
        select(IdentityConnection)
        .where(IdentityConnection.organization_id == organization_id, IdentityConnection.id == connection_id)
        .execution_options(populate_existing=True)
    )
    found = (await session.execute(query.with_for_update() if lock else query)).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


async def list_connections(session: AsyncSession, organization_id: UUID) -> Sequence[IdentityConnection]:
    """The organization's connections by name; there are never many."""
    query = (
        select(IdentityConnection)
        .where(IdentityConnection.organization_id == organization_id)
        .order_by(IdentityConnection.name, IdentityConnection.id)
    )
    return (await session.execute(query)).scalars().all()


async def list_domains(
    session: AsyncSession, organization_id: UUID, connection_ids: Collection[UUID]
) -> Sequence[ConnectionDomain]:
    """The domains of some connections by name."""
    query = (
        select(ConnectionDomain)
        .where(ConnectionDomain.organization_id == organization_id, ConnectionDomain.connection_id.in_(connection_ids))
        .order_by(ConnectionDomain.domain)
    )
    return (await session.execute(query)).scalars().all()


async def find_domain(
    session: AsyncSession, organization_id: UUID, domain: str, *, lock: bool = False
) -> ConnectionDomain | None:
    """The organization's row of a domain, whichever connection has it."""
    query = select(ConnectionDomain).where(
        ConnectionDomain.organization_id == organization_id, ConnectionDomain.domain == domain
    )
    query = query.execution_options(populate_existing=True)
    return (await session.execute(query.with_for_update() if lock else query)).scalar_one_or_none()


async def is_proven(session: AsyncSession, organization_id: UUID, connection_id: UUID, domain: str) -> bool:
    """Whether the connection may bring people of this domain."""
    row = await find_domain(session, organization_id, domain)
    entry = await find_entry(session, "domain", domain)
    return (
        row is not None
        and row.connection_id == connection_id
        and row.verified_at is not None
        and entry == (organization_id, connection_id)
    )


async def list_mappings(
    session: AsyncSession, organization_id: UUID, connection_ids: Collection[UUID]
) -> Sequence[GroupMapping]:
    """The group mappings of some connections by group."""
    query = (
        select(GroupMapping)
        .where(GroupMapping.organization_id == organization_id, GroupMapping.connection_id.in_(connection_ids))
        .order_by(GroupMapping.group)
    )
    return (await session.execute(query)).scalars().all()


async def find_identity(
    session: AsyncSession, organization_id: UUID, connection_id: UUID, subject: str
) -> ExternalIdentity | None:
    """Who this subject of the connection is here."""
    wanted = of_connection(ExternalIdentity, organization_id, connection_id).where(ExternalIdentity.subject == subject)
    return (await session.execute(wanted)).scalar_one_or_none()


async def find_identity_of_user(
    session: AsyncSession, organization_id: UUID, connection_id: UUID, user_id: UUID
) -> ExternalIdentity | None:
    """The subject that a person has at the connection."""
    wanted = of_connection(ExternalIdentity, organization_id, connection_id).where(ExternalIdentity.user_id == user_id)
    return (await session.execute(wanted)).scalar_one_or_none()


async def find_identity_at_logout(
    session: AsyncSession, organization_id: UUID, connection_id: UUID, logout_subject: str
) -> ExternalIdentity | None:
    """Who this is of whom the connection knows another subject than logout tokens carry."""
    entry = await find_entry(session, LOGOUT_SUBJECT, logout_subject_key(connection_id, logout_subject))
    if entry is None:
        return None
    wanted = of_connection(ExternalIdentity, organization_id, connection_id).where(ExternalIdentity.id == entry[1])
    return (await session.execute(wanted)).scalar_one_or_none()


async def list_identities_of_user(session: AsyncSession, organization_id: UUID, user_id: UUID) -> dict[UUID, datetime]:
    """Since when a person is known, by connection."""
    query = select(ExternalIdentity.connection_id, ExternalIdentity.created_at).where(
        ExternalIdentity.organization_id == organization_id, ExternalIdentity.user_id == user_id
    )
    return {row.connection_id: row.created_at for row in (await session.execute(query)).all()}


def of_connection(table: type[Brought], organization_id: UUID, connection_id: UUID) -> Select[Brought]:
    """The rows of a table that one connection of the organization brought."""
    return select(table).where(table.organization_id == organization_id, table.connection_id == connection_id)


async def list_provisioned_groups(
    session: AsyncSession, organization_id: UUID, connection_id: UUID, user_id: UUID
) -> list[str] | None:
    """The provisioned groups that a person is in; None where the connection provisions no such person."""
    wanted = of_connection(ScimUser, organization_id, connection_id)
    person = wanted.where(ScimUser.user_id == user_id, ScimUser.removed_at.is_(None))
    known = (await session.execute(person)).scalar_one_or_none()
    if known is None:
        return None
    query = (
        select(ScimGroup.display_name)
        .join(
            ScimGroupMember,
            (ScimGroupMember.organization_id == ScimGroup.organization_id) & (ScimGroupMember.group_id == ScimGroup.id),
        )
        .where(ScimGroup.organization_id == organization_id, ScimGroupMember.scim_user_id == known.id)
    )
    return list((await session.execute(query)).scalars())


async def was_logged_out(
    session: AsyncSession,
    organization_id: UUID,
    connection_id: UUID,
    *,
    provider_session: str | None,
    subject: str,
    issued_at: datetime,
) -> bool:
    """Whether the provider ended this session of its own, or all of the person's, after it issued its answer."""
    query = select(ProviderLogout.id).where(
        ProviderLogout.organization_id == organization_id,
        ProviderLogout.connection_id == connection_id,
        or_(
            (ProviderLogout.provider_session == provider_session) & ProviderLogout.provider_session.is_not(None),
            (ProviderLogout.subject == subject)
            & ProviderLogout.provider_session.is_(None)
            & (ProviderLogout.at >= issued_at),
        ),
    )
    return (await session.execute(query.limit(1))).first() is not None


async def list_connection_sessions(
    session: AsyncSession,
    organization_id: UUID,
    connection_id: UUID,
    *,
    provider_session: str | None = None,
    user_id: UUID | None = None,
) -> list[tuple[UUID, UUID]]:
    """(session, person) of what lives through a connection, or through one session or person of it."""
    query = select(Session.id, Session.user_id).where(
        Session.organization_id == organization_id,
        Session.connection_id == connection_id,
        Session.revoked_at.is_(None),
    )
    if provider_session is not None:
        query = query.where(Session.provider_session == provider_session)
    if user_id is not None:
        query = query.where(Session.user_id == user_id)
    return [(row.id, row.user_id) for row in (await session.execute(query)).all()]


async def get_session_connection(session: AsyncSession, organization_id: UUID, session_id: UUID) -> UUID | None:
    """The identity provider that a session came through, if it came through one."""
    query = select(Session.connection_id).where(Session.organization_id == organization_id, Session.id == session_id)
    return (await session.execute(query)).scalar_one_or_none()


async def mark_used(
    session: AsyncSession, organization_id: UUID, connection_id: UUID, used_hash: bytes, expires_at: datetime
) -> bool:
    """Write down that an assertion or logout token was used; False when it was before. One statement, so no race."""
    statement = insert(UsedAssertion).values(
        organization_id=organization_id,
        id=new_id(),
        connection_id=connection_id,
        hash=used_hash,
        expires_at=expires_at,
    )
    made = await session.execute(statement.on_conflict_do_nothing().returning(UsedAssertion.id))
    return made.first() is not None
