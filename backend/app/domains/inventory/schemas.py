"""Query parameters and response bodies of the inventory.

The resource list is answered from rows without building these (see `service/listing.py`); they are its documentation,
and a test holds the two together.
"""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from app.core.money import Money
from app.core.pagination import DEFAULT_LIMIT, MAX_LIMIT
from app.core.schemas import ReadModel
from app.domains.inventory.rules import ResourceFilter, parse_filter

SortName = Literal["name", "-name", "type", "region", "first_seen", "-first_seen", "cost", "-cost"]
ChangeKind = Literal["created", "updated", "deleted"]
UnitStateName = Literal["complete", "partial", "failed", "never"]


Values = Annotated[str | None, Field(max_length=2_000, description="One value or several, comma-separated.")]


class FilterQuery(BaseModel):
    """The contract's filters as query parameters."""

    provider: Values = None
    account_id: Values = None
    type: Values = None
    native_type: Values = None
    region: Values = None
    status: Values = None
    tag: Annotated[str | None, Field(max_length=2_000, description="key:value, split at the first colon.")] = None
    q: Annotated[str | None, Field(max_length=500, description="Words or their beginnings; all must match.")] = None
    stale: bool | None = None

    def parse(self) -> ResourceFilter:
        """The filters as one value. Raises InvalidInput that names the parameter."""
        return parse_filter(
            provider=self.provider,
            account_id=self.account_id,
            type=self.type,
            native_type=self.native_type,
            region=self.region,
            status=self.status,
            tag=self.tag,
            q=self.q,
            stale=self.stale,
        )


class ResourceQuery(FilterQuery):
    """The resource list's parameters."""

    sort: SortName = "name"
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT, description="Rows a page.")] = DEFAULT_LIMIT
    cursor: Annotated[str | None, Field(max_length=2_000, description="`next_cursor` of the page before.")] = None


class ResourceRead(ReadModel):
    """One resource of a list. `monthly_cost` has one sum per currency; `stale`: the last read did not reach it."""

    id: UUID
    provider: str
    account_id: UUID
    native_id: str
    type: str
    native_type: str
    name: str
    region: str
    status: str | None
    tags: dict[str, str]
    monthly_cost: list[Money]
    first_seen_at: datetime
    last_seen_at: datetime
    stale: bool


class ResourceRelationRead(ReadModel):
    """An edge seen from this resource: `out` leads away from it. The neighbour may lie outside of the inventory."""

    kind: str
    direction: Literal["in", "out"]
    resource_id: UUID | None
    native_id: str
    name: str | None
    type: str | None


class ResourceDetail(ResourceRead):
    """One resource with everything known. `unread_fields`: properties that could not be read lately, and why."""

    account_name: str
    native_account: str
    service: str
    aliases: list[str]
    created_at: datetime | None
    closed_at: datetime | None
    stale_since: datetime | None
    stale_reason: str | None
    unread_fields: dict[str, str]
    properties: dict[str, Any]
    relations: list[ResourceRelationRead]
    relations_truncated: bool


class ChangeRead(ReadModel):
    """One difference; `path` is a JSON pointer into name, status, tags, region and properties."""

    op: Literal["add", "remove", "replace"]
    path: str
    old: Any = None
    new: Any = None


class ResourceChangeRead(ReadModel):
    """One row of history."""

    id: UUID
    resource_id: UUID
    native_id: str
    name: str
    native_type: str
    provider: str
    kind: ChangeKind
    at: datetime
    changes: list[ChangeRead]


class KeyCount(ReadModel):
    """How many resources share a value; null where the cloud told none."""

    key: str | None
    count: int


class AccountCount(ReadModel):
    """How many resources an account has."""

    key: UUID
    name: str
    count: int


class InventorySummary(ReadModel):
    """Counts of open resources; types and regions by count, at most 100 each."""

    total: int
    stale: int
    by_provider: list[KeyCount]
    by_type: list[KeyCount]
    by_region: list[KeyCount]
    by_account: list[AccountCount]


class Facets(ReadModel):
    """What the filtered resources divide into. Each group ignores its own filter, so that its other values show."""

    provider: list[KeyCount]
    type: list[KeyCount]
    region: list[KeyCount]
    account: list[AccountCount]
    status: list[KeyCount]


class SyncUnitRead(ReadModel):
    """One unit of an account; `account` is the cloud's own number."""

    service: str
    region: str
    account: str
    state: UnitStateName
    resources: int
    error: str | None
    missing_permissions: list[str]
    last_attempt_at: datetime | None
    last_complete_at: datetime | None


class AccountSyncState(ReadModel):
    """How an account's units stand; `state` is the worst that matters: never, complete, partial or failed."""

    account_id: UUID
    name: str
    provider: str
    state: UnitStateName
    units: int
    complete: int
    partial: int
    failed: int
    stale_resources: int
    last_synced_at: datetime | None


class SyncState(ReadModel):
    """How current the inventory is."""

    items: list[AccountSyncState]
    stale_resources: int


class SyncStarted(ReadModel):
    """The job that syncs; the waiting one when there is one already."""

    job_id: UUID
