"""Service level objectives: what share of events was good, what is left of the error budget, and how fast it burns.

A burn rate of 1 uses the whole budget in exactly the objective's window. Windows and shares are those of Google's SRE
Workbook, chapter 5: a burn counts where both the long window, so that it matters, and the short one, so that it goes
on, are above the factor.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Operator = Literal["<", "<=", ">", ">="]
Severity = Literal["page", "ticket"]
MAX_WINDOW = timedelta(days=90)
_COMPARE: dict[str, Callable[[NDArray[np.float64], float], NDArray[np.bool_]]] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}


class BurnWindow(NamedTuple):
    """A pair of windows, and the share of the budget that must be used up in the long one."""

    long: timedelta
    short: timedelta
    budget_share: float
    severity: Severity

    def factor(self, window: timedelta) -> float:
        """The burn rate from which it counts: 14.4, 6, 3 and 1 for 30 days."""
        return self.budget_share * (window / self.long)


BURN_WINDOWS = (
    BurnWindow(timedelta(hours=1), timedelta(minutes=5), 0.02, "page"),
    BurnWindow(timedelta(hours=6), timedelta(minutes=30), 0.05, "page"),
    BurnWindow(timedelta(days=1), timedelta(hours=2), 0.10, "ticket"),
    BurnWindow(timedelta(days=3), timedelta(hours=6), 0.10, "ticket"),
)


class Counted(NamedTuple):
    """Events, or slices of time, and how many of them were good."""

    good: float
    total: float

    @property
    def error_share(self) -> float | None:
        """From 0 to 1; None where nothing is known. More good than all, as of counters read apart, is no error."""
        if not self.total > 0:
            return None
        return min(1.0, max(0.0, (self.total - self.good) / self.total))


@dataclass(frozen=True, slots=True)
class Burn:
    """One pair of windows: its burn rates, None where nothing is known."""

    window: BurnWindow
    factor: float
    long_rate: float | None
    short_rate: float | None

    @property
    def is_burning(self) -> bool:
        """Whether both are at the factor or above."""
        rates = (self.long_rate, self.short_rate)
        return all(rate is not None and rate >= self.factor for rate in rates)


@dataclass(frozen=True, slots=True)
class Standing:
    """How an objective stands. Shares are from 0 to 1; `budget_left` is below 0 once more is used."""

    counted: Counted
    good_share: float | None
    budget_left: float | None
    burns: tuple[Burn, ...]


def spans_of(window: timedelta) -> tuple[timedelta, ...]:
    """What must be counted for a standing, the window of the objective included."""
    return tuple(sorted({window, *(span for burn in BURN_WINDOWS for span in (burn.long, burn.short))}))


def judge(target: float, window: timedelta, counted: dict[timedelta, Counted]) -> Standing:
    """The standing from what was counted in each of `spans_of(window)`. `target` is between 0 and 1."""
    budget = 1.0 - target

    def rate(span: timedelta) -> float | None:
        share = counted[span].error_share
        return None if share is None else share / budget

    whole = counted[window].error_share
    return Standing(
        counted=counted[window],
        good_share=None if whole is None else 1.0 - whole,
        budget_left=None if whole is None else 1.0 - whole / budget,
        burns=tuple(Burn(one, one.factor(window), rate(one.long), rate(one.short)) for one in BURN_WINDOWS),
    )


def count_slices(values: NDArray[np.float64], operator: Operator, threshold: float) -> Counted:
    """Of the known values, how many fulfil the condition."""
    known = ~np.isnan(values)
    good = known & _COMPARE[operator](values, threshold)
    return Counted(float(good.sum()), float(known.sum()))
