"""Series that are made of one that was sent: counts, sums, buckets and quantiles of histograms and summaries."""

from decimal import Decimal
from functools import lru_cache

from app.domains.metrics.rules.batch import SeriesText
from app.domains.metrics.rules.builder import BatchBuilder
from app.domains.metrics.rules.series import KEY_BYTES, NAME_LABEL, SEPARATOR, SeriesCache, series_key, series_text

_MARK = b"\x01"  # first byte of the cache's spellings of derived series
_MOVED = b"exported_"  # before a label of the sender whose name is needed, as Prometheus does on scraping


class DerivedSeries:
    """Finds the places of derived series in one batch. Their words are made only when the store asks for them."""

    def __init__(self, builder: BatchBuilder, cache: SeriesCache) -> None:
        self._builder, self._cache = builder, cache
        self._forms: dict[bytes, bytes] = {}  # by the key of the series that was sent
        self._numbers: dict[bytes, int] = {}  # of the same
        self._reader = self._text

    def index(self, key: bytes, form: bytes, suffix: bytes, label: bytes = b"", value: bytes = b"") -> int:
        """The place of the series whose name has this suffix, and that has this label besides the others.

        `key` and `form` are those of the series that was sent. Raises TooLarge.
        """
        if key not in self._forms:
            self._builder.spend_text(len(form))
            self._forms[key] = form
            self._numbers[key] = len(self._numbers)
        spelling = _MARK + key + SEPARATOR.join((suffix, label, value))
        derived = self._cache.get(spelling)
        if derived is None:
            derived = series_key(self._derived_form(spelling))
            self._cache.add(spelling, derived)
        index = self._builder.index_of(derived, spelling, self._reader)
        self._builder.note_owner(index, self._numbers[key])
        return index

    def _text(self, spelling: bytes) -> SeriesText:
        return series_text(self._derived_form(spelling))

    def _derived_form(self, spelling: bytes) -> bytes:
        start = len(_MARK) + KEY_BYTES
        suffix, label, value = spelling[start:].split(SEPARATOR)
        parts = self._forms[spelling[len(_MARK) : start]].split(SEPARATOR)
        labels = dict(zip(parts[::2], parts[1::2], strict=True))
        labels[NAME_LABEL] += suffix
        if label:
            if label in labels:
                labels[_MOVED + label] = labels[label]
            labels[label] = value
        return SEPARATOR.join([part for pair in sorted(labels.items()) for part in pair])


@lru_cache(maxsize=4096)
def bound_text(bound: float) -> bytes:
    """A bucket's bound or a quantile as Prometheus' OTLP receiver writes it: 5, 0.005, +Inf."""
    if bound in (float("inf"), float("-inf")):
        return b"+Inf" if bound > 0 else b"-Inf"
    text = f"{Decimal(repr(bound)):f}"
    return (text.removesuffix(".0") if "." in text else text).encode()
