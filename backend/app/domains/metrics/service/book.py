"""What a process knows of the series of its organizations: from a sender's key to the store's id and newest sample.

One book an organization, in this process's memory. Several processes may write the same series; each has its own
book, so what another one wrote a moment ago is not known here. Of two values for one time that come through two
processes in the same instant the later block's counts.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Sequence
from itertools import repeat
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.database import tenant_session
from app.domains.metrics import queries
from app.domains.metrics.rules.batch import Metadata
from app.domains.metrics.rules.blocks import latest_of_each
from app.domains.metrics.rules.limits import IntakeRules
from app.domains.metrics.rules.newest import NEVER, Newest
from app.domains.metrics.rules.series import KEY_BYTES

MAX_SERIES = 1_000_000
"""Of all organizations in this process's memory, at about 200 bytes each; above it whole books are forgotten."""
SETTINGS_SECONDS = 60.0

# Keys go and rows come as one value each: an object for each of many rows costs more than finding the row.
_KNOWN = text(
    f"""
    SELECT string_agg(
        int8send(s.id) || int8send(coalesce((extract(epoch FROM s.last_at) * 1000)::bigint, {NEVER})) || s.key,
        ''::bytea)
    FROM generate_series(0, octet_length(CAST(:keys AS bytea)) / {KEY_BYTES} - 1) AS wanted (place)
    JOIN metric_series s ON s.organization_id = :org
     AND s.key = substring(CAST(:keys AS bytea) FROM wanted.place * {KEY_BYTES} + 1 FOR {KEY_BYTES})
    """  # noqa: S608  # numbers of this program
)
_FOUND = np.dtype([("id", ">i8"), ("last_ms", ">i8"), ("key", f"V{KEY_BYTES}")])


class SeriesBook:
    """The series of one organization."""

    def __init__(self, organization_id: UUID) -> None:
        self.organization_id = organization_id
        self.slots: dict[bytes, int] = {}
        self.newest = Newest()
        self.families: dict[str, Metadata] = {}
        self.registering = asyncio.Lock()
        self.series_count = 0  # in the table, as last counted and added to here
        self.counted_at = 0.0
        self.rules = IntakeRules()
        self._rules_read_at: float | None = None
        self.samples_since_compaction = 0
        self.committer: object | None = None  # one `committing.Committer`
        self._recent = np.empty(0, np.int64)
        self._recent_ms = np.empty(0, np.int64)
        self._recent_bits = np.empty(0, np.uint64)

    async def open(self) -> None:
        """Read what is committed and not in chunks yet, because `metric_series.last_at` does not tell of it."""
        async with tenant_session(self.organization_id) as session:
            found = latest_of_each(await queries.read_open_blocks(session, self.organization_id))
        if len(found):
            last = np.append(found.series[1:] != found.series[:-1], True)
            found = found.take(last)
        self._recent, self._recent_ms = found.series, found.at_ms
        self._recent_bits = np.ascontiguousarray(found.values).view(np.uint64)

    async def refresh_rules(self, session: AsyncSession) -> None:
        """Read once a minute what the organization chose."""
        now = time.monotonic()
        if self._rules_read_at is None or now - self._rules_read_at > SETTINGS_SECONDS:
            self.rules = await queries.read_intake_rules(session, self.organization_id)
            self._rules_read_at = now

    def find(self, keys: Sequence[bytes]) -> NDArray[np.int64]:
        """The places of these series; -1 for those that are not known."""
        return np.fromiter(map(self.slots.get, keys, repeat(-1)), np.int64, len(keys))

    async def load(self, session: AsyncSession, keys: Sequence[bytes]) -> None:
        """Learn those of the keys that the table has."""
        values = {"org": self.organization_id, "keys": b"".join(keys)}
        found = np.frombuffer((await session.execute(_KNOWN, values)).scalar_one() or b"", _FOUND)
        self.learn(found["key"].tolist(), found["id"].astype(np.int64), found["last_ms"].astype(np.int64))

    def learn(self, keys: Sequence[bytes], ids: NDArray[np.int64], last_ms: NDArray[np.int64]) -> None:
        """Take series with the time of their newest sample in chunks."""
        fresh = [position for position, key in enumerate(keys) if key not in self.slots]
        keys, ids, last_ms = [keys[position] for position in fresh], ids[fresh], last_ms[fresh]
        bits, has_value = np.zeros(len(ids), np.uint64), np.zeros(len(ids), np.bool_)
        if len(self._recent) and len(ids):
            place = np.minimum(np.searchsorted(self._recent, ids), len(self._recent) - 1)
            is_newer = (self._recent[place] == ids) & (self._recent_ms[place] >= last_ms)
            last_ms = np.where(is_newer, self._recent_ms[place], last_ms)
            bits = np.where(is_newer, self._recent_bits[place], bits)
            has_value = is_newer
        first = self.newest.add(ids, last_ms, bits, has_value)
        self.slots.update(zip(keys, range(first, first + len(keys)), strict=True))

    @property
    def count_is_old(self) -> bool:
        """Whether the table should be counted again before new series are weighed against the limit."""
        return time.monotonic() - self.counted_at > SETTINGS_SECONDS


_books: OrderedDict[UUID, SeriesBook] = OrderedDict()
_opening: dict[UUID, asyncio.Task[SeriesBook]] = {}


async def book_of(organization_id: UUID) -> SeriesBook:
    """The organization's book, opened if need be."""
    book = _books.get(organization_id)
    if book is not None:
        _books.move_to_end(organization_id)
        return book
    opening = _opening.get(organization_id)
    if opening is None:
        opening = _opening[organization_id] = asyncio.create_task(_open(organization_id))
        opening.add_done_callback(lambda _: _opening.pop(organization_id, None))
    return await asyncio.shield(opening)


async def _open(organization_id: UUID) -> SeriesBook:
    book = SeriesBook(organization_id)
    await book.open()
    while _books and sum(len(known.slots) for known in _books.values()) > MAX_SERIES:
        _books.popitem(last=False)
    _books[organization_id] = book
    return book


def forget_if_large(book: SeriesBook) -> None:
    """Start the organization's book anew when it alone is too large."""
    if len(book.slots) > MAX_SERIES and _books.get(book.organization_id) is book:
        del _books[book.organization_id]


def forget_books() -> None:
    """Forget all, as a new process would have it."""
    _books.clear()
    _opening.clear()
