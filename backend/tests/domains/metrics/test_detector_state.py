"""The detector's memory, its causality, and what bad points do to it."""

import struct

import numpy as np
import pytest
from app.domains.metrics.rules.detector import BYTES_PER_SERIES, DetectorState, UnknownState, step
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.domains.metrics.detector_series import MINUTES_5, MONDAY, Floats, instants, noise

SERIES = 4
ALL = np.arange(SERIES)


def feed(state: DetectorState, points: int, seed: int = 1, first: int = 0) -> Floats:
    """Noise for every series; the scores and band of each point, points × 3 × series."""
    found = np.zeros((points, 3, SERIES))
    for place in range(points):
        values = 50.0 + np.random.default_rng((seed, first + place)).standard_normal(SERIES)
        verdicts = step(state, ALL, values, np.full(SERIES, MONDAY + MINUTES_5 * (first + place)))
        found[place] = verdicts.score, verdicts.low, verdicts.high
    return found


@pytest.fixture(scope="module")
def learned() -> bytes:
    """Four series after 400 points."""
    state = DetectorState.new(SERIES)
    feed(state, 400)
    return state.to_bytes()


@pytest.mark.parametrize("points", [0, 7, 40, 400])
def test_a_state_read_back_gives_the_same_further_verdicts(points: int) -> None:
    state = DetectorState.new(SERIES)
    feed(state, points)
    copy = DetectorState.from_bytes(state.to_bytes())
    np.testing.assert_array_equal(feed(state, 80, first=points), feed(copy, 80, first=points))
    assert state.to_bytes() == copy.to_bytes()


def test_bytes_of_another_version_or_width_or_with_a_cut_end_are_refused(learned: bytes) -> None:
    other = struct.pack("<4sH", learned[:4], 999) + learned[6:]
    for stored in (other, b"", learned[:10], learned[:-1], learned + b"0", b"XXXX" + learned[4:], b"\0" * 4000):
        with pytest.raises(UnknownState):
            DetectorState.from_bytes(stored)


def test_a_series_takes_less_than_four_kilobytes_however_long_it_runs(learned: bytes) -> None:
    assert BYTES_PER_SERIES < 4096
    assert len(learned) - len(DetectorState.new(0).to_bytes()) == SERIES * BYTES_PER_SERIES


def test_histories_that_are_full_forget_and_the_score_stays_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.domains.metrics.rules.detector.judging.FULL", 300)
    state = DetectorState.new(SERIES)
    found = feed(state, 1500)
    assert int(state.counts("seen").max()) < 300
    assert len(state.to_bytes()) == len(DetectorState.new(SERIES).to_bytes())
    assert np.isfinite(found[100:]).all()
    wild = step(state, ALL, np.full(SERIES, 90.0), np.full(SERIES, MONDAY + MINUTES_5 * 1500))
    assert wild.begins.all()


def test_series_judged_together_and_in_any_order_are_judged_as_alone(learned: bytes) -> None:
    together, apart = DetectorState.from_bytes(learned), DetectorState.from_bytes(learned)
    order = np.array([2, 0, 3, 1])
    for place in range(30):
        values, at = noise(SERIES, seed=place), np.full(SERIES, MONDAY + MINUTES_5 * (400 + place))
        joint = step(together, order, values[order], at)
        for position, number in enumerate(order):
            single = step(apart, [number], [values[number]], at[:1])
            assert single.score[0] == joint.score[position]
            assert single.low[0] == joint.low[position]
    assert together.to_bytes() == apart.to_bytes()


def test_more_series_than_are_worked_on_at_once_are_judged_alike(
    learned: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, parts = DetectorState.from_bytes(learned), DetectorState.from_bytes(learned)
    expected = feed(whole, 20, first=400)
    monkeypatch.setattr("app.domains.metrics.rules.detector.judging.CHUNK", 3)
    np.testing.assert_array_equal(feed(parts, 20, first=400), expected)


def test_a_series_named_twice_in_a_step_is_refused_and_changes_nothing(learned: bytes) -> None:
    state = DetectorState.from_bytes(learned)
    with pytest.raises(ValueError, match="twice"):
        step(state, [1, 1], [1.0, 2.0], [MONDAY * 2, MONDAY * 2 + 1])
    assert state.to_bytes() == learned


def test_an_empty_step_is_no_step(learned: bytes) -> None:
    state = DetectorState.from_bytes(learned)
    assert len(step(state, [], [], []).score) == 0
    assert state.to_bytes() == learned


def test_a_repeated_point_changes_nothing(learned: bytes) -> None:
    state = DetectorState.from_bytes(learned)
    verdicts = step(state, ALL, np.full(SERIES, 1e6), np.full(SERIES, MONDAY + MINUTES_5 * 399))
    assert (verdicts.score == 0).all()
    assert not verdicts.begins.any()
    assert state.to_bytes() == learned


def test_points_from_before_are_left_out_and_the_next_are_judged_as_without_them(learned: bytes) -> None:
    state, plain = DetectorState.from_bytes(learned), DetectorState.from_bytes(learned)
    for late in range(10):
        verdicts = step(state, ALL, np.full(SERIES, 1e6), np.full(SERIES, MONDAY + MINUTES_5 * (300 + late)))
        assert not verdicts.begins.any()
    np.testing.assert_array_equal(feed(state, 50, first=400), feed(plain, 50, first=400))


def test_a_clock_set_back_by_ten_hours_is_believed_after_some_points(learned: bytes) -> None:
    state = DetectorState.from_bytes(learned)
    feed(state, 40, first=280)
    verdicts = step(state, ALL, np.full(SERIES, 90.0), np.full(SERIES, MONDAY + MINUTES_5 * 320))
    assert verdicts.begins.all()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_none_begins_nothing_and_teaches_nothing(learned: bytes, value: float) -> None:
    state, plain = DetectorState.from_bytes(learned), DetectorState.from_bytes(learned)
    verdicts = step(state, ALL, np.full(SERIES, value), np.full(SERIES, MONDAY + MINUTES_5 * 400))
    assert (verdicts.score == 0).all()
    feed(plain, 0)
    after, without = feed(state, 40, first=401), feed(plain, 40, first=401)
    np.testing.assert_array_equal(after[:, 1], without[:, 1])


@pytest.mark.parametrize("value", [1e300, -1e300, 1.7e308])
def test_after_one_huge_value_ordinary_ones_are_soon_ordinary_and_a_spike_is_seen(learned: bytes, value: float) -> None:
    state = DetectorState.from_bytes(learned)
    huge = step(state, ALL, np.full(SERIES, value), np.full(SERIES, MONDAY + MINUTES_5 * 400))
    assert huge.begins.all()
    after = feed(state, 1500, first=401)
    assert np.isfinite(after).all()
    low, high = after[-1, 1], after[-1, 2]
    assert ((low > 0) & (high < 100)).all()
    spike = step(state, ALL, np.full(SERIES, 200.0), np.full(SERIES, MONDAY + MINUTES_5 * 2000))
    assert spike.begins.all()


def test_a_wild_first_value_does_not_blind_a_series() -> None:
    state = DetectorState.new(SERIES)
    step(state, ALL, np.full(SERIES, 1e300), np.full(SERIES, MONDAY))
    feed(state, 600, first=1)
    assert step(state, ALL, np.full(SERIES, 80.0), np.full(SERIES, MONDAY + MINUTES_5 * 601)).begins.all()


def test_forgotten_and_added_series_are_as_new(learned: bytes) -> None:
    state = DetectorState.from_bytes(learned)
    state.reset([0, 1, 2, 3])
    assert state.to_bytes() == DetectorState.new(SERIES).to_bytes()
    state = DetectorState.new(SERIES - 1)
    state.grow(1)
    assert len(state) == SERIES
    assert state.to_bytes() == DetectorState.new(SERIES).to_bytes()


def test_no_verdict_depends_on_what_comes_later(learned: bytes) -> None:
    calm, wild = DetectorState.from_bytes(learned), DetectorState.from_bytes(learned)
    first_calm, first_wild = feed(calm, 50, first=400), feed(wild, 50, first=400)
    np.testing.assert_array_equal(first_calm, first_wild)
    feed(calm, 50, seed=2, first=450)
    feed(wild, 50, seed=3, first=450)
    assert calm.to_bytes() != wild.to_bytes()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(allow_nan=True, allow_infinity=True), st.floats(allow_nan=True, allow_infinity=True)),
        max_size=40,
    ),
    st.booleans(),
)
def test_any_values_and_instants_give_scores_in_range_and_a_band_in_order(
    learned: bytes, points: list[tuple[float, float]], new: bool
) -> None:
    state = DetectorState.new(SERIES) if new else DetectorState.from_bytes(learned)
    at = float(instants(400)[-1])
    for value, passed in points:
        at_next = at + 300.0 if abs(passed) < 1.0 else passed
        verdicts = step(state, [2], [value], [at_next])
        at = at_next if np.isfinite(at_next) else at
        assert 0.0 <= verdicts.score[0] <= 1.0
        assert np.isnan(verdicts.low[0]) or verdicts.low[0] <= verdicts.high[0]
        assert not verdicts.begins[0] or verdicts.kind[0] > 0
    for name in ("means", "middle", "interval", "lowest", "highest", "centre", "scale", "peak"):
        assert np.isfinite(state.floats(name)).all(), name
