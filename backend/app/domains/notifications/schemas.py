"""Bodies of the notification routes."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import EmailStr, Field, model_validator

from app.core.schemas import Name, ReadModel, RequestModel, ShortText
from app.domains.notifications.rules import Severity

MemberRole = Literal["owner", "admin", "operator", "finance", "auditor", "viewer"]
DeliveryState = Literal["queued", "sending", "sent", "failed"]


class EmailConfig(RequestModel):
    """Addresses that get the mail, and roles whose members do."""

    to: Annotated[list[EmailStr], Field(max_length=50)] = []
    roles: Annotated[list[MemberRole], Field(max_length=6)] = []

    @model_validator(mode="after")
    def _reaches_somebody(self) -> Self:
        if not self.to and not self.roles:
            raise ValueError("must name at least one address or role")
        return self


class ChannelCreate(RequestModel):
    """A new channel."""

    name: Name
    kind: Literal["email"]
    config: EmailConfig
    enabled: bool = True


class ChannelUpdate(RequestModel):
    """What to change; absent fields stay."""

    name: Name | None = None
    config: EmailConfig | None = None
    enabled: bool | None = None


class EmailConfigRead(ReadModel):
    """An e-mail channel's receivers."""

    to: list[str]
    roles: list[str]


class ChannelRead(ReadModel):
    """A channel."""

    id: UUID
    name: str
    kind: Literal["email"]
    config: EmailConfigRead
    enabled: bool
    created_at: datetime
    updated_at: datetime


class RouteCreate(RequestModel):
    """A new route: notifications at least this severe, of these kinds, with these labels, go to the channel."""

    name: Name
    channel_id: UUID
    minimum_severity: Severity
    kinds: Annotated[list[ShortText], Field(max_length=20)] = []
    labels: Annotated[dict[ShortText, ShortText], Field(max_length=20)] = {}
    enabled: bool = True


class RouteUpdate(RequestModel):
    """What to change; absent fields stay."""

    name: Name | None = None
    channel_id: UUID | None = None
    minimum_severity: Severity | None = None
    kinds: Annotated[list[ShortText], Field(max_length=20)] | None = None
    labels: Annotated[dict[ShortText, ShortText], Field(max_length=20)] | None = None
    enabled: bool | None = None


class RouteRead(ReadModel):
    """A route."""

    id: UUID
    name: str
    channel_id: UUID
    minimum_severity: Severity
    kinds: list[str]
    labels: dict[str, str]
    enabled: bool
    created_at: datetime


class DeliveryRead(ReadModel):
    """One row of the ledger."""

    id: UUID
    notification_id: UUID
    channel_id: UUID | None
    channel_kind: str
    recipient: str
    state: DeliveryState
    attempts: int
    error: str | None
    created_at: datetime
    attempted_at: datetime | None
    ended_at: datetime | None
    title: str
    severity: str
    subject_type: str
    subject_id: UUID


class TestSent(ReadModel):
    """The job that sends the test message."""

    notification_id: UUID
    deliveries: int
