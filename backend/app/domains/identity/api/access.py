"""Routes of permissions, roles and members."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request

from app.core.errors import Forbidden, problems
from app.core.http import Caller, DbSession, allow
from app.core.pagination import Page
from app.domains.identity import service
from app.domains.identity.errors import LastOwner, NameTaken, RoleChangedMeanwhile, RoleInUse
from app.domains.identity.schemas import MemberRead
from app.domains.identity.schemas.access import (
    MemberSessionRead,
    MemberUpdate,
    PermissionRead,
    RoleCreate,
    RoleRead,
    RoleUpdate,
    SessionsEnded,
)
from app.domains.identity.service import access, members

permissions_router = APIRouter(prefix="/permissions", tags=["roles"])
roles_router = APIRouter(prefix="/roles", tags=["roles"])
members_router = APIRouter(prefix="/users", tags=["users"])
routers = [permissions_router, roles_router]

Reader = Annotated[Caller, Depends(allow("members:read"))]
MemberWriter = Annotated[Caller, Depends(allow("members:write"))]
RoleWriter = Annotated[Caller, Depends(allow("roles:write"))]


@permissions_router.get("")
async def list_permissions(_: Annotated[Caller, Depends(allow("organization:read"))]) -> list[PermissionRead]:
    """Every permission, the built-in roles that hold it, and where it can be used."""
    return [PermissionRead.model_validate(one) for one in access.list_permissions()]


@roles_router.get("")
async def list_roles(session: DbSession, caller: Reader) -> Page[RoleRead]:
    """Built-in roles, then custom ones by name."""
    items = await access.list_roles(session, caller.organization_id)
    return Page(items=[RoleRead.model_validate(item) for item in items], total=len(items))


@roles_router.post("", status_code=201, responses=problems(Forbidden, NameTaken))
async def create_role(session: DbSession, caller: RoleWriter, body: RoleCreate) -> RoleRead:
    """Put a role together from permissions that the caller holds."""
    return RoleRead.model_validate(await access.create_role(session, caller, body))


@roles_router.get("/{role_id}")
async def read_role(session: DbSession, caller: Reader, role_id: UUID) -> RoleRead:
    """One custom role."""
    return RoleRead.model_validate(await access.read_role(session, caller.organization_id, role_id))


@roles_router.patch("/{role_id}", responses=problems(Forbidden, NameTaken, RoleChangedMeanwhile))
async def update_role(
    request: Request, session: DbSession, caller: RoleWriter, role_id: UUID, body: RoleUpdate
) -> RoleRead:
    """Change a custom role; it holds for everybody who has it from the next request on."""
    settings = service.settings_of(request)
    return RoleRead.model_validate(await access.update_role(session, settings, caller, role_id, body))


@roles_router.delete("/{role_id}", status_code=204, responses=problems(Forbidden, RoleInUse))
async def delete_role(session: DbSession, caller: RoleWriter, role_id: UUID) -> None:
    """Remove a role that nobody has."""
    await access.delete_role(session, caller, role_id)


@members_router.get("/{user_id}")
async def read_member(session: DbSession, caller: Reader, user_id: UUID) -> MemberRead:
    """One member."""
    return MemberRead.model_validate(await members.read_member(session, caller.organization_id, user_id))


@members_router.patch("/{user_id}", responses=problems(Forbidden, LastOwner))
async def update_member(
    request: Request, session: DbSession, caller: MemberWriter, user_id: UUID, body: MemberUpdate
) -> MemberRead:
    """Change somebody else's role, scope or state; it holds from their next request on."""
    settings = service.settings_of(request)
    return MemberRead.model_validate(await members.update_member(session, settings, caller, user_id, body))


@members_router.delete("/{user_id}", status_code=204, responses=problems(Forbidden, LastOwner))
async def remove_member(request: Request, session: DbSession, caller: MemberWriter, user_id: UUID) -> None:
    """Take somebody out of the organization; their sessions and API keys end at once."""
    await members.remove_member(session, service.settings_of(request), caller, user_id)


@members_router.get("/{user_id}/sessions", responses=problems(Forbidden))
async def list_member_sessions(session: DbSession, caller: MemberWriter, user_id: UUID) -> Page[MemberSessionRead]:
    """Where a member is signed in to this organization."""
    rows = await members.list_member_sessions(session, caller, user_id)
    return Page(items=[MemberSessionRead.model_validate(row) for row in rows], total=len(rows))


@members_router.delete("/{user_id}/sessions", responses=problems(Forbidden))
async def end_member_sessions(
    request: Request, session: DbSession, caller: MemberWriter, user_id: UUID
) -> SessionsEnded:
    """Sign a member out of this organization everywhere."""
    ended = await members.end_member_sessions(session, service.settings_of(request), caller, user_id)
    return SessionsEnded(ended=ended)
