"""Reads of provisioned people and groups. The organization comes first, then the connection: each sees only its own."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.domains.identity.models import ScimGroup, ScimGroupMember, ScimUser
from app.domains.identity.queries.sso import of_connection
from app.domains.identity.rules import normalise_email
from app.domains.identity.rules.scim import ScimError


async def get_scim_user(
    session: AsyncSession, organization_id: UUID, connection_id: UUID, scim_id: str, *, lock: bool = False
) -> ScimUser:
    """A provisioned person. Raises ScimError 404."""
    query = of_connection(ScimUser, organization_id, connection_id).where(ScimUser.removed_at.is_(None))
    found: ScimUser = await _one(session, query.where(ScimUser.id == _uuid(scim_id)), lock=lock)
    return found


async def find_by_user_name(
    session: AsyncSession, organization_id: UUID, connection_id: UUID, user_name: str
) -> ScimUser | None:
    """Who has this user name, also somebody removed."""
    query = of_connection(ScimUser, organization_id, connection_id).where(
        ScimUser.user_name_normalised == normalise_email(user_name)
    )
    return (await session.execute(query)).scalar_one_or_none()


async def find_by_user(
    session: AsyncSession, organization_id: UUID, connection_id: UUID, user_id: UUID
) -> ScimUser | None:
    """The provisioned form of a member, also a removed one."""
    query = of_connection(ScimUser, organization_id, connection_id).where(ScimUser.user_id == user_id)
    return (await session.execute(query)).scalar_one_or_none()


async def list_scim_users(
    session: AsyncSession,
    organization_id: UUID,
    connection_id: UUID,
    wanted: Mapping[str, str],
    start: int,
    count: int,
) -> tuple[int, Sequence[ScimUser]]:
    """(total, one page from the 1-based `start`)."""
    query = of_connection(ScimUser, organization_id, connection_id).where(ScimUser.removed_at.is_(None))
    if "username" in wanted:
        query = query.where(ScimUser.user_name_normalised == normalise_email(wanted["username"]))
    if "externalid" in wanted:
        query = query.where(ScimUser.external_id == wanted["externalid"])
    if "id" in wanted:
        query = query.where(ScimUser.id == _uuid(wanted["id"]))
    if "active" in wanted:
        query = query.where(ScimUser.active == (wanted["active"].lower() == "true"))
    if "emails.value" in wanted:
        query = query.where(func.lower(ScimUser.email) == wanted["emails.value"].lower())
    return await _page(session, query, ScimUser, start, count)


async def get_scim_group(
    session: AsyncSession, organization_id: UUID, connection_id: UUID, group_id: str, *, lock: bool = False
) -> ScimGroup:
    """A provisioned group. Raises ScimError 404."""
    query = of_connection(ScimGroup, organization_id, connection_id)
    found: ScimGroup = await _one(session, query.where(ScimGroup.id == _uuid(group_id)), lock=lock)
    return found


async def find_group(
    session: AsyncSession, organization_id: UUID, connection_id: UUID, display_name: str
) -> ScimGroup | None:
    """The group of this name."""
    query = of_connection(ScimGroup, organization_id, connection_id).where(ScimGroup.display_name == display_name)
    return (await session.execute(query)).scalar_one_or_none()


async def list_scim_groups(
    session: AsyncSession,
    organization_id: UUID,
    connection_id: UUID,
    wanted: Mapping[str, str],
    start: int,
    count: int,
) -> tuple[int, Sequence[ScimGroup]]:
    """(total, one page from the 1-based `start`)."""
    query = of_connection(ScimGroup, organization_id, connection_id)
    if "displayname" in wanted:
        query = query.where(ScimGroup.display_name == wanted["displayname"])
    if "externalid" in wanted:
        query = query.where(ScimGroup.external_id == wanted["externalid"])
    if "id" in wanted:
        query = query.where(ScimGroup.id == _uuid(wanted["id"]))
    if "members" in wanted:
        member = select(ScimGroupMember.group_id).where(
            ScimGroupMember.organization_id == organization_id,
            ScimGroupMember.scim_user_id == _uuid(wanted["members"]),
        )
        query = query.where(ScimGroup.id.in_(member))
    return await _page(session, query, ScimGroup, start, count)


async def list_group_members(
    session: AsyncSession, organization_id: UUID, group_ids: Collection[UUID]
) -> dict[UUID, list[tuple[UUID, str]]]:
    """(provisioned id, user name) of the members of some groups, by group."""
    query = (
        select(ScimGroupMember.group_id, ScimUser.id, ScimUser.user_name)
        .join(
            ScimUser,
            (ScimUser.organization_id == ScimGroupMember.organization_id)
            & (ScimUser.id == ScimGroupMember.scim_user_id),
        )
        .where(ScimGroupMember.organization_id == organization_id, ScimGroupMember.group_id.in_(group_ids))
        .order_by(ScimUser.user_name_normalised)
    )
    found: dict[UUID, list[tuple[UUID, str]]] = {group_id: [] for group_id in group_ids}
    for row in (await session.execute(query)).all():
        found[row.group_id].append((row.id, row.user_name))
    return found


async def list_people(
    session: AsyncSession, organization_id: UUID, connection_id: UUID, scim_ids: Collection[str]
) -> dict[UUID, UUID]:
    """{provisioned id: person} of those ids that the connection provisioned."""
    ids = [wanted for scim_id in scim_ids if (wanted := _uuid(scim_id)) is not None]
    query = select(ScimUser.id, ScimUser.user_id).where(
        ScimUser.organization_id == organization_id,
        ScimUser.connection_id == connection_id,
        ScimUser.removed_at.is_(None),
        ScimUser.id.in_(ids),
    )
    return {row.id: row.user_id for row in (await session.execute(query)).all()}


async def _one(session: AsyncSession, query: Select[Any], *, lock: bool) -> Any:
    query = query.execution_options(populate_existing=True)
    found = (await session.execute(query.with_for_update() if lock else query)).scalar_one_or_none()
    if found is None:
        raise ScimError(404, "", "There is no such resource.")
    return found


async def _page(
    session: AsyncSession, query: Select[Any], table: Any, start: int, count: int
) -> tuple[int, Sequence[Any]]:
    total = (await session.execute(select(func.count()).select_from(query.subquery()))).scalar_one()
    page = query.order_by(table.created_at, table.id).offset(start - 1).limit(count)
    return total, (await session.execute(page)).scalars().all() if count else []


def _uuid(text: str) -> UUID | None:
    """The id, or None, which no row has."""
    try:
        return UUID(text)
    except ValueError:
        return None
