"""Which series a selector means, remembered while no series comes or goes: rules ask for the same ones each minute."""

import time
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncSession

from app.domains.alerts import queries
from app.domains.alerts.queries import KnownSeries
from app.domains.metrics.rules.selectors import NAME_LABEL, Matcher, matching, parse_selector

KNOWN_FOR = timedelta(days=8)  # the longest window and a day
REMEMBERED_SECONDS = 600  # links to resources change without a series coming or going
MAX_ORGANIZATIONS = 20


@dataclass(slots=True)
class SeriesBook:
    """Series of the names that rules speak of, by position; and the positions that each selector means."""

    series: list[KnownSeries]
    ids: NDArray[np.int64]
    by_name: dict[str, list[int]]
    names: frozenset[str] | None
    head: tuple[int, int]
    read_at: float
    found: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    by_value: dict[tuple[str | None, str], dict[str, list[int]]] = field(default_factory=dict)

    def find(self, selector: str) -> NDArray[np.int64]:
        """Positions of the series that a selector means, ascending. Raises SelectorError."""
        if selector not in self.found:
            self.found[selector] = self._match(parse_selector(selector))
        return self.found[selector]

    def _match(self, matchers: Collection[Matcher]) -> NDArray[np.int64]:
        name = _name_of(matchers)
        kept = list(range(len(self.series)) if name is None else self.by_name.get(name, []))
        # A value that is asked for is looked up: thousands of selectors of one metric would each walk through all.
        exact = [one for one in matchers if one.operator == "=" and one.label != NAME_LABEL and one.value]
        if exact:
            kept = min((self._of_value(name, kept, one) for one in exact), key=len)
        for matcher in matchers:
            values = {_value(self.series[place], matcher.label) for place in kept}
            wanted = set(matching(values, matcher))
            kept = [place for place in kept if _value(self.series[place], matcher.label) in wanted]
        return np.array(kept, np.int64)

    def _of_value(self, name: str | None, places: list[int], matcher: Matcher) -> list[int]:
        key = (name, matcher.label)
        if key not in self.by_value:
            index = self.by_value[key] = {}
            for place in places:
                index.setdefault(_value(self.series[place], matcher.label), []).append(place)
        return self.by_value[key].get(matcher.value, [])


_books: dict[UUID, SeriesBook] = {}


def forget_series() -> None:
    """Remember nothing, as after a start."""
    _books.clear()


def parse_names(selectors: Collection[str]) -> frozenset[str] | None:
    """The metrics' names that selectors are bound to; None where one is bound to none. Raises SelectorError."""
    names = [_name_of(parse_selector(selector)) for selector in selectors]
    return None if None in names else frozenset(name for name in names if name is not None)


async def book_of(session: AsyncSession, organization_id: UUID, names: frozenset[str] | None) -> SeriesBook:
    """The book with series of these names, read anew when series came or went, or after ten minutes."""
    head = await queries.read_series_head(session, organization_id)
    known = _books.get(organization_id)
    now = time.monotonic()
    covers = known is not None and (known.names is None or (names is not None and names <= known.names))
    if known is not None and covers and known.head == head and now - known.read_at < REMEMBERED_SECONDS:
        return known
    series = await queries.list_known_series(
        session, organization_id, None if names is None else sorted(names), KNOWN_FOR
    )
    by_name: dict[str, list[int]] = {}
    for place, one in enumerate(series):
        by_name.setdefault(one.name, []).append(place)
    ids = np.fromiter((one.id for one in series), np.int64, len(series))
    if len(_books) >= MAX_ORGANIZATIONS:
        _books.pop(next(iter(_books)))
    _books[organization_id] = SeriesBook(series, ids, by_name, names, head, now)
    return _books[organization_id]


def _name_of(matchers: Collection[Matcher]) -> str | None:
    return next((one.value for one in matchers if one.label == NAME_LABEL and one.operator == "="), None)


def _value(series: KnownSeries, label: str) -> str:
    return series.name if label == NAME_LABEL else series.labels.get(label, "")
