"""Asking for the end of an organization, and taking it back. What follows after the grace is in `removing.py`.

ADR 0005 says why the keys are destroyed at the start of the grace and not at its end.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Table, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.config import Settings
from app.core.database import Base
from app.core.errors import FieldProblem, InvalidInput
from app.core.events import publish
from app.core.http import Caller
from app.core.ids import new_id
from app.core.secrets import OrganizationKey, create_organization_key, destroy_organization_keys
from app.core.tasks.control import cancel_job
from app.core.tasks.models import OPEN_STATES, Job
from app.domains.identity import queries
from app.domains.identity.errors import OrganizationDeleted, OrganizationNotDeleted
from app.domains.identity.events import OrganizationDeletionRequested, OrganizationRestored
from app.domains.identity.models import ApiKey, IdentityConnection, Membership, OrganizationDeletion
from app.domains.identity.queries import organizations as reads
from app.domains.identity.rules.organizations import DELETION_GRACE, KEPT_FOR_RESTORE, LOST_BY_DELETION
from app.domains.identity.service import cache, sessions
from app.domains.identity.service.members import lock_owners
from app.domains.identity.service.sessions import Origin


@dataclass(frozen=True, kw_only=True)
class Deletion:
    """What a deletion did or would do, in words for people."""

    name: str
    deleted_at: datetime | None
    delete_after: datetime | None
    grace_days: int = DELETION_GRACE.days
    lost: Sequence[str] = LOST_BY_DELETION
    kept: Sequence[str] = KEPT_FOR_RESTORE


async def read_deletion(session: AsyncSession, caller: Caller) -> Deletion:
    """What deleting the caller's organization means, and since when it waits for its end."""
    organization = await queries.get_organization(session, caller.organization_id)
    directory = await reads.get_directory(session, caller.organization_id)
    return Deletion(name=organization.name, deleted_at=directory.deleted_at, delete_after=directory.delete_after)


async def delete_organization(session: AsyncSession, settings: Settings, caller: Caller, name: str) -> Deletion:
    """Start the grace: secrets are lost, everybody but the owners is shut out, nothing runs any more.

    Raises InvalidInput where `name` is not the organization's, and OrganizationDeleted.
    """
    organization_id = caller.organization_id
    await lock_owners(session, organization_id)
    organization = await queries.get_organization(session, organization_id, lock=True)
    directory = await reads.get_directory(session, organization_id, lock=True)
    if directory.deleted_at is not None:
        raise OrganizationDeleted
    if name != organization.name:
        raise InvalidInput(errors=[FieldProblem(pointer="#/name", detail="is not the organization's name")])
    now = clock.utc_now()
    directory.deleted_at, directory.delete_after = now, now + DELETION_GRACE
    key_version = select(func.coalesce(func.max(OrganizationKey.version), 0)).where(
        OrganizationKey.organization_id == organization_id
    )
    session.add(
        OrganizationDeletion(
            organization_id=organization_id,
            id=new_id(),
            requested_by=caller.user_id,
            requested_at=now,
            delete_after=directory.delete_after,
            disabled_members=await _shut_out_members(session, settings, caller, now),
            last_key_version=(await session.execute(key_version)).scalar_one(),
        )
    )
    await _stop_machines(session, organization_id, now)
    await _stop_jobs(session, organization_id)
    await _forget_secrets(session, organization_id)
    await destroy_organization_keys(session, organization_id)
    await publish(
        session,
        OrganizationDeletionRequested(
            organization_id=organization_id, delete_after=directory.delete_after, **_who(caller)
        ),
    )
    await session.flush()
    return Deletion(name=name, deleted_at=now, delete_after=directory.delete_after)


async def restore_organization(session: AsyncSession, settings: Settings, caller: Caller) -> Deletion:
    """Take the deletion back: members come in again under a new key. Secrets have to be entered again.

    Raises OrganizationNotDeleted, and OrganizationDeleted once the removal has begun.
    """
    organization_id = caller.organization_id
    organization = await queries.get_organization(session, organization_id, lock=True)
    directory = await reads.get_directory(session, organization_id, lock=True)
    deletion = await reads.find_deletion(session, organization_id)
    if directory.deleted_at is None or deletion is None:
        raise OrganizationNotDeleted
    if deletion.removing_since is not None or deletion.delete_after <= clock.utc_now():
        raise OrganizationDeleted("The grace is over.")
    directory.deleted_at = directory.delete_after = None
    await create_organization_key(session, organization_id, version=deletion.last_key_version + 1)
    members = Membership.organization_id == organization_id
    await session.execute(
        update(Membership)
        .where(members, Membership.user_id.in_(deletion.disabled_members))
        .values(disabled_at=None, version=Membership.version + 1)
        .execution_options(synchronize_session=False)
    )
    for user_id in (await session.execute(select(Membership.user_id).where(members))).scalars().all():
        await cache.mark_member(settings, organization_id, user_id)
    await session.delete(deletion)
    await publish(session, OrganizationRestored(organization_id=organization_id, **_who(caller)))
    await session.flush()
    return Deletion(name=organization.name, deleted_at=None, delete_after=None)


async def _shut_out_members(session: AsyncSession, settings: Settings, caller: Caller, now: datetime) -> list[UUID]:
    """Disable all active members but the owners and end their sessions; returns who that were."""
    organization_id = caller.organization_id
    members = (Membership.organization_id == organization_id, Membership.disabled_at.is_(None))
    found = select(Membership.user_id, Membership.role).where(*members).order_by(Membership.id).with_for_update()
    rows = (await session.execute(found)).all()
    for row in rows:  # owners too: what they may do changes now
        await cache.mark_member(settings, organization_id, row.user_id)
    shut_out = [row.user_id for row in rows if row.role != "owner"]
    await session.execute(
        update(Membership)
        .where(*members, Membership.role != "owner")
        .values(disabled_at=now, version=Membership.version + 1)
        .execution_options(synchronize_session=False)
    )
    for user_id in shut_out:
        await sessions.revoke_sessions(
            session,
            settings,
            organization_id,
            user_id,
            reason="organization_deleted",
            actor_id=caller.user_id,
            origin=Origin.of(caller),
        )
    return shut_out


async def _stop_machines(session: AsyncSession, organization_id: UUID, now: datetime) -> None:
    for statement in (
        update(ApiKey)
        .where(ApiKey.organization_id == organization_id, ApiKey.revoked_at.is_(None))
        .values(revoked_at=now),
        update(IdentityConnection)
        .where(IdentityConnection.organization_id == organization_id)
        .values(enabled=False, scim_token_hash=None, scim_token_hint=None),
    ):
        await session.execute(statement.execution_options(synchronize_session=False))


async def _stop_jobs(session: AsyncSession, organization_id: UUID) -> None:
    query = select(Job).where(Job.organization_id == organization_id, Job.state.in_(OPEN_STATES))
    for job in (await session.execute(query.order_by(Job.id).with_for_update())).scalars().all():
        await cancel_job(session, job)


async def _forget_secrets(session: AsyncSession, organization_id: UUID) -> None:
    """Empty the sealed columns where that is possible: what is not there cannot even be tried, and shows as not set."""
    for table, columns in sealed_columns():
        if empty := {column: None for column in columns if table.c[column].nullable}:
            await session.execute(update(table).where(table.c.organization_id == organization_id).values(empty))


def sealed_columns() -> list[tuple[Table, list[str]]]:
    """Every table of organizations that has sealed columns, with their names."""
    found: list[tuple[Table, list[str]]] = []
    for table in Base.metadata.sorted_tables:
        columns = [column.name for column in table.columns if column.info.get("sealed")]
        if columns and "organization_id" in table.c and table.schema != "directory":
            found.append((table, columns))
    return found


def _who(caller: Caller) -> dict[str, Any]:
    return {
        "actor_id": caller.user_id,
        "client_address": caller.client_address,
        "user_agent": caller.user_agent,
    }
