"""Windows and conditions: numpy's way beside plain loops over each series and time."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from app.domains.alerts.rules.conditions import AmbiguousMatch, Frame, NeedsServer, judge
from app.domains.alerts.rules.form import (
    Absence,
    Combination,
    Comparison,
    Condition,
    Operator,
    Promql,
    Ratio,
    ReadFunction,
    Reading,
    Threshold,
    readings_of,
)
from app.domains.alerts.rules.windows import fold_rows, read_windows
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

SECOND = 1_000
Series = list[tuple[int, float]]  # times and values; NaN is an end mark here
FUNCTIONS = ("last", "avg", "min", "max", "sum", "count", "rate", "increase", "forecast")


def plain(series: Series, at: int, function: str, window: int, ahead: int) -> float | None:
    """What Prometheus' documentation says of a function over the samples of (at - window, at]."""
    inside = [(t, v) for t, v in series if at - window < t <= at]
    if function == "last":
        return None if not inside or math.isnan(inside[-1][1]) else inside[-1][1]
    inside = [(t, v) for t, v in inside if not math.isnan(v)]
    values = [v for _, v in inside]
    simple = {"sum": sum, "min": min, "max": max, "count": len, "avg": lambda given: sum(given) / len(given)}
    if function in simple:
        return float(simple[function](values)) if values else None  # type: ignore[operator]
    if len(values) < 2:
        return None
    if function == "forecast":
        if len(set(values)) == 1:
            return values[0]
        slope, intercept = np.polyfit([(t - at) / 1000 for t, _ in inside], values, 1)
        return float(intercept + slope * ahead / 1000)
    grown = sum(b - a if b >= a else b for a, b in itertools.pairwise(values))
    span = (inside[-1][0] - inside[0][0]) / 1000
    mean = span / (len(values) - 1)
    start, end = (inside[0][0] - (at - window)) / 1000, (at - inside[-1][0]) / 1000
    start = mean / 2 if start >= mean * 1.1 else start
    end = mean / 2 if end >= mean * 1.1 else end
    if grown > 0 and values[0] >= 0:
        start = min(start, span * values[0] / grown)
    total = grown * (span + start + end) / span
    return total / (window / 1000) if function == "rate" else total


samples = st.lists(
    st.tuples(
        st.integers(0, 600).map(lambda n: n * SECOND),
        st.one_of(st.integers(-5, 100).map(float), st.just(math.nan)),
    ),
    max_size=25,
    unique_by=lambda pair: pair[0],
).map(lambda pairs: sorted(pairs, key=lambda pair: pair[0]))


@settings(max_examples=300, deadline=None)
@given(
    st.lists(samples, min_size=1, max_size=4),
    st.lists(st.integers(0, 700).map(lambda n: n * SECOND), min_size=1, max_size=5),
    st.sampled_from(FUNCTIONS),
    st.sampled_from([15, 60, 300]),
)
def test_every_function_is_what_a_plain_loop_says(
    many: list[Series], times: list[int], function: ReadFunction, window: int
) -> None:
    flat = [(row, t, v) for row, one in enumerate(many) for t, v in one]
    rows, at, values = (np.array([item[i] for item in flat]) for i in range(3))
    found = read_windows(
        rows.astype(np.int64),
        at.astype(np.int64),
        values.astype(np.float64),
        np.isnan(values.astype(np.float64)),
        len(many),
        np.array(times, np.int64),
        function,
        window * SECOND,
        60 * SECOND,
    )
    for row, one in enumerate(many):
        for column, time in enumerate(times):
            expected = plain(one, time, function, window * SECOND, 60 * SECOND)
            told = None if math.isnan(found[row, column]) else found[row, column]
            assert (told is None) == (expected is None)
            assert expected is None or told == pytest.approx(expected, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize(
    ("aggregate", "expected"), [("sum", 4.0), ("avg", 2.0), ("min", 1.0), ("max", 3.0), ("count", 2.0)]
)
def test_rows_of_a_group_are_one_and_silent_ones_do_not_count(aggregate: Any, expected: float) -> None:
    values = np.array([[1.0], [np.nan], [3.0], [np.nan]])
    folded = fold_rows(values, np.array([0, 0, 0, 1]), 2, aggregate)
    assert folded[0, 0] == expected
    assert np.isnan(folded[1, 0])


A, B = Reading("a"), Reading("b")


def frame(*rows: tuple[str, float]) -> Frame:
    """One time; a series for each host."""
    return Frame([{"host": host} for host, _ in rows], np.array([[value] for _, value in rows]).reshape(-1, 1))


def verdicts(condition: Condition, a: Frame, b: Frame | None = None) -> dict[str, tuple[float, bool, bool]]:
    """Value, enters and stays of each host that has a value."""
    made = judge(condition, {A: a, B: b or frame()}, {"a": {"host": "h"}})
    return {
        labels["host"]: (float(made.values[row, 0]), bool(made.enters[row, 0]), bool(made.stays[row, 0]))
        for row, labels in enumerate(made.labels)
        if not np.isnan(made.values[row, 0])
    }


def above(reading: Reading, threshold: float, leave: float | None = None) -> Threshold:
    return Threshold(reading, Comparison(">", threshold), None if leave is None else Comparison("<", leave))


def test_between_the_conditions_to_enter_and_to_leave_a_series_stays() -> None:
    told = verdicts(above(A, 90, leave=80), frame(("x", 95), ("y", 85), ("z", 70), ("gone", math.nan)))
    assert told == {"x": (95, True, True), "y": (85, False, True), "z": (70, False, False)}


@pytest.mark.parametrize(
    ("operator", "expected"),
    [(">", "z"), (">=", "yz"), ("<", "x"), ("<=", "xy"), ("==", "y"), ("!=", "xz")],
)
def test_each_operator_compares_as_it_is_written(operator: Operator, expected: str) -> None:
    told = verdicts(Threshold(A, Comparison(operator, 2)), frame(("x", 1), ("y", 2), ("z", 3)))
    assert "".join(host for host, one in told.items() if one[1]) == expected


def test_a_ratio_is_of_series_with_equal_labels() -> None:
    ratio = Ratio("ratio", A, B, Comparison(">", 0.5))
    told = verdicts(ratio, frame(("x", 3), ("y", 1), ("alone", 9)), frame(("y", 4), ("x", 4)))
    assert told == {"x": (0.75, True, True), "y": (0.25, False, False)}
    assert verdicts(ratio, frame(("x", 3)), frame(("x", 0))) == {"x": (math.inf, True, True)}


def test_all_wants_each_part_and_any_one_of_them() -> None:
    a, b = frame(("x", 9), ("y", 9), ("only a", 9)), frame(("x", 9), ("y", 1), ("only b", 9))
    both = Combination("all", (above(A, 5), above(B, 5)))
    assert verdicts(both, a, b) == {"x": (9, True, True), "y": (9, False, False)}
    either = Combination("any", (above(A, 5), above(B, 5)))
    assert {host: one[1] for host, one in verdicts(either, a, b).items()} == dict.fromkeys(
        ("x", "y", "only a", "only b"), True
    )


def test_a_part_that_is_silent_makes_all_of_them_silent() -> None:
    both = Combination("all", (above(A, 5), above(B, 5)))
    assert verdicts(both, frame(("x", 9)), frame(("x", math.nan))) == {}
    either = Combination("any", (above(A, 5), above(B, 5)))
    assert verdicts(either, frame(("x", 9)), frame(("x", math.nan))) == {"x": (9, True, True)}


def test_two_series_for_one_place_are_an_error() -> None:
    with pytest.raises(AmbiguousMatch):
        verdicts(Ratio("ratio", A, B, Comparison(">", 1)), frame(("x", 1)), frame(("x", 1), ("x", 2)))


def test_absence_is_when_no_series_has_a_value() -> None:
    condition = Absence("absence", "a")
    assert verdicts(condition, frame()) == {"h": (1, True, True)}
    assert verdicts(condition, frame(("x", math.nan))) == {"h": (1, True, True)}
    assert verdicts(condition, frame(("x", math.nan), ("y", 0))) == {"h": (0, False, False)}


def test_what_an_external_server_answers_is_not_answered_here() -> None:
    assert list(readings_of(Promql("promql", "up"))) == []
    with pytest.raises(NeedsServer):
        verdicts(Promql("promql", "up == 0"), frame())


def test_a_condition_is_the_same_after_it_was_stored() -> None:
    adapter: TypeAdapter[Condition] = TypeAdapter(Condition)
    for condition in (
        above(A, 5, 3),
        Combination("any", (above(A, 5), Absence("absence", "b"))),
        Promql("promql", "x"),
    ):
        assert adapter.validate_json(adapter.dump_json(condition)) == condition


@pytest.mark.parametrize(
    "condition",
    [
        {"reading": {"selector": "a", "window_seconds": 1}, "enter": {"operator": ">", "threshold": 1.0}},
        {"kind": "threshold", "reading": {"selector": "a"}, "enter": {"operator": "~", "threshold": 1}},
        {"kind": "threshold", "reading": {"selector": "a", "more": 1}, "enter": {"operator": ">", "threshold": 1}},
        {"kind": "threshold", "reading": {"selector": "a"}, "enter": {"operator": ">", "threshold": math.inf}},
        {"kind": "all", "parts": []},
        {"kind": "unheard of"},
    ],
)  # fmt: skip
def test_conditions_that_make_no_sense_are_refused(condition: dict[str, Sequence[object]]) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Condition).validate_python(condition)
