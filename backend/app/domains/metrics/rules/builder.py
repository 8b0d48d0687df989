"""Gathers what a decoder reads into a batch: columns as arrays, series once, twins and refusals counted."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import compress
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from app.core.errors import TooLarge
from app.domains.metrics.rules.batch import (
    Increments,
    Metadata,
    Rejection,
    SampleBatch,
    SeriesText,
    TimeBounds,
    WrittenCounts,
)
from app.domains.metrics.rules.series import series_text

TOO_NEW = "a time more than 10 minutes in the future"
TOO_OLD = "a time before what is kept"
OTHER_VALUE = "another value for the same series and time"
MAX_ELEMENTS = 500_000
"""Series, symbols, or samples of one request. Prometheus sends 2,000 by default; this is what memory is planned for."""
_EXAMPLE_CHARACTERS = 100
_MAX_TEXT_BYTES = 64 * 1024 * 1024


class _Columns(NamedTuple):
    series: NDArray[np.int32]
    start_ms: NDArray[np.int64]
    at_ms: NDArray[np.int64]
    values: NDArray[np.float64]


class _Rows(NamedTuple):
    """Columns that grow by one sample after the other."""

    series: list[int]
    start_ms: list[int]
    at_ms: list[int]
    values: list[float]

    def append(self, series: int, start_ms: int, at_ms: int, value: float) -> None:
        self.series.append(series)
        self.start_ms.append(start_ms)
        self.at_ms.append(at_ms)
        self.values.append(value)

    def columns(self) -> _Columns:
        return _Columns(
            np.array(self.series, np.int32),
            np.array(self.start_ms, np.int64),
            np.array(self.at_ms, np.int64),
            np.array(self.values, np.float64),
        )


class BatchBuilder:
    """Filled by one decoder for one request, then built once."""

    def __init__(self, bounds: TimeBounds) -> None:
        self.bounds = bounds
        self.counts = WrittenCounts()
        self.metadata: dict[str, Metadata] = {}
        self.histograms: dict[tuple[bytes, int], bytes] = {}  # (key, time): as sent, so that twins are told
        self._refused: dict[str, tuple[int, str]] = {}
        self._index: dict[bytes, int] | None = {}
        self._keys: list[bytes] = []
        self._spellings: list[bytes] = []
        self._readers: list[tuple[int, Callable[[bytes], SeriesText]]] = []  # from this index on, this reader
        self._chunks: list[_Columns] = []
        self._increment_chunks: list[_Columns] = []
        self._rows = _Rows([], [], [], [])
        self._increment_rows = _Rows([], [], [], [])
        self._owners: dict[int, int] = {}  # index of a derived series: number of the series that it is made of
        self._text_bytes = self._elements = 0

    def refuse(self, reason: str, count: int = 1, example: bytes = b"") -> None:
        """Count samples, histograms or exemplars that are not taken."""
        if count > 0:
            before, shown = self._refused.get(reason, (0, ""))
            self._refused[reason] = before + count, shown or _shown(example)

    def index_of(self, key: bytes, spelling: bytes, reader: Callable[[bytes], SeriesText] = series_text) -> int:
        """The index of a series; `reader` makes its words of the spelling, should the store ask."""
        if self._index is None:
            self._index = {known: position for position, known in enumerate(self._keys)}
        position = self._index.setdefault(key, len(self._keys))
        if position == len(self._keys):
            self._keys.append(key)
            self._spellings.append(spelling)
            self._note_reader(position, reader)
        return position

    def note_owner(self, series: int, owner: int) -> None:
        """Say that a series is a part of a histogram or summary."""
        self._owners[series] = owner

    def take_columns(
        self,
        keys: list[bytes | None],
        spellings: list[bytes],
        reader: Callable[[bytes], SeriesText],
        at_ms: NDArray[np.int64],
        values: NDArray[np.float64],
        start_ms: NDArray[np.int64] | None = None,
    ) -> None:
        """Take and count one sample of each series with a key, those outside of the time bounds as refused.

        With `start_ms` they are increments.
        """
        has_key = np.fromiter((key is not None for key in keys), np.bool_, len(keys))
        taken = has_key & (at_ms <= self.bounds.newest_ms) & (at_ms >= self.bounds.oldest_ms)
        found = keys
        if not taken.all():
            self.refuse(TOO_NEW, int((has_key & (at_ms > self.bounds.newest_ms)).sum()))
            self.refuse(TOO_OLD, int((has_key & (at_ms < self.bounds.oldest_ms)).sum()))
            at_ms, values, chosen = at_ms[taken], values[taken], taken.tolist()
            start_ms = None if start_ms is None else start_ms[taken]
            found = list(compress(keys, chosen))
            spellings = list(compress(spellings, chosen))
        if found:
            series = self._indices(cast(list[bytes], found), spellings, reader)
            if start_ms is None:
                self._chunks.append(_Columns(series, np.zeros(len(found), np.int64), at_ms, values))
            else:
                self._increment_chunks.append(_Columns(series, start_ms, at_ms, values))
            self.counts.samples += len(found)

    def _indices(
        self, keys: list[bytes], spellings: list[bytes], reader: Callable[[bytes], SeriesText]
    ) -> NDArray[np.int32]:
        if not self._keys and len(set(keys)) == len(keys):
            self._keys, self._spellings, self._index = keys, spellings, None
            self._note_reader(0, reader)
            return np.arange(len(keys), dtype=np.int32)
        found = [self.index_of(key, spelling, reader) for key, spelling in zip(keys, spellings, strict=True)]
        return np.array(found, np.int32)

    def add(self, series: int, at_ms: int, value: float) -> None:
        """Add one sample, within the time bounds already."""
        self._rows.append(series, 0, at_ms, value)

    def add_increment(self, series: int, start_ms: int, at_ms: int, value: float) -> None:
        """Add what was counted between two instants."""
        self._increment_rows.append(series, start_ms, at_ms, value)

    def takes_time(self, at_ms: int, count: int = 1, example: bytes = b"") -> bool:
        """Whether a time is within the bounds; if not, the samples are counted as refused."""
        if at_ms > self.bounds.newest_ms:
            self.refuse(TOO_NEW, count, example)
        elif at_ms < self.bounds.oldest_ms:
            self.refuse(TOO_OLD, count, example)
        else:
            return True
        return False

    def spend_text(self, size: int) -> None:
        """Count labels that are made of less than they are long. Raises TooLarge, before they are made."""
        self._text_bytes += size
        if self._text_bytes > _MAX_TEXT_BYTES:
            raise TooLarge("The labels of one request are too long together. Send fewer samples at a time.")

    def spend_elements(self, count: int) -> None:
        """Count samples, histograms and exemplars before they are looked at. Raises TooLarge."""
        self._elements += count
        if self._elements > MAX_ELEMENTS:
            raise TooLarge(f"Send at most {MAX_ELEMENTS} samples in one request.")

    def build(self) -> SampleBatch:
        """The batch. Twins are gone, and counted as the batch promises."""
        samples = self._without_twins(_joined(self._chunks, self._rows))
        increments = self._without_twins(_joined(self._increment_chunks, self._increment_rows))
        return SampleBatch(
            keys=self._keys,
            series=samples.series,
            at_ms=samples.at_ms,
            values=samples.values,
            increments=Increments(*increments),
            texts=_texts(self._spellings, self._readers),
            owners=_owners(self._owners, len(self._keys)),
            metadata=self.metadata,
            counts=self.counts,
            rejections=[Rejection(reason, count, example) for reason, (count, example) in self._refused.items()],
        )

    def _note_reader(self, position: int, reader: Callable[[bytes], SeriesText]) -> None:
        if not self._readers or self._readers[-1][1] is not reader:
            self._readers.append((position, reader))

    def _without_twins(self, columns: _Columns) -> _Columns:
        if len(columns.series) < 2:
            return columns
        if len(columns.series) == len(self._keys) and np.bincount(columns.series, minlength=1).max() == 1:
            return columns
        order = np.lexsort((columns.at_ms, columns.start_ms, columns.series))
        series, start_ms = columns.series[order], columns.start_ms[order]
        at_ms, values = columns.at_ms[order], columns.values[order]
        same = (series[1:] == series[:-1]) & (start_ms[1:] == start_ms[:-1]) & (at_ms[1:] == at_ms[:-1])
        if not same.any():
            return columns
        first = np.concatenate(([True], ~same))
        kept = values.view(np.uint64)[first][np.cumsum(first) - 1]
        conflicts = int((values.view(np.uint64) != kept).sum())
        self.refuse(OTHER_VALUE, conflicts)
        self.counts.samples = max(0, self.counts.samples - conflicts)
        return _Columns(series[first], start_ms[first], at_ms[first], values[first])


def _joined(chunks: Sequence[_Columns], rows: _Rows) -> _Columns:
    own = rows.columns()
    if not chunks:
        return own
    if len(chunks) == 1 and not len(own.series):
        return chunks[0]
    parts = [*chunks, own]
    return _Columns(
        np.concatenate([part.series for part in parts]),
        np.concatenate([part.start_ms for part in parts]),
        np.concatenate([part.at_ms for part in parts]),
        np.concatenate([part.values for part in parts]),
    )


def _owners(owners: dict[int, int], size: int) -> NDArray[np.int32] | None:
    if not owners:
        return None
    made = np.full(size, -1, np.int32)
    made[np.fromiter(owners, np.int64, len(owners))] = np.fromiter(owners.values(), np.int32, len(owners))
    return made


def _texts(
    spellings: list[bytes], readers: list[tuple[int, Callable[[bytes], SeriesText]]]
) -> Callable[[int], SeriesText]:
    starts = [start for start, _ in readers]

    def text(index: int) -> SeriesText:
        return readers[bisect_right(starts, index) - 1][1](spellings[index])

    return text


def _shown(name: bytes) -> str:
    text = name.decode("utf-8", "replace")[:_EXAMPLE_CHARACTERS]
    return "".join(character if character.isprintable() else "\ufffd" for character in text)
