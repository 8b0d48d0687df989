"""What a running task is told and may tell: who it works for, its units, its progress, whether to stop."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.database import tenant_session
from app.core.events import publish
from app.core.tasks.errors import JobCancelled
from app.core.tasks.events import JobChanged
from app.core.tasks.models import Job, JobUnit

UnitEnd = Literal["complete", "partial", "failed"]
MAX_ERROR_LENGTH = 2_000
_INSERT_ROWS = 2_000


@dataclass(frozen=True)
class UnitKey:
    """A unit of collection; `region` is "global" where the service has none, `account` is set for child accounts."""

    service: str
    region: str
    account: str = ""


class LeaseLost(Exception):
    """Another worker runs the job now; this run must write nothing more."""


class TaskContext:
    """Handed to every task. Unit and progress reports are kept and written together, at most once a second."""

    def __init__(
        self,
        *,
        organization_id: UUID,
        job_id: UUID,
        kind: str,
        attempt: int,
        lease: UUID,
        requested_by: UUID | None = None,
        announce: bool = True,
    ) -> None:
        self.organization_id = organization_id
        self.job_id = job_id
        self.kind = kind
        self.attempt = attempt
        self.requested_by = requested_by
        self.partial_reason: str | None = None
        self.is_cancelled = False  # also for threads, which cannot be interrupted
        self._lease = lease
        self._announce = announce
        self._units: dict[UnitKey, dict[str, Any]] = {}
        self._changed_units: set[UnitKey] = set()
        self._progress: tuple[int, int | None] | None = None
        self._is_dirty = False

    async def plan_units(self, units: Sequence[UnitKey]) -> None:
        """Name the units to come, all waiting; what an earlier run of the job reported is forgotten."""
        planned = list(dict.fromkeys(units))
        self._units = {unit: {"state": "queued", "resources": None, "error": None} for unit in planned}
        self._changed_units.clear()
        async with tenant_session(self.organization_id) as session:
            await session.execute(
                delete(JobUnit).where(JobUnit.organization_id == self.organization_id, JobUnit.job_id == self.job_id)
            )
            self._changed_units.update(planned)
            self._progress = (0, len(planned))
            await self.write(session)

    async def unit_started(self, key: UnitKey) -> None:
        """Show the unit as running."""
        self._set_unit(key, "running", None, None)

    async def unit_ended(
        self, key: UnitKey, state: UnitEnd = "complete", resources: int | None = None, error: str | None = None
    ) -> None:
        """Record a unit's end. A job with a unit that is not complete ends as partial, not as succeeded."""
        self._set_unit(key, state, resources, error)

    async def report_progress(self, done: int, total: int | None = None) -> None:
        """Progress in the task's own measure, for tasks without units."""
        self._progress = (done, total)
        self._is_dirty = True

    async def raise_if_cancelled(self) -> None:
        """Stop here if somebody cancelled the job; call it between steps that must not be interrupted midway."""
        if self.is_cancelled:
            raise JobCancelled

    def mark_partial(self, reason: str) -> None:
        """Let the job end as partial; the last reason is shown."""
        self.partial_reason = reason

    @property
    def has_incomplete_units(self) -> bool:
        """Whether any unit did not end as complete."""
        return any(unit["state"] != "complete" for unit in self._units.values())

    @property
    def is_dirty(self) -> bool:
        """Whether there are reports to write."""
        return self._is_dirty or bool(self._changed_units)

    def this_run(self) -> ColumnElement[bool]:
        """The condition that holds only while this run owns the job."""
        return (
            (Job.organization_id == self.organization_id)
            & (Job.id == self.job_id)
            & (Job.lease == self._lease)
            & (Job.state == "running")
        )

    async def write(self, session: AsyncSession) -> None:
        """Write the kept reports in the caller's transaction. Raises LeaseLost if the job is no longer ours."""
        changed, self._changed_units = self._changed_units, set()
        was_dirty, self._is_dirty = self._is_dirty or bool(changed), False
        try:
            done, total = await self._write_job(session)
            await self._write_units(session, list(changed))
        except BaseException:
            self._changed_units |= changed
            self._is_dirty = self._is_dirty or was_dirty
            raise
        if was_dirty and self._announce:
            await publish(
                session,
                JobChanged(
                    organization_id=self.organization_id,
                    job_id=self.job_id,
                    kind=self.kind,
                    state="running",
                    done=done,
                    total=total,
                ),
            )

    async def flush(self) -> None:
        """Write the kept reports now, in a transaction of their own."""
        async with tenant_session(self.organization_id) as session:
            await self.write(session)

    def _set_unit(self, key: UnitKey, state: str, resources: int | None, error: str | None) -> None:
        if error is not None:
            error = error[:MAX_ERROR_LENGTH]
        self._units[key] = {"state": state, "resources": resources, "error": error}
        self._changed_units.add(key)
        ended = sum(unit["state"] in ("complete", "partial", "failed") for unit in self._units.values())
        self._progress = (ended, len(self._units))

    async def _write_job(self, session: AsyncSession) -> tuple[int, int | None]:
        values: dict[str, Any] = {"heartbeat_at": func.now()}
        if self._progress is not None:
            values |= {"progress_done": self._progress[0], "progress_total": self._progress[1]}
        statement = update(Job).where(self.this_run()).values(values)
        row = (await session.execute(statement.returning(Job.progress_done, Job.progress_total))).one_or_none()
        if row is None:
            raise LeaseLost
        return row[0], row[1]

    async def _write_units(self, session: AsyncSession, keys: list[UnitKey]) -> None:
        for start in range(0, len(keys), _INSERT_ROWS):
            rows = [
                {
                    "organization_id": self.organization_id,
                    "job_id": self.job_id,
                    "account": key.account,
                    "service": key.service,
                    "region": key.region,
                    **self._units[key],
                }
                for key in keys[start : start + _INSERT_ROWS]
            ]
            statement = insert(JobUnit).values(rows)
            new = statement.excluded
            await session.execute(
                statement.on_conflict_do_update(
                    index_elements=["organization_id", "job_id", "account", "service", "region"],
                    set_={"state": new.state, "resources": new.resources, "error": new.error},
                )
            )
