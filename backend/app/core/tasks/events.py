"""Facts about background work."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from app.core.events import Event


@dataclass(frozen=True, kw_only=True)
class JobChanged(Event):
    """A job's state changed, or its progress did (at most once a second a job)."""

    name: ClassVar[str] = "job.changed"
    topic: ClassVar[str | None] = "jobs"
    job_id: UUID
    kind: str
    state: str
    done: int
    total: int | None
