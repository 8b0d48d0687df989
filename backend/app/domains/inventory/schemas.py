"""Response bodies of the inventory.

The resource list is answered from rows without building these (see `service/listing.py`); they are its documentation,
and a test holds the two together.
"""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from app.core.money import Money
from app.core.schemas import ReadModel

SortName = Literal["name", "-name", "type", "region", "first_seen", "-first_seen", "cost", "-cost"]
ChangeKind = Literal["created", "updated", "deleted"]
UnitStateName = Literal["complete", "partial", "failed", "never"]


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
