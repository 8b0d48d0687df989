"""One point of each of many series: how surprising it is, whether an alert begins, of what kind, what was expected.

Six signals of a point are ranked among the series' own past; their mean rarity, less what this hour of the day is used
to, is the surprise. So a score means much the same for a calm and for a restless series: 1 minus the geometric mean of
the shares of the past that were at least as extreme. Flat lines and gaps have rules of their own. Nothing is compared
with later points.

How the numbers were chosen: spans and sizes are round and were set once. Of rests between 72 and 576 points a day's 288
was kept, and of 0.1 to 0.3 for the step to a further alert 0.2, both on the AWS files of the Numenta Anomaly Benchmark.
The threshold is the middle of the range from 10^-2.0 to 10^-2.4 in which these files score alike (63 to 68 standard
without the discount of habits, which came later). All of it has thus seen these labels. The mean over six signals was
kept instead of the best choice among them: leaving out any one costs 0.4 to 3.3 points there.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from app.domains.metrics.rules.detector.history import FULL, Floats, forget_half, learn, rarity
from app.domains.metrics.rules.detector.signals import (
    DAY,
    HOUR,
    HOURS_3,
    LONG,
    SPANS,
    hour_of_week,
    learn_hour,
    measure,
    usual_value,
)
from app.domains.metrics.rules.detector.state import FIRST_POINTS, TAIL, DetectorState, Index

REACHED = 2.2
THRESHOLD = 1.0 - 10.0**-REACHED
"""The shipped threshold of the score, for every series: shares of 1 in 158 in the geometric mean."""
NAMED = 2.0
"""The surprise from which on a point's kind is told, for callers whose bar is lower than the shipped one."""
REST = 288
"""Points after an alert in which only a more surprising point begins another: a day at five minutes."""
WARM_UP = 60
STRONGER = 0.2

KINDS = ("", "spike", "dip", "level shift", "trend", "unusual variance", "flat line", "gap")
NONE, SPIKE, DIP, LEVEL_SHIFT, TREND, VARIANCE, FLAT, GAP = range(8)

KIND_OF_SIGNAL = np.array([SPIKE, LEVEL_SHIFT, LEVEL_SHIFT, LEVEL_SHIFT, SPIKE, VARIANCE], dtype=np.int8)
OLDER = 2.5
"""A step has most of its change in the last hours for as long as it is news; a slope has four times as much before."""


GAP_POINTS, FLAT_POINTS, LONGER = 6.0, 36.0, 3.0
CLEAR = 3.5
LATE_POINTS = 12
BAND_SHARE = 0.005
CHUNK = 1024
"""Series worked on at once: their states are copied, and stay in the processor's cache."""
FAR, LARGEST, MARGIN = 1e30, 1e300, 10.0


@dataclass(frozen=True)
class Verdicts:
    """One entry for each point given. Not-a-number in the band says that too little is known."""

    score: Floats
    leads: NDArray[np.bool_]
    begins: NDArray[np.bool_]
    kind: NDArray[np.int8]
    low: Floats
    high: Floats


def step(state: DetectorState, index: ArrayLike, values: ArrayLike, at: ArrayLike) -> Verdicts:
    """Judge one point of each series in `index` and learn it. `at` is in seconds since 1970.

    A value that is not finite is a missing point. A point not later than the one before is a repetition and changes
    nothing, unless so many follow that the sender's clock was set back. Raises ValueError when a series is named twice.
    """
    rows = np.asarray(index, dtype=np.intp)
    if len(rows) and np.bincount(rows, minlength=len(state)).max() > 1:
        raise ValueError("a series is named twice in one step")
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        return _judge(state, rows, np.asarray(values, dtype=np.float64), np.asarray(at, dtype=np.float64))


def _judge(state: DetectorState, rows: Index, values: Floats, at: Floats) -> Verdicts:
    count = len(rows)
    surprise, low, high = np.zeros(count), np.full(count, np.nan), np.full(count, np.nan)
    kind = np.zeros(count, dtype=np.int8)
    fresh, gaps = _accept_clock(state, rows, at, np.isfinite(values))
    ready = _collect_first(state, rows, values, fresh & np.isfinite(values))
    places = np.flatnonzero(ready)
    for chosen in (places[start : start + CHUNK] for start in range(0, len(places), CHUNK)):
        part = state.take(rows[chosen])
        surprise[chosen], kind[chosen], low[chosen], high[chosen] = _judge_values(part, values[chosen], at[chosen])
        state.put(rows[chosen], part)
    surprise[gaps], kind[gaps] = np.maximum(surprise[gaps], CLEAR), GAP
    score = 1.0 - 10.0**-surprise
    leads = _lead(state, rows, surprise, fresh)
    named = np.where(surprise >= NAMED, kind, NONE).astype(np.int8)
    return Verdicts(score, leads, leads & (score >= THRESHOLD), named, low, high)


def _accept_clock(
    state: DetectorState, rows: Index, at: Floats, present: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """Which points are later than the one before, and the places where a silence has just become a gap.

    A clock that stays back is believed after some points. A gap is some intervals long, and far longer than any before.
    """
    last_at, late, valid_at = state.floats("last_at"), state.floats("late"), state.floats("valid_at")
    interval, record = state.floats("interval"), state.floats("gap_record")
    before = last_at[rows]
    late[rows] = np.where(at > before, 0.0, late[rows] + (at < before))
    fresh: NDArray[np.bool_] = np.isfinite(at) & ((at > before) | (late[rows] > LATE_POINTS))
    set_back = fresh & ~(at > before)
    late[rows[set_back]], valid_at[rows[set_back]] = 0.0, -np.inf
    last_at[rows[fresh]] = at[fresh]

    since, usual = valid_at[rows], interval[rows]
    silent = fresh & np.isfinite(since)
    passed = np.where(silent, at - np.where(silent, since, 0.0), 0.0)
    points = np.where(usual > 0, passed / np.maximum(usual, 1e-9), 0.0)
    earlier = np.where(usual > 0, (before - since) / np.maximum(usual, 1e-9), 0.0)
    limit = np.maximum(GAP_POINTS, LONGER * record[rows])
    gaps = np.flatnonzero((state.counts("seen")[rows] >= WARM_UP) & silent & (points >= limit) & ~(earlier >= limit))

    valid = fresh & present
    moved = np.where(usual > 0, usual + 0.05 * (np.clip(passed, 0.5 * usual, 2.0 * usual) - usual), passed)
    learned = valid & (passed > 0)
    interval[rows[learned]] = moved[learned]
    record[rows[valid]] = np.maximum(record[rows], points)[valid]
    valid_at[rows[valid]] = at[valid]
    return fresh, gaps


def _collect_first(state: DetectorState, rows: Index, values: Floats, valid: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which points can be judged. The first sixteen only give centre and scale, by median: one wild value is none."""
    collected, first = state.counts("collected"), state.floats("first")
    early = np.flatnonzero(valid & (collected[rows] < FIRST_POINTS))
    where = rows[early]
    first[where, collected[where]] = values[early]
    collected[where] += 1
    done = where[collected[where] == FIRST_POINTS]
    if len(done):
        half = FIRST_POINTS // 2
        centre = np.sort(first[done], axis=1)[:, half]
        spread = np.sort(np.abs(first[done] - centre[:, None]), axis=1)[:, half]
        scale = np.maximum(np.minimum(spread, LARGEST), 1e-6 * np.abs(centre))
        state.floats("centre")[done] = centre
        state.floats("scale")[done] = np.where(scale > 0, scale, 1.0)
    ready = valid.copy()
    ready[early] = False
    return ready


def _judge_values(part: DetectorState, values: Floats, at: Floats) -> tuple[Floats, NDArray[np.int8], Floats, Floats]:
    """Surprise, kind and band of points of series whose scale is known; `part` learns them."""
    scaled = _normalise(part, values)
    hour = hour_of_week(at)
    usual = usual_value(part, hour)
    low, high = _band(part, usual)
    seen, middle = part.counts("seen"), part.floats("middle")
    tolerance = 1e-6 * (part.floats("highest") - part.floats("lowest")) + 1e-12
    signals = measure(part, scaled, usual)
    history = part.signal_history()
    rare = rarity(history, signals, middle, seen, tolerance)
    learn(history, signals, seen)
    middle += np.maximum(1.0 / (seen[:, None] + 1.0), 2.0 / (SPANS[LONG] + 1.0)) * (signals - middle)
    surprise = _discount_habit(part, rare.mean(axis=1), at)
    kind = _name_kind(part, rare, scaled < usual)
    flat = _find_flat(part, scaled, tolerance)
    surprise[flat], kind[flat] = np.maximum(surprise[flat], CLEAR), FLAT
    learn_hour(part, hour, scaled)
    seen += 1
    _forget(part)
    return surprise, kind, low, high


def _name_kind(part: DetectorState, rare: Floats, below: NDArray[np.bool_]) -> NDArray[np.int8]:
    """What the rarest signal says. A change of the mean is a trend when most of it is older than the last hours."""
    kind: NDArray[np.int8] = KIND_OF_SIGNAL[np.argmax(rare, axis=1)]
    kind[(kind == SPIKE) & below] = DIP
    means = part.floats("means")
    recent, older = np.abs(means[:, HOUR] - means[:, HOURS_3]), np.abs(means[:, HOURS_3] - means[:, DAY])
    moved = kind == LEVEL_SHIFT
    kind[moved & (older > OLDER * recent)] = TREND
    return kind


def _discount_habit(part: DetectorState, mean_rarity: Floats, at: Floats) -> Floats:
    """The surprise: the mean rarity, less what this hour of the day exceeds the other hours by, day after day.

    A timer's spike at three each night is rare among all points and yet no news. Each hour's habit moves a third of the
    way to the day's highest mean rarity in that hour.
    """
    now, peak, habit = part.floats("hour_now"), part.floats("hour_peak"), part.floats("hour_habit")
    rows, hour = np.arange(len(at)), np.floor(at / 3600.0)
    over = np.flatnonzero((hour != now) & np.isfinite(now))
    past = (now[over] % 24).astype(np.intp)
    habit[over, past] += (peak[over] - habit[over, past]) / 3.0
    peak[hour != now] = 0.0
    now[:] = hour
    excess = habit[rows, (hour % 24).astype(np.intp)] - habit.mean(axis=1)
    known = part.counts("seen") >= WARM_UP
    np.maximum(peak, np.where(known, mean_rarity, 0.0), out=peak)
    return np.where(known, np.maximum(mean_rarity - np.maximum(excess, 0.0), 0.0), 0.0)


def _find_flat(part: DetectorState, scaled: Floats, tolerance: Floats) -> NDArray[np.intp]:
    """Places where a series that used to move has just stood still for far longer than ever."""
    run, record, value = part.floats("flat_run"), part.floats("flat_record"), part.floats("flat_value")
    still = np.abs(scaled - value) <= tolerance
    record[~still] = np.maximum(record, run)[~still]
    run[:] = np.where(still, run + 1.0, 0.0)
    value[~still] = scaled[~still]
    limit = np.maximum(FLAT_POINTS, np.ceil(LONGER * record))
    return np.flatnonzero((run == limit) & (part.counts("seen") - run >= WARM_UP))


def _forget(part: DetectorState) -> None:
    """Halve the past of series whose histories are full, so that they follow what a series has become."""
    full = np.flatnonzero(part.counts("seen") >= FULL)
    if len(full):
        forget_half(part.signal_history(), full)
        part.counts("seen")[full] = FULL // 2
        for name in ("gap_record", "flat_record", "lowest", "highest"):
            part.floats(name)[full] *= 0.5


def _band(part: DetectorState, usual: Floats) -> tuple[Floats, Floats]:
    """What was expected of the next point: the usual value and the deviations that all but one in a hundred kept to."""
    seen = part.counts("seen")
    place = np.minimum((BAND_SHARE * seen).astype(np.intp), TAIL - 1)
    rows = np.arange(len(seen))
    centre, scale = part.floats("centre"), part.floats("scale")
    known = seen >= WARM_UP
    low = centre + scale * (usual + part.singles("smallest")[rows, 0, place])
    high = centre + scale * (usual + part.singles("largest")[rows, 0, place])
    return np.where(known, low, np.nan), np.where(known, high, np.nan)


def _lead(state: DetectorState, rows: Index, surprise: Floats, fresh: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which points are more surprising than all in the rest before them: the one debounce, whatever the threshold.

    After an alert they must be 1.6 times as rare (10^0.2), or each point of a slow climb would begin another.
    """
    since, peak = state.floats("since_begin"), state.floats("peak")
    passed = since[rows] + fresh
    bar = peak[rows] + np.where(peak[rows] >= REACHED, STRONGER, 0.0)
    leads: NDArray[np.bool_] = fresh & (surprise > 0) & ((passed > REST) | (surprise > bar))
    since[rows] = np.where(leads, 0.0, passed)
    peak[rows[leads]] = surprise[leads]
    return leads


def _normalise(part: DetectorState, values: Floats) -> Floats:
    """Values in the series' own scale, kept near what it has shown: one wild value moves no mean far."""
    lowest, highest = part.floats("lowest"), part.floats("highest")
    scaled = np.clip((values - part.floats("centre")) / part.floats("scale"), -FAR, FAR)
    room = MARGIN * np.maximum(highest - lowest, 1.0)
    kept: Floats = np.clip(scaled, lowest - room, highest + room)
    lowest[:], highest[:] = np.minimum(lowest, kept), np.maximum(highest, kept)
    return kept
