"""The detector at work: which series it watches, what it tells, and what a killed worker or feedback changes."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import numpy as np
import pytest
from app.core.database import tenant_session
from app.core.ids import new_id
from app.domains.metrics import service
from app.domains.metrics.api import routers
from sqlalchemy import text
from tests.domains.metrics.conftest import Sender, labels_of
from tests.support.clouds import make_caller, make_client, make_organization

STEP = 300_000
DAYS = 3
PATH = "/metrics/anomalies"
METRIC = "app_request_latency_seconds"


class Watched:
    """An organization whose series the detector watches; time goes on in steps of five minutes."""

    def __init__(self, sender: Sender) -> None:
        self.sender, self.organization_id = sender, sender.organization_id
        self.at_ms = sender.now_ms // STEP * STEP - 3 * 3_600_000
        self.noise = np.random.default_rng(7)

    @property
    def now(self) -> datetime:
        """A minute after the newest step."""
        return datetime.fromtimestamp(self.at_ms / 1000 + 60, UTC)

    async def past(self, *names: str, resource_id: UUID | None = None, days: float = DAYS) -> UUID:
        """Series with some days of ordinary points, all of one resource."""
        resource_id = resource_id or new_id()
        steps = int(days * 288)
        for name in names:
            values = 10 + self.noise.normal(0, 1, steps)
            points = [(float(value), self.at_ms - (steps - place) * STEP) for place, value in enumerate(values)]
            answer = await self.sender.write((labels_of(METRIC, instance=name), points))
            assert answer.status_code == 204, answer.text
        await self.sender.rows(
            "UPDATE metric_series SET resource_id = :one WHERE labels->>'instance' = ANY(:names) RETURNING id",
            one=resource_id,
            names=list(names),
        )
        return resource_id

    async def goes_on(self, values: dict[str, Sequence[float | None]]) -> service.Detection:
        """Points of the next steps, None for a missing one, and a run of the detector after them."""
        steps = max(map(len, values.values()))
        for name, own in values.items():
            points = [(value, self.at_ms + place * STEP) for place, value in enumerate(own) if value is not None]
            if points:
                answer = await self.sender.write((labels_of(METRIC, instance=name), points))
                assert answer.status_code == 204, answer.text
        self.at_ms += steps * STEP
        return await self.detect()

    async def detect(self, **choices: Any) -> service.Detection:
        """A run of the detector."""
        return await service.detect(self.organization_id, now=self.now, **choices)

    def calm(self, steps: int) -> list[float]:
        """Ordinary points."""
        return [10 + float(value) for value in self.noise.normal(0, 1, steps)]

    async def told(self, **query: Any) -> list[dict[str, Any]]:
        """Anomalies by the route."""
        answer = await self.sender.client.get(PATH, params=query)
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items


@pytest.fixture
async def watched(sender: Sender) -> Watched:
    """Nothing watched yet."""
    return Watched(sender)


@pytest.fixture
async def operator(sender: Sender) -> AsyncIterator[httpx.AsyncClient]:
    """Who may give feedback and choose."""
    caller = make_caller(sender.organization_id, {"metrics:read", "rules:write", "organization:write"})
    async with make_client(routers, caller) as client:
        yield client


async def test_a_spike_is_one_anomaly_with_its_value_and_what_was_expected(watched: Watched) -> None:
    resource_id = await watched.past("a", "b")
    learned = await watched.detect()
    assert (learned.begun, await watched.told()) == (0, [])
    assert learned.points > 2 * DAYS * 288 - 10
    began_ms = watched.at_ms
    run = await watched.goes_on({"a": [60.0, 61.0], "b": watched.calm(2)})
    assert (run.begun, run.ended) == (1, 0)
    (one,) = await watched.told(state="open")
    assert one["labels"] == {"instance": "a"}
    assert one["name"] == METRIC
    assert one["kind"] == "spike"
    assert one["resource_id"] == str(resource_id)
    assert one["points"] == 2
    assert one["series_count"] == 1
    assert one["started_at"] == datetime.fromtimestamp(began_ms / 1000, UTC).isoformat().replace("+00:00", "Z")
    assert one["value"] in (60.0, 61.0)
    assert one["score"] > 0.993
    assert 5 < one["expected"]["low"] < 10 < one["expected"]["high"] < 15
    run = await watched.goes_on({name: watched.calm(12) for name in "ab"})
    assert (run.begun, run.ended) == (0, 1)
    (one,) = await watched.told(state="ended")
    assert one["ended_at"] is not None
    assert await watched.told(state="open") == []


async def test_what_was_before_the_watch_is_learned_and_not_told(watched: Watched) -> None:
    await watched.past("a")
    await watched.sender.write(
        (labels_of(METRIC, instance="a"), [(500.0, watched.at_ms), (10.0, watched.at_ms + STEP)])
    )
    watched.at_ms += 2 * STEP
    run = await watched.detect()
    assert run.points > 0
    assert run.begun == 0
    assert await watched.told() == []


async def test_a_run_that_is_repeated_changes_nothing(watched: Watched) -> None:
    await watched.past("a")
    await watched.detect()
    await watched.goes_on({"a": [60.0]})
    before, pages = await watched.told(), await _pages(watched)
    run = await watched.detect()
    assert (run.points, run.begun, run.ended) == (0, 0, 0)
    assert (await watched.told(), await _pages(watched)) == (before, pages)


@pytest.mark.parametrize("place", ["write_page", "refresh_bursts", "list_identities"])
async def test_a_worker_that_is_killed_has_done_nothing_and_the_next_does_all(
    watched: Watched, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    await watched.past("a")
    await watched.detect()
    pages = await _pages(watched)

    async def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(f"app.domains.metrics.queries.{place}", killed)
        with pytest.raises(KeyboardInterrupt):
            await watched.goes_on({"a": [60.0, 61.0]})
    assert (await watched.told(), await _pages(watched)) == ([], pages)
    assert (await watched.detect()).begun == 1
    (one,) = await watched.told()
    assert one["points"] == 2


async def test_a_day_judged_at_once_is_as_it_is_step_by_step(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is looked at that comes later: a detector that was away finds what one that was there found."""
    await watched.past("a")
    await watched.detect()
    values: list[float | None] = [*watched.calm(8), 70.0, 71.0, *watched.calm(9)]
    start, pages = watched.at_ms, await _pages(watched)
    for value in values:
        await watched.goes_on({"a": [value]})
    steps, after = await watched.told(), await _pages(watched)
    assert len(steps) == 1
    async with tenant_session(watched.organization_id) as session:
        await session.execute(text("DELETE FROM metric_anomalies"))
        for page, payload in pages:
            await session.execute(
                text("UPDATE metric_detector_states SET payload = :payload WHERE page = :page"),
                {"payload": payload, "page": page},
            )
    watched.at_ms = start + len(values) * STEP
    await watched.detect()
    assert [one | {"id": ""} for one in await watched.told()] == [one | {"id": ""} for one in steps]
    assert await _pages(watched) == after


async def test_a_silence_is_a_gap_while_it_lasts(watched: Watched) -> None:
    await watched.past("a", "b")
    await watched.detect()
    run = await watched.goes_on({"a": watched.calm(20), "b": [None] * 20})
    assert run.begun == 1
    (one,) = await watched.told(kind="gap", state="open")
    assert one["labels"]["instance"] == "b"
    assert one["value"] is None
    await watched.goes_on({name: watched.calm(8) for name in "ab"})
    (one,) = await watched.told(kind="gap")
    assert one["state"] == "ended"


async def test_a_counter_is_watched_as_its_rate(watched: Watched) -> None:
    steps = DAYS * 288
    name, resource_id = "http_requests_total", new_id()
    grown = np.cumsum(300 * (100 + watched.noise.normal(0, 5, steps + 3)))
    grown[-3:] += np.array([0.0, 300 * 900.0, 300 * 1800.0])
    points = [(float(value), watched.at_ms - (steps - place) * STEP) for place, value in enumerate(grown)]
    await watched.sender.write((labels_of(name), points[:steps]))
    await watched.sender.rows("UPDATE metric_series SET resource_id = :one RETURNING id", one=resource_id)
    await watched.detect()
    await watched.sender.write((labels_of(name), points[steps:]))
    watched.at_ms += 3 * STEP
    await watched.detect()
    (one,) = await watched.told()
    assert one["name"] == name
    assert one["value"] == pytest.approx(1000, rel=0.1)


async def test_hundreds_of_series_at_once_are_one_burst(watched: Watched) -> None:
    names = [f"s{place}" for place in range(24)]
    for name in names:
        await watched.past(name, days=1)
    await watched.detect()
    run = await watched.goes_on({name: [90.0] for name in names})
    assert run.begun == 24
    (burst,) = await watched.told()
    assert (burst["kind"], burst["series_count"], burst["series_id"], burst["state"]) == ("burst", 24, None, "open")
    assert len(await watched.told(group_id=burst["id"])) == 24
    shown = (await watched.sender.client.get(f"{PATH}/{burst['id']}")).json()
    assert len(shown["around"]["series"]) == 20
    assert shown["around"]["truncated"]
    own = await watched.told(resource_id=shown["around"]["series"][0]["resource_id"])
    assert [one["group_id"] for one in own] == [burst["id"]]
    await watched.goes_on({name: watched.calm(12) for name in names})
    (burst,) = await watched.told()
    assert burst["state"] == "ended"


async def test_many_series_of_one_resource_are_one_burst_of_it(watched: Watched) -> None:
    names = [f"s{place}" for place in range(6)]
    resource_id = await watched.past(*names, days=1)
    await watched.past("other", days=1)
    await watched.detect()
    await watched.goes_on({**{name: [90.0] for name in names}, "other": [90.0]})
    burst, other = sorted(await watched.told(), key=lambda one: one["kind"])
    assert (burst["resource_id"], burst["series_count"]) == (str(resource_id), 6)
    assert other["labels"] == {"instance": "other"}
    assert [one["id"] for one in await watched.told(resource_id=str(resource_id))] == [burst["id"]]


async def test_an_expected_anomaly_mutes_its_kind_for_a_week(watched: Watched, operator: httpx.AsyncClient) -> None:
    await watched.past("a", "b")
    await watched.detect()
    await watched.goes_on({"a": [60.0], "b": watched.calm(1)})
    (one,) = await watched.told()
    answer = await operator.post(f"{PATH}/{one['id']}/feedback", json={"verdict": "expected", "note": "load test"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["feedback"] | {"at": ""} == {
        "verdict": "expected", "note": "load test", "by": answer.json()["feedback"]["by"], "at": "",
    }  # fmt: skip
    await watched.goes_on({name: watched.calm(6) for name in "ab"})
    await watched.goes_on({"a": [900.0], "b": [900.0]})
    assert [found["labels"]["instance"] for found in await watched.told(state="open")] == ["b"]
    assert len(await watched.told(judged=True)) == 1


async def test_feedback_of_a_burst_is_of_its_members_and_can_be_taken_back(
    watched: Watched, operator: httpx.AsyncClient
) -> None:
    names = [f"s{place}" for place in range(6)]
    await watched.past(*names, days=1)
    await watched.detect()
    await watched.goes_on({name: [90.0] for name in names})
    (burst,) = await watched.told()
    path = f"{PATH}/{burst['id']}/feedback"
    for verdict, members in (("wrong", 6), ("useful", 6), (None, 0)):
        answer = await operator.post(path, json={"verdict": verdict, "note": "as announced"})
        assert answer.status_code == 200
        assert (answer.json()["feedback"] or {}).get("verdict") == verdict
        sql = "SELECT count(*) AS found FROM metric_anomalies WHERE series_id IS NOT NULL AND verdict = :one"
        assert await watched.sender.rows(sql, one=verdict or "useful") == [{"found": members}]
    assert (await operator.post(path, json={"verdict": "nonsense"})).status_code == 422


async def test_another_organization_sees_nothing_and_judges_nothing(watched: Watched) -> None:
    await watched.past("a")
    await watched.detect()
    await watched.goes_on({"a": [60.0]})
    (one,) = await watched.told()
    caller = make_caller(await make_organization(), {"metrics:read", "rules:write", "organization:write"})
    async with make_client(routers, caller) as stranger:
        assert (await stranger.get(PATH)).json()["items"] == []
        assert (await stranger.get(f"{PATH}/{one['id']}")).status_code == 404
        answer = await stranger.post(f"{PATH}/{one['id']}/feedback", json={"verdict": "wrong"})
        assert (answer.status_code, answer.json()["type"].rsplit("/", 1)[1]) == (404, "anomaly-not-found")
        assert (await stranger.get(f"{PATH}/settings")).json()["watched"] == 0


async def test_who_only_reads_gives_no_feedback_and_chooses_nothing(watched: Watched) -> None:
    client = watched.sender.client
    assert (await client.post(f"{PATH}/{new_id()}/feedback", json={"verdict": "wrong"})).status_code == 403
    assert (await client.put(f"{PATH}/settings", json={})).status_code == 403


async def test_series_above_the_limit_are_counted_and_left_out(watched: Watched, operator: httpx.AsyncClient) -> None:
    await watched.past("a", "b", "c", days=0.1)
    await watched.sender.write((labels_of("nobody_asked"), [(1.0, watched.at_ms - STEP)]))
    await watched.sender.write((labels_of("app_error_ratio"), [(1.0, watched.at_ms - STEP)]))  # of no resource
    await watched.detect()
    chosen = (await operator.get(f"{PATH}/settings")).json()
    assert (chosen["watched"], chosen["left_out"], chosen["enabled"]) == (3, 0, True)
    body = {name: chosen[name] for name in ("enabled", "names", "linked_only", "sensitivity")}
    assert (await operator.put(f"{PATH}/settings", json=body | {"max_series": 2})).status_code == 200
    await watched.detect(choose=True)
    chosen = (await operator.get(f"{PATH}/settings")).json()
    assert (chosen["watched"], chosen["left_out"]) == (2, 1)
    await operator.put(f"{PATH}/settings", json=body | {"max_series": 9, "linked_only": False})
    await watched.detect(choose=True)
    assert (await operator.get(f"{PATH}/settings")).json()["watched"] == 4
    await operator.put(f"{PATH}/settings", json=body | {"max_series": 9, "enabled": False})
    await watched.detect(choose=True)
    assert (await operator.get(f"{PATH}/settings")).json()["watched"] == 0


async def test_choices_are_checked_and_queue_the_detector(watched: Watched, operator: httpx.AsyncClient) -> None:
    good = {"enabled": True, "names": ["cpu*"], "linked_only": True, "max_series": 10, "sensitivity": "low"}
    for bad in ({"max_series": -1}, {"max_series": 20_001}, {"sensitivity": "x"}, {"names": ["a\nb"]}, {"more": 1}):
        assert (await operator.put(f"{PATH}/settings", json=good | bad)).status_code == 422
    assert (await operator.put(f"{PATH}/settings", json=good)).status_code == 200
    rows = await watched.sender.rows("SELECT kind, arguments FROM jobs")
    assert rows == [{"kind": "metrics.detect", "arguments": {"choose": True}}]


async def test_the_values_around_an_anomaly_are_shown(watched: Watched) -> None:
    await watched.past("a")
    await watched.detect()
    await watched.goes_on({"a": [60.0, *watched.calm(4)]})
    (one,) = await watched.told()
    shown = (await watched.sender.client.get(f"{PATH}/{one['id']}")).json()
    (series,) = shown["around"]["series"]
    assert shown["around"]["step_seconds"] == 300
    assert 60.0 in series["values"]
    assert len(series["values"]) > 70


async def test_pages_follow_one_another_by_the_cursor(watched: Watched) -> None:
    for name in "abc":
        await watched.past(name, days=1)
    await watched.detect()
    await watched.goes_on({name: [90.0] for name in "abc"})
    everything = await watched.told()
    found, cursor = [], None
    while True:
        query = {"limit": "1"} | ({"cursor": cursor} if cursor else {})
        answer = (await watched.sender.client.get(PATH, params=query)).json()
        found += answer["items"]
        cursor = answer["next_cursor"]
        if cursor is None:
            break
    assert found == everything
    assert len(found) == 3
    since = datetime.fromtimestamp(watched.at_ms / 1000, UTC) + timedelta(hours=1)
    assert await watched.told(**{"from": since.isoformat()}) == []


async def test_a_memory_of_another_version_begins_anew(watched: Watched) -> None:
    await watched.past("a", days=1)
    await watched.detect()
    await watched.sender.rows("UPDATE metric_detector_states SET payload = 'old' RETURNING page")
    run = await watched.detect(choose=True)
    assert run.points > 280


async def _pages(watched: Watched) -> list[tuple[int, bytes]]:
    rows = await watched.sender.rows("SELECT page, payload FROM metric_detector_states ORDER BY page")
    return [(row["page"], row["payload"]) for row in rows]
