"""What both versions of Remote-Write share: samples, histograms and exemplars of one series, and metadata."""

from collections.abc import Sequence
from typing import Any

from app.domains.metrics.rules.batch import Metadata
from app.domains.metrics.rules.builder import OTHER_VALUE, TOO_NEW, BatchBuilder
from app.domains.metrics.rules.derived import DerivedSeries
from app.domains.metrics.rules.distributions import add_distribution
from app.domains.metrics.rules.native_histograms import HistogramRefused, read_histogram
from app.domains.metrics.rules.series import MAX_NAME_BYTES

OUT_OF_ORDER = "samples of a series that go back in time"
_MAX_HELP, _MAX_UNIT = 1024, 64  # characters
_MAX_FAMILIES = 20_000
# The numbers of both versions.
_TYPES = ("unknown", "counter", "gauge", "histogram", "gaugehistogram", "summary", "info", "stateset")


def type_name(number: int) -> str:
    """The word for a metadata type; a number that we do not know is unknown."""
    return _TYPES[number] if 0 <= number < len(_TYPES) else _TYPES[0]


def add_metadata(builder: BatchBuilder, family: bytes, told: tuple[str, bytes, bytes]) -> None:
    """Keep type, unit and help of a family, unless there are absurdly many. They are no samples: nothing is refused."""
    if not 0 < len(family) <= MAX_NAME_BYTES or len(builder.metadata) >= _MAX_FAMILIES:
        return
    kind, unit, help_text = told
    builder.metadata[_text(family, MAX_NAME_BYTES)] = Metadata(
        kind, _text(unit, _MAX_UNIT), _text(help_text, _MAX_HELP)
    )


def _text(raw: bytes, most: int) -> str:
    return raw[: most * 4].decode("utf-8", "replace").replace("\x00", "\ufffd")[:most]


def add_contents(
    builder: BatchBuilder,
    derived: DerivedSeries,
    key: bytes,
    form: bytes,
    series: Any,
    exemplar_times: Sequence[int],
    example: bytes,
) -> None:
    """Add what stands under one series, a message with `samples`, `histograms` (bytes) and `exemplars`.

    Exemplars are counted and not kept. Raises MalformedBody and TooLarge.
    """
    if series.samples:
        _add_samples(builder, builder.index_of(key, form), series.samples, example)
    if series.histograms:
        _add_histograms(builder, derived, key, form, series.histograms, example)
    for at_ms in exemplar_times:  # old ones need no place, because none is kept
        if at_ms > builder.bounds.newest_ms:
            builder.refuse(TOO_NEW, 1, example)
        else:
            builder.counts.exemplars += 1


def _add_samples(builder: BatchBuilder, index: int, samples: Any, example: bytes) -> None:
    latest: int | None = None
    for sample in samples:
        at_ms = sample.at_ms
        if latest is not None and at_ms < latest:
            builder.refuse(OUT_OF_ORDER, 1, example)
        elif builder.takes_time(at_ms, 1, example):
            builder.add(index, at_ms, sample.value)
            builder.counts.samples += 1
            latest = at_ms


def _add_histograms(
    builder: BatchBuilder, derived: DerivedSeries, key: bytes, form: bytes, raws: Sequence[bytes], example: bytes
) -> None:
    latest: int | None = None
    for raw in raws:
        try:
            at_ms, distribution = read_histogram(raw)
        except HistogramRefused as refusal:
            builder.refuse(str(refusal), 1, example)
            continue
        if latest is not None and at_ms < latest:
            builder.refuse(OUT_OF_ORDER, 1, example)
        elif builder.takes_time(at_ms, 1, example):
            latest = at_ms
            twin = builder.histograms.setdefault((key, at_ms), raw)
            if twin is raw:
                add_distribution(builder, derived, key, form, at_ms, distribution)
            elif twin != raw:
                builder.refuse(OTHER_VALUE, 1, example)
                continue
            builder.counts.histograms += 1
