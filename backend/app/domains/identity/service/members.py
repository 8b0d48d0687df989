"""What heads do with members: roles, scopes, shutting out, removing, and their sessions."""

from typing import Any
from uuid import UUID

from sqlalchemy import delete, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.config import Settings
from app.core.directory import DirectoryEntry
from app.core.errors import Forbidden
from app.core.events import publish
from app.core.http import Caller
from app.core.quotas import take_quota
from app.core.scope import Scope, read_scope
from app.domains.identity import queries
from app.domains.identity.errors import LastOwner
from app.domains.identity.events import MemberChanged, MemberRemoved
from app.domains.identity.models import Membership, Session
from app.domains.identity.queries import MemberRow
from app.domains.identity.queries import access as access_queries
from app.domains.identity.queries import api_keys as key_queries
from app.domains.identity.rules.access import CUSTOM
from app.domains.identity.schemas.access import MemberUpdate, scope_of_body
from app.domains.identity.service import cache, sessions
from app.domains.identity.service.access import check_hand_out, permissions_of_choice
from app.domains.identity.service.sessions import Origin

_OWNERS_LOCK = 0x636F_7011  # advisory lock with the organization's hash: owners change one after the other


async def lock_owners(session: AsyncSession, organization_id: UUID) -> None:
    """Wait until nobody else changes who owns the organization; before any row is locked, so that nobody deadlocks."""
    await session.execute(
        text("SELECT pg_advisory_xact_lock(:kind, hashtext(:org))"), {"kind": _OWNERS_LOCK, "org": str(organization_id)}
    )


async def keep_an_owner(session: AsyncSession, organization_id: UUID) -> None:
    """Raises LastOwner when the owner who is about to go is the only one. The owners must be locked."""
    if await queries.count_owners(session, organization_id) < 2:
        raise LastOwner


async def read_member(session: AsyncSession, organization_id: UUID, user_id: UUID) -> MemberRow:
    """A member. Raises NotFound."""
    return await queries.read_member(session, organization_id, user_id)


async def update_member(
    session: AsyncSession, settings: Settings, caller: Caller, user_id: UUID, body: MemberUpdate
) -> MemberRow:
    """Change a member's role, scope or state; it holds from the next request on, for their API keys too.

    Raises NotFound, Forbidden (nobody grants, takes or edits more than they hold), InvalidInput and LastOwner.
    """
    membership = await _member_to_change(session, caller, user_id)
    before: dict[str, object] = {}
    after: dict[str, object] = {}
    if body.role is not None or body.role_id is not None:
        permissions = await permissions_of_choice(session, caller.organization_id, body.role, body.role_id)
        check_hand_out(caller, permissions, caller.scope, _TOO_MUCH)
        await _set_role(session, membership, body.role or CUSTOM, body.role_id, before, after)
    if "scope" in body.model_fields_set:
        _set_scope(caller, membership, scope_of_body(body), before, after)
    ends = body.disabled is True and membership.disabled_at is None
    if body.disabled is not None and body.disabled != (membership.disabled_at is not None):
        if ends and membership.role == "owner":
            await keep_an_owner(session, caller.organization_id)
        if not body.disabled:
            await take_quota(session, caller.organization_id, "users")
        membership.disabled_at = clock.utc_now() if body.disabled else None
        before["disabled"], after["disabled"] = not body.disabled, body.disabled
    if after:
        await _announce(session, settings, caller, membership, before, after)
    if ends:
        await _end_sessions(session, settings, caller, user_id, "disabled")
    return await queries.read_member(session, caller.organization_id, user_id)


_TOO_MUCH = "You cannot give or take more than you hold."


async def _set_role(
    session: AsyncSession,
    membership: Membership,
    role: str,
    role_id: UUID | None,
    before: dict[str, object],
    after: dict[str, object],
) -> None:
    if (role, role_id) == (membership.role, membership.role_id):
        return
    if membership.role == "owner" and membership.disabled_at is None:
        await keep_an_owner(session, membership.organization_id)
    before["role"], after["role"] = membership.role_id or membership.role, role_id or role
    membership.role, membership.role_id = role, role_id
    if role == "owner" and membership.scope is not None:  # an owner of a part would lock everybody out of the rest
        before["scope"], after["scope"] = membership.scope, None
        membership.scope = None


def _set_scope(
    caller: Caller,
    membership: Membership,
    scope: Scope | None,
    before: dict[str, object],
    after: dict[str, object],
) -> None:
    stored = scope.to_json() if scope else None
    if stored == membership.scope:
        return
    if stored is not None and membership.role == "owner":
        raise Forbidden("An owner's access is the whole organization. Give another role first.")
    check_hand_out(caller, frozenset(), scope, "You cannot give access beyond your own part of the organization.")
    before["scope"], after["scope"] = membership.scope, stored
    membership.scope = stored


async def remove_member(session: AsyncSession, settings: Settings, caller: Caller, user_id: UUID) -> None:
    """Take somebody out of the organization; their sessions and API keys end at once. What they did stays on record.

    Raises NotFound, Forbidden and LastOwner.
    """
    membership = await _member_to_change(session, caller, user_id)
    if membership.role == "owner" and membership.disabled_at is None:
        await keep_an_owner(session, caller.organization_id)
    await erase_membership(session, settings, membership, Origin.of(caller), actor_id=caller.user_id)


async def erase_membership(
    session: AsyncSession, settings: Settings, membership: Membership, origin: Origin, *, actor_id: UUID | None
) -> None:
    """Remove a membership with its sessions and keys. The caller decided that it may go, and that an owner stays."""
    organization_id, user_id, role = membership.organization_id, membership.user_id, membership.role
    await cache.mark_member(settings, organization_id, user_id)
    await sessions.revoke_sessions(
        session, settings, organization_id, user_id, reason="member_removed", actor_id=actor_id, origin=origin
    )
    keys = await key_queries.list_key_hashes(session, organization_id, user_id=user_id)
    await cache.mark_keys(settings, organization_id, [key_id for key_id, _ in keys])
    await forget_entries(session, organization_id, "api_key", [key_hash for _, key_hash in keys])
    await session.delete(membership)
    await session.flush()
    await publish(
        session,
        MemberRemoved(
            organization_id=organization_id,
            user_id=user_id,
            role=role,
            actor_id=actor_id,
            actor_kind="user" if actor_id else "system",
            client_address=origin.client_address,
            user_agent=origin.user_agent,
        ),
    )


async def forget_entries(session: AsyncSession, organization_id: UUID, kind: str, hashes: list[bytes]) -> None:
    """Remove what the directory knows of these hashes."""
    if hashes:
        await session.execute(
            delete(DirectoryEntry)
            .where(
                DirectoryEntry.kind == kind,
                DirectoryEntry.organization_id == organization_id,
                DirectoryEntry.hash.in_(hashes),
            )
            .execution_options(synchronize_session=False)
        )


async def list_member_sessions(session: AsyncSession, caller: Caller, user_id: UUID) -> list[dict[str, Any]]:
    """A member's live sessions in this organization, newest use first. Raises NotFound and Forbidden."""
    await _member_to_change(session, caller, user_id, itself=True)
    rows = await queries.list_live_sessions(session, caller.organization_id, user_id, clock.utc_now())
    return [{column.name: getattr(row, column.name) for column in Session.__table__.c} for row in rows]


async def end_member_sessions(session: AsyncSession, settings: Settings, caller: Caller, user_id: UUID) -> int:
    """End all of a member's sessions in this organization; how many. Raises NotFound and Forbidden."""
    await _member_to_change(session, caller, user_id, itself=True)
    return await _end_sessions(session, settings, caller, user_id, "ended_by_admin")


async def _end_sessions(session: AsyncSession, settings: Settings, caller: Caller, user_id: UUID, reason: str) -> int:
    ended = await sessions.revoke_sessions(
        session,
        settings,
        caller.organization_id,
        user_id,
        reason=reason,
        actor_id=caller.user_id,
        origin=Origin.of(caller),
    )
    return len(ended)


async def _member_to_change(
    session: AsyncSession, caller: Caller, user_id: UUID, *, itself: bool = False
) -> Membership:
    """The locked membership of somebody who holds no more than the caller. Raises NotFound and Forbidden."""
    await lock_owners(session, caller.organization_id)
    membership = await queries.get_membership(session, caller.organization_id, user_id, lock=True)
    if user_id == caller.user_id and not itself:
        raise Forbidden("Your own access is for somebody else to change.")
    rights = await access_queries.rights_of(session, membership)
    check_hand_out(caller, rights.permissions, read_scope(membership.scope), _TOO_MUCH)
    return membership


async def _announce(
    session: AsyncSession,
    settings: Settings,
    caller: Caller,
    membership: Membership,
    before: dict[str, object],
    after: dict[str, object],
) -> None:
    membership.version += 1
    await session.flush()
    await cache.mark_member(settings, membership.organization_id, membership.user_id)
    await publish(
        session,
        MemberChanged(
            organization_id=membership.organization_id,
            user_id=membership.user_id,
            before=before,
            after=after,
            actor_id=caller.user_id,
            client_address=caller.client_address,
            user_agent=caller.user_agent,
        ),
    )
