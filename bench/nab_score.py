"""The Numenta Anomaly Benchmark's files and scoring, from its description; knows nothing of the detector it measures.

Rows are counted from 0. A detection is a row whose score reaches the threshold. Source: github.com/numenta/NAB 1.1 and
Lavin and Ahmad, Evaluating Real-Time Anomaly Detection Algorithms (2015).
"""

import csv
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

PROBATION_SHARE, PROBATION_ROWS = 0.15, 750
LEFT_EDGE = 2.0 / (1.0 + math.exp(-5.0)) - 1.0
"""The sigmoid at the first row of a window, by which every credit is divided."""


@dataclass(frozen=True)
class Profile:
    """What a found window earns, a missed one and a false row cost."""

    name: str
    found: float
    missed: float
    false: float


PROFILES = (
    Profile("standard", 1.0, 1.0, 0.11),
    Profile("reward_low_FP_rate", 1.0, 1.0, 0.22),
    Profile("reward_low_FN_rate", 1.0, 2.0, 0.11),
)


@dataclass(frozen=True)
class Series:
    """One file: `at` in seconds since 1970 (UTC), `values`, and `windows` as first and last row, both inclusive."""

    name: str
    at: NDArray[np.float64]
    values: NDArray[np.float64]
    windows: tuple[tuple[int, int], ...]

    @property
    def probation(self) -> int:
        """How many of the first rows count neither for nor against."""
        return min(int(PROBATION_SHARE * len(self.values)), PROBATION_ROWS)


@dataclass(frozen=True)
class Score:
    """Of a corpus at one threshold: raw, and normalised so that never firing is 0 and perfect is 100."""

    raw: float
    normalised: float
    threshold: float
    found: int
    missed: int
    false_rows: int


def load_corpus(folder: Path) -> list[Series]:
    """Every labelled file of a folder in the benchmark's own layout, in the order of their names.

    The windows are in `windows.json` or, in a checkout of the benchmark, `labels/combined_windows.json`.
    Raises FileNotFoundError.
    """
    labels = folder / "windows.json"
    if not labels.is_file():
        labels = folder / "labels" / "combined_windows.json"
    listed: dict[str, list[list[str]]] = json.loads(labels.read_text())
    return [_load_file(folder / "data" / name, name, listed[name]) for name in sorted(listed)]


def _load_file(path: Path, name: str, listed: list[list[str]]) -> Series:
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    at = np.array([_instant(row["timestamp"]) for row in rows])
    values = np.array([float(row["value"]) for row in rows])
    windows = []
    for start, end in listed:
        inside = np.flatnonzero((at >= _instant(start)) & (at <= _instant(end)))
        if len(inside):
            windows.append((int(inside[0]), int(inside[-1])))
    return Series(name, at, values, tuple(windows))


def _instant(written: str) -> float:
    return datetime.fromisoformat(written).replace(tzinfo=UTC).timestamp()


def sigmoid(position: float) -> float:
    """The value of a detection at a position: nearly 1 at a window's first row (-1), 0 at its end, -1 beyond 3."""
    return -1.0 if position > 3.0 else 2.0 / (1.0 + math.exp(5.0 * position)) - 1.0


def row_values(series: Series) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """What each row is worth if detected, before the weights, and the number of its window, or -1 outside.

    Inside a window 1 at its first row, falling to the right; outside between 0 and -1; in the probation 0.
    """
    worth = np.full(len(series.values), -1.0)
    window_of = np.full(len(series.values), -1, dtype=np.int64)
    for number, (first, last) in enumerate(series.windows):
        width = last - first + 1
        for row in range(first, last + 1):
            worth[row] = sigmoid(-(last - row + 1) / width) / LEFT_EDGE
            window_of[row] = number
        following = series.windows[number + 1][0] if number + 1 < len(series.windows) else len(worth)
        for row in range(last + 1, following):
            worth[row] = sigmoid((row - last) / (width - 1)) if width > 1 else -1.0
    worth[: series.probation] = 0.0
    return worth, window_of


def score_at(
    corpus: Sequence[Series], scores: Mapping[str, NDArray[np.float64]], profile: Profile, threshold: float
) -> Score:
    """The corpus's score with one threshold for all files; `scores` has one array for each file, by its name."""
    raw, found, missed, false_rows = 0.0, 0, 0, 0
    for series in corpus:
        worth, window_of = row_values(series)
        detected = scores[series.name] >= threshold
        detected[: series.probation] = False
        for number in range(len(series.windows)):
            earned = worth[detected & (window_of == number)]
            raw += profile.found * float(earned.max()) if len(earned) else -profile.missed
            found, missed = found + bool(len(earned)), missed + (not len(earned))
        outside = detected & (window_of < 0)
        raw += profile.false * float(worth[outside].sum())
        false_rows += int(outside.sum())
    return Score(raw, normalise(raw, found + missed, profile), threshold, found, missed, false_rows)


def normalise(raw: float, windows: int, profile: Profile) -> float:
    """Between a detector that never fires, 0, and the perfect one, 100; a corpus without windows has only 0."""
    null, perfect = -profile.missed * windows, profile.found * windows
    return 100.0 * (raw - null) / (perfect - null) if windows else 0.0


def best_threshold(corpus: Sequence[Series], scores: Mapping[str, NDArray[np.float64]], profile: Profile) -> Score:
    """The score at the threshold that is best on these very labels, as the benchmark reports it.

    Every distinct score is tried once, from the highest: a row that newly counts costs its false value or raises its
    window's best.
    """
    parts, numbers, values = [], [], []
    windows = 0
    for series in corpus:
        worth, window_of = row_values(series)
        counted = slice(series.probation, None)
        values.append(worth[counted])
        numbers.append(np.where(window_of >= 0, window_of + windows, -1)[counted])
        parts.append(scores[series.name][counted])
        windows += len(series.windows)
    score, number, worth = np.concatenate(parts), np.concatenate(numbers), np.concatenate(values)
    order = np.argsort(-score, kind="stable")
    raw, best_raw, best_threshold = -profile.missed * windows, -profile.missed * windows, math.inf
    credit: dict[int, float] = {}
    for place, row in enumerate(order):
        window = int(number[row])
        if window < 0:
            raw += profile.false * worth[row]
        elif worth[row] > credit.get(window, -math.inf):
            raw += (
                profile.found * (worth[row] - credit[window])
                if window in credit
                else (profile.missed + profile.found * worth[row])
            )
            credit[window] = worth[row]
        last_of_equals = place + 1 == len(order) or score[order[place + 1]] != score[row]
        if last_of_equals and raw > best_raw:
            best_raw, best_threshold = raw, float(score[row])
    return score_at(corpus, scores, profile, best_threshold)
