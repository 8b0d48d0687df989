"""Schedules: each due time is claimed by one worker, and each organization has its turn exactly once.

The claim is a row of `schedule_runs`; the organization last served is written in that organization's own transaction,
so that another worker can carry on where a dead one stopped. A schedule that raises for one organization is logged and
passed over until its next due time; the others have their turn.
"""

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from uuid import UUID

from croniter import croniter
from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert

from app.core.database import directory_session, set_organization
from app.core.directory import DirectoryOrganization
from app.core.ids import new_id
from app.core.tasks.models import ScheduleRun
from app.core.tasks.registry import Schedule, all_schedules

logger = logging.getLogger(__name__)

LONGEST_SLEEP_SECONDS = 30.0
TAKE_OVER_AFTER = timedelta(seconds=30)
_ORGANIZATIONS_A_PAGE = 500


class Scheduler:
    """Looks for due schedules until `stop` is set. Any number of workers may run one."""

    def __init__(self) -> None:
        self._seen: dict[str, datetime] = {}
        self._running: dict[str, asyncio.Task[None]] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Fire due schedules; the clock is PostgreSQL's, so that all workers agree."""
        while not stop.is_set():
            pause = 1.0
            try:
                async with directory_session() as session:
                    now = (await session.execute(select(func.clock_timestamp()))).scalar_one()
                for schedule in all_schedules():
                    self._fire_if_due(schedule, now)
                pause = _seconds_to_next(now)
            except Exception as error:  # the database may be away  # noqa: BLE001
                logger.warning("schedules could not be looked at: %s", error)
            try:
                async with asyncio.timeout(pause):
                    await stop.wait()
            except TimeoutError:
                continue
        if self._running:
            await asyncio.wait(self._running.values(), timeout=5)

    def _fire_if_due(self, schedule: Schedule, now: datetime) -> None:
        due_at = latest_due(schedule.cron, now)
        running = self._running.get(schedule.name)
        if self._seen.get(schedule.name) == due_at or (running is not None and not running.done()):
            return
        self._running[schedule.name] = asyncio.create_task(self._fire(schedule, due_at))

    async def _fire(self, schedule: Schedule, due_at: datetime) -> None:
        lease = new_id()
        try:
            claimed = await _claim(schedule.name, due_at, lease)
            if claimed is None:
                self._seen[schedule.name] = due_at  # done, or never due here
            elif claimed:
                if schedule.each_organization:
                    await _serve_organizations(schedule, due_at, lease)
                else:
                    await _serve_installation(schedule, due_at, lease)
                self._seen[schedule.name] = due_at
        except Exception:  # tried again at the next look, from where it stopped
            logger.exception("schedule %s was interrupted", schedule.name)


def latest_due(cron: str, now: datetime) -> datetime:
    """The last due time at or before `now`."""
    previous: datetime = croniter(cron, now + timedelta(microseconds=1)).get_prev(datetime)
    return previous.astimezone(UTC)


def _seconds_to_next(now: datetime) -> float:
    upcoming = [croniter(schedule.cron, now).get_next(datetime) for schedule in all_schedules()]
    seconds = min(((due_at - now).total_seconds() for due_at in upcoming), default=LONGEST_SLEEP_SECONDS)
    return min(max(seconds + 0.01, 0.05), LONGEST_SLEEP_SECONDS)


async def _claim(name: str, due_at: datetime, lease: UUID) -> bool | None:
    """True if the due time is ours; False if a live worker has it; None if it is over.

    A schedule that has never been seen gets its first row as already over: an installation does not start by making up
    for times before its own.
    """
    async with directory_session() as session:
        await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"schedule:{name}", 0))))
        newest = await session.scalar(select(func.max(ScheduleRun.due_at)).where(ScheduleRun.name == name))
        if newest is None:
            await session.execute(insert(ScheduleRun).values(name=name, due_at=due_at, finished_at=func.now()))
            return None
        if newest < due_at:
            await session.execute(insert(ScheduleRun).values(name=name, due_at=due_at, lease=lease))
            return True
        row = await session.get(ScheduleRun, (name, due_at), with_for_update=True)
        if row is None or row.finished_at is not None:
            return None
        now = (await session.execute(select(func.now()))).scalar_one()
        if row.heartbeat_at > now - TAKE_OVER_AFTER:
            return False
        row.lease, row.heartbeat_at = lease, now
        return True


async def _serve_organizations(schedule: Schedule, due_at: datetime, lease: UUID) -> None:
    async with directory_session() as session:
        row = await session.get_one(ScheduleRun, (schedule.name, due_at))
        cursor = row.cursor
    while True:
        page = select(DirectoryOrganization.id).order_by(DirectoryOrganization.id).limit(_ORGANIZATIONS_A_PAGE)
        if not schedule.while_deleted:
            page = page.where(DirectoryOrganization.deleted_at.is_(None))
        if cursor is not None:
            page = page.where(DirectoryOrganization.id > cursor)
        async with directory_session() as session:
            organizations = (await session.execute(page)).scalars().all()
        for organization_id in organizations:
            if not await _serve_organization(schedule, due_at, lease, organization_id):
                return
            cursor = organization_id
        if len(organizations) < _ORGANIZATIONS_A_PAGE:
            break
    async with directory_session() as session:
        await session.execute(_ADVANCE, _names(schedule, due_at, lease) | {"cursor": cursor, "is_last": True})


async def _serve_organization(schedule: Schedule, due_at: datetime, lease: UUID, organization_id: UUID) -> bool:
    """Give one organization its turn. False when another worker has taken the due time over."""
    advance = _names(schedule, due_at, lease) | {"cursor": organization_id, "is_last": False}
    try:
        async with directory_session() as session:
            # First the claim, then the work: a worker that has lost it does nothing twice.
            if not (await session.execute(_ADVANCE, advance)).rowcount:  # type: ignore[attr-defined]  # an UPDATE's
                return False
            await set_organization(session, organization_id)
            await schedule.function(session, organization_id)
    except Exception:  # one organization's trouble is not another's
        logger.exception("schedule %s failed for organization %s", schedule.name, organization_id)
        async with directory_session() as session:
            return bool((await session.execute(_ADVANCE, advance)).rowcount)  # type: ignore[attr-defined]
    return True


async def _serve_installation(schedule: Schedule, due_at: datetime, lease: UUID) -> None:
    async with directory_session() as session:
        names = _names(schedule, due_at, lease) | {"cursor": None, "is_last": True}
        if (await session.execute(_ADVANCE, names)).rowcount:  # type: ignore[attr-defined]
            await schedule.function(session)


def _names(schedule: Schedule, due_at: datetime, lease: UUID) -> dict[str, object]:
    return {"name": schedule.name, "due_at": due_at, "lease": lease}


_ADVANCE = text(
    """
    UPDATE schedule_runs
    SET cursor = CAST(:cursor AS uuid), heartbeat_at = clock_timestamp(),
        finished_at = CASE WHEN :is_last THEN now() END
    WHERE name = :name AND due_at = :due_at AND lease = :lease AND finished_at IS NULL
    """
)
