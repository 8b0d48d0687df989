"""Bodies of the identity routes."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field

from app.core.schemas import Name, ReadModel, RequestModel
from app.domains.identity.rules import Client, Role

MAX_PASSWORD_BYTES = 1_024


def _check_bytes(password: str) -> str:
    if len(password.encode()) > MAX_PASSWORD_BYTES:
        raise ValueError(f"must be at most {MAX_PASSWORD_BYTES} bytes")
    return password


Password = Annotated[str, Field(min_length=1, max_length=MAX_PASSWORD_BYTES), AfterValidator(_check_bytes)]


class Login(RequestModel):
    """`email` is any text: a name that cannot exist fails like one that does not."""

    email: Annotated[str, Field(min_length=1, max_length=320)]
    password: Password
    otp: Annotated[str, Field(max_length=64)] | None = None
    client: Client = "web"


class TokenRead(ReadModel):
    """`refresh_token` is there for native clients only; browsers get a cookie."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105  # a scheme, no secret
    expires_in: int  # seconds
    refresh_token: str | None = None


class Refresh(RequestModel):
    refresh_token: Annotated[str, Field(min_length=1, max_length=200)] | None = None


class PasswordUpdate(RequestModel):
    current_password: Password
    new_password: Password
    end_other_sessions: bool = True


class OrganizationReference(ReadModel):
    id: UUID
    name: str


class MfaState(ReadModel):
    """`enrolled`: the person has a factor; `required`: the organization wants one, from `grace_ends_at` on."""

    enrolled: bool
    required: bool
    grace_ends_at: datetime | None


class ProfileRead(ReadModel):
    """`password_expires_at`: when the password that the first start printed stops working; null for a chosen one."""

    id: UUID
    email: str
    name: str
    role: str
    permissions: list[str]
    organization: OrganizationReference
    email_verified: bool
    mfa: MfaState
    password_expires_at: datetime | None


class ProfileUpdate(RequestModel):
    name: Name


class SessionRead(ReadModel):
    id: UUID
    device: str
    client: Client
    client_address: str
    amr: list[str]
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    current: bool


class TagPairRead(ReadModel):
    key: str
    value: str


class ScopeRead(ReadModel):
    """A part of the organization; a scope of null is all of it."""

    accounts: list[UUID]
    tags: list[TagPairRead]


class MemberRead(ReadModel):
    """A member; `id` is the person's id. A custom role is `custom` with its id; `role_name` is what people call it."""

    id: UUID
    email: str
    name: str
    role: Role | Literal["custom"]
    role_id: UUID | None
    role_name: str
    scope: ScopeRead | None
    created_at: datetime
    last_seen_at: datetime | None
    disabled_at: datetime | None


class OrganizationRead(ReadModel):
    id: UUID
    name: str
    slug: str
    created_at: datetime


class OrganizationUpdate(RequestModel):
    name: Name
