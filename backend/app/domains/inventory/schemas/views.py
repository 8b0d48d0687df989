"""Bodies of saved views."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field

from app.core.schemas import Name, ReadModel, RequestModel, check_text
from app.domains.inventory.rules import MAX_SEARCH, SearchError, parse_search
from app.domains.inventory.schemas.filters import SortName

Column = Literal[
    "name", "type", "native_type", "provider", "account", "region", "status", "tags", "cost", "native_id",
    "first_seen", "last_seen", "stale",
]  # fmt: skip


def _check_search(text: str) -> str:
    check_text(text)
    try:
        parse_search(text)
    except SearchError as failure:
        raise ValueError(str(failure)) from None
    return text


def _check_columns(columns: list[str]) -> list[str]:
    if len(set(columns)) < len(columns):
        raise ValueError("must name each column once")
    return columns


Columns = Annotated[list[Column | Annotated[str, Field(pattern=r"^tag:.{1,128}$")]], AfterValidator(_check_columns)]
ViewSearch = Annotated[str, Field(max_length=MAX_SEARCH), AfterValidator(_check_search)]


class ResourceViewCreate(RequestModel):
    """A view of the resource list. A column is one of the list's or `tag:` and a key."""

    name: Name
    shared: bool = False
    search: ViewSearch = ""
    columns: Annotated[Columns, Field(min_length=1, max_length=30)]
    sort: SortName = "name"


class ResourceViewUpdate(RequestModel):
    """What to change; absent members stay."""

    name: Name | None = None
    shared: bool | None = None
    search: ViewSearch | None = None
    columns: Annotated[Columns | None, Field(min_length=1, max_length=30)] = None
    sort: SortName | None = None


class ResourceViewRead(ReadModel):
    """A saved view; `own` ones can be changed by the caller."""

    id: UUID
    name: str
    shared: bool
    own: bool
    search: str
    columns: list[str]
    sort: str
    created_at: datetime
    updated_at: datetime


class ResourceViews(ReadModel):
    """One's own views and those others share, by name."""

    items: list[ResourceViewRead]
