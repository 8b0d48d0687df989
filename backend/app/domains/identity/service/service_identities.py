"""Service identities: owners of keys that are not people."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.config import Settings
from app.core.events import publish
from app.core.http import Caller
from app.core.ids import new_id
from app.core.scope import covers, read_scope
from app.domains.identity.events import ServiceIdentityChanged, ServiceIdentityCreated, ServiceIdentityDeleted
from app.domains.identity.models import ServiceIdentity
from app.domains.identity.queries import access as access_queries
from app.domains.identity.queries import api_keys as queries
from app.domains.identity.rules.access import KEY_REFUSED
from app.domains.identity.schemas.access import scope_of_body
from app.domains.identity.schemas.api_keys import ServiceIdentityCreate, ServiceIdentityUpdate
from app.domains.identity.service import cache
from app.domains.identity.service.access import actor_of, check_hand_out, permissions_of_choice, store_named
from app.domains.identity.service.api_keys import check_identity
from app.domains.identity.service.members import forget_entries

_TOO_MUCH = "You cannot give more than you hold."


@dataclass(frozen=True, kw_only=True)
class IdentityView:
    """A service identity as pages show it; `permissions` are those that its keys can have."""

    identity: ServiceIdentity
    role_name: str | None
    permissions: list[str]
    keys: int

    def __getattr__(self, name: str) -> Any:
        return getattr(self.identity, name)


async def list_identities(session: AsyncSession, caller: Caller) -> list[IdentityView]:
    """The organization's service identities by name; those beyond the caller's scope are left out."""
    rows = await queries.list_identities(session, caller.organization_id)
    return [
        await _view(session, identity, keys)
        for identity, keys in rows
        if covers(caller.scope, read_scope(identity.scope))
    ]


async def read_identity(session: AsyncSession, caller: Caller, identity_id: UUID) -> IdentityView:
    """One service identity. Raises NotFound."""
    identity = await queries.get_identity(session, caller.organization_id, identity_id)
    keys = await queries.list_key_hashes(session, caller.organization_id, service_identity_id=identity_id)
    return await _view(session, identity, len(keys))


async def _view(session: AsyncSession, identity: ServiceIdentity, keys: int) -> IdentityView:
    rights = await access_queries.rights_of(session, identity)
    name = identity.role
    if identity.role_id is not None:
        name = (await access_queries.get_role(session, identity.organization_id, identity.role_id)).name
    return IdentityView(
        identity=identity, role_name=name, permissions=sorted(rights.permissions - KEY_REFUSED), keys=keys
    )


async def create_identity(session: AsyncSession, caller: Caller, body: ServiceIdentityCreate) -> IdentityView:
    """A new service identity. Raises Forbidden (more than the caller holds), InvalidInput and NameTaken."""
    permissions = frozenset(body.permissions or ())
    if body.permissions is None:
        permissions = await permissions_of_choice(session, caller.organization_id, body.role, body.role_id)
    scope = scope_of_body(body)
    check_hand_out(caller, permissions, scope, _TOO_MUCH)
    identity = ServiceIdentity(
        organization_id=caller.organization_id,
        id=new_id(),
        name=body.name,
        name_normalised=body.name.casefold(),
        description=body.description,
        role=body.role,
        role_id=body.role_id,
        permissions=body.permissions,
        scope=scope.to_json() if scope else None,
        created_by=caller.user_id,
        created_at=clock.utc_now(),
        disabled_at=None,
        version=1,
    )
    await store_named(session, identity)
    await publish(
        session,
        ServiceIdentityCreated(**actor_of(caller), service_identity_id=identity.id, identity_name=identity.name),
    )
    return await _view(session, identity, 0)


async def update_identity(
    session: AsyncSession, settings: Settings, caller: Caller, identity_id: UUID, body: ServiceIdentityUpdate
) -> IdentityView:
    """Change a service identity; its keys can do more, less or nothing from the next request on.

    Raises NotFound, Forbidden, InvalidInput and NameTaken.
    """
    identity = await queries.get_identity(session, caller.organization_id, identity_id, lock=True)
    await check_identity(session, caller, identity)
    before = _plain(identity)
    if body.name is not None:
        identity.name, identity.name_normalised = body.name, body.name.casefold()
    if body.description is not None:
        identity.description = body.description
    if any(value is not None for value in (body.role, body.role_id, body.permissions)):
        permissions = frozenset(body.permissions or ())
        if body.permissions is None:
            permissions = await permissions_of_choice(session, caller.organization_id, body.role, body.role_id)
        check_hand_out(caller, permissions, caller.scope, _TOO_MUCH)
        identity.role, identity.role_id, identity.permissions = body.role, body.role_id, body.permissions
    if "scope" in body.model_fields_set:
        scope = scope_of_body(body)
        check_hand_out(caller, frozenset(), scope, _TOO_MUCH)
        identity.scope = scope.to_json() if scope else None
    if body.disabled is not None and body.disabled != (identity.disabled_at is not None):
        identity.disabled_at = clock.utc_now() if body.disabled else None
    after = _plain(identity)
    changed = [name for name in after if after[name] != before[name]]
    if changed:
        identity.version += 1
        await store_named(session, identity)
        await cache.mark_service_identities(settings, caller.organization_id, [identity_id])
        await publish(
            session,
            ServiceIdentityChanged(
                **actor_of(caller),
                service_identity_id=identity_id,
                before={name: before[name] for name in changed},
                after={name: after[name] for name in changed},
            ),
        )
    return await read_identity(session, caller, identity_id)


def _plain(identity: ServiceIdentity) -> dict[str, object]:
    names = ("name", "description", "role", "role_id", "permissions", "scope")
    values: dict[str, object] = {name: getattr(identity, name) for name in names}
    return values | {"disabled": identity.disabled_at is not None}


async def delete_identity(session: AsyncSession, settings: Settings, caller: Caller, identity_id: UUID) -> None:
    """Remove a service identity with its keys, which end at once. Raises NotFound and Forbidden."""
    identity = await queries.get_identity(session, caller.organization_id, identity_id, lock=True)
    await check_identity(session, caller, identity)
    keys = await queries.list_key_hashes(session, caller.organization_id, service_identity_id=identity_id)
    await cache.mark_keys(settings, caller.organization_id, [key_id for key_id, _ in keys])
    await cache.mark_service_identities(settings, caller.organization_id, [identity_id])
    await forget_entries(session, caller.organization_id, "api_key", [key_hash for _, key_hash in keys])
    name = identity.name
    await session.delete(identity)
    await session.flush()
    await publish(
        session,
        ServiceIdentityDeleted(**actor_of(caller), service_identity_id=identity_id, identity_name=name, keys=len(keys)),
    )
