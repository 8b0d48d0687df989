"""Parameters and bodies of the history."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from app.core.pagination import DEFAULT_LIMIT, MAX_LIMIT
from app.core.schemas import Instant, ReadModel, ShortText
from app.domains.inventory.rules import ResourceFilter
from app.domains.inventory.schemas.filters import Search, Values, read_filter

ChangeKind = Literal["created", "updated", "deleted"]


class ChangeQuery(BaseModel):
    """The change feed's parameters; `from` is inclusive and `to` exclusive."""

    resource_id: UUID | None = None
    account_id: UUID | None = None
    kind: ChangeKind | None = None
    actor: Annotated[ShortText | None, Field(description="Who changed it in the cloud, exactly as told.")] = None
    type: Values = None
    native_type: Values = None
    provider: Values = None
    region: Values = None
    search: Search = None
    from_: Annotated[Instant | None, Field(alias="from")] = None
    to: Instant | None = None
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT, description="Rows a page.")] = DEFAULT_LIMIT
    cursor: Annotated[str | None, Field(max_length=2_000, description="`next_cursor` of the page before.")] = None

    def parse(self) -> ResourceFilter:
        """What the changed resources must be like now. Raises InvalidInput that names the parameter."""
        names = ("type", "native_type", "provider", "region", "search")
        return read_filter({name: getattr(self, name) for name in names})


class ChangeRead(ReadModel):
    """One difference; `path` is a JSON pointer into name, status, tags, region and properties."""

    op: Literal["add", "remove", "replace"]
    path: str
    old: Any = None
    new: Any = None


class ResourceChangeRead(ReadModel):
    """One row of history. `actor`: who changed it in the cloud, `action`: the call, both where an event told.

    `event_id` is the cloud's own id of that event.
    """

    id: UUID
    resource_id: UUID
    native_id: str
    name: str
    native_type: str
    provider: str
    kind: ChangeKind
    at: datetime
    actor: str | None
    action: str | None
    event_id: str | None
    changes: list[ChangeRead]
