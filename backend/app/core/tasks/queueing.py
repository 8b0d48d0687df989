"""Putting jobs into the queue, in the caller's own transaction."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QueryQueueBuilder, QuerySchedulerBuilder
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.core.tm import TaskManager
from pgqueuer.ports.driver import Driver, NotifyCallback
from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Unavailable
from app.core.events import publish
from app.core.ids import new_id
from app.core.tasks.events import JobChanged
from app.core.tasks.models import Job
from app.core.tasks.registry import get_task
from app.core.tasks.schema import queue_settings

_DEDUPE_ROUNDS = 5


class SessionDriver(Driver):
    """pgqueuer over the caller's session: its statements are part of the caller's transaction from the first on.

    The raw asyncpg connection must not be used: SQLAlchemy sends BEGIN with its own first statement, so a job enqueued
    before any would be committed at once and stay after a rollback.
    """

    def __init__(self, session: AsyncSession) -> None:
        self._session = session
        self._shutdown = asyncio.Event()

    async def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        connection = await self._session.connection()
        return [dict(row) for row in (await connection.exec_driver_sql(query, args)).mappings()]

    async def execute(self, query: str, *args: object) -> str:
        connection = await self._session.connection()
        return str((await connection.exec_driver_sql(query, args)).rowcount)

    async def notify(self, channel: str, payload: str) -> None:
        await self._session.execute(select(func.pg_notify(channel, payload)))

    async def add_listener(self, channel: str, callback: NotifyCallback) -> None:
        raise NotImplementedError("a transaction cannot listen")

    @property
    def shutdown(self) -> asyncio.Event:
        return self._shutdown

    @property
    def tm(self) -> TaskManager:
        return TaskManager()

    async def __aenter__(self) -> "SessionDriver":
        return self

    async def __aexit__(self, *_: object) -> None: ...


def queries_on(driver: Driver) -> Queries:
    """pgqueuer's statements with our fixed names."""
    names = queue_settings()
    return Queries(driver, QueryBuilderEnvironment(names), QueryQueueBuilder(names), QuerySchedulerBuilder(names))


async def enqueue(
    session: AsyncSession,
    name: str,
    arguments: Mapping[str, Any] | None = None,
    *,
    organization_id: UUID,
    dedupe: str | None = None,
    priority: int = 0,
    delay: timedelta | None = None,
    requested_by: UUID | None = None,
) -> UUID:
    """Queue a job in the caller's transaction and return its id; a higher `priority` runs earlier.

    With `dedupe`, an equal job that has not started yet is returned instead, and is kept from starting until the
    caller's transaction ends, so that it will see what the caller wrote. Arguments are JSON, UUIDs as strings.
    Raises UnknownTask.
    """
    known = get_task(name)
    values = {
        "organization_id": organization_id,
        "kind": name,
        "arguments": {
            key: str(value) if isinstance(value, UUID) else value for key, value in (arguments or {}).items()
        },
        "dedupe": dedupe,
        "priority": priority,
        "requested_by": requested_by,
    }
    for _ in range(_DEDUPE_ROUNDS):
        if dedupe is not None and (waiting := await _hold_waiting(session, organization_id, name, dedupe)):
            return waiting
        job_id = await _insert(session, values, delay)
        if job_id is not None:
            if known.announce:
                await announce(session, organization_id, job_id, name, "queued")
            return job_id
    raise Unavailable("The queue is busy with this very job.", retry_after_seconds=1)


async def enqueue_again(session: AsyncSession, job: Job, *, requested_by: UUID | None) -> UUID:
    """Queue a new job with a finished one's kind and arguments."""
    values = {
        "organization_id": job.organization_id,
        "kind": job.kind,
        "arguments": job.arguments,
        "priority": job.priority,
        "requested_by": requested_by,
        "replay_of": job.id,
    }
    job_id = await _insert(session, values, None)
    assert job_id is not None  # noqa: S101  # without dedupe nothing can be in the way
    await announce(session, job.organization_id, job_id, job.kind, "queued")
    return job_id


async def restore_ticket(session: AsyncSession, job: Job) -> None:
    """Give an unfinished job that has lost its ticket a new one."""
    job.ticket = await _add_ticket(session, job.organization_id, job.id, job.kind, job.priority, None)
    job.state, job.lease = "queued", None


async def announce(
    session: AsyncSession,
    organization_id: UUID,
    job_id: UUID,
    kind: str,
    state: str,
    progress: tuple[int, int | None] = (0, None),
) -> None:
    """Publish `JobChanged`."""
    await publish(
        session,
        JobChanged(
            organization_id=organization_id,
            job_id=job_id,
            kind=kind,
            state=state,
            done=progress[0],
            total=progress[1],
        ),
    )


async def _hold_waiting(session: AsyncSession, organization_id: UUID, name: str, dedupe: str) -> UUID | None:
    """The waiting equal job, locked against being started before the caller's transaction ends."""
    statement = (
        select(Job.id)
        .where(
            Job.organization_id == organization_id,
            Job.kind == name,
            Job.dedupe == dedupe,
            Job.state == "queued",
            Job.attempt == 0,
        )
        .with_for_update(read=True)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def _insert(session: AsyncSession, values: dict[str, Any], delay: timedelta | None) -> UUID | None:
    """The new job's id, or None where an equal one got there first."""
    job_id = new_id()
    statement = insert(Job).values(
        id=job_id,
        state="queued",
        due_at=func.now() + delay if delay else None,
        **values,
    )
    statement = statement.on_conflict_do_nothing(
        index_elements=["organization_id", "kind", "dedupe"],
        index_where=text("dedupe IS NOT NULL AND state = 'queued' AND attempt = 0"),
    )
    if (await session.execute(statement.returning(Job.id))).scalar_one_or_none() is None:
        return None
    ticket = await _add_ticket(session, values["organization_id"], job_id, values["kind"], values["priority"], delay)
    await session.execute(
        text("UPDATE jobs SET ticket = :ticket WHERE organization_id = :org AND id = :id"),
        {"ticket": ticket, "org": values["organization_id"], "id": job_id},
    )
    return job_id


async def _add_ticket(
    session: AsyncSession, organization_id: UUID, job_id: UUID, kind: str, priority: int, delay: timedelta | None
) -> int:
    ids = await queries_on(SessionDriver(session)).enqueue(
        kind, None, priority, delay, headers={"org": str(organization_id), "job": str(job_id)}
    )
    ticket = ids[0]
    assert ticket is not None  # noqa: S101  # only a dedupe key could make it None
    return int(ticket)
