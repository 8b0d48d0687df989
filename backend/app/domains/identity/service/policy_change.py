"""Changing an organization's sign-in policy, also for who is signed in already."""

from collections import defaultdict
from dataclasses import asdict
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.config import Settings
from app.core.events import publish
from app.core.http import Caller
from app.core.ids import new_id
from app.domains.identity import queries
from app.domains.identity.events import PolicyChanged
from app.domains.identity.models import Session
from app.domains.identity.models.policy import OrganizationPolicy
from app.domains.identity.queries.policy import find_policy
from app.domains.identity.rules.policy import DEFAULT_POLICY, Policy, required_since
from app.domains.identity.schemas.policy import PolicyUpdate
from app.domains.identity.service import cache, sessions
from app.domains.identity.service.policy import policy_of
from app.domains.identity.service.sessions import Origin


async def set_policy(session: AsyncSession, settings: Settings, caller: Caller, wanted: PolicyUpdate) -> Policy:
    """Replace the caller's organization's policy. What is shorter or stricter holds for sessions that live already."""
    await queries.get_organization(session, caller.organization_id, lock=True)  # one change at a time
    row = await find_policy(session, caller.organization_id, lock=True)
    before = DEFAULT_POLICY if row is None else policy_of(row)
    roles = sorted({str(role) for role in wanted.mfa_required_roles})
    values = wanted.model_dump(exclude={"mfa_required_roles"})
    after = Policy(
        mfa_required_roles=tuple(roles), mfa_required_since=required_since(before, roles, clock.utc_now()), **values
    )
    if row is None:
        row = OrganizationPolicy(organization_id=caller.organization_id, id=new_id())
        session.add(row)
    for name, value in asdict(after).items():
        setattr(row, name, list(value) if isinstance(value, tuple) else value)
    await session.flush()
    await _shorten_sessions(session, settings, caller.organization_id, before, after)
    if after.sso_required and not before.sso_required:
        await _end_own_sign_ins(session, settings, caller)
    if changed := {name for name, value in asdict(after).items() if value != asdict(before)[name]}:
        await publish(
            session,
            PolicyChanged(
                organization_id=caller.organization_id,
                actor_id=caller.user_id,
                client_address=caller.client_address,
                user_agent=caller.user_agent,
                before={name: value for name, value in asdict(before).items() if name in changed},
                after={name: value for name, value in asdict(after).items() if name in changed},
            ),
        )
    return after


async def _shorten_sessions(
    session: AsyncSession, settings: Settings, organization_id: UUID, before: Policy, after: Policy
) -> None:
    for client in ("web", "native"):
        idle, absolute = after.idle_lifetime(client), after.absolute_lifetime(client)
        if idle >= before.idle_lifetime(client) and absolute >= before.absolute_lifetime(client):
            continue
        ends = func.least(Session.absolute_expires_at, Session.created_at + absolute)
        longer: ColumnElement[bool] = or_(
            Session.absolute_expires_at > Session.created_at + absolute,
            Session.expires_at > Session.last_seen_at + idle,
        )
        live = (
            Session.organization_id == organization_id,
            Session.client == client,
            Session.revoked_at.is_(None),
            longer,
        )
        # The mark comes first: a reader must not copy the old end while it is being changed.
        ids = list((await session.execute(select(Session.id).where(*live).with_for_update())).scalars())
        await cache.mark_sessions(session, settings, organization_id, ids)
        await session.execute(
            update(Session)
            .where(Session.organization_id == organization_id, Session.id.in_(ids))
            .values(
                absolute_expires_at=ends,
                expires_at=func.least(Session.expires_at, Session.last_seen_at + idle, ends),
            )
            .execution_options(synchronize_session=False)
        )


async def _end_own_sign_ins(session: AsyncSession, settings: Settings, caller: Caller) -> None:
    """End what did not come through the identity provider, the caller's own too; owners keep theirs."""
    by_person: dict[UUID, list[UUID]] = defaultdict(list)
    for session_id, user_id in await queries.list_own_sign_ins(session, caller.organization_id):
        by_person[user_id].append(session_id)
    for user_id, session_ids in by_person.items():
        await sessions.revoke_sessions(
            session,
            settings,
            caller.organization_id,
            user_id,
            reason="sso_required",
            only=session_ids,
            actor_id=caller.user_id,
            origin=Origin.of(caller),
        )
