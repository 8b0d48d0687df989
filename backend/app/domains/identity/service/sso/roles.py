"""From groups at a provider to roles here."""

from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.config import Settings
from app.core.errors import FieldProblem, Forbidden, InvalidInput
from app.core.events import publish
from app.core.http import Caller
from app.domains.identity.events import MemberChanged
from app.domains.identity.models import IdentityConnection, Membership
from app.domains.identity.models.access import CustomRole
from app.domains.identity.queries import sso as reads
from app.domains.identity.rules import can_grant
from app.domains.identity.rules.access import CUSTOM
from app.domains.identity.rules.sso import role_of_groups
from app.domains.identity.schemas.sso import GroupMappingBody
from app.domains.identity.service import cache


async def require_grantable_roles(session: AsyncSession, caller: Caller, wanted: Sequence[GroupMappingBody]) -> None:
    """Every role exists and is one that the caller could give. Raises InvalidInput and Forbidden."""
    ids = {body.role_id for body in wanted if body.role_id is not None}
    query = select(CustomRole).where(CustomRole.organization_id == caller.organization_id, CustomRole.id.in_(ids))
    known = {row.id: row for row in (await session.execute(query)).scalars()} if ids else {}
    for number, body in enumerate(wanted):
        if body.role is not None and not can_grant(caller.role, body.role):
            raise Forbidden("You cannot grant a role that can do more than yours.")
        if body.role_id is None:
            continue
        if body.role_id not in known:
            pointer = f"#/group_mappings/{number}/role_id"
            raise InvalidInput(errors=[FieldProblem(pointer=pointer, detail="is not a role of this organization")])
        if not set(known[body.role_id].permissions) <= caller.permissions:
            raise Forbidden("You cannot grant a role that can do more than yours.")


async def apply_groups(
    session: AsyncSession,
    settings: Settings,
    connection: IdentityConnection,
    membership: Membership,
    groups: Collection[str] | None,
) -> None:
    """Give the member the role of their groups. Nothing happens to owners, and where no group is mapped.

    `groups` None: the provider said nothing, which counts as no group once groups are mapped.
    """
    mappings = await reads.list_mappings(session, connection.organization_id, [connection.id])
    if not mappings or membership.role == "owner":
        return
    role, role_id = role_of_groups(
        set(groups or ()), [(mapping.group, mapping.role, mapping.role_id) for mapping in mappings]
    )
    if role_id is not None:
        role = CUSTOM
    if (membership.role, membership.role_id) == (role, role_id):
        return
    before: dict[str, object] = {
        "role": membership.role,
        "role_id": str(membership.role_id) if membership.role_id else None,
    }
    membership.role, membership.role_id = role, role_id
    await member_changed(
        session,
        settings,
        connection,
        membership,
        before,
        {"role": role, "role_id": str(role_id) if role_id else None},
    )


async def member_changed(
    session: AsyncSession,
    settings: Settings,
    connection: IdentityConnection,
    membership: Membership,
    before: dict[str, object],
    after: dict[str, object],
) -> None:
    """Make a change of a membership, done by its provider, hold from the next request on, and announce it."""
    membership.version += 1
    await session.flush()
    await cache.mark_member(settings, membership.organization_id, membership.user_id)
    await publish(
        session,
        MemberChanged(
            organization_id=membership.organization_id,
            user_id=membership.user_id,
            before=before,
            after={**after, "provider": connection.name},
            actor_id=None,
            actor_kind="provider",
        ),
    )
