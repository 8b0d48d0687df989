"""What readings come to under a condition: for each label set and time, whether it enters and whether it stays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from app.domains.alerts.rules.form import (
    Absence,
    Combination,
    Comparison,
    Condition,
    Promql,
    Ratio,
    Reading,
    Threshold,
    readings_of,
)
from app.domains.alerts.rules.windows import Floats

Labels = Mapping[str, str]
LabelKey = tuple[tuple[str, str], ...]
Truths = NDArray[np.bool_]
_COMPARE = {
    ">": np.greater,
    ">=": np.greater_equal,
    "<": np.less,
    "<=": np.less_equal,
    "==": np.equal,
    "!=": np.not_equal,
}


class NeedsServer(Exception):
    """The condition is one that only an external server can answer."""


class NeedsFacts(Exception):
    """The condition is one that other data than samples answers."""


class AmbiguousMatch(Exception):
    """Several series of one side have the labels by which sides are matched."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A reading's values: a row for each label set (without the metric's name), a column for each time."""

    labels: Sequence[Labels]
    values: Floats


@dataclass(frozen=True, slots=True)
class Verdict:
    """As a frame, and whether each value enters and stays. Where the value is NaN, both are false.

    `resources` are the rows' own, where something else than series tells them.
    """

    labels: Sequence[Labels]
    values: Floats
    enters: Truths
    stays: Truths
    resources: Sequence[UUID | None] = ()


def label_key(labels: Labels, on: Sequence[str] | None = None) -> LabelKey:
    """What label sets are compared by; empty values are no labels."""
    names = labels if on is None else on
    return tuple(sorted((name, labels[name]) for name in names if labels.get(name)))


def judge(condition: Condition, frames: Mapping[Reading, Frame], absent_labels: Mapping[str, Labels]) -> Verdict:
    """The condition over its readings. `absent_labels`: what a selector's own conditions say of what is missing.

    Raises NeedsServer, NeedsFacts and AmbiguousMatch.
    """
    match condition:
        case Threshold():
            frame = frames[condition.reading]
            return compare(frame.labels, _scaled(frame.values, condition), condition.enter, condition.leave)
        case Ratio():
            labels, values = _divide(frames[condition.over], frames[condition.under])
            return compare(labels, _scaled(values, condition), condition.enter, condition.leave)
        case Absence():
            (reading,) = readings_of(condition)
            missing = np.atleast_2d(np.isnan(frames[reading].values).all(axis=0))
            return Verdict([absent_labels[condition.selector]], missing.astype(np.float64), missing, missing)
        case Combination():
            verdicts = [judge(part, frames, absent_labels) for part in condition.parts]
            return _combine(verdicts, condition)
        case Promql():
            raise NeedsServer
        case _:
            raise NeedsFacts


def _scaled(values: Floats, condition: Threshold | Ratio) -> Floats:
    return values * condition.times + condition.plus


def compare(labels: Sequence[Labels], values: Floats, enter: Comparison, leave: Comparison | None) -> Verdict:
    """Values beside a number. Without `leave`, to leave is not to enter."""
    known = ~np.isnan(values)
    enters = _COMPARE[enter.operator](values, enter.threshold) & known
    if leave is None:
        return Verdict(labels, values, enters, enters)
    left = _COMPARE[leave.operator](values, leave.threshold)
    return Verdict(labels, values, enters, known & (~left | enters))  # what enters does not leave


def _divide(over: Frame, under: Frame) -> tuple[Sequence[Labels], Floats]:
    rows = _rows([label_key(one) for one in under.labels])
    pairs = [(i, rows[key]) for i, one in enumerate(over.labels) if (key := label_key(one)) in rows]
    left, right = [i for i, _ in pairs], [j for _, j in pairs]
    with np.errstate(all="ignore"):
        return [over.labels[i] for i in left], over.values[left] / under.values[right]


def _rows(keys: Sequence[LabelKey]) -> dict[LabelKey, int]:
    made = {key: row for row, key in enumerate(keys)}
    if len(made) < len(keys):
        raise AmbiguousMatch
    return made


def _combine(verdicts: Sequence[Verdict], condition: Combination) -> Verdict:
    """Label sets of the first part (`all`) or of any (`any`), each with the other parts' rows of the same labels."""
    keyed = [[label_key(one, condition.on) for one in verdict.labels] for verdict in verdicts]
    if condition.kind == "all":
        made = verdicts[0]
        keys = keyed[0]
        for verdict, others in zip(verdicts[1:], keyed[1:], strict=True):
            made, keys = _both(made, keys, verdict, _rows(others))
        return made
    rows: dict[LabelKey, int] = {}
    labels: list[Labels] = []
    for verdict, others in zip(verdicts, keyed, strict=True):
        for one, key in zip(verdict.labels, others, strict=True):
            if key not in rows:
                rows[key] = len(labels)
                labels.append(one)
    shape = (len(labels), verdicts[0].values.shape[1])
    values, enters, stays = np.full(shape, np.nan), np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
    for verdict, others in zip(verdicts, keyed, strict=True):
        _rows(others)
        at = [rows[key] for key in others]
        take = ~np.isnan(verdict.values) & (np.isnan(values[at]) | (verdict.enters & ~enters[at]))
        values[at] = np.where(take, verdict.values, values[at])
        enters[at] |= verdict.enters
        stays[at] |= verdict.stays
    return Verdict(labels, values, enters, stays)


def _both(
    made: Verdict, keys: Sequence[LabelKey], verdict: Verdict, rows: Mapping[LabelKey, int]
) -> tuple[Verdict, list[LabelKey]]:
    kept = [i for i, key in enumerate(keys) if key in rows]
    at = [rows[keys[i]] for i in kept]
    silent = np.isnan(verdict.values[at])
    both = Verdict(
        [made.labels[i] for i in kept],
        np.where(silent, np.nan, made.values[kept]),
        made.enters[kept] & verdict.enters[at],
        made.stays[kept] & verdict.stays[at] & ~np.isnan(made.values[kept]),
    )
    return both, [keys[i] for i in kept]
