from decimal import Decimal
from typing import Any

import pytest
from app.domains.compliance.rules.catalogue import CONTROLS
from app.domains.compliance.rules.mapping import STANDARDS, requirements_of
from app.domains.compliance.rules.model import finding_key, percent, score
from app.domains.compliance.rules.networks import is_world, world_open, world_ports
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.domains.compliance.samples import CASES, WORLD, Case, run, tcp


@pytest.mark.parametrize("case", CASES, ids=[f"{case.control}-{case.expected}-{n}" for n, case in enumerate(CASES)])
def test_a_control_says_what_its_sample_expects(case: Case) -> None:
    outcome = run(case)
    assert outcome.state == case.expected, outcome
    if case.severity is not None:
        assert outcome.severity == case.severity
    if case.sub_keys is not None:
        assert tuple(failure.sub_key for failure in outcome.failures) == case.sub_keys
    assert bool(outcome.failures) == (case.expected == "FAIL")
    assert bool(outcome.reason) == (case.expected != "PASS")


def test_every_control_has_a_passing_and_a_failing_sample() -> None:
    for control_id in CONTROLS:
        states = {case.expected for case in CASES if case.control == control_id}
        assert {"PASS", "FAIL"} <= states, control_id


@pytest.mark.parametrize("control_id", [key for key, control in CONTROLS.items() if control.fields or control.values])
def test_a_missing_or_unread_field_is_unknown_and_names_the_permission(control_id: str) -> None:
    control = CONTROLS[control_id]
    passing = next(case for case in CASES if case.control == control_id and case.expected == "PASS")
    for name in (*control.fields, *control.values):
        without = {key: value for key, value in passing.properties.items() if key != name}
        assert run(_with(passing, properties=without)).state == "UNKNOWN"
        unread = run(_with(passing, unread={name: "missing permission x:Get"}))
        assert (unread.state, unread.reason) == ("UNKNOWN", "missing permission x:Get")


@pytest.mark.parametrize("control_id", list(CONTROLS))
def test_a_stale_resource_is_unknown(control_id: str) -> None:
    passing = next(case for case in CASES if case.control == control_id and case.expected == "PASS")
    assert run(_with(passing, stale=True)).state == "UNKNOWN"


def _with(case: Case, **changes: Any) -> Case:
    return Case(**(vars(case) | changes))


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from(["*", "0.0.0.0/0", "tcp", "Allow"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
@pytest.mark.parametrize("control_id", list(CONTROLS))
def test_no_shape_of_an_answer_breaks_a_control(control_id: str, data: st.DataObject) -> None:
    """Any value in any place of a failing sample gives one of the states, never an exception."""
    failing = next(case for case in CASES if case.control == control_id and case.expected == "FAIL")
    properties, siblings = dict(failing.properties), {name: list(items) for name, items in failing.siblings.items()}
    for holder in (properties, *(dict(item) for items in siblings.values() for item in items)):
        for name in holder:
            if data.draw(st.booleans()):
                holder[name] = data.draw(_changed(holder[name]))
    outcome = run(_with(failing, properties=properties, siblings=siblings))
    assert outcome.state in ("PASS", "FAIL", "NOT_APPLICABLE", "UNKNOWN")


def _changed(value: Any) -> st.SearchStrategy[Any]:
    if isinstance(value, dict) and value:
        part = st.sampled_from(sorted(value))
        return JSON | st.builds(lambda name, new: {**value, name: new}, part, JSON)
    if isinstance(value, list) and value:
        return JSON | st.builds(lambda new: [*value, new], JSON)
    return JSON


@given(st.lists(st.integers(0, 255), min_size=1, max_size=40, unique=True))
def test_ranges_are_the_world_exactly_when_they_cover_half_of_it(blocks: list[int]) -> None:
    assert is_world(f"{block}.0.0.0/8" for block in blocks) == (len(blocks) >= 128)


@given(st.lists(st.integers(0, 255), min_size=128, max_size=160, unique=True))
def test_many_small_ranges_together_are_the_world(blocks: list[int]) -> None:
    assert is_world(f"{block}.0.0.0/8" for block in blocks)


@given(port=st.integers(1, 65535), low=st.integers(0, 65535), high=st.integers(0, 65535))
def test_a_port_is_open_exactly_inside_the_rule(port: int, low: int, high: int) -> None:
    assert world_open([tcp(low, high, WORLD)], "tcp", port) == (low <= port <= high)


PORT = st.integers(0, 20)
RANGE = st.sampled_from(
    ["0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "10.0.0.0/8", "128.0.0.0/2", "192.0.0.0/2", "8000::/1"]
)
RULE = st.builds(
    lambda low, high, ranges, protocol: tcp(low, high, [{"CidrIp": text} for text in ranges], IpProtocol=protocol),
    PORT,
    PORT,
    st.lists(RANGE, max_size=3),
    st.sampled_from(["tcp", "6", "udp", "-1"]),
)


@given(st.lists(RULE, max_size=5))
def test_the_open_ports_are_those_that_are_open_one_by_one(rules: list[dict[str, Any]]) -> None:
    opened = world_ports(rules, "tcp")
    for port in (*range(22), 65_535):
        assert any(low <= port <= high for low, high in opened) == world_open(rules, "tcp", port)


def test_hostile_ranges_do_not_break_the_evaluation() -> None:
    assert not is_world(["", "not-a-range", "10.0.0.0/33", "1.2.3.4/-1"])


@given(passed=st.integers(0, 10**6), failed=st.integers(0, 10**6))
def test_a_score_is_whole_only_when_nothing_failed(passed: int, failed: int) -> None:
    value = score(passed, failed)
    if passed + failed == 0:
        assert value is None
    else:
        assert value is not None
        assert (value == 100) == (failed == 0)
        assert Decimal(0) <= value <= 100


def test_nothing_assessed_is_not_a_hundred_percent() -> None:
    assert score(0, 0) is None
    assert percent(0, 0) is None


def test_finding_keys_tell_controls_resources_and_sub_keys_apart() -> None:
    keys = {finding_key(*parts) for parts in (("a", "b", ""), ("a", "", "b"), ("ab", "", ""), ("a", "b", "c"))}
    assert len(keys) == 4


def test_every_control_is_in_the_baseline_and_every_mapping_names_a_standard() -> None:
    known = {standard.key for standard in STANDARDS}
    for control_id in CONTROLS:
        mapped = requirements_of(control_id)
        assert set(mapped) <= known
        assert mapped["cloudops-aws"] == [control_id]


def test_requirement_numbers_are_text() -> None:
    assert requirements_of("AWS-IAM-004")["cis-aws-3.0"] == ["1.10"]
