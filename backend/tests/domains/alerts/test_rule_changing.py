"""What a change of rules means: whose states go on, and how a group becomes another."""

from typing import Any

import pytest
from app.domains.alerts.rules.changing import compare_groups, first_threshold, keeps_states
from hypothesis import given, settings
from hypothesis import strategies as st

CONDITION = {"kind": "threshold", "reading": {"selector": "cpu", "by": []}, "enter": {"operator": ">", "threshold": 9}}
RULE: dict[str, Any] = {
    "name": "R", "severity": "high", "labels": {}, "enabled": True, "for_seconds": 0, "condition": CONDITION,
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({"for_seconds": 60}, True),
        ({"condition": CONDITION | {"enter": {"operator": "<", "threshold": 1}}}, True),
        ({"condition": CONDITION | {"reading": {"selector": "cpu", "by": [], "window_seconds": 60}}}, True),
        ({"condition": CONDITION | {"reading": {"selector": "memory", "by": []}}}, False),
        ({"condition": CONDITION | {"reading": {"selector": "cpu", "by": ["host"]}}}, False),
        ({"condition": {"kind": "all", "parts": [CONDITION]}}, False),
        ({"name": "S"}, False),
        ({"severity": "low"}, False),
        ({"labels": {"team": "web"}}, False),
        ({"enabled": False}, False),
    ],
)
def test_states_go_on_while_alerts_keep_their_labels(change: dict[str, Any], kept: bool) -> None:
    assert keeps_states(RULE, RULE | change) is kept


def test_the_first_number_of_a_condition_is_its_threshold() -> None:
    assert first_threshold(CONDITION) == 9
    assert first_threshold({"kind": "any", "parts": [{"kind": "absence", "selector": "x"}, CONDITION]}) == 9
    assert first_threshold({"kind": "promql", "query": "up"}) is None


groups = st.lists(st.builds(lambda name, wait: {"name": name, "for": wait}, st.sampled_from("abc"), st.integers(0, 3)))


@settings(max_examples=300, deadline=None)
@given(groups, groups)
def test_each_rule_of_both_groups_is_told_of_once_and_as_little_as_possible_changes(old: Any, new: Any) -> None:
    told = compare_groups(old, new)
    assert sorted(one.old for one in told if one.old is not None) == list(range(len(old)))
    assert [one.new for one in told if one.new is not None] == list(range(len(new)))
    for one in told:
        before = None if one.old is None else old[one.old]
        after = None if one.new is None else new[one.new]
        assert (one.kind == "added", one.kind == "removed") == (before is None, after is None)
        if before is not None and after is not None:
            assert before["name"] == after["name"]
            assert (one.kind == "unchanged") == (before == after)
    same = sum(min(old.count(one), new.count(one)) for one in ({"name": n, "for": w} for n in "abc" for w in range(4)))
    assert sum(one.kind == "unchanged" for one in told) == same
    names = [one["name"] for one in old], [one["name"] for one in new]
    assert sum(one.kind in ("unchanged", "changed") for one in told) == sum(
        min(names[0].count(name), names[1].count(name)) for name in "abc"
    )
