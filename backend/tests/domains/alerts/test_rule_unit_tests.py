"""Unit tests in promtool's shape: its notation, what files may hold, and that the live machine runs them."""

import math
from collections.abc import Sequence
from typing import Any

import httpx
import pytest
from app.domains.alerts.rules.unit_tests import UnitTestError, expand_values, read_unit_tests
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.domains.alerts.conftest import Desk

from .test_rule_api import DRAFT

# What an item is written as, and the samples that it stands for, written apart from the reader.
whole = st.integers(-1_000, 1_000)
plain = st.one_of(whole.map(lambda n: (str(n), [float(n)])), st.floats(-1e9, 1e9).map(lambda n: (repr(n), [n])))
gaps = st.integers(0, 9).map(lambda n: ("_" if n == 0 else f"_x{n}", ["_"] * max(1, n)))
same = st.tuples(whole, st.integers(0, 9)).map(lambda a: (f"{a[0]}x{a[1]}", [float(a[0])] * (a[1] + 1)))
rising = st.tuples(whole, whole, st.integers(0, 9)).map(
    lambda a: (f"{a[0]}{a[1]:+d}x{a[2]}", [float(a[0] + i * a[1]) for i in range(a[2] + 1)])
)
items = st.one_of(plain, gaps, same, rising, st.just(("stale", ["stale"])))


@settings(max_examples=300, deadline=None)
@given(st.lists(items, max_size=12), st.sampled_from([" ", "  ", "\n"]))
def test_the_notation_stands_for_these_samples(written: Sequence[tuple[str, list[Any]]], between: str) -> None:
    assert expand_values(between.join(text for text, _ in written)) == [one for _, made in written for one in made]


@settings(max_examples=300, deadline=None)
@given(st.text("0123456789+-x_.eEstalinfN ", max_size=20))
def test_any_text_is_samples_or_is_refused(text: str) -> None:
    try:
        made = expand_values(text, most=1_000)
    except ValueError:
        return
    assert len(made) <= 1_000
    assert all(isinstance(one, float) or one in ("_", "stale") for one in made)


def test_what_promtool_documents_is_read() -> None:
    assert expand_values("-2+4x3") == [-2, 2, 6, 10]
    assert expand_values("1-2x4") == [1, -1, -3, -5, -7]
    assert expand_values("1x4") == [1] * 5
    assert expand_values(" 1 _x3 stale ") == [1, "_", "_", "_", "stale"]
    assert expand_values("1.5e1x1 Inf -Inf +2") == [15, 15, math.inf, -math.inf, 2]
    assert math.isnan(float(expand_values("NaN")[0]))
    for text in ("1+2", "x3", "_+1x3", "stalex3", "1x", "0x1f", "{{schema:0}}", "1,2"):
        with pytest.raises(ValueError, match="is no value"):
            expand_values(text)
    with pytest.raises(ValueError, match="more than"):
        expand_values("1x999999999")


FILE = """\
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - series: 'cpu{host="a"}'
        values: '10 95x4 stale'
      - series: 'cpu{host="b"}'
        values: '10+1x9'
    alert_rule_test:
      - eval_time: 2m
        alertname: HighCpu
      - eval_time: 3m30s
        alertname: HighCpu
        exp_alerts:
          - exp_labels: {host: a, team: web}
            exp_annotations: {summary: a is at 95}
      - eval_time: 6m
        alertname: HighCpu
        exp_alerts: []
"""


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("1m\ntests", "1 minute\ntests", 1),
        ("    input_series:", "    input_serious:", 5),
        ("95x4", "95y4", 6),
        ("'cpu{host=\"a\"}'", "'cpu{host'", 5),
        ("'cpu{host=\"a\"}'", "'cpu{host=~\"a\"}'", 5),
        ("'cpu{host=\"b\"}'", "'cpu{host=\"a\"}'", 3),
        ("eval_time: 2m", "eval_time: soon", 10),
        ("        alertname: HighCpu\n      - eval_time: 3m30s", "      - eval_time: 3m30s", 10),
        ("exp_alerts: []", "exp_alerts: [", 20),
        ("exp_alerts: []", "exp_alerts: none", 19),
        ("      - eval_time: 6m", "      - eval_time: 6m\n        eval_time: 7m", 18),
    ],
)
def test_what_is_wrong_is_told_with_its_line(old: str, new: str, line: int) -> None:
    assert FILE.count(old) >= 1
    with pytest.raises(UnitTestError, match=rf"^Line {line}:"):
        read_unit_tests(FILE.replace(old, new, 1))


def test_anchors_that_multiply_are_bounded() -> None:
    case = "[" + ",".join(["*s"] * 1_000) + "]"
    text = f"tests:\n- input_series: [&s {{series: up, values: '1x9999'}}]\n- input_series: {case}\n"
    with pytest.raises(UnitTestError, match="more than"):
        read_unit_tests(text)


async def run(client: httpx.AsyncClient, tests: str = FILE, **body: Any) -> dict[str, Any]:
    answer = await client.post("/alerts/rules/unit-tests", json={"tests": tests} | body)
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_a_rule_of_the_request_passes_its_tests(desk: Desk, client: httpx.AsyncClient) -> None:
    done = await run(client, rules=[DRAFT | {"for_seconds": 120}])
    assert done["passed"], done
    assert [check["passed"] for check in done["tests"][0]["checks"]] == [True, True, True]


async def test_what_was_got_stands_beside_what_was_expected(desk: Desk, client: httpx.AsyncClient) -> None:
    done = await run(client, rules=[DRAFT])
    assert not done["passed"]
    first, second, third = done["tests"][0]["checks"]
    assert (first["passed"], second["passed"], third["passed"]) == (False, True, True)
    assert (first["expected"], first["line"], first["eval_time_seconds"]) == ([], 10, 120.0)
    assert first["got"] == [
        {
            "labels": {"alertname": "HighCpu", "host": "a", "team": "web"},
            "annotations": {"summary": "a is at 95"},
        }
    ]


async def test_the_products_severity_is_compared_where_it_is_expected(desk: Desk, client: httpx.AsyncClient) -> None:
    for severity, passes in (("high", True), ("low", False)):
        tests = FILE.replace("{host: a, team: web}", f"{{host: a, team: web, severity: {severity}}}")
        done = await run(client, tests, rules=[DRAFT | {"for_seconds": 120}])
        assert done["passed"] is passes


async def test_stored_rules_are_tested_by_group_by_id_and_together(desk: Desk, client: httpx.AsyncClient) -> None:
    right, wrong = DRAFT | {"for_seconds": 120}, DRAFT | {"for_seconds": 0}
    await client.put("/alerts/rules/groups/good", json={"rules": [right]})
    rule = (await client.post("/alerts/rules", json=wrong)).json()
    assert (await run(client, group="good"))["passed"]
    assert not (await run(client, rule_ids=[rule["id"]]))["passed"]
    assert not (await run(client))["passed"]
    missing = await client.post("/alerts/rules/unit-tests", json={"tests": FILE, "group": "none"})
    assert missing.status_code == 404


async def test_a_test_of_no_rule_fails_and_notes_tell_what_is_not_looked_at(
    desk: Desk, client: httpx.AsyncClient
) -> None:
    done = await run(client, FILE.replace("evaluation", "rule_files: [x.yml]\nevaluation"), rules=[])
    assert not done["passed"]
    assert {check["detail"] for check in done["tests"][0]["checks"]} == {"No rule that is tested has this name."}
    assert done["notes"] == ["Line 1: rule_files is not looked at: the rules are those of the request."]


async def test_what_cannot_be_read_is_a_problem_with_its_line(desk: Desk, client: httpx.AsyncClient) -> None:
    answer = await client.post("/alerts/rules/unit-tests", json={"tests": FILE.replace("95x4", "95y4"), "rules": []})
    assert answer.status_code == 422
    (problem,) = answer.json()["errors"]
    assert problem["pointer"] == "#/tests"
    assert problem["detail"].startswith("Line 6: ")
