"""The rarity of a value among the past, beside counting by hand."""

import math

import numpy as np
import pytest
from app.domains.metrics.rules.detector.history import History, forget_half, learn, rarity
from hypothesis import given, settings
from hypothesis import strategies as st


def empty(sample: int = 48, tail: int = 32) -> History:
    shape = (1, 1)
    return History(
        np.full((*shape, sample), -np.inf, dtype=np.float32),
        np.full((*shape, tail), -np.inf, dtype=np.float32),
        np.full((*shape, tail), np.inf, dtype=np.float32),
    )


def history_of(past: list[float]) -> History:
    history = empty()
    for place, value in enumerate(past):
        learn(history, np.array([[value]]), np.array([place]))
    return history


def rarity_of(history: History, value: float, seen: int) -> float:
    found = rarity(history, np.array([[value]]), np.array([[0.0]]), np.array([seen]), np.array([1e-6]))
    return float(found[0, 0])


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(-20, 20), min_size=2, max_size=200), st.integers(-20, 20))
def test_an_extreme_value_has_the_rank_that_counting_gives(past: list[int], value: int) -> None:
    as_high, as_low = sum(old >= value for old in past), sum(old <= value for old in past)
    if not (min(past) <= value <= max(past)) or min(as_high, as_low) >= 32:
        return  # past the record its distance is added; in the middle the rank is a sample's
    found = rarity_of(history_of([float(old) for old in past]), float(value), len(past))
    assert found >= math.log10((len(past) + 1) / (min(as_high, as_low) + 1)) - 1e-6


def test_the_further_past_the_record_the_rarer_on_both_sides_and_with_a_limit() -> None:
    history = history_of([float(value) for value in range(-50, 51)])
    ranks = [rarity_of(history, value, 101) for value in (50.0, 60.0, 100.0, 1e30)]
    assert ranks == sorted(ranks)
    # 100 is as far past the record, 50, as the record is from the middle, 0: one more than the rank alone.
    assert ranks[2] == pytest.approx(math.log10(102) + 1.0, abs=1e-3)
    assert ranks[3] == pytest.approx(math.log10(102) + 8.0, abs=1e-3)
    assert rarity_of(history, -100.0, 101) == pytest.approx(ranks[2])


def test_forgetting_half_drops_the_record_and_keeps_shares() -> None:
    history = history_of([float(value) for value in range(1000)])
    before = rarity_of(history, 990.0, 1000)
    forget_half(history, np.array([0]))
    assert history.largest[0, 0, 0] == 998.0
    assert rarity_of(history, 990.0, 500) == pytest.approx(before, abs=0.1)
