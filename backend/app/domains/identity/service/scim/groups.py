"""Provisioned groups; a change of their members changes roles at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import delete

from app.core.events import publish
from app.core.ids import new_id
from app.domains.identity.events import GroupProvisioned
from app.domains.identity.models import ScimGroup, ScimGroupMember
from app.domains.identity.queries import scim as reads
from app.domains.identity.rules import scim as rules
from app.domains.identity.rules.scim import GroupFacts, ScimError
from app.domains.identity.service.scim.access import ScimScope
from app.domains.identity.service.scim.people import refresh_role


@dataclass(frozen=True, kw_only=True)
class GroupView:
    """A group with its members: (provisioned id, user name)."""

    row: ScimGroup
    members: list[tuple[UUID, str]]


async def list_groups(
    scope: ScimScope, wanted: Mapping[str, str], start: int, count: int
) -> tuple[int, list[GroupView]]:
    """(total, one page)."""
    connection = scope.connection
    total, rows = await reads.list_scim_groups(
        scope.session, connection.organization_id, connection.id, wanted, start, count
    )
    return total, await _views(scope, rows)


async def get_group(scope: ScimScope, group_id: str) -> GroupView:
    """One group. Raises ScimError 404."""
    return (await _views(scope, [await _get(scope, group_id)]))[0]


async def create_group(scope: ScimScope, body: Mapping[str, Any]) -> GroupView:
    """A new group. Raises ScimError."""
    facts, connection = rules.read_group(body), scope.connection
    await _require_free(scope, facts.display_name, None)
    row = ScimGroup(
        organization_id=connection.organization_id,
        id=new_id(),
        connection_id=connection.id,
        display_name=facts.display_name,
        external_id=facts.external_id,
    )
    scope.session.add(row)
    await scope.session.flush()
    await _set_members(scope, row, frozenset(), facts.members)
    await _announce(scope, row, "created", len(facts.members))
    await scope.session.flush()
    await scope.session.refresh(row)
    return await get_group(scope, str(row.id))


async def replace_group(scope: ScimScope, group_id: str, body: Mapping[str, Any]) -> GroupView:
    """Replace a group (PUT). Raises ScimError."""
    row = await _get(scope, group_id, lock=True)
    return await _change(scope, row, await _facts_of(scope, row), rules.read_group(body))


async def patch_group(scope: ScimScope, group_id: str, body: Mapping[str, Any]) -> GroupView:
    """Change a group. Raises ScimError."""
    row = await _get(scope, group_id, lock=True)
    before = await _facts_of(scope, row)
    return await _change(scope, row, before, rules.patch_group(before, body))


async def delete_group(scope: ScimScope, group_id: str) -> None:
    """Remove a group; its members lose what it gave them."""
    row = await _get(scope, group_id, lock=True)
    facts = await _facts_of(scope, row)
    await _set_members(scope, row, facts.members, frozenset())
    await scope.session.delete(row)
    await scope.session.flush()
    await _announce(scope, row, "removed", 0)


async def _get(scope: ScimScope, group_id: str, *, lock: bool = False) -> ScimGroup:
    connection = scope.connection
    return await reads.get_scim_group(scope.session, connection.organization_id, connection.id, group_id, lock=lock)


async def _change(scope: ScimScope, row: ScimGroup, before: GroupFacts, facts: GroupFacts) -> GroupView:
    if facts.display_name != before.display_name:
        await _require_free(scope, facts.display_name, row.id)
    row.display_name, row.external_id = facts.display_name, facts.external_id
    await scope.session.flush()
    await _set_members(scope, row, before.members, facts.members)
    if facts.display_name != before.display_name:
        people = await reads.list_people(scope.session, row.organization_id, row.connection_id, facts.members)
        for user_id in sorted(people.values()):
            await refresh_role(scope, user_id)
    if facts != before:
        await _announce(scope, row, "changed", len(facts.members))
    await scope.session.flush()
    await scope.session.refresh(row)
    return await get_group(scope, str(row.id))


async def _set_members(scope: ScimScope, row: ScimGroup, before: frozenset[str], after: frozenset[str]) -> None:
    gone, come = before - after, after - before
    people = await reads.list_people(scope.session, row.organization_id, row.connection_id, gone | come)
    ids = {str(scim_id): scim_id for scim_id in people}
    if not come <= set(ids):
        raise ScimError(400, "invalidValue", "A member is not a user of this connection.")
    if gone:
        await scope.session.execute(
            delete(ScimGroupMember).where(
                ScimGroupMember.organization_id == row.organization_id,
                ScimGroupMember.group_id == row.id,
                ScimGroupMember.scim_user_id.in_([UUID(one) for one in gone]),
            )
        )
    for one in sorted(come):
        scope.session.add(
            ScimGroupMember(organization_id=row.organization_id, id=new_id(), group_id=row.id, scim_user_id=ids[one])
        )
    await scope.session.flush()
    for user_id in sorted(people.values()):  # in one order, so that two requests cannot wait for each other
        await refresh_role(scope, user_id)


async def _facts_of(scope: ScimScope, row: ScimGroup) -> GroupFacts:
    members = (await reads.list_group_members(scope.session, row.organization_id, [row.id]))[row.id]
    return GroupFacts(
        display_name=row.display_name,
        external_id=row.external_id,
        members=frozenset(str(scim_id) for scim_id, _ in members),
    )


async def _require_free(scope: ScimScope, display_name: str, own: UUID | None) -> None:
    connection = scope.connection
    other = await reads.find_group(scope.session, connection.organization_id, connection.id, display_name)
    if other is not None and other.id != own:
        raise ScimError(409, "uniqueness", "There is a group of this name.")


async def _views(scope: ScimScope, rows: Sequence[ScimGroup]) -> list[GroupView]:
    organization_id = scope.connection.organization_id
    members = await reads.list_group_members(scope.session, organization_id, [row.id for row in rows])
    return [GroupView(row=row, members=members[row.id]) for row in rows]


async def _announce(scope: ScimScope, row: ScimGroup, change: str, members: int) -> None:
    connection = scope.connection
    await publish(
        scope.session,
        GroupProvisioned(
            organization_id=connection.organization_id,
            connection_id=connection.id,
            connection_name=connection.name,
            actor_kind="provider",
            group=row.display_name,
            change=change,
            members=members,
            client_address=scope.origin.client_address,
            user_agent=scope.origin.user_agent,
        ),
    )
