"""Custom roles, and the one check of what somebody may hand to somebody else."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.config import Settings
from app.core.errors import FieldProblem, Forbidden, InvalidInput, NotFound
from app.core.events import publish
from app.core.http import Caller
from app.core.ids import new_id
from app.core.scope import Scope, require_whole
from app.domains.identity.errors import NameTaken, RoleChangedMeanwhile, RoleInUse
from app.domains.identity.events import RoleChanged, RoleCreated, RoleDeleted
from app.domains.identity.models import CustomRole
from app.domains.identity.queries import access as queries
from app.domains.identity.rules import PERMISSION_TABLE, ROLE_PERMISSIONS, ROLES, Role, permissions_of
from app.domains.identity.rules.access import ASSIGNABLE, CUSTOM, KEY_REFUSED, granted, may_hand_out
from app.domains.identity.schemas.access import RoleCreate, RoleUpdate
from app.domains.identity.service import cache

_DESCRIPTIONS: dict[str, str] = {
    "owner": "Everything, including identity providers and the organization itself.",
    "admin": "Everything but what only owners may do.",
    "operator": "Runs the estate: alerts, rules, findings and syncs.",
    "finance": "Costs, bills and budgets.",
    "auditor": "Reads everything, changes nothing.",
    "viewer": "Looks at the estate and acknowledges alerts.",
}


@dataclass(frozen=True, kw_only=True)
class RoleView:
    """A role as pages show it."""

    id: UUID | None
    name: str
    description: str
    permissions: list[str]
    built_in: bool
    members: int
    version: int


@dataclass(frozen=True, kw_only=True)
class PermissionView:
    """A permission as pages show it."""

    name: str
    roles: list[Role]
    assignable: bool
    keys: bool


def list_permissions() -> list[PermissionView]:
    """Every permission by name."""
    return [
        PermissionView(name=name, roles=list(holders), assignable=name in ASSIGNABLE, keys=name not in KEY_REFUSED)
        for name, holders in sorted(PERMISSION_TABLE.items())
    ]


async def list_roles(session: AsyncSession, organization_id: UUID) -> list[RoleView]:
    """The built-in roles, then the organization's own by name."""
    counts = await queries.count_holders(session, organization_id)
    built_in = [
        RoleView(
            id=None,
            name=role,
            description=_DESCRIPTIONS[role],
            permissions=sorted(ROLE_PERMISSIONS[role]),
            built_in=True,
            members=counts.get(role, 0),
            version=1,
        )
        for role in ROLES
    ]
    return built_in + [_view(role, counts) for role in await queries.list_roles(session, organization_id)]


async def read_role(session: AsyncSession, organization_id: UUID, role_id: UUID) -> RoleView:
    """A custom role. Raises NotFound."""
    role = await queries.get_role(session, organization_id, role_id)
    return _view(role, await queries.count_holders(session, organization_id))


def _view(role: CustomRole, counts: dict[UUID | str, int]) -> RoleView:
    return RoleView(
        id=role.id,
        name=role.name,
        description=role.description,
        permissions=sorted(granted(CUSTOM, tuple(role.permissions))),
        built_in=False,
        members=counts.get(role.id, 0),
        version=role.version,
    )


async def create_role(session: AsyncSession, caller: Caller, body: RoleCreate) -> RoleView:
    """A new custom role. Raises Forbidden, OutsideScope, InvalidInput (owner-only permissions) and NameTaken."""
    _check_editor(caller, body.permissions)
    _check_name(body.name)
    role = CustomRole(
        organization_id=caller.organization_id,
        id=new_id(),
        name=body.name,
        name_normalised=body.name.casefold(),
        description=body.description,
        permissions=body.permissions,
    )
    await store_named(session, role)
    await publish(
        session,
        RoleCreated(**actor_of(caller), role_id=role.id, role_name=role.name, permissions=tuple(role.permissions)),
    )
    return _view(role, {})


async def update_role(
    session: AsyncSession, settings: Settings, caller: Caller, role_id: UUID, body: RoleUpdate
) -> RoleView:
    """Change a custom role; whoever has it may do more or less from the next request on.

    Raises NotFound, Forbidden, OutsideScope, InvalidInput, NameTaken and RoleChangedMeanwhile.
    """
    role = await queries.get_role(session, caller.organization_id, role_id, lock=True)
    _check_editor(caller, [*granted(CUSTOM, tuple(role.permissions)), *(body.permissions or ())])
    if body.version is not None and body.version != role.version:
        raise RoleChangedMeanwhile(f"Its version is {role.version} now. Load it again.")
    wanted = {name: getattr(body, name) for name in ("name", "description", "permissions")}
    changes = {name: value for name, value in wanted.items() if value is not None and value != getattr(role, name)}
    before: dict[str, object] = {name: getattr(role, name) for name in changes}
    if "name" in changes:
        _check_name(changes["name"])
        role.name_normalised = changes["name"].casefold()
    for name, value in changes.items():
        setattr(role, name, value)
    if changes:
        role.version += 1
        await store_named(session, role)
        members = 0
        if "permissions" in changes:
            members = await _forget_copies(session, settings, caller.organization_id, role_id)
        await publish(
            session, RoleChanged(**actor_of(caller), role_id=role_id, before=before, after=changes, members=members)
        )
    return _view(role, await queries.count_holders(session, caller.organization_id))


async def delete_role(session: AsyncSession, caller: Caller, role_id: UUID) -> None:
    """Remove a role that nobody has. Raises NotFound, Forbidden, OutsideScope and RoleInUse."""
    role = await queries.get_role(session, caller.organization_id, role_id, lock=True)
    _check_editor(caller, granted(CUSTOM, tuple(role.permissions)))
    holders = (await queries.count_holders(session, caller.organization_id)).get(role_id, 0)
    if holders or await queries.has_open_invitations(session, caller.organization_id, role_id):
        raise RoleInUse("Give its members, service identities and invitations another role first.")
    await queries.forget_role_of_closed_invitations(session, caller.organization_id, role_id)
    try:
        async with session.begin_nested():
            await session.delete(role)
            await session.flush()
    except IntegrityError:  # what other files point at it with, such as group mappings
        raise RoleInUse("Something still gives this role, such as a group of an identity provider.") from None
    await publish(session, RoleDeleted(**actor_of(caller), role_id=role_id, role_name=role.name))


async def _forget_copies(session: AsyncSession, settings: Settings, organization_id: UUID, role_id: UUID) -> int:
    users, identities = await queries.touch_holders(session, organization_id, role_id)
    await cache.mark_members(settings, organization_id, users)
    await cache.mark_service_identities(settings, organization_id, identities)
    return len(users) + len(identities)


def _check_editor(caller: Caller, permissions: Iterable[str]) -> None:
    """A role works in the whole organization, so whoever writes it has to reach the whole of it."""
    require_whole(caller.scope, "Roles are of the whole organization.")
    wanted = set(permissions)
    if beyond := sorted(wanted - ASSIGNABLE):
        problem = FieldProblem(pointer="#/permissions", detail=f"{beyond[0]} stays with the owner")
        raise InvalidInput(errors=[problem])
    if missing := sorted(wanted - caller.permissions):
        raise Forbidden(f"You do not hold {missing[0]}, so you cannot give it.")


def _check_name(name: str) -> None:
    if name.casefold() in {*ROLES, CUSTOM}:
        raise NameTaken("This is the name of a built-in role.")


async def store_named(session: AsyncSession, row: Any) -> None:
    """Write a row whose name is unique in its organization. Raises NameTaken."""
    try:
        async with session.begin_nested():
            session.add(row)
            await session.flush()
    except IntegrityError:
        raise NameTaken from None


async def permissions_of_choice(
    session: AsyncSession, organization_id: UUID, role: str | None, role_id: UUID | None
) -> frozenset[str]:
    """What a role, built-in or custom, allows; a custom one is held in place. Raises InvalidInput for an unknown id."""
    if role_id is None:
        return permissions_of(role or "")
    try:
        found = await queries.get_role(session, organization_id, role_id, use=True)
    except NotFound:
        problem = FieldProblem(pointer="#/role_id", detail="is not a role of this organization")
        raise InvalidInput(errors=[problem]) from None
    return granted(CUSTOM, tuple(found.permissions))


def check_hand_out(caller: Caller, permissions: frozenset[str], scope: Scope | None, detail: str) -> None:
    """Raises Forbidden unless the caller holds all of it, everywhere it would reach."""
    if not may_hand_out(caller.permissions, caller.scope, permissions, scope):
        raise Forbidden(detail)


def actor_of(caller: Caller) -> dict[str, Any]:
    """The trace of an access event."""
    return {
        "organization_id": caller.organization_id,
        "actor_id": caller.user_id,
        "actor_kind": caller.kind,
        "client_address": caller.client_address,
        "user_agent": caller.user_agent,
    }
