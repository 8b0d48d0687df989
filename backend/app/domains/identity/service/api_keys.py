"""API keys: made once, shown once, revoked at once."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.config import Settings
from app.core.directory import DirectoryEntry
from app.core.errors import Conflict, FieldProblem, Forbidden, InvalidInput, NotFound
from app.core.events import publish
from app.core.http import Caller
from app.core.ids import new_id
from app.core.quotas import counts, take_quota
from app.core.scope import covers, read_scope
from app.domains.identity.events import ApiKeyCreated, ApiKeyRevoked
from app.domains.identity.models import ApiKey, ServiceIdentity
from app.domains.identity.queries import access as access_queries
from app.domains.identity.queries import api_keys as queries
from app.domains.identity.rules import access
from app.domains.identity.schemas.access import scope_of_body
from app.domains.identity.schemas.api_keys import ApiKeyCreate
from app.domains.identity.service import cache
from app.domains.identity.service.access import actor_of, check_hand_out
from app.domains.identity.service.members import forget_entries

MAX_LIFETIME = timedelta(days=365)
MAX_OWN_KEYS = 50
HINT_CHARACTERS = 4


class TooManyKeys(Conflict):
    slug, title = "too-many-keys", "There are as many API keys as allowed"


@counts("api_keys")
async def count_keys(session: AsyncSession, organization_id: UUID) -> int:
    """Keys that were not revoked, for the quota."""
    return await queries.count_keys(session, organization_id)


@dataclass(frozen=True, kw_only=True)
class KeyView:
    """A key as pages show it, never with its secret."""

    key: ApiKey
    owner_name: str | None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.key, name)


async def list_keys(session: AsyncSession, caller: Caller) -> list[KeyView]:
    """The caller's keys, or all of the organization's for those who may manage them; revoked ones are left out."""
    own = None if caller.can("api-keys:write") else caller.user_id
    rows = await queries.list_keys(session, caller.organization_id, user_id=own)
    mine = [(key, name) for key, name in rows if key.user_id == caller.user_id or _may_see(caller, key)]
    return [KeyView(key=key, owner_name=name) for key, name in mine]


def _may_see(caller: Caller, key: ApiKey) -> bool:
    return covers(caller.scope, read_scope(key.scope))


async def create_key(session: AsyncSession, caller: Caller, body: ApiKeyCreate) -> tuple[KeyView, str]:
    """A new key and its text, which is kept nowhere.

    Raises InvalidInput (permissions that no machine has, an expiry beyond a year), Forbidden (more than its owner
    holds), NotFound (service identity), TooManyKeys and QuotaExceeded.
    """
    now = clock.utc_now()
    _check_body(body, latest=now + MAX_LIFETIME, now=now)
    owner_name = await _check_owner(session, caller, body)
    await _check_number(session, caller, body)
    key_id = new_id()
    text = access.make_key(key_id)
    scope = scope_of_body(body)
    key = ApiKey(
        organization_id=caller.organization_id,
        id=key_id,
        name=body.name,
        hash=access.hash_key(text),
        hint=text[-HINT_CHARACTERS:],
        permissions=body.permissions,
        scope=scope.to_json() if scope else None,
        addresses=body.addresses,
        user_id=None if body.service_identity_id else caller.user_id,
        service_identity_id=body.service_identity_id,
        created_by=caller.user_id,
        created_at=now,
        expires_at=body.expires_at,
        last_used_at=None,
        last_used_address=None,
        revoked_at=None,
    )
    session.add(key)
    session.add(
        DirectoryEntry(kind="api_key", hash=key.hash, subject_id=key_id, organization_id=caller.organization_id)
    )
    await session.flush()
    await publish(
        session,
        ApiKeyCreated(
            **actor_of(caller),
            api_key_id=key_id,
            key_name=key.name,
            permissions=tuple(key.permissions),
            owner_id=body.service_identity_id or caller.user_id,
            expires_at=key.expires_at.isoformat(),
        ),
    )
    return KeyView(key=key, owner_name=owner_name), text


def _check_body(body: ApiKeyCreate, *, latest: Any, now: Any) -> None:
    problems = []
    if not body.permissions:
        problems.append(FieldProblem(pointer="#/permissions", detail="must name at least one permission"))
    if refused := sorted(set(body.permissions) & access.KEY_REFUSED):
        problems.append(FieldProblem(pointer="#/permissions", detail=f"{refused[0]} is not for API keys"))
    if not now < body.expires_at <= latest:
        problems.append(FieldProblem(pointer="#/expires_at", detail="must lie within the next 365 days"))
    if problems:
        raise InvalidInput(errors=problems)


async def _check_owner(session: AsyncSession, caller: Caller, body: ApiKeyCreate) -> str | None:
    """The key's owner holds what is chosen now; a service identity's key is for those who may manage keys."""
    if body.service_identity_id is None:
        check_hand_out(caller, frozenset(body.permissions), caller.scope, "You do not hold all of these permissions.")
        return None
    if not caller.can("api-keys:write"):
        raise NotFound
    identity = await queries.get_identity(session, caller.organization_id, body.service_identity_id, lock=True)
    await check_identity(session, caller, identity)
    rights = await access_queries.rights_of(session, identity)
    if missing := sorted(set(body.permissions) - rights.permissions):
        raise Forbidden(f"The service identity does not hold {missing[0]}.")
    return identity.name


async def check_identity(session: AsyncSession, caller: Caller, identity: ServiceIdentity) -> None:
    """Raises Forbidden unless the caller holds everything that the service identity does."""
    rights = await access_queries.rights_of(session, identity)
    check_hand_out(caller, rights.permissions, rights.scope, "This service identity can do more than you.")


async def _check_number(session: AsyncSession, caller: Caller, body: ApiKeyCreate) -> None:
    await take_quota(session, caller.organization_id, "api_keys")
    if body.service_identity_id is None:
        own = await queries.count_keys(session, caller.organization_id, user_id=caller.user_id)
        if own >= MAX_OWN_KEYS:
            raise TooManyKeys(f"Everybody has at most {MAX_OWN_KEYS}. Revoke one first.")


async def revoke_key(session: AsyncSession, settings: Settings, caller: Caller, key_id: UUID) -> None:
    """End a key: one's own, or any for those who may manage keys. Raises NotFound, also for what one may not see."""
    key = await queries.get_key(session, caller.organization_id, key_id, lock=True)
    if key.user_id != caller.user_id and not (caller.can("api-keys:write") and _may_see(caller, key)):
        raise NotFound
    key.revoked_at = clock.utc_now()
    await session.flush()
    await cache.mark_keys(settings, caller.organization_id, [key.id])
    await forget_entries(session, caller.organization_id, "api_key", [key.hash])
    await publish(session, ApiKeyRevoked(**actor_of(caller), api_key_id=key.id, key_name=key.name))
