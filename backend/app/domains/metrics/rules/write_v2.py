"""Remote-Write 2.0 taken apart (`wire_formats.md`, section 3.2).

Labels are references into a table of symbols that is new in each request, so a series is looked up by its symbols.
Series with one sample, as Prometheus sends them, are taken in columns, see `simple_v2`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.core.errors import MalformedBody
from app.domains.metrics.rules.batch import SeriesText
from app.domains.metrics.rules.builder import MAX_ELEMENTS, BatchBuilder
from app.domains.metrics.rules.derived import DerivedSeries
from app.domains.metrics.rules.series import (
    MAX_LABELS,
    MAX_SERIES_BYTES,
    MAX_VALUE_BYTES,
    NAME_LABEL,
    SEPARATOR,
    SeriesCache,
    SeriesRefused,
    canonical_form,
    series_key,
    series_text,
)
from app.domains.metrics.rules.simple_v2 import SimpleSeries, find_simple
from app.domains.metrics.rules.wire import check_element_count, message_classes, parse
from app.domains.metrics.rules.write_parts import add_contents, add_metadata, type_name

_MESSAGES = message_classes(
    "cloudops.write2",
    {
        "Request": "4:bytes* symbols, 5:bytes* series",
        "Sample": "1:double value, 2:int64 at_ms",
        "Series": "1:uint32* refs, 2:Sample* samples, 3:bytes* histograms, 4:bytes* exemplars, 5:bytes metadata",
        "Exemplar": "1:uint32* refs, 2:double value, 3:int64 at_ms",
        "Metadata": "1:int32 type, 3:uint32 help_ref, 4:uint32 unit_ref",
    },
)
_BAD_REFERENCE = "a reference to a symbol that is not there"
_SUFFIXED_TYPES = frozenset({"histogram", "gaugehistogram", "summary"})
_SUFFIXES = (b"_bucket", b"_count", b"_sum")


def read_v2(body: bytes, builder: BatchBuilder, cache: SeriesCache) -> None:
    """Read a Request into the builder. Raises MalformedBody and TooLarge."""
    check_element_count(body, MAX_ELEMENTS)
    request = parse(_MESSAGES["Request"], body)
    symbols: list[bytes] = list(request.symbols)
    if symbols and symbols[0]:
        raise MalformedBody("The first symbol must be the empty string.")
    reader = _Reader(symbols, builder, cache)
    raws: list[bytes] = list(request.series)
    simple = find_simple(raws, reader.is_good)
    for raw in reader.read_simple(simple, raws) if simple else raws:
        reader.read(raw)


class _Reader:
    """Takes the series of one request. `is_good`: which symbols a label may be, short and without the separator."""

    def __init__(self, symbols: list[bytes], builder: BatchBuilder, cache: SeriesCache) -> None:
        self._symbols, self._builder, self._cache = symbols, builder, cache
        self._derived = DerivedSeries(builder, cache)
        self._told: set[tuple[bytes, bytes]] = set()  # (name, metadata) of series seen in this request
        self._lengths = np.fromiter(map(len, symbols), np.int64, len(symbols))
        self.is_good: NDArray[np.bool_] = self._lengths <= MAX_VALUE_BYTES
        if SEPARATOR in b"".join(symbols):
            self.is_good &= np.array([SEPARATOR not in symbol for symbol in symbols], np.bool_)

    def read_simple(self, simple: SimpleSeries, raws: list[bytes]) -> Sequence[bytes]:
        """Take good series with one sample; the others are returned. Raises TooLarge."""
        # A few long symbols can be referred to by every series: what that would unfold to is known before.
        self._builder.spend_text(int(self._lengths[simple.refs].sum()) + len(simple.refs))
        parts = list(map(self._symbols.__getitem__, simple.refs.tolist()))
        ends = simple.ref_ends.tolist()
        # The separator at the beginning tells it from other protocols' spellings in the cache.
        spellings = [SEPARATOR + SEPARATOR.join(parts[start:end]) for start, end in zip([0, *ends], ends, strict=False)]
        keys = [
            self._learn(spelling) if key is None else key
            for spelling, key in zip(spellings, self._cache.find(spellings), strict=True)
        ]
        self._builder.take_columns(keys, spellings, _spelling_text, simple.at_ms, simple.values)
        for name, metadata in set(zip(self._names(simple), simple.metadata, strict=True)):
            self._add_metadata(name, metadata)
        left = np.ones(len(raws), np.bool_)
        left[[place for place, key in zip(simple.places.tolist(), keys, strict=True) if key is not None]] = False
        return [raws[place] for place in np.flatnonzero(left).tolist()]

    def _names(self, simple: SimpleSeries) -> list[bytes]:
        """The metric's name of each series, empty where it stands under a second symbol of the same text."""
        names = [b""] * len(simple.places)
        if NAME_LABEL in self._symbols:
            places = np.flatnonzero(simple.refs[::2] == self._symbols.index(NAME_LABEL))
            owners = np.searchsorted(simple.ref_ends // 2, places, side="right")
            for owner, ref in zip(owners.tolist(), simple.refs[places * 2 + 1].tolist(), strict=True):
                names[owner] = self._symbols[ref]
        return names

    def _learn(self, spelling: bytes) -> bytes | None:
        """The key of a series that is new to the cache, if its labels are good; what is wrong is told elsewhere."""
        form = spelling[1:]
        try:
            canonical_form(form.split(SEPARATOR), plain_names=False)
        except SeriesRefused:
            return None
        key = series_key(form)
        self._cache.add(spelling, key)
        return key

    def read(self, raw: bytes) -> None:
        """Take one series of any shape. Raises MalformedBody and TooLarge."""
        check_element_count(raw, MAX_ELEMENTS)
        series = parse(_MESSAGES["Series"], raw)
        contents = len(series.samples) + len(series.exemplars) + len(series.histograms)
        self._builder.spend_elements(contents)
        exemplars = [parse(_MESSAGES["Exemplar"], exemplar) for exemplar in series.exemplars]
        parts: list[bytes] = []
        try:
            parts = self._parts(series.refs)
            form = canonical_form(parts, plain_names=False)
            if bool(series.samples) == bool(series.histograms):
                raise SeriesRefused("a series with samples and histograms, or with neither")
        except SeriesRefused as refusal:
            self._builder.refuse(str(refusal), max(1, contents), _name_in(parts))
            return
        self._builder.spend_text(len(form))
        times = [exemplar.at_ms for exemplar in exemplars if self._has_good_labels(exemplar)]
        add_contents(self._builder, self._derived, series_key(form), form, series, times, _name_in(parts))
        self._add_metadata(_name_in(parts), series.metadata)

    def _parts(self, refs: Any) -> list[bytes]:
        """Names and values, alternating. Raises SeriesRefused."""
        if len(refs) % 2:
            raise SeriesRefused("labels that are not pairs of a name and a value")
        if len(refs) > 2 * MAX_LABELS:
            raise SeriesRefused(f"more than {MAX_LABELS} labels")
        places = list(refs)
        if any(place >= len(self._symbols) for place in places):
            raise SeriesRefused(_BAD_REFERENCE)
        if not self.is_good[places].all():
            raise SeriesRefused(f"a label longer than {MAX_VALUE_BYTES} bytes, or not UTF-8 text")
        if int(self._lengths[places].sum()) > MAX_SERIES_BYTES:
            raise SeriesRefused(f"labels longer than {MAX_SERIES_BYTES} bytes together")
        return [self._symbols[place] for place in places]

    def _has_good_labels(self, exemplar: Any) -> bool:
        if len(exemplar.refs) % 2 or any(ref >= len(self._symbols) for ref in exemplar.refs):
            self._builder.refuse(_BAD_REFERENCE)
            return False
        return True

    def _add_metadata(self, name: bytes, raw: bytes) -> None:
        if not name or not raw or (name, raw) in self._told:
            return
        self._told.add((name, raw))
        told = parse(_MESSAGES["Metadata"], raw)
        if told.help_ref >= len(self._symbols) or told.unit_ref >= len(self._symbols):
            return  # the samples are good, and nothing of them depends on it
        kind = type_name(told.type)
        if kind == "unknown" and not told.help_ref and not told.unit_ref:
            return  # Prometheus writes an empty one where it knows nothing
        if kind in _SUFFIXED_TYPES:
            name = name.removesuffix(next((suffix for suffix in _SUFFIXES if name.endswith(suffix)), b""))
        add_metadata(self._builder, name, (kind, self._symbols[told.unit_ref], self._symbols[told.help_ref]))


def _name_in(parts: list[bytes]) -> bytes:
    return dict(zip(parts[::2], parts[1::2], strict=True)).get(NAME_LABEL, b"")


def _spelling_text(spelling: bytes) -> SeriesText:
    return series_text(spelling[1:])
