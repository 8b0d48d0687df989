"""Rules and alerts as Prometheus' API serves them: filters, refusals, pages, and whose they are."""

from typing import Any

import httpx
import pytest
from app.core.config import SERVICES, Settings
from app.core.database import Database
from app.core.http import Caller
from app.domains.alerts.api import prometheus, routers
from app.domains.alerts.service.prometheus_view import exponent
from app.main import create_app
from tests.support.clouds import make_client

FILE = """
groups:
  - {name: a, rules: [{alert: One, expr: up == 0, for: 5m}, {alert: Two, expr: 'absent(up{job="x"})'}]}
  - {name: b, interval: 1m, rules: [{alert: Three, expr: "up>1", labels: {severity: info}}]}
"""


async def rules(caller: Caller, **query: Any) -> httpx.Response:
    async with make_client([*routers, prometheus.router], caller) as client:
        for name in ("x.yml", "y.yml"):
            done = await client.post("/alerts/rules/import", json={"name": name, "content": FILE})
            assert done.status_code == 200, done.text
        return await client.get("/prometheus/api/v1/rules", params=query)


def names_of(answer: httpx.Response) -> list[tuple[str, str, list[str]]]:
    document = answer.json()
    assert document["status"] == "success", document
    groups = document["data"]["groups"]
    return [(one["file"], one["name"], [rule["name"] for rule in one["rules"]]) for one in groups]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, [("x.yml", "a", ["One", "Two"]), ("x.yml", "b", ["Three"])]),
        ({"type": "alert", "rule_name[]": ["Two", "Three"]}, [("x.yml", "a", ["Two"]), ("x.yml", "b", ["Three"])]),
        ({"rule_group[]": "b"}, [("x.yml", "b", ["Three"])]),
        ({"file[]": "z.yml"}, []),
        ({"type": "record"}, []),
    ],
)
async def test_filters_leave_what_they_name(
    operator: Caller, query: dict[str, Any], expected: list[tuple[str, str, list[str]]]
) -> None:
    found = names_of(await rules(operator, **query))
    if "file[]" not in query and query.get("type") != "record":
        assert found == [*expected, *(("y.yml", name, members) for _, name, members in expected)]
    else:
        assert found == expected


async def test_groups_come_in_pages(operator: Caller) -> None:
    first = await rules(operator, group_limit=3)
    assert len(names_of(first)) == 3
    token = first.json()["data"]["groupNextToken"]
    second = await rules(operator, group_limit=3, group_next_token=token)
    assert names_of(second) == [("y.yml", "b", ["Three"])]
    assert "groupNextToken" not in second.json()["data"]


@pytest.mark.parametrize(
    "query",
    [{"type": "x"}, {"group_limit": "0"}, {"group_limit": "-1"}, {"group_next_token": "x"}, {"exclude_alerts": "2"}],
)
async def test_wrong_questions_are_refused_as_prometheus_refuses(operator: Caller, query: dict[str, str]) -> None:
    answer = await rules(operator, **query)
    assert answer.status_code == 400
    assert (answer.json()["status"], answer.json()["errorType"]) == ("error", "bad_data")


async def test_a_rule_that_was_never_evaluated_is_unknown_with_its_expression_as_prometheus_writes_it(
    operator: Caller,
) -> None:
    [rule] = (await rules(operator, **{"rule_group[]": "b", "file[]": "x.yml"})).json()["data"]["groups"][0]["rules"]
    assert (rule["state"], rule["health"], rule["query"], rule["labels"]) == (
        "unknown",
        "unknown",
        "up > 1",
        {"severity": "info"},
    )


async def test_rules_of_others_are_not_seen(operator: Caller, stranger: httpx.AsyncClient) -> None:
    assert names_of(await rules(operator))
    assert (await stranger.get("/prometheus/api/v1/rules")).status_code == 404  # these are the routes of alerts alone
    assert (await stranger.get("/alerts/rules")).json()["items"] == []


async def test_the_paths_are_there_with_and_without_the_prefix_for_people_who_are_known(database: Database) -> None:
    app = create_app(Settings(), SERVICES, database=database)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        for path in ("/prometheus/api/v1/rules", "/api/v1/prometheus/api/v1/alerts"):
            assert (await client.get(path)).status_code == 401


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.0, "1e+00"), (0.0, "0e+00"), (-12.5, "-1.25e+01"), (1e100, "1e+100"), (1.5e-7, "1.5e-07"), (100.0, "1e+02")],
)
def test_values_are_written_as_go_writes_them(value: float, text: str) -> None:
    assert exponent(value) == text
