"""Bodies of members, roles, permissions and scopes."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator

from app.core.schemas import Name, ReadModel, RequestModel, ShortText
from app.core.scope import Scope
from app.domains.identity.rules import PERMISSIONS, Client, Role

MAX_ACCOUNTS, MAX_TAGS = 500, 50
RoleName = Role | Literal["custom"]


def _check_permission(name: str) -> str:
    if name not in PERMISSIONS:
        raise ValueError("is not a permission; GET /permissions lists them")
    return name


PermissionName = Annotated[str, Field(max_length=100), AfterValidator(_check_permission)]
PermissionList = Annotated[
    list[PermissionName], Field(max_length=200), AfterValidator(lambda names: sorted(set(names)))
]


class TagPair(RequestModel):
    """An exact tag."""

    key: Annotated[str, Field(min_length=1, max_length=256)]
    value: Annotated[str, Field(max_length=1_024)]


class ScopeBody(RequestModel):
    """A resource is in it when its account is among `accounts` (if any) and it has one of `tags` (if any)."""

    accounts: Annotated[list[UUID], Field(max_length=MAX_ACCOUNTS)] = []
    tags: Annotated[list[TagPair], Field(max_length=MAX_TAGS)] = []

    @model_validator(mode="after")
    def _check_not_empty(self) -> "ScopeBody":
        if not self.accounts and not self.tags:
            raise ValueError("must name an account or a tag; null is the whole organization")
        return self

    def to_scope(self) -> Scope:
        """The scope that the body describes."""
        pairs = dict.fromkeys((tag.key, tag.value) for tag in self.tags)
        return Scope(frozenset(self.accounts), tuple(pairs))


class PermissionRead(ReadModel):
    """A permission and its built-in roles; `assignable`: custom roles may have it, `keys`: API keys may."""

    name: str
    roles: list[Role]
    assignable: bool
    keys: bool


class RoleRead(ReadModel):
    """A role: built-in ones have no id of their own and carry their name. `members` counts members and machines."""

    id: UUID | None
    name: str
    description: str
    permissions: list[str]
    built_in: bool
    members: int
    version: int


class RoleCreate(RequestModel):
    name: Name
    description: ShortText = ""
    permissions: PermissionList


class RoleUpdate(RequestModel):
    """`version`, where given, must be the one that was read."""

    name: Name | None = None
    description: ShortText | None = None
    permissions: PermissionList | None = None
    version: int | None = None


class RoleChoice(RequestModel):
    """A built-in role by name or a custom one by id: exactly one of the two."""

    role: Role | None = None
    role_id: UUID | None = None

    @model_validator(mode="after")
    def _check_one_role(self) -> "RoleChoice":
        if (self.role is None) == (self.role_id is None):
            raise ValueError("give either role or role_id")
        return self


class MemberUpdate(RequestModel):
    """What is left out stays; `scope` null is the whole organization."""

    role: Role | None = None
    role_id: UUID | None = None
    scope: ScopeBody | None = None
    disabled: bool | None = None

    @model_validator(mode="after")
    def _check_one_role(self) -> "MemberUpdate":
        if self.role is not None and self.role_id is not None:
            raise ValueError("give either role or role_id")
        return self


class MemberSessionRead(ReadModel):
    """A live session of a member, for those who may end it."""

    id: UUID
    device: str
    client: Client
    client_address: str
    amr: list[str]
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime


class SessionsEnded(ReadModel):
    ended: int


def scope_of_body(body: Any) -> Scope | None:
    """The scope of a body that has the member `scope`."""
    return None if body.scope is None else body.scope.to_scope()
