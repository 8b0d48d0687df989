"""Bodies of the sign-in policy."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.core.schemas import ReadModel, RequestModel
from app.domains.identity.rules import Role
from app.domains.identity.rules.policy import (
    MAX_GRACE_DAYS,
    MAX_NATIVE_IDLE_DAYS,
    MAX_WEB_ABSOLUTE_HOURS,
    MAX_WEB_IDLE_MINUTES,
    MIN_WEB_IDLE_MINUTES,
)


class PolicyRead(ReadModel):
    """`mfa_required_roles` holds names of built-in roles and ids of custom ones."""

    mfa_required_roles: list[str]
    mfa_grace_days: int
    mfa_required_since: datetime | None
    web_idle_minutes: int
    web_absolute_hours: int
    native_idle_days: int
    sso_required: bool


class PolicyUpdate(RequestModel):
    """The whole policy; sessions may be made shorter than the product's, never longer."""

    mfa_required_roles: Annotated[list[Role | UUID], Field(max_length=100)]
    mfa_grace_days: Annotated[int, Field(ge=0, le=MAX_GRACE_DAYS, strict=True)]
    web_idle_minutes: Annotated[int, Field(ge=MIN_WEB_IDLE_MINUTES, le=MAX_WEB_IDLE_MINUTES, strict=True)]
    web_absolute_hours: Annotated[int, Field(ge=1, le=MAX_WEB_ABSOLUTE_HOURS, strict=True)]
    native_idle_days: Annotated[int, Field(ge=1, le=MAX_NATIVE_IDLE_DAYS, strict=True)]
    sso_required: Annotated[bool, Field(strict=True)]
