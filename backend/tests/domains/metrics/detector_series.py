"""Made series for the detector's tests, and a plain way to run one; knows only the detector's public names."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from app.domains.metrics.rules.detector import KINDS, DetectorState, step
from numpy.typing import NDArray

MINUTES_5 = 300.0
MONDAY = 1_714_953_600.0
"""2024-05-06 00:00 UTC."""

Floats = NDArray[np.float64]


@dataclass
class Run:
    """The verdicts of one series in order; `begun` maps the place of each begin to its kind."""

    score: Floats
    low: Floats
    high: Floats
    begun: dict[int, str]


def noise(points: int, seed: int = 1, centre: float = 50.0, spread: float = 2.0) -> Floats:
    return centre + spread * np.random.default_rng(seed).standard_normal(points)


def daily(points: int, seed: int = 1, interval: float = MINUTES_5) -> Floats:
    """High by day and low by night, on all days alike, with some noise."""
    hour = (np.arange(points) * interval / 3600.0) % 24.0
    return noise(points, seed, centre=100.0) + np.where((hour >= 8) & (hour < 18), 60.0, 0.0)


def instants(points: int, interval: float = MINUTES_5) -> Floats:
    return np.array(MONDAY + interval * np.arange(points), dtype=np.float64)


def run_together(series: Mapping[str, tuple[Floats, Floats]]) -> dict[str, Run]:
    """The runs of several series of values and instants, a step taking the next point of each that has one."""
    names, columns = list(series), list(series.values())
    lengths = np.array([len(values) for values, _ in columns])
    state = DetectorState.new(len(columns))
    runs = [Run(np.zeros(length), np.zeros(length), np.zeros(length), {}) for length in lengths]
    for place in range(int(lengths.max())):
        index = np.flatnonzero(lengths > place)
        values = [columns[number][0][place] for number in index]
        at = [columns[number][1][place] for number in index]
        verdicts = step(state, index, values, at)
        for row, number in enumerate(index):
            found = runs[number]
            found.score[place] = verdicts.score[row]
            found.low[place], found.high[place] = verdicts.low[row], verdicts.high[row]
            if verdicts.begins[row]:
                found.begun[place] = KINDS[verdicts.kind[row]]
    return dict(zip(names, runs, strict=True))
