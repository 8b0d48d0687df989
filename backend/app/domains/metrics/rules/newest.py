"""What is known of each series' newest sample, in columns, and which of a request's samples are newer."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

NEVER = np.iinfo(np.int64).min
_LEAST = 1024


class Before(NamedTuple):
    """What stood at some places before a change, so that it can be taken back."""

    slots: NDArray[np.int64]
    at_ms: NDArray[np.int64]
    bits: NDArray[np.uint64]
    has_value: NDArray[np.bool_]


class Newest:
    """Per place of a series: its id in the store, the time of its newest sample, and the bits of the value if known."""

    def __init__(self) -> None:
        self.size = 0
        self.ids = np.zeros(_LEAST, np.int64)
        self.at_ms = np.full(_LEAST, NEVER, np.int64)
        self.bits = np.zeros(_LEAST, np.uint64)
        self.has_value = np.zeros(_LEAST, np.bool_)

    def add(
        self,
        ids: NDArray[np.int64],
        at_ms: NDArray[np.int64],
        bits: NDArray[np.uint64],
        has_value: NDArray[np.bool_],
    ) -> int:
        """Take places for these series; the first of them is returned, the others follow."""
        first, end = self.size, self.size + len(ids)
        if end > len(self.ids):
            capacity = max(end, 2 * len(self.ids))
            self.ids = np.resize(self.ids, capacity)
            self.at_ms = np.resize(self.at_ms, capacity)
            self.bits = np.resize(self.bits, capacity)
            self.has_value = np.resize(self.has_value, capacity)
        self.ids[first:end], self.at_ms[first:end] = ids, at_ms
        self.bits[first:end], self.has_value[first:end] = bits, has_value
        self.size = end
        return first

    def take_newer(
        self, slots: NDArray[np.int64], at_ms: NDArray[np.int64], bits: NDArray[np.uint64]
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_], Before]:
        """Note the samples that are newer than what is known.

        Returned: which these are, which repeat the newest to the bit, and what `take_back` needs. (slot, time) occurs
        once among the samples.
        """
        known = self.at_ms[slots]
        newer = at_ms > known
        repeated = (at_ms == known) & self.has_value[slots] & (bits == self.bits[slots])
        changed = slots[newer]
        before = Before(changed, known[newer], self.bits[changed], self.has_value[changed])
        times, values = at_ms[newer], bits[newer]
        order = np.argsort(times, kind="stable")  # of several of one series the last assigned stays
        self.at_ms[changed[order]] = times[order]
        self.bits[changed[order]] = values[order]
        self.has_value[changed] = True
        return newer, repeated, before

    def take_back(self, before: Before) -> None:
        """Undo `take_newer`; the last one first."""
        self.at_ms[before.slots] = before.at_ms
        self.bits[before.slots] = before.bits
        self.has_value[before.slots] = before.has_value
