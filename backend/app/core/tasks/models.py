"""Tables of background work. The queue's own table holds only tickets (job id, organization id); all else is here.

A job's state moves queued → running → succeeded, partial, failed or cancelled, and the last step is taken once: every
write of a runner names its `lease`, so one that lost its job to another worker changes nothing.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Base, OrganizationRow

OPEN_STATES = ("queued", "running")
FINAL_STATES = ("succeeded", "partial", "failed", "cancelled")
STATES = OPEN_STATES + FINAL_STATES
UNIT_STATES = ("queued", "running", "complete", "partial", "failed")


class Job(OrganizationRow, Base):
    """One piece of background work, kept after its end so that it can be shown and replayed."""

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint(f"state IN {STATES}", name="state"),
        Index(None, "organization_id", "created_at", "id"),
        Index("ix_jobs_open", "organization_id", "kind", postgresql_where=text(f"state IN {OPEN_STATES}")),
        Index("ix_jobs_finished", "organization_id", "finished_at", postgresql_where=text("finished_at IS NOT NULL")),
        # A job that waits for a retry is not "waiting": it has read part of its input, so an equal one may queue up.
        Index(
            "uq_jobs_waiting",
            "organization_id",
            "kind",
            "dedupe",
            unique=True,
            postgresql_where=text("dedupe IS NOT NULL AND state = 'queued' AND attempt = 0"),
        ),
    )

    kind: Mapped[str]
    state: Mapped[str] = mapped_column(default="queued")
    arguments: Mapped[dict[str, Any]]
    dedupe: Mapped[str | None]
    priority: Mapped[int] = mapped_column(default=0)
    attempt: Mapped[int] = mapped_column(default=0)  # runs started
    failures: Mapped[int] = mapped_column(default=0)  # runs that raised: what `retries` counts
    crashes: Mapped[int] = mapped_column(default=0)  # runs whose worker vanished
    progress_done: Mapped[int] = mapped_column(default=0)
    progress_total: Mapped[int | None]
    error: Mapped[str | None]
    requested_by: Mapped[UUID | None]
    replay_of: Mapped[UUID | None]
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    due_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    heartbeat_at: Mapped[datetime | None]
    lease: Mapped[UUID | None]
    worker: Mapped[str | None]
    ticket: Mapped[int | None] = mapped_column(BigInteger)


class JobUnit(Base):
    """One unit of a job (a service in a region of a cloud account), shown while the job runs."""

    __tablename__ = "job_units"
    __table_args__ = (
        CheckConstraint(f"state IN {UNIT_STATES}", name="state"),
        ForeignKeyConstraint(
            ["organization_id", "job_id"],
            ["jobs.organization_id", "jobs.id"],
            ondelete="CASCADE",
            name="fk_job_units_job",
        ),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    job_id: Mapped[UUID] = mapped_column(primary_key=True)
    account: Mapped[str] = mapped_column(primary_key=True, default="")
    service: Mapped[str] = mapped_column(primary_key=True)
    region: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(default="queued")
    resources: Mapped[int | None]
    error: Mapped[str | None]


class ScheduleRun(Base):
    """One due time of one schedule, claimed by one worker; `cursor` is the last organization that has had its turn.

    Holds no organization's data, so it is outside row-level security.
    """

    __tablename__ = "schedule_runs"

    name: Mapped[str] = mapped_column(primary_key=True)
    due_at: Mapped[datetime] = mapped_column(primary_key=True)
    lease: Mapped[UUID | None]
    heartbeat_at: Mapped[datetime] = mapped_column(server_default=func.now())
    cursor: Mapped[UUID | None]
    finished_at: Mapped[datetime | None]


class WorkerRow(Base):
    """A worker process that is alive while `seen_at` is recent; read by health checks. No organization's data."""

    __tablename__ = "workers"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    queues: Mapped[list[Any]]
    running: Mapped[int] = mapped_column(default=0)
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    seen_at: Mapped[datetime] = mapped_column(server_default=func.now())
