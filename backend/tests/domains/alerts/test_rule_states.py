"""Instances of rules: tables of cases, and random histories beside a plain reading of Prometheus' rules."""

from typing import Any

import pytest
from app.domains.alerts.rules.identity import fingerprint
from app.domains.alerts.rules.states import (
    ERROR_LABEL,
    Instance,
    Observation,
    State,
    Timing,
    advance,
    restore,
)
from hypothesis import given, settings
from hypothesis import strategies as st

MINUTE = 60_000
NAMES = ("a", "b", "c")


def seen(name: str, value: float | None = 1.0, *, enters: bool = True, stays: bool | None = None) -> Observation:
    """An observation of the series `name`; `stays` as `enters` unless said."""
    return Observation({"alertname": "R", "host": name}, value, enters, enters if stays is None else stays)


def run(timing: Timing, *history: list[Observation] | str, every: int = MINUTE) -> list[dict[str, State]]:
    """The state of each host after each evaluation."""
    states: dict[str, Instance] = {}
    told = []
    for step, results in enumerate(history):
        states = advance(states, results, step * every, timing).states
        told.append({one.labels.get("host", "rule"): one.state for one in states.values()})
    return told


class PlainReading:
    """Section 2 of the wire formats, point by point, with a plain dictionary for an instance."""

    def __init__(self, wait: int, keep: int, limit: int) -> None:
        self.wait, self.keep, self.limit = wait, keep, limit
        self.held: dict[str, dict[str, Any]] = {}

    def evaluate(self, ts: int, result: dict[str, float] | None) -> None:
        """One evaluation; None is a query that failed (point 5)."""
        if result is None:
            return
        for name, value in result.items():  # point 2
            if name not in self.held or self.held[name]["state"] == "inactive":
                self.held[name] = {"state": "pending", "activeAt": ts, "keep": None, "fired": None, "resolved": None}
            self.held[name]["value"] = value
        for name in list(self.held):
            one = self.held[name]
            if name in result:  # point 3
                one["keep"] = None
            elif one["state"] == "pending":  # point 4
                del self.held[name]
                continue
            elif one["state"] == "inactive":
                if ts - one["resolved"] > 15 * MINUTE:
                    del self.held[name]
                continue
            else:
                kept = False
                if self.keep > 0:
                    one["keep"] = ts if one["keep"] is None else one["keep"]
                    kept = ts - one["keep"] < self.keep
                if not kept:
                    one["state"], one["resolved"] = "inactive", ts
                    continue
            if one["state"] == "pending" and ts - one["activeAt"] >= self.wait:
                one["state"], one["fired"] = "firing", ts
            elif one["state"] == "firing" and ts - one["activeAt"] < self.wait:
                one["state"], one["fired"], one["keep"] = "pending", None, None
        if self.limit and sum(one["state"] != "inactive" for one in self.held.values()) > self.limit:  # point 6
            self.held = {}

    def told(self) -> dict[str, tuple[Any, ...]]:
        """What can be compared."""
        return {
            name: (one["state"], one["activeAt"], one["fired"], one["keep"], one["resolved"], one["value"])
            for name, one in self.held.items()
        }


results = st.one_of(st.none(), st.dictionaries(st.sampled_from(NAMES), st.sampled_from([1.0, 2.0])))
minutes = st.integers(0, 4).map(lambda count: count * MINUTE)
steps = st.lists(st.tuples(st.integers(1, 9), results, st.one_of(st.none(), minutes)), min_size=1, max_size=30)


@settings(max_examples=400, deadline=None)
@given(wait=minutes, keep=minutes, limit=st.integers(0, 3), history=steps)
def test_random_histories_go_as_a_plain_reading_of_the_rules_says(
    wait: int, keep: int, limit: int, history: list[tuple[int, dict[str, float] | None, int | None]]
) -> None:
    plain, now = PlainReading(wait, keep, limit), 0
    states: dict[str, Instance] = {}
    firing: set[str] = set()
    for after, result, new_wait in history:
        now += after * 30_000
        plain.wait = plain.wait if new_wait is None else new_wait
        plain.evaluate(now, result)
        timing = Timing("R", plain.wait, keep, limit=limit)
        # healthy series are told too: they must make no difference
        told = None if result is None else [seen(n, result.get(n, 0.0), enters=n in result) for n in NAMES]
        step = advance(states, "failed" if told is None else told, now, timing)
        states = step.states
        assert {
            one.labels["host"]: (
                one.state, one.active_at_ms, one.fired_at_ms, one.keep_since_ms, one.resolved_at_ms, one.value
            )
            for one in states.values()
            if one.state != "inactive"
        } == {name: one for name, one in plain.told().items() if one[0] != "inactive"}  # fmt: skip
        assert {one.labels["host"] for one in states.values()} == set(plain.held)
        for change in step.transitions:  # the alerts that follow the transitions are those that fire
            host = change.instance.labels["host"]
            if change.change == "fired":
                assert host not in firing
                firing.add(host)
            elif change.change in ("resolved", "withdrawn", "dropped"):
                firing.remove(host)
        assert firing == {name for name, one in plain.held.items() if one["state"] == "firing"}


@settings(max_examples=200, deadline=None)
@given(wait=minutes, keep=minutes, history=steps)
def test_leaving_out_healthy_series_without_instances_changes_nothing(
    wait: int, keep: int, history: list[tuple[int, dict[str, float] | None, int | None]]
) -> None:
    timing = Timing("R", wait, keep, no_data="fire")
    whole: dict[str, Instance] = {}
    sparse: dict[str, Instance] = {}
    for step, (_, result, _) in enumerate(history):
        told = [seen(n, (result or {}).get(n, 0.0), enters=n in (result or {})) for n in NAMES]
        whole = advance(whole, told, step * MINUTE, timing).states
        few = [one for one in told if one.enters or fingerprint(one.labels) in sparse]
        sparse = advance(sparse, few, step * MINUTE, timing).states
        assert whole == sparse


def test_hysteresis_keeps_firing_between_the_two_conditions() -> None:
    between = seen("a", enters=False, stays=True)
    low = seen("a", enters=False, stays=False)
    assert run(Timing("R"), [between], [seen("a")], [between], [between], [low], [between]) == [
        {}, {"a": "firing"}, {"a": "firing"}, {"a": "firing"}, {"a": "inactive"}, {"a": "inactive"}
    ]  # fmt: skip


def test_what_is_pending_is_asked_for_the_condition_to_enter() -> None:
    assert run(Timing("R", for_ms=5 * MINUTE), [seen("a")], [seen("a", enters=False, stays=True)]) == [
        {"a": "pending"},
        {},
    ]


@pytest.mark.parametrize("silence", [[], [seen("a", None)]])
def test_silence_resolves_unless_said_otherwise(silence: list[Observation]) -> None:
    assert run(Timing("R"), [seen("a")], silence)[-1] == {"a": "inactive"}
    assert run(Timing("R", no_data="keep_last"), [seen("a")], silence, silence)[-1] == {"a": "firing"}


def test_a_gap_does_not_count_as_time_in_which_the_condition_to_leave_held() -> None:
    timing = Timing("R", keep_firing_ms=3 * MINUTE, no_data="keep_last")
    low = [seen("a", enters=False)]
    assert run(timing, [seen("a")], low, low, [], low, low, low)[-1] == {"a": "firing"}
    assert run(timing, [seen("a")], low, low, [], low, low, low, low)[-1] == {"a": "inactive"}


def test_a_silent_series_fires_where_that_was_chosen_and_goes_on_with_its_data() -> None:
    timing = Timing("R", for_ms=MINUTE, no_data="fire")
    silent, good = [seen("a", None)], [seen("a", enters=False)]
    assert run(timing, good, silent, silent, silent, good) == [
        {}, {"a": "pending"}, {"a": "firing"}, {"a": "firing"}, {"a": "inactive"}
    ]  # fmt: skip
    states = advance({}, silent, 0, timing).states
    assert [one.no_data for one in states.values()] == [True]


def test_a_failure_changes_no_instance_and_is_told() -> None:
    states = advance({}, [seen("a")], 0, Timing("R")).states
    step = advance(states, "The server does not answer.", MINUTE, Timing("R"))
    assert (step.states, step.transitions, step.error) == (states, [], "The server does not answer.")


def test_two_results_with_equal_labels_are_a_failure_of_the_rule() -> None:
    step = advance({}, [seen("a"), seen("a")], 0, Timing("R"))
    assert (step.states, step.error is not None) == ({}, True)


def test_a_failing_rule_can_have_an_alert_of_its_own_that_ends_with_a_success() -> None:
    timing = Timing("R", for_ms=MINUTE, on_error="fire", no_data="keep_last")
    told = run(timing, "no", "no", [], "no", "no")
    assert told == [
        {"rule": "pending"},
        {"rule": "firing"},
        {"rule": "inactive"},
        {"rule": "pending"},
        {"rule": "firing"},
    ]
    assert all(ERROR_LABEL in one.labels for one in advance({}, "no", 0, timing).states.values())


def test_more_instances_than_the_limit_drop_all_and_end_their_alerts() -> None:
    timing = Timing("R", limit=1)
    states = advance({}, [seen("a")], 0, timing).states
    step = advance(states, [seen("a"), seen("b")], MINUTE, timing)
    assert (step.states, [one.change for one in step.transitions]) == ({}, ["dropped"])
    assert "limit of 1" in (step.error or "")


@pytest.mark.parametrize(
    ("waited", "down", "fires_after"),
    [
        (5, 5, 25),  # 25 minutes are left, and the outage does not count
        (25, 5, 10),  # 5 are left: one grace period from now
        (40, 5, 0),  # nothing is left
        (5, 61, None),  # too long ago: it begins anew
    ],
)
def test_pending_time_is_restored_as_prometheus_does(waited: int, down: int, fires_after: int | None) -> None:
    wait, active = 30 * MINUTE, 1_000 * MINUTE
    now = active + (waited + down) * MINUTE
    states = {"k": Instance("k", {}, "pending", active, 1.0)}
    restored = restore(states, active + waited * MINUTE, now, Timing("R", wait)).get("k")
    left = None if restored is None else max(0, restored.active_at_ms + wait - now) // MINUTE
    assert left == fires_after


def test_after_an_outage_what_fires_still_fires_and_short_waits_begin_anew() -> None:
    states = {n: Instance(n, {}, s, 0, 1.0) for n, s in (("a", "firing"), ("b", "pending"))}  # type: ignore[arg-type]
    assert set(restore(states, 0, 5 * MINUTE, Timing("R", 5 * MINUTE))) == {"a"}
    assert set(restore(states, 0, 500 * MINUTE, Timing("R", 30 * MINUTE))) == {"a"}
