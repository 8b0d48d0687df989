"""What is watched, what feedback comes to, how points become episodes and episodes bursts."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import numpy as np
import pytest
from app.domains.metrics.rules.anomalies import (
    DEFAULT_NAMES,
    KIND_NAMES,
    MUTED_FOR,
    Feedback,
    Leaning,
    choose_names,
    is_counter,
    weigh_feedback,
)
from app.domains.metrics.rules.anomaly_episodes import Watch, judge_steps
from app.domains.metrics.rules.anomaly_groups import AT_ONCE, ON_ONE_RESOURCE, Burst, Start, common_labels, gather
from app.domains.metrics.rules.detector import UnknownState
from app.domains.metrics.rules.detector_pages import PLACES, Page
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 6, 1, tzinfo=UTC)
STEP = 300_000


def said(*verdicts: str, kind: str = "spike", days_ago: float = 1.0) -> list[Feedback]:
    return [
        Feedback(1, kind, verdict, NOW - timedelta(days=days_ago, minutes=-i)) for i, verdict in enumerate(verdicts)
    ]


@pytest.mark.parametrize(
    ("verdicts", "raised"),
    [
        ([], 0),
        (["wrong"], 1),
        (["wrong", "wrong"], 2),
        (["wrong"] * 9, 5),
        (["wrong"] * 9 + ["useful"], 4),
        (["wrong", "useful", "useful", "wrong"], 1),
        (["useful"] * 3, 0),
        (["expected"], 0),
    ],
)
def test_each_wrong_raises_the_bar_by_a_step_and_each_useful_takes_one_back(verdicts: list[str], raised: int) -> None:
    assert weigh_feedback(said(*verdicts), NOW).get(1, Leaning()).raised == raised


def test_a_step_asks_for_points_that_are_one_and_a_half_times_as_rare() -> None:
    usual, raised = Leaning().bar("normal"), Leaning(raised=1).bar("normal")
    assert 10 ** (raised - usual) == pytest.approx(1.6, abs=0.02)
    assert Leaning().bar("high") < usual < Leaning().bar("low")


def test_expected_mutes_the_kind_for_a_week_and_useful_ends_that() -> None:
    leaning = weigh_feedback(said("expected"), NOW)[1]
    until = (NOW - timedelta(days=1) + MUTED_FOR).timestamp() * 1000
    assert [leaning.tells("spike", int(until) - 1), leaning.tells("spike", int(until))] == [False, True]
    assert leaning.tells("dip", 0)
    assert weigh_feedback(said("expected", "useful"), NOW)[1].tells("spike", 0)
    assert weigh_feedback(said("expected", days_ago=8), NOW)[1].muted == ()


def test_feedback_of_long_ago_and_of_other_series_changes_nothing() -> None:
    assert weigh_feedback(said("wrong", days_ago=91), NOW) == {}
    assert weigh_feedback(said("wrong"), NOW).get(2) is None


def test_names_are_chosen_whatever_their_case_and_earlier_patterns_first() -> None:
    names = ["b_errors", "A_Latency", "x", "latency_bucket", "c_error_maximum"]
    assert choose_names(names, ["*latency*", "*error*"]) == ["A_Latency", "b_errors"]
    assert choose_names(names, ["latency_bucket"]) == ["latency_bucket"]  # named whole
    assert choose_names(names, []) == []


@pytest.mark.parametrize(
    "name",
    [
        "aws_ec2_cpuutilization_average", "aws_elb_targetresponsetime_average", "aws_elb_httpcode_target_5xx_count_sum",
        "aws_rds_freestoragespace_average", "node_filesystem_avail_bytes", "system_cpu_utilization",
        "http_requests_total", "node_network_receive_bytes_total", "aws_lambda_errors_sum",
    ],
)  # fmt: skip
def test_utilisation_latency_errors_and_traffic_are_watched_by_default(name: str) -> None:
    assert choose_names([name], DEFAULT_NAMES) == [name]


@pytest.mark.parametrize(
    ("name", "told", "counter"),
    [("a_total", "", True), ("a_total", "gauge", False), ("a", "counter", True), ("a", "gauge", False),
     ("a_sum", "histogram", True), ("a", "summary", False), ("a_total", "unknown", True)],
)  # fmt: skip
def test_counters_are_known_by_their_senders_word_else_by_their_ending(name: str, told: str, counter: bool) -> None:
    assert is_counter(name, told) is counter


def starts(*minutes: float, resource: UUID | None = None) -> list[Start]:
    return [Start(uuid4(), NOW + timedelta(minutes=one), resource or uuid4()) for one in minutes]


def test_many_at_once_are_one_burst_whatever_their_resources() -> None:
    (group,) = gather(starts(*[0.0] * AT_ONCE), [])
    assert (group.by, len(group.members), group.resource_id, group.joins) == ("time", AT_ONCE, None, None)
    assert gather(starts(*[0.0] * (AT_ONCE - 1)), []) == []


def test_some_on_one_resource_are_a_burst_of_it() -> None:
    resource = uuid4()
    (group,) = gather([*starts(*range(ON_ONE_RESOURCE), resource=resource), *starts(0, 0)], [])
    assert (group.by, len(group.members), group.resource_id) == ("resource", ON_ONE_RESOURCE, resource)
    assert gather(starts(*range(ON_ONE_RESOURCE - 1), resource=resource), []) == []
    assert gather(starts(0, 11, 22, 33, 44, 55, resource=resource), []) == []


def test_what_begins_a_little_later_joins_the_burst() -> None:
    resource = uuid4()
    bursts = [Burst(uuid4(), NOW, resource), Burst(uuid4(), NOW, None)]
    own, other, late = starts(5, resource=resource), starts(9), starts(11)
    made = gather([*own, *other, *late], bursts)
    assert [(group.joins, group.members) for group in made] == [
        (bursts[0].id, (own[0].id,)),
        (bursts[1].id, (other[0].id,)),
    ]


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 3)), max_size=80))
def test_nothing_is_in_two_bursts_and_no_burst_is_small_or_long(drawn: Sequence[tuple[int, int]]) -> None:
    resources = [None, *(UUID(int=number) for number in range(1, 4))]
    given_ = [Start(uuid4(), NOW + timedelta(minutes=at), resources[which]) for at, which in drawn]
    by_id = {one.id: one for one in given_}
    made = gather(given_, [])
    members = [one for group in made for one in group.members]
    assert len(members) == len(set(members))
    for group in made:
        at = [by_id[one].at for one in group.members]
        assert max(at) - min(at) <= timedelta(minutes=10)
        assert len(at) >= (AT_ONCE if group.by == "time" else ON_ONE_RESOURCE)
        if group.by == "resource":
            assert {by_id[one].resource_id for one in group.members} == {group.resource_id}


def test_common_labels_are_those_that_all_have() -> None:
    assert common_labels([{"a": "1", "b": "2"}, {"a": "1", "b": "3"}, {"a": "1"}]) == {"a": "1"}
    assert common_labels([]) == {}


def trained() -> tuple[Page, int]:
    """A page with a series that has a day of noise behind it, and the next step."""
    page = Page.new()
    page.put(3, 77, counter=False, learn_ms=0, told_ms=289 * STEP)
    values = 50 + np.random.default_rng(3).normal(0, 1, 288)
    run(page, 1, values, Watch("normal", {}))
    return page, 289


def run(page: Page, first: int, values: Sequence[float] | np.ndarray, watch: Watch, settled: int = 0) -> None:
    matrix = np.array([values], np.float64)
    at = (first + np.arange(matrix.shape[1])) * STEP
    judge_steps(page, np.array([3]), at, matrix, watch, STEP, settled * STEP)


def test_three_ordinary_points_end_an_episode_and_two_do_not() -> None:
    page, first = trained()
    watch = Watch("normal", {})
    run(page, first, [90.0, 50.0, 50.1, 90.0, 50.0, 50.1], watch)
    (one,) = watch.open.values()
    assert (one.started_ms, one.last_ms, one.points) == (first * STEP, (first + 3) * STEP, 2)
    run(page, first + 6, [50.0], watch)
    assert not watch.open
    assert [ended.ended_ms for ended in watch.ended] == [(first + 4) * STEP]


def test_missing_points_are_waited_for_and_judged_when_they_are_settled() -> None:
    page, first = trained()
    run(page, first, [np.nan] * 10, Watch("normal", {}), settled=first + 4)
    assert page.judged_ms[3] == (first + 3) * STEP
    run(page, first, [50.0] * 10, Watch("normal", {}))  # those that came late are not judged again
    assert page.judged_ms[3] == (first + 9) * STEP


def test_a_muted_kind_and_a_raised_bar_are_not_told() -> None:
    for leaning, told in ((Leaning(), 1), (Leaning(0, (("spike", NOW),)), 0), (Leaning(60), 0)):
        page, first = trained()
        watch = Watch("normal", {77: leaning})
        run(page, first, [90.0], watch)
        assert len(watch.open) == told, leaning


def test_a_page_comes_back_from_its_bytes_and_another_version_is_refused() -> None:
    page, _ = trained()
    stored = page.to_bytes(300)
    again = Page.from_bytes(stored, 300)
    assert again.to_bytes(300) == stored
    assert (again.held.tolist(), len(again.free)) == ([3], PLACES - 1)
    for payload, seconds in ((stored, 60), (stored[:8], 300), (stored[:-9], 300), (b"COD" + stored[3:-1], 300)):
        with pytest.raises(UnknownState):
            Page.from_bytes(payload, seconds)


def test_kinds_have_the_names_of_the_routes() -> None:
    assert KIND_NAMES == ("", "spike", "dip", "level_shift", "trend", "unusual_variance", "flat_line", "gap")
