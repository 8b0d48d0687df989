"""Error budgets and burn rates against figures that can be computed by hand."""

from datetime import timedelta
from fractions import Fraction

import numpy as np
import pytest
from app.domains.metrics.rules.objectives import BURN_WINDOWS, Counted, count_slices, judge, spans_of
from app.domains.metrics.rules.utilisation import FORMULAS, Formula
from hypothesis import given
from hypothesis import strategies as st

MONTH = timedelta(days=30)


def test_the_factors_for_thirty_days_are_those_of_the_workbook() -> None:
    assert [one.factor(MONTH) for one in BURN_WINDOWS] == pytest.approx([14.4, 6.0, 3.0, 1.0])


def everywhere(share: float) -> dict[timedelta, Counted]:
    return {span: Counted(1_000_000 * (1 - share), 1_000_000) for span in spans_of(MONTH)}


def test_a_share_of_errors_uses_up_the_budget_in_proportion() -> None:
    standing = judge(0.999, MONTH, everywhere(0.00025))
    assert standing.good_share == pytest.approx(0.99975)
    assert standing.budget_left == pytest.approx(0.75)
    assert [burn.long_rate for burn in standing.burns] == pytest.approx([0.25] * 4)
    assert not any(burn.is_burning for burn in standing.burns)


@pytest.mark.parametrize(
    ("share", "burning"),
    [(0.0009, []), (0.0011, [3]), (0.0031, [2, 3]), (0.0061, [1, 2, 3]), (0.0145, [0, 1, 2, 3])],
)
def test_each_pair_burns_from_its_factor_on(share: float, burning: list[int]) -> None:
    standing = judge(0.999, MONTH, everywhere(share))
    assert [number for number, burn in enumerate(standing.burns) if burn.is_burning] == burning


def test_what_is_over_does_not_burn() -> None:
    counted = everywhere(0.5) | {timedelta(minutes=5): Counted(1000, 1000)}
    burns = judge(0.999, MONTH, counted).burns
    assert [burn.is_burning for burn in burns] == [False, True, True, True]


def test_of_nothing_nothing_is_told() -> None:
    standing = judge(0.99, MONTH, {span: Counted(0, 0) for span in spans_of(MONTH)})
    assert (standing.good_share, standing.budget_left) == (None, None)
    assert {(burn.long_rate, burn.is_burning) for burn in standing.burns} == {(None, False)}


@given(st.integers(1, 10**9), st.integers(0, 10**9), st.integers(1, 9_999))
def test_the_budget_is_plain_arithmetic(total: int, bad: int, target: int) -> None:
    bad = min(bad, total)
    standing = judge(target / 10_000, MONTH, {span: Counted(total - bad, total) for span in spans_of(MONTH)})
    expected = 1 - Fraction(bad, total) / (1 - Fraction(target, 10_000))
    assert standing.budget_left == pytest.approx(float(expected), rel=1e-6, abs=1e-6)


def test_more_good_than_all_is_no_error() -> None:
    assert Counted(101, 100).error_share == 0.0


def test_unknown_slices_count_nowhere() -> None:
    values = np.array([[1.0, np.nan, 2.0], [3.0, 2.0, np.nan]])
    assert count_slices(values, "<=", 2.0) == (3, 4)
    assert count_slices(values, "<", 2.0) == (1, 4)
    assert count_slices(values, ">", 2.0) == (1, 4)
    assert count_slices(values, ">=", 2.0) == (3, 4)


def formula(part: str) -> Formula:
    return next(one for one in FORMULAS if one.part.startswith(part))


def test_utilisation_is_what_is_not_free() -> None:
    gap = np.nan
    idle = np.array([[0.9, 0.5, gap], [0.7, gap, gap]])  # a core's idle seconds a second
    assert formula("node_cpu").used(idle, None).tolist() == pytest.approx([0.2, 0.5, gap], nan_ok=True)
    free, size = np.array([[25.0, 10.0], [25.0, gap]]), np.array([[100.0, gap], [100.0, gap]])
    assert formula("node_filesystem").used(free, size).tolist() == pytest.approx([0.75, gap], nan_ok=True)
    percents = np.array([[12.5, 130.0]])
    assert formula('{__name__=~"aws').used(percents, None).tolist() == [0.125, 1.0]
