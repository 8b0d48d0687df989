"""What the detector finds, what it leaves alone, and how often it says so. All series run together, once."""

import functools

import numpy as np
import pytest
from app.domains.metrics.rules.detector import REST, THRESHOLD
from numpy.typing import ArrayLike, NDArray
from tests.domains.metrics.detector_series import MINUTES_5, Floats, Run, daily, instants, noise, run_together

LEARNED = 2000
WEEKS_3 = 21 * 288
NIGHT = WEEKS_3 - 200
INTERVALS = (1.0, 10.0, 60.0, 300.0, 3600.0)
QUIET = 20


def at_once(by: float) -> Floats:
    values = noise(LEARNED + 100)
    values[LEARNED] += by
    return values


def from_then(values: Floats, *, first: int = LEARNED, last: int | None = None, by: ArrayLike) -> Floats:
    changed = values.copy()
    changed[first:last] += np.asarray(by)
    return changed


def uneasy() -> Floats:
    """To and fro more and more, around the same mean."""
    return from_then(noise(LEARNED + 200), by=np.tile([1.0, -1.0], 100) * np.linspace(0.0, 6.0, 200))


def silent(interval: float, *, spike: int = 1200, silence: int = 1600) -> tuple[Floats, Floats]:
    values, at = from_then(noise(LEARNED), first=spike, last=spike + 1, by=40.0), instants(LEARNED, interval)
    at[silence:] += 30 * interval
    return values, at


def still() -> Floats:
    values = noise(LEARNED + 800)
    values[LEARNED:] = values[LEARNED - 1]
    return values


def with_missing(places: NDArray[np.bool_] | slice) -> Floats:
    values = noise(LEARNED)
    values[places] = np.nan
    return values


def timer() -> Floats:
    values = noise(20 * 288, spread=0.5)
    values[100::288] += 30.0
    return values


def constant() -> Floats:
    values = np.full(LEARNED, 7.0)
    values[1800] = 9.0
    return values


def rounded(factor: float = 1.0, shift: float = 0.0) -> Floats:
    return from_then(np.round(noise(LEARNED), 3), first=1500, last=1520, by=30.0) * factor + shift


UNITS = {
    "as is": (1.0, 0.0),
    "larger": (1024.0, 0.0),
    "negative": (-1.0, 0.0),
    "small": (2.0**-20, 0.0),
    "moved": (1.0, 1e3),
}


@functools.cache
def all_runs() -> dict[str, Run]:
    values = {
        "spike": at_once(40.0),
        "dip": at_once(-40.0),
        "level": from_then(noise(LEARNED + 3000), by=30.0),
        "small shift": from_then(noise(LEARNED + 60), by=4.0),
        "trend": from_then(noise(LEARNED + 600), by=np.arange(600) * 0.02),
        "unrest": from_then(noise(LEARNED + 200), by=noise(200, seed=9, centre=0.0, spread=7.0)),
        "uneasy": uneasy(),
        "still": still(),
        "often still": np.repeat(noise(60), 100),
        "missing": with_missing(slice(1500, 1900)),
        "holes": with_missing(np.arange(LEARNED) % 50 >= 42),
        "repeated spikes": from_then(noise(LEARNED + REST), by=np.where(np.arange(REST) % 10 == 0, 40.0, 0.0)),
        "daily": daily(WEEKS_3),
        "night as day": from_then(daily(WEEKS_3), first=NIGHT, last=NIGHT + 12, by=60.0),
        "timer": timer(),
        "constant": constant(),
    }
    values |= {f"quiet {seed}": noise(WEEKS_3, seed + 100, spread=2.0**seed) for seed in range(QUIET)}
    values |= {f"unit {name}": rounded(*unit) for name, unit in UNITS.items()}
    series = {name: (found, instants(len(found))) for name, found in values.items()}
    series |= {f"interval {interval}": silent(interval) for interval in INTERVALS}
    series["zone"] = (values["night as day"], instants(WEEKS_3) + 5.5 * 3600.0)
    return run_together(series)


def begun(name: str, first: int = 0, last: int = WEEKS_3) -> list[str]:
    """The kinds of what began in some rows of a series, both inclusive."""
    return [kind for place, kind in all_runs()[name].begun.items() if first <= place <= last]


@pytest.mark.parametrize("kind", ["spike", "dip"])
def test_one_point_far_outside_begins_one_alert_at_that_point(kind: str) -> None:
    assert begun(kind, LEARNED, LEARNED + 99) == [kind]
    assert LEARNED in all_runs()[kind].begun


def test_a_level_that_stays_begins_an_alert_and_then_is_usual() -> None:
    assert LEARNED in all_runs()["level"].begun
    assert len(begun("level", LEARNED, LEARNED + REST)) <= 3
    assert all_runs()["level"].score[LEARNED + 1500 :].mean() < 0.9


def test_a_small_shift_that_no_point_shows_is_a_level_shift() -> None:
    assert "level shift" in begun("small shift", LEARNED)


def test_a_slow_climb_is_a_trend() -> None:
    assert "trend" in begun("trend", LEARNED)
    assert len(begun("trend", LEARNED)) <= 3


def test_more_unrest_around_the_same_mean_is_found() -> None:
    assert begun("unrest", LEARNED, LEARNED + 100)


def test_unrest_that_grows_around_the_same_mean_is_unusual_variance() -> None:
    assert "unusual variance" in begun("uneasy", LEARNED)


def test_a_series_that_stands_still_is_a_flat_line_told_once() -> None:
    assert begun("still").count("flat line") == 1


def test_a_series_that_often_stands_still_may_do_so() -> None:
    assert "flat line" not in begun("often still")


def test_a_silence_with_missing_points_is_told_while_it_lasts_and_once() -> None:
    assert [place for place, kind in all_runs()["missing"].begun.items() if kind == "gap"] == [1505]


def test_a_series_with_holes_may_have_holes() -> None:
    assert "gap" not in begun("holes", 200)


@pytest.mark.parametrize("interval", INTERVALS)
def test_the_sampling_interval_changes_neither_spikes_nor_gaps(interval: float) -> None:
    found = all_runs()[f"interval {interval}"].begun
    assert (found.get(1200), found.get(1600)) == ("spike", "gap")


def test_quiet_noise_begins_fewer_than_two_alerts_a_week_of_five_minutes() -> None:
    alerts = sum(len(begun(f"quiet {seed}", 2 * 288)) for seed in range(QUIET))
    assert MINUTES_5 == 300.0
    assert alerts / QUIET / (19 / 7) < 2.0


def test_a_score_means_the_same_for_calm_and_for_restless_noise() -> None:
    scores = np.stack([all_runs()[f"quiet {seed}"].score[2000:] for seed in range(QUIET)])
    # All six signals would have to be at 1 in 158 together; they seldom are.
    assert 0.0001 < (scores >= THRESHOLD).mean() < 0.001
    tenth = np.quantile(scores, 0.9, axis=1)
    assert tenth.min() > 0.8
    assert tenth.max() < 0.95


def test_spikes_one_after_another_are_told_once_unless_they_grow() -> None:
    assert 1 <= len(begun("repeated spikes", LEARNED)) <= 3


def test_a_day_like_the_others_is_quiet_and_a_night_like_a_day_is_not() -> None:
    assert begun("night as day", NIGHT, NIGHT + 11)
    assert not begun("daily", NIGHT, NIGHT + 11)
    assert len(begun("daily", 7 * 288)) <= 14


def test_a_zone_of_the_clock_moves_the_buckets_and_not_the_finding() -> None:
    assert begun("zone", NIGHT, NIGHT + 11)


def test_the_expected_band_follows_the_hour_and_holds_nearly_all_points() -> None:
    found, values = all_runs()["daily"], daily(WEEKS_3)
    inside = (values >= found.low) & (values <= found.high)
    assert inside[-7 * 288 :].mean() > 0.95
    assert found.low[WEEKS_3 - 144] > 110.0
    assert found.high[WEEKS_3 - 12] < 150.0
    assert np.isnan(found.low[:60]).all()


def test_daily_spikes_of_a_timer_stop_being_news() -> None:
    spikes = [place for place in all_runs()["timer"].begun if place % 288 == 100 and place > 10 * 288]
    assert len(spikes) <= 2


@pytest.mark.parametrize("unit", [name for name in UNITS if name != "as is"])
def test_unit_sign_and_origin_do_not_matter(unit: str) -> None:
    plain, changed = all_runs()["unit as is"], all_runs()[f"unit {unit}"]
    assert changed.begun.keys() == plain.begun.keys()
    np.testing.assert_allclose(changed.score, plain.score, atol=0.2)


def test_a_constant_series_is_quiet_and_its_first_change_is_not() -> None:
    assert list(all_runs()["constant"].begun) == [1800]
