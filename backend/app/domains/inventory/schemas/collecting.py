"""Bodies about what is collected: coverage per type, permissions that are missing, and events of clouds."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from app.core.schemas import ReadModel, RequestModel


class UnitStates(ReadModel):
    """How many units that read a type ended how."""

    complete: int
    partial: int
    failed: int


class CoverageItem(ReadModel):
    """How well a type is read. Units that never told their types stand for themselves, by `service`.

    `last_complete_at`: since when nothing of the type can have been missed, the oldest of its units; null where one
    was never listed completely.
    """

    native_type: str | None
    type: str | None
    service: str | None
    units: UnitStates
    resources: int
    stale: int
    last_complete_at: datetime | None
    error: str | None
    missing_permissions: list[str]


class Coverage(ReadModel):
    """An account's types."""

    items: list[CoverageItem]


class Grant(ReadModel):
    """What gives the permissions that are missing: a policy or a role, in the cloud's own form."""

    provider: Literal["aws", "gcp", "azure"]
    format: Literal["json", "text"]
    document: dict[str, Any] | str | None
    permissions: list[str]


QueueUrl = Annotated[str, StringConstraints(pattern=r"^https?://[^\s?#@]{4,480}$")]


class EventSettings(RequestModel):
    """How the account's cloud tells of changes: AWS by a queue, Google and Azure by calling a hook of ours.

    `audience` and `email`: what the signed token of a Google push has to carry; without them none is asked for.
    """

    queue_url: QueueUrl | None = None
    audience: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    email: Annotated[str, StringConstraints(pattern=r"^[^@\s]{1,200}@[^@\s]{1,200}$")] | None = None


class EventSourceRead(ReadModel):
    """How the account's cloud tells of changes, and whether it does."""

    account_id: UUID
    provider: Literal["aws", "gcp", "azure"]
    queue_url: str | None
    audience: str | None
    email: str | None
    created_at: datetime
    last_event_at: datetime | None
    events: int
    error: str | None


class EventSourceMade(EventSourceRead):
    """With `hook_url`, which is shown this once, and what to set up in the cloud."""

    hook_url: str | None
    set_up: str
