"""The filters of lists as query parameters."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from app.core.pagination import DEFAULT_LIMIT, MAX_LIMIT
from app.core.schemas import Instant
from app.domains.inventory.rules import MAX_SEARCH, ResourceFilter, parse_filter

SortName = Literal["name", "-name", "type", "region", "first_seen", "-first_seen", "cost", "-cost"]
FILTER_NAMES = ("provider", "account_id", "type", "native_type", "region", "status", "tag", "q", "stale", "search")
Values = Annotated[str | None, Field(max_length=2_000, description="One value or several, comma-separated.")]
Search = Annotated[
    str | None,
    Field(
        max_length=MAX_SEARCH,
        description="The search language, such as `type:compute.instance region:eu-* tag:env=prod cost>100`.",
        examples=["type:compute.instance region:eu-*"],
    ),
]
At = Annotated[
    Instant | None, Field(description="The state as of then: present columns other than name, status, region and tags.")
]


def read_filter(given: Mapping[str, Any]) -> ResourceFilter:
    """The filters of parameters. Raises InvalidInput that names the parameter."""
    return parse_filter(**given)


class FilterQuery(BaseModel):
    """The contract's filters as query parameters, and the search language, which says the same and more."""

    provider: Values = None
    account_id: Values = None
    type: Values = None
    native_type: Values = None
    region: Values = None
    status: Values = None
    tag: Annotated[str | None, Field(max_length=2_000, description="key:value, split at the first colon.")] = None
    q: Annotated[str | None, Field(max_length=500, description="Words or their beginnings; all must match.")] = None
    stale: bool | None = None
    search: Search = None
    at: At = None

    def parse(self) -> ResourceFilter:
        """The filters as one value. Raises InvalidInput that names the parameter."""
        return read_filter({name: getattr(self, name) for name in FILTER_NAMES})


class ResourceQuery(FilterQuery):
    """The resource list's parameters."""

    sort: SortName = "name"
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT, description="Rows a page.")] = DEFAULT_LIMIT
    cursor: Annotated[str | None, Field(max_length=2_000, description="`next_cursor` of the page before.")] = None
