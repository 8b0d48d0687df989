"""Bodies of API keys and service identities."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator

from app.core.schemas import Instant, Name, ReadModel, RequestModel, ShortText
from app.domains.identity.rules import Role
from app.domains.identity.rules.access import parse_networks
from app.domains.identity.schemas import ScopeRead
from app.domains.identity.schemas.access import PermissionList, RoleName, ScopeBody

MAX_ADDRESSES = 50


def _check_addresses(addresses: list[str]) -> list[str]:
    try:
        return parse_networks(addresses)
    except ValueError as failure:
        raise ValueError(f"{failure} is neither an IP address nor a network such as 203.0.113.0/24") from None


Addresses = Annotated[
    list[Annotated[str, Field(max_length=60)]], Field(max_length=MAX_ADDRESSES), AfterValidator(_check_addresses)
]


class ApiKeyCreate(RequestModel):
    """A key of the caller's own, or of a service identity. `expires_at` lies within 365 days."""

    name: Name
    permissions: PermissionList
    scope: ScopeBody | None = None
    expires_at: Instant
    addresses: Addresses = []
    service_identity_id: UUID | None = None


class ApiKeyRead(ReadModel):
    """A key without its secret; `hint` are its last characters. `owner_name`: the member or the service identity."""

    id: UUID
    name: str
    hint: str
    permissions: list[str]
    scope: ScopeRead | None
    addresses: list[str]
    user_id: UUID | None
    service_identity_id: UUID | None
    owner_name: str | None
    created_by: UUID
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    last_used_address: str | None
    revoked_at: datetime | None


class ApiKeyCreated(ApiKeyRead):
    """The only answer that has the key itself."""

    key: str


class ServiceIdentityCreate(RequestModel):
    """Exactly one of `role`, `role_id` and `permissions` says what its keys may do at most."""

    name: Name
    description: ShortText = ""
    role: Role | None = None
    role_id: UUID | None = None
    permissions: PermissionList | None = None
    scope: ScopeBody | None = None

    @model_validator(mode="after")
    def _check_one(self) -> "ServiceIdentityCreate":
        if sum(value is not None for value in (self.role, self.role_id, self.permissions)) != 1:
            raise ValueError("give one of role, role_id and permissions")
        return self


class ServiceIdentityUpdate(RequestModel):
    """What is left out stays; `scope` null is the whole organization. `disabled` ends the use of its keys at once."""

    name: Name | None = None
    description: ShortText | None = None
    role: Role | None = None
    role_id: UUID | None = None
    permissions: PermissionList | None = None
    scope: ScopeBody | None = None
    disabled: bool | None = None

    @model_validator(mode="after")
    def _check_one(self) -> "ServiceIdentityUpdate":
        if sum(value is not None for value in (self.role, self.role_id, self.permissions)) > 1:
            raise ValueError("give at most one of role, role_id and permissions")
        return self


class ServiceIdentityRead(ReadModel):
    """`permissions` are the effective ones, whichever way they were given."""

    id: UUID
    name: str
    description: str
    role: RoleName | None
    role_id: UUID | None
    role_name: str | None
    permissions: list[str]
    scope: ScopeRead | None
    keys: int
    disabled_at: datetime | None
    created_by: UUID
    created_at: datetime
