"""What a series has shown so far, in constant memory: how rare is a value among its own past.

A history holds the exact largest and smallest values and a fair sample of the rest. The rarity of a value is
-log10 of the share of the past at least as extreme (conformal rank), so it needs no distribution and no unit. Beyond
everything seen, rank alone cannot tell far from near: the distance past the record is added, measured in the record's
own distance from the middle.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Counts = NDArray[np.int64]

FULL = 8192
"""Points after which a history forgets half: 14 to 28 days at five minutes."""


@dataclass(frozen=True)
class History:
    """Histories of N series with F values each: `sample` is N × F × S, `largest` and `smallest` N × F × K, sorted.

    The tails run from the most extreme inwards. Unused places hold -inf in `sample` and `largest`, inf in `smallest`.
    """

    sample: Singles
    largest: Singles
    smallest: Singles | None


def rarity(history: History, values: Floats, middle: Floats, seen: Counts, tolerance: Floats) -> Floats:
    """N × F rarities of `values` (N × F): 0 for the ordinary, 3 for one point in a thousand, more beyond the record.

    `middle` is the usual value (N × F), `seen` the weight of the past in points (N), `tolerance` the difference that
    counts as none (N).
    """
    count = seen[:, None].astype(np.float64)
    slack = tolerance[:, None]
    low = (values - slack).astype(np.float32)
    found = _one_side(history.largest, history.sample, low, middle, count)
    if history.smallest is not None:
        high = (values + slack).astype(np.float32)
        found = np.maximum(found, _one_side(-history.smallest, -history.sample, -high, -middle, count))
    return found


def _one_side(tail: Singles, sample: Singles, values: Singles, middle: Floats, count: Floats) -> Floats:
    held = np.isfinite(sample)
    at_least = ((sample >= values[..., None]) & held).sum(axis=2) / np.maximum(held.sum(axis=2), 1) * count
    exact = (tail >= values[..., None]).sum(axis=2)
    above = np.where(values > tail[..., -1], exact, np.maximum(at_least, tail.shape[2]))
    record = tail[..., 0].astype(np.float64)
    known = np.isfinite(record)
    reach = np.where(known, record, 0.0) - middle
    beyond = np.where(known, values - np.where(known, record, 0.0), 0.0)
    room = np.maximum(reach, 1e-6 * np.abs(beyond) + 1e-30)
    extra = np.log2(1.0 + np.maximum(beyond, 0.0) / room)
    found: Floats = np.maximum(np.log10((count + 1.0) / (np.minimum(above, count) + 1.0)), 0.0)
    return found + np.minimum(extra, LIMIT)


LIMIT = 8.0
"""The most that the distance past the record adds: two to the eighth of the record's own distance."""


def learn(history: History, values: Floats, seen: Counts) -> None:
    """Put `values` (N × F) into the histories; `seen` (N) is the weight before them."""
    singles = values.astype(np.float32)
    _sample(history.sample, singles, seen)
    _insert(history.largest, singles)
    if history.smallest is not None:
        _insert_smallest(history.smallest, singles)


def _sample(sample: Singles, values: Singles, seen: Counts) -> None:
    """Fill the places in turn, then replace one with the probability that keeps the sample fair (reservoir sampling).

    The draw is a hash of the count, so that a state read back continues exactly alike.
    """
    places = sample.shape[2]
    mixed = (seen.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(31))) * np.uint64(0x94D049BB133111EB)
    drawn = ((mixed >> np.uint64(33)) % np.maximum(seen, 1).astype(np.uint64)).astype(np.int64)
    place = np.where(seen < places, seen, drawn)
    rows = np.flatnonzero(place < places)
    sample[rows, :, place[rows]] = values[rows]


def _insert(tail: Singles, values: Singles) -> None:
    """Keep the largest, in falling order."""
    rows, columns = np.nonzero(values > tail[..., -1])
    if len(rows):
        held, new = tail[rows, columns], values[rows, columns][:, None]
        moved = np.concatenate([np.full_like(new, np.inf), held[:, :-1]], axis=1)
        tail[rows, columns] = np.maximum(held, np.minimum(moved, new))


def _insert_smallest(tail: Singles, values: Singles) -> None:
    """Keep the smallest, in rising order."""
    rows, columns = np.nonzero(values < tail[..., -1])
    if len(rows):
        held, new = tail[rows, columns], values[rows, columns][:, None]
        moved = np.concatenate([np.full_like(new, -np.inf), held[:, :-1]], axis=1)
        tail[rows, columns] = np.minimum(held, np.maximum(moved, new))


def forget_half(history: History, rows: NDArray[np.intp]) -> None:
    """Halve the past of some series: every second extreme goes, the record first, so that no record lasts for ever.

    The freed places repeat the innermost value: only what lies beyond it is known exactly, and only that is inserted.
    """
    for tail in (history.largest, history.smallest):
        if tail is not None:
            half = tail.shape[2] // 2
            tail[rows, :, :half] = tail[rows, :, 1::2]
            tail[rows, :, half:] = tail[rows, :, half - 1 : half]
