"""Bodies of resources.

The resource list is answered from rows without building these (see `service/listing.py`); they are its documentation,
and a test holds the two together.
"""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from app.core.money import Money
from app.core.schemas import ReadModel


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
