"""From what clouds answered to a batch for the store, and when which poll is due."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from app.domains.metrics.rules.batch import Metadata, SampleBatch, TimeBounds
from app.domains.metrics.rules.builder import BatchBuilder
from app.domains.metrics.rules.series import SeriesRefused, canonical_form, series_key
from app.providers.base import PolledSeries

OVERLAP = timedelta(minutes=30)
"""How much is read again, for what clouds deliver late."""
FIRST_SPAN, LONGEST_SPAN = timedelta(hours=1), timedelta(hours=6)
DAILY_EVERY = timedelta(hours=6)
"""How often the metrics of which there is one value a day are asked for."""
_STALE_INTERVALS = 3


class PolledBatch(NamedTuple):
    """`targets` by the key of each series."""

    batch: SampleBatch
    targets: dict[bytes, str]


def make_batch(series: Sequence[PolledSeries], bounds: TimeBounds) -> PolledBatch:
    """The samples of polled series. Labels without a value are left out; a series that is refused is counted."""
    builder = BatchBuilder(bounds)
    targets: dict[bytes, str] = {}
    for one in series:
        labels = {"__name__": one.name, **{name: value for name, value in one.labels.items() if value}}
        parts = [text.encode("utf-8", "replace") for pair in sorted(labels.items()) for text in pair]
        try:
            form = canonical_form(parts, plain_names=True)
        except SeriesRefused as refusal:
            builder.refuse(str(refusal), len(one.points), one.name.encode("utf-8", "replace"))
            continue
        key = series_key(form)
        targets[key] = one.target
        index = builder.index_of(key, form)
        for at_ms, value in one.points:
            if builder.takes_time(at_ms):
                builder.add(index, at_ms, value)
                builder.counts.samples += 1
        builder.metadata[one.name] = Metadata("gauge", one.unit, "")
    return PolledBatch(builder.build(), targets)


def window_start(read_until: datetime | None, now: datetime) -> datetime:
    """Where a poll begins to read."""
    if read_until is None:
        return now - FIRST_SPAN
    return max(now - LONGEST_SPAN, min(read_until, now) - OVERLAP)


def is_daily_due(daily_read_at: datetime | None, now: datetime) -> bool:
    """Whether the metrics of a day are asked for by this poll."""
    return daily_read_at is None or now - daily_read_at >= DAILY_EVERY


def next_due(due_at: datetime | None, interval_seconds: int, now: datetime) -> datetime:
    """On the source's own rhythm, so that a poll that waited does not shift those to come; missed ones are left out."""
    interval = timedelta(seconds=interval_seconds)
    if due_at is None or due_at > now:
        return now + interval
    return due_at + interval * ((now - due_at) // interval + 1)


def is_stale(last_success_at: datetime | None, created_at: datetime, interval_seconds: int, now: datetime) -> bool:
    """Whether several polls in a row brought nothing."""
    since = last_success_at or created_at
    return now - since > timedelta(seconds=interval_seconds * _STALE_INTERVALS)


def metrics_per_hour(each_poll: int, each_day: int, interval_seconds: int) -> int:
    """Metrics asked for in an hour, rounded up: of each poll, and of those for the metrics of a day."""
    hourly = each_poll * 3_600 / interval_seconds + each_day * timedelta(hours=1) / max(
        DAILY_EVERY, timedelta(seconds=interval_seconds)
    )
    return -int(-hourly // 1)
