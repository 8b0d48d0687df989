"""The benchmark's own scoring, on cases worked out by hand."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bench.nab_score import PROFILES, Profile, Series, best_threshold, load_corpus, row_values, score_at, sigmoid

STANDARD, FEW_FALSE, FEW_MISSED = PROFILES


def series_of(rows: int, *windows: tuple[int, int], name: str = "a.csv") -> Series:
    return Series(name, np.arange(0.0, rows * 300.0, 300.0), np.zeros(rows), windows)


def scores_of(rows: int, detected: dict[int, float]) -> dict[str, NDArray[np.float64]]:
    scores = np.zeros(rows)
    for row, score in detected.items():
        scores[row] = score
    return {"a.csv": scores}


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_the_first_row_of_every_window_and_nothing_else_is_a_hundred(profile: Profile) -> None:
    corpus = [series_of(1000, (300, 399), (600, 650))]
    assert score_at(corpus, scores_of(1000, {300: 1.0, 600: 1.0}), profile, 0.5).normalised == pytest.approx(100.0)


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_never_firing_is_zero(profile: Profile) -> None:
    score = score_at([series_of(1000, (300, 399))], scores_of(1000, {}), profile, 0.5)
    assert (score.normalised, score.found, score.missed, score.false_rows) == (0.0, 0, 1, 0)


def test_a_false_row_before_the_first_window_costs_its_whole_weight() -> None:
    corpus, scores = [series_of(1000, (300, 399))], scores_of(1000, {200: 1.0, 300: 1.0})
    # One window: from -1 (null) to 1 (perfect), so 0.11 is 5.5 points of a hundred.
    assert score_at(corpus, scores, STANDARD, 0.5).normalised == pytest.approx(100 - 5.5)
    assert score_at(corpus, scores, FEW_FALSE, 0.5).normalised == pytest.approx(100 - 11.0)
    assert score_at(corpus, scores, FEW_MISSED, 0.5).normalised == pytest.approx(100 - 11.0 / 3)


def test_a_false_row_soon_after_a_window_costs_little_and_far_after_it_all() -> None:
    corpus = [series_of(2000, (300, 399))]

    def cost(row: int) -> float:
        return 100.0 - score_at(corpus, scores_of(2000, {300: 1.0, row: 1.0}), STANDARD, 0.5).normalised

    # One row after a window of 100 rows lies at 1 / 99: 1 - 2 / (1 + e^(5 / 99)) = 0.025246.
    assert cost(400) == pytest.approx(5.5 * 0.025246, abs=1e-4)
    assert cost(399 + 99) == pytest.approx(5.5 * 0.986614, abs=1e-4)
    assert cost(399 + 4 * 99) == pytest.approx(5.5)


def test_only_the_earliest_detection_of_a_window_earns() -> None:
    corpus = [series_of(1000, (300, 399))]
    once = score_at(corpus, scores_of(1000, {350: 1.0}), STANDARD, 0.5).normalised
    often = score_at(corpus, scores_of(1000, dict.fromkeys(range(350, 400), 1.0)), STANDARD, 0.5).normalised
    # Row 350 of 300 to 399 lies at -0.5: (2 / (1 + e^-2.5) - 1) / 0.986614 = 0.859794, and (1 + 0.859794) / 2.
    assert once == often == pytest.approx(92.9897, abs=1e-3)


def test_the_probation_counts_neither_for_nor_against() -> None:
    corpus = [series_of(1000, (300, 399))]
    assert corpus[0].probation == 150
    assert score_at(corpus, scores_of(1000, {149: 1.0, 300: 1.0}), STANDARD, 0.5).normalised == pytest.approx(100.0)
    assert score_at(corpus, scores_of(1000, {150: 1.0, 300: 1.0}), STANDARD, 0.5).normalised < 95.0
    assert series_of(10_000).probation == 750


def test_a_score_equal_to_the_threshold_is_a_detection() -> None:
    corpus = [series_of(1000, (300, 399))]
    assert score_at(corpus, scores_of(1000, {300: 0.5}), STANDARD, 0.5).found == 1
    assert score_at(corpus, scores_of(1000, {300: 0.5}), STANDARD, math.nextafter(0.5, 1)).found == 0


def test_the_sigmoid_is_cut_at_three_and_falls_from_left_to_right() -> None:
    assert sigmoid(-1.0) == pytest.approx(0.98661, abs=1e-5)
    assert (sigmoid(0.0), sigmoid(3.1)) == (0.0, -1.0)
    assert -1.0 < sigmoid(3.0) < sigmoid(-0.2) < sigmoid(-0.9)


def test_the_best_threshold_keeps_what_pays_and_leaves_what_costs() -> None:
    corpus = [series_of(1000, (300, 399), (600, 650))]
    scores = scores_of(1000, {200: 0.95, 300: 0.9, 600: 0.8, 800: 0.7})
    best = best_threshold(corpus, scores, STANDARD)
    assert (best.threshold, best.found, best.false_rows) == (0.8, 2, 1)
    none = best_threshold([series_of(1000)], scores_of(1000, {500: 1.0}), STANDARD)
    assert (none.threshold, none.normalised) == (math.inf, 0.0)


@given(
    st.dictionaries(st.integers(0, 199), st.sampled_from([0.1, 0.25, 0.5, 0.75, 1.0]), max_size=30),
    st.sampled_from(PROFILES),
)
def test_the_best_threshold_is_that_of_trying_every_score(detected: dict[int, float], profile: Profile) -> None:
    corpus, scores = [series_of(200, (60, 79), (120, 129))], scores_of(200, detected)
    tried = [score_at(corpus, scores, profile, value).normalised for value in {*detected.values(), 2.0}]
    assert best_threshold(corpus, scores, profile).normalised == pytest.approx(max(tried))


def test_each_row_belongs_to_the_window_that_holds_it_and_to_no_other() -> None:
    worth, window_of = row_values(series_of(300, (100, 119), (200, 209)))
    assert [int(np.sum(window_of == number)) for number in (-1, 0, 1)] == [270, 20, 10]
    assert worth[99] == -1.0
    assert worth[100] == worth[200] == pytest.approx(1.0)
    assert worth[219] == pytest.approx(sigmoid(10 / 9))


def test_files_of_both_layouts_are_read_with_windows_by_row(tmp_path: Path) -> None:
    rows = "timestamp,value\n" + "".join(f"2014-04-01 00:{minute:02}:00,{minute}.5\n" for minute in range(0, 60, 5))
    window = '{"x/a.csv": [["2014-04-01 00:10:00.000000", "2014-04-01 00:21:00.000000"]]}'
    for labels in ("windows.json", "labels/combined_windows.json"):
        folder = tmp_path / labels.replace("/", "-")
        (folder / "data" / "x").mkdir(parents=True)
        (folder / "data" / "x" / "a.csv").write_text(rows)
        (folder / labels).parent.mkdir(exist_ok=True)
        (folder / labels).write_text(window)
        (series,) = load_corpus(folder)
        assert series.windows == ((2, 4),)
        assert series.at[1] - series.at[0] == 300.0
        assert series.values.tolist() == [minute + 0.5 for minute in range(0, 60, 5)]
