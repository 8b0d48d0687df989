"""After the grace: files first, then rows table by table in bounded batches, then the directory.

Every batch is a transaction of its own and deletes what is still there, so a run that was killed is carried on by the
next one. The audit rows stay: no role of the product may delete them, and they hold ids and addresses, no content.
"""

import logging
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Table, delete, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.config import Settings
from app.core.database import Base, set_organization, set_user, tenant_session
from app.core.directory import DeletedOrganization, DirectoryEntry, DirectoryOrganization
from app.core.events import publish
from app.core.storage import get_storage, organization_key
from app.core.tasks import TaskContext, enqueue
from app.core.tickets import TicketRow
from app.domains.identity.events import OrganizationRemovalStarted
from app.domains.identity.models import Membership, Organization, Session, User
from app.domains.identity.queries import organizations as reads

logger = logging.getLogger(__name__)

REMOVE_TASK = "identity.remove_organization"
BATCH_ROWS = 2_000
BATCH_FILES = 200
BATCH_PEOPLE = 100
ORGANIZATIONS_A_TURN = 50
SWEEP_AFTER = timedelta(hours=1)
"""The last rows wait so long for the sealer, which numbers every audit row before its organization is forgotten."""

KEPT_TABLES = frozenset({"audit_events", "audit_seals", "audit_heads"})
"""Append-only: see core/grants.py."""

_LAST_TABLES = frozenset({"jobs", "job_units", "events", "organization_deletions"})
"""What the removal itself writes, removed by `sweep_removed`."""


async def start_removals(session: AsyncSession) -> int:
    """Queue the removal of organizations whose grace is over; returns how many. Safe to repeat."""
    due = (
        select(DirectoryOrganization.id, DirectoryOrganization.deleted_at)
        .where(DirectoryOrganization.delete_after < clock.utc_now(), DirectoryOrganization.emptied_at.is_(None))
        .order_by(DirectoryOrganization.delete_after)
        .limit(ORGANIZATIONS_A_TURN)
        .with_for_update(skip_locked=True)
    )
    started = 0
    for organization_id, _ in (await session.execute(due)).all():
        await set_organization(session, organization_id)
        deletion = await reads.find_deletion(session, organization_id)
        if deletion is None:
            logger.error("organization %s is to be removed, but nobody asked for it", organization_id)
            continue
        if deletion.removing_since is None:
            deletion.removing_since = clock.utc_now()
            await _end_sessions(session, organization_id)
            await publish(session, OrganizationRemovalStarted(organization_id=organization_id, actor_kind="system"))
        await enqueue(session, REMOVE_TASK, organization_id=organization_id, dedupe="remove")
        await session.flush()
        started += 1
    return started


async def remove_organization(context: TaskContext, settings: Settings) -> None:
    """Delete everything that belongs to the organization. Safe to repeat and to kill between batches."""
    organization_id = context.organization_id
    async with tenant_session(organization_id) as session:
        directory = await reads.get_directory(session, organization_id)
        deletion = await reads.find_deletion(session, organization_id)
        if directory.delete_after is None or directory.delete_after > clock.utc_now() or deletion is None:
            logger.warning("organization %s is not to be removed", organization_id)
            return
        deleted_at, deleted_by = deletion.requested_at, deletion.requested_by
    tables = tables_to_empty()
    total = len(tables) + 3
    await _remove_files(context, settings)
    await context.report_progress(1, total)
    await _remove_people(context)
    await context.report_progress(2, total)
    for done, table in enumerate(tables, start=3):
        await _empty(context, table)
        await context.report_progress(done, total)
    async with tenant_session(organization_id) as session:
        await session.execute(delete(DirectoryEntry).where(DirectoryEntry.organization_id == organization_id))
        await session.execute(delete(TicketRow).where(TicketRow.organization_id == organization_id))
        directory = await reads.get_directory(session, organization_id, lock=True)
        if directory.emptied_at is None:
            directory.emptied_at = clock.utc_now()
            session.add(DeletedOrganization(id=organization_id, deleted_at=deleted_at, deleted_by=deleted_by))
    await context.report_progress(total, total)


async def sweep_removed(session: AsyncSession) -> int:
    """Delete the last rows of organizations that are empty, their line in the directory with them; how many."""
    done = (
        select(DirectoryOrganization.id)
        .where(DirectoryOrganization.emptied_at < clock.utc_now() - SWEEP_AFTER)
        .limit(ORGANIZATIONS_A_TURN)
    )
    swept = (await session.execute(done)).scalars().all()
    for organization_id in swept:
        await set_organization(session, organization_id)
        for table in reversed(Base.metadata.sorted_tables):
            if table.name in _LAST_TABLES and table.schema is None:
                await session.execute(delete(table).where(table.c.organization_id == organization_id))
        await session.execute(delete(Organization).where(Organization.id == organization_id))
        await session.execute(delete(DirectoryOrganization).where(DirectoryOrganization.id == organization_id))
    return len(swept)


def tables_to_empty() -> list[Table]:
    """Tables of organizations, those that point at others first."""
    return [
        table
        for table in reversed(Base.metadata.sorted_tables)
        if "organization_id" in table.c
        and table.schema is None
        and table.name not in KEPT_TABLES
        and table.name not in _LAST_TABLES
    ]


async def _empty(context: TaskContext, table: Table) -> None:
    keys = list(table.primary_key.columns)
    some = select(*keys).where(table.c.organization_id == context.organization_id).limit(BATCH_ROWS)
    while True:
        await context.raise_if_cancelled()
        async with tenant_session(context.organization_id) as session:
            gone = await session.execute(delete(table).where(tuple_(*keys).in_(some)))
            if gone.rowcount < BATCH_ROWS:  # type: ignore[attr-defined]  # a DELETE's
                return


async def _remove_files(context: TaskContext, settings: Settings) -> None:
    storage = get_storage(settings)
    keys = await storage.list_prefix(organization_key(context.organization_id) + "/")
    for start in range(0, len(keys), BATCH_FILES):
        await context.raise_if_cancelled()
        for key in keys[start : start + BATCH_FILES]:
            await storage.delete(key)


async def _remove_people(context: TaskContext) -> None:
    """Members who belong nowhere else go with their login name and passkeys; of the others the membership alone."""
    organization_id = context.organization_id
    while True:
        await context.raise_if_cancelled()
        async with tenant_session(organization_id) as session:
            query = select(Membership.user_id).where(Membership.organization_id == organization_id)
            people = (await session.execute(query.limit(BATCH_PEOPLE))).scalars().all()
            await _forget_people(session, organization_id, people)
        if len(people) < BATCH_PEOPLE:
            return


async def _forget_people(session: AsyncSession, organization_id: UUID, people: Sequence[UUID]) -> None:
    for user_id in people:
        await set_user(session, user_id)
        elsewhere = select(func.count()).where(
            Membership.user_id == user_id, Membership.organization_id != organization_id
        )
        if (await session.execute(elsewhere)).scalar_one() == 0:
            await session.execute(
                delete(DirectoryEntry).where(
                    DirectoryEntry.kind.in_(("login", "passkey")), DirectoryEntry.subject_id == user_id
                )
            )
            await session.execute(delete(User).where(User.id == user_id))
        await session.execute(
            delete(Membership).where(Membership.organization_id == organization_id, Membership.user_id == user_id)
        )


async def _end_sessions(session: AsyncSession, organization_id: UUID) -> None:
    """The last owners' sessions. Their rows go soon; until then a copy in Redis lives for a minute at most."""
    await session.execute(delete(Session).where(Session.organization_id == organization_id))
