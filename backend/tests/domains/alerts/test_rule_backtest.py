"""Backtests: episodes and near misses of a history, the messages of them, and that live evaluation does the same."""

from collections.abc import Sequence

import numpy as np
import pytest
from app.domains.alerts.rules.backtest import MAX_STEPS, Episode, Grouping, compare, predict_messages, run_backtest
from app.domains.alerts.rules.conditions import Verdict
from app.domains.alerts.rules.observing import Wording
from app.domains.alerts.rules.states import Timing
from hypothesis import given, settings
from hypothesis import strategies as st

MINUTE = 60_000
WORDING = Wording("R", "high", {}, {})


def history(*series: str) -> Verdict:
    """A series for each text, a step for each character: # enters, . does not, a blank is silence."""
    values = np.array([[{"#": 1.0, ".": 0.0, " ": np.nan}[one] for one in text] for text in series])
    enters = values == 1.0
    return Verdict([{"host": str(row)} for row in range(len(series))], values, enters, enters)


def episodes(timing: Timing, *series: str) -> tuple[list[tuple[str, int, int | None]], list[tuple[str, int]]]:
    """Episodes (host, fired, ended) and near misses (host, begin), in minutes."""
    verdict = history(*series)
    found = run_backtest(verdict, [step * MINUTE for step in range(verdict.values.shape[1])], WORDING, timing)
    fired = [
        (one.labels["host"], (one.fired_at_ms or 0) // MINUTE, one.ended_at_ms and one.ended_at_ms // MINUTE)
        for one in found.episodes
    ]
    return fired, [(one.labels["host"], one.active_at_ms // MINUTE) for one in found.near_misses]


def test_a_history_has_episodes_and_near_misses() -> None:
    assert episodes(Timing("R", for_ms=2 * MINUTE), ".##..###..", "......####") == (
        [("0", 7, 8), ("1", 8, None)],
        [("0", 1)],
    )


def test_silence_does_in_a_backtest_what_the_rule_says() -> None:
    assert episodes(Timing("R"), "# #")[0] == [("0", 0, 1), ("0", 2, None)]
    assert episodes(Timing("R", no_data="keep_last"), "# #")[0] == [("0", 0, None)]


def test_too_many_steps_are_refused() -> None:
    with pytest.raises(ValueError, match="at most"):
        run_backtest(history("."), range(MAX_STEPS + 1), WORDING, Timing("R"))


def fired(host: str, begin: int, end: int | None) -> Episode:
    """An episode of a host, in minutes."""
    ended = None if end is None else end * MINUTE
    return Episode({"alertname": "R", "host": host}, begin * MINUTE, begin * MINUTE, ended, 1.0)


def told(until: int, *given: Episode, by: Sequence[str] = ("alertname",)) -> list[tuple[float, int, int]]:
    """Messages as (minutes, firing, resolved)."""
    messages = predict_messages(given, until * MINUTE, Grouping(by=tuple(by)))
    return [(one.at_ms / MINUTE, one.firing, one.resolved) for one in messages]


def test_alerts_of_a_group_are_told_together() -> None:
    assert told(60, fired("a", 0, 20), fired("b", 0, 20)) == [(0.5, 2, 0), (20.5, 0, 2)]
    assert told(60, fired("a", 0, 20), fired("b", 0, 20), by=("host",)) == [
        (0.5, 1, 0), (0.5, 1, 0), (20.5, 0, 1), (20.5, 0, 1)
    ]  # fmt: skip


def test_what_comes_later_waits_for_the_groups_interval() -> None:
    assert told(60, fired("a", 0, None), fired("b", 2, None)) == [(0.5, 1, 0), (5.5, 2, 0)]


def test_what_fires_for_long_is_repeated_and_a_new_group_begins_with_its_wait() -> None:
    assert told(300, fired("a", 0, None)) == [(0.5, 1, 0), (240.5, 1, 0)]
    assert told(60, fired("a", 0, 3), fired("a", 30, None)) == [(0.5, 1, 0), (5.5, 0, 1), (30.5, 1, 0)]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 50), st.integers(1, 20)), max_size=12))
def test_grouping_never_sends_more_than_two_messages_an_episode_in_a_short_time(
    spans: list[tuple[str, int, int]],
) -> None:
    given_ = [fired(host, begin, begin + length) for host, begin, length in spans]
    messages = predict_messages(given_, 120 * MINUTE, Grouping())
    assert len(messages) <= 2 * len(given_)
    assert sum(one.resolved for one in messages) <= len(given_)
    assert not messages or messages[-1].firing == 0


def test_a_changed_rule_is_compared_by_overlapping_episodes() -> None:
    found = compare([fired("a", 0, 5), fired("b", 0, 5)], [fired("a", 4, 9), fired("b", 5, 9)])
    assert found.kept == 1
    assert [one.labels["host"] for one in found.added] == ["b"]
    assert [one.labels["host"] for one in found.removed] == ["b"]
