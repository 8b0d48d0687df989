"""What is looked at in each point: six signals from a few moving means and the usual value of the hour."""

import numpy as np
from numpy.typing import NDArray

from app.domains.metrics.rules.detector.history import Floats
from app.domains.metrics.rules.detector.state import DetectorState

SIGNAL_NAMES = ("deviation", "level", "shift", "drift", "jump", "restlessness")

SPANS = np.array([6.0, 12.0, 12.0, 36.0, 288.0, 1000.0, 24.0])
"""Points over which each moving mean reaches back: six and twelve are the last half hour and hour of five-minute
points, 36 three hours, 288 a day, 1000 half a week. In the order of `QUICK` to `UNREST`."""
QUICK, HOUR, OFF_USUAL, HOURS_3, DAY, LONG, UNREST = range(7)

HOUR_ERRORS = 0.7
"""The hourly means become the usual value when they miss by less than this part of what the day's mean misses by."""

HOUR_DAYS = 1.0
"""Visits after which an hour's mean is of use."""


def measure(state: DetectorState, values: Floats, usual: Floats) -> Floats:
    """Advance the moving means by `values` (N, normalised) and return the N × 6 signals of this point."""
    means, previous = state.floats("means"), state.floats("previous")
    seen = state.counts("seen")
    before_long, before_quick = means[:, LONG].copy(), means[:, QUICK].copy()
    rate = np.maximum(1.0 / (seen[:, None] + 1.0), 2.0 / (SPANS + 1.0))
    off = values - usual
    unrest = np.abs(values - before_quick)
    inputs = np.stack([values, values, off, values, values, values, unrest], axis=1)
    means += rate * (inputs - means)
    jump = np.where(seen > 0, np.abs(values - previous), 0.0)
    previous[:] = values
    return np.stack(
        [off, means[:, HOUR], means[:, OFF_USUAL], means[:, HOURS_3] - before_long, jump, means[:, UNREST]], axis=1
    )


def hour_of_week(at: Floats) -> NDArray[np.intp]:
    """The bucket of an instant: its hour (UTC), and 24 more on a Saturday or Sunday. 1970 began on a Thursday.

    A series kept in local time only lands in other buckets, which learn alike.
    """
    hours = np.floor(at / 3600.0)
    weekend = np.floor(hours / 24.0 + 3.0) % 7 >= 5
    return (hours % 24 + np.where(weekend, 24, 0)).astype(np.intp)


def usual_value(state: DetectorState, hour: NDArray[np.intp]) -> Floats:
    """What is expected before the point is known (N, normalised).

    The mean of the hour where that has proved better, else that of the last day.
    """
    rows = np.arange(len(hour))
    proved = state.floats("hour_error") < HOUR_ERRORS * state.floats("day_error")
    known = state.singles("hour_seen")[rows, hour] >= HOUR_DAYS
    by_hour = state.singles("hour_mean")[rows, hour].astype(np.float64)
    return np.where(proved & known, by_hour, state.floats("means")[:, DAY])


def learn_hour(state: DetectorState, hour: NDArray[np.intp], values: Floats) -> None:
    """Move the hour's mean, by a third of the way in a visit of an hour, and note how far each mean missed."""
    rows = np.arange(len(hour))
    visit = np.clip(state.floats("interval") / 3600.0, 1e-6, 1.0)
    mean, days = state.singles("hour_mean"), state.singles("hour_seen")
    held, past = mean[rows, hour].astype(np.float64), days[rows, hour].astype(np.float64)
    known = past >= HOUR_DAYS
    pace = 2.0 / (SPANS[LONG] + 1.0)
    for name, base in (("hour_error", held), ("day_error", state.floats("means")[:, DAY])):
        error = state.floats(name)
        error[:] = np.where(known, error + pace * (np.abs(values - base) - error), error)
    mean[rows, hour] = held + np.maximum(visit / (past + visit), visit / 3.0) * (values - held)
    days[rows, hour] = np.minimum(past + visit, 1e6)
