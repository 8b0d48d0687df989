"""Bodies of counts: summary, facets, trends, tags."""

from datetime import date
from typing import Literal
from uuid import UUID

from app.core.schemas import ReadModel

TrendDimension = Literal["type", "region", "account", "provider"]


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
    """What the filtered resources divide into. Each group ignores its own filter, so that its other values show.

    `total` counts all filters together. Where `exact` is false, counting stopped at 10,000 resources: numbers are "at
    least", and rare values can be missing. Where `estimated` is true too, they are of a sample instead, for all: off by
    less than a seventh nearly always, and rare values can be missing.
    """

    total: int
    exact: bool
    estimated: bool = False

    provider: list[KeyCount]
    type: list[KeyCount]
    region: list[KeyCount]
    account: list[AccountCount]
    status: list[KeyCount]


class TrendPoint(ReadModel):
    """Open resources of a day (UTC) as they were last counted on it: after each sync and at its end."""

    day: date
    count: int


class TrendRead(ReadModel):
    """One value's line; `name` is the account's. Days without a count are left out."""

    key: str
    name: str | None
    points: list[TrendPoint]


class Trends(ReadModel):
    """Daily counts, the largest lines first, at most 50; `others` is the number of lines that are left out."""

    by: TrendDimension
    first_day: date
    last_day: date
    items: list[TrendRead]
    others: int


class TagCoverage(ReadModel):
    """How far a key is used. `percent` of open resources; `values` different ones, at most 1,000 are counted."""

    key: str
    resources: int
    percent: float
    values: int


class TagCoverages(ReadModel):
    """Coverage by key, most used first. `untagged`: open resources without any tag."""

    items: list[TagCoverage]
    total: int
    untagged: int
