"""Rules in PromQL are asked of their server: what it answers are alerts, and what fails changes none."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import orjson
import pytest
from app.core.config import get_settings
from app.core.database import tenant_session
from app.core.ids import new_id
from app.domains.alerts import service
from app.domains.alerts.service import rule_servers
from app.domains.alerts.service.evaluating import Evaluation
from app.domains.metrics.models import MetricSource
from tests.domains.metrics.test_asking import START, Server

from .conftest import Desk
from .test_rule_evaluation import MINUTE, NOW, make_rule, open_titles


class Slow(Server):
    """Answers after `seconds`."""

    seconds = 0.0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(self.seconds)
        await super().answer(reader, writer)

    def tell_vector(self, *series: tuple[dict[str, str], str]) -> None:
        result = [{"metric": labels, "value": [START, value]} for labels, value in series]
        self.body = orjson.dumps({"status": "success", "data": {"resultType": "vector", "result": result}})


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Slow]:
    made = Slow()
    running = await asyncio.start_server(made.answer, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{running.sockets[0].getsockname()[1]}"
    allowed = get_settings().model_copy(update={"allowed_endpoints": (made.url,)})
    monkeypatch.setattr("app.domains.metrics.service.asking.get_settings", lambda: allowed)
    yield made
    running.close()


async def make_source(desk: Desk, url: str) -> UUID:
    source_id = new_id()
    async with tenant_session(desk.organization_id) as session:
        session.add(
            MetricSource(
                organization_id=desk.organization_id,
                id=source_id,
                name="p",
                kind="prometheus",
                url=url,
                settings={},
                interval_seconds=300,
            )
        )
    return source_id


async def make_promql(desk: Desk, source_id: UUID | None, **changes: Any) -> UUID:
    condition = {"kind": "promql", "query": "up * 2 > 1", "source_id": str(source_id) if source_id else None}
    return await make_rule(desk, condition, name="Asked", labels={}, **changes)


async def evaluate(desk: Desk, minutes: int = 0) -> Evaluation:
    """As the task does it."""
    at = NOW + minutes * MINUTE
    answers = await service.ask_servers(desk.organization_id, at)
    async with tenant_session(desk.organization_id) as session:
        return await service.evaluate_rules(session, desk.organization_id, at, answers)


async def states(desk: Desk) -> list[dict[str, Any]]:
    return await desk.rows("SELECT labels, state, value FROM alert_rule_states ORDER BY labels")


async def errors(desk: Desk) -> list[str | None]:
    return [row["last_error"] for row in await desk.rows("SELECT last_error FROM alert_rules ORDER BY id")]


async def test_each_result_is_an_alert_without_the_metrics_name_and_ends_when_it_is_gone(
    desk: Desk, server: Slow
) -> None:
    await make_promql(desk, await make_source(desk, server.url), query_offset_seconds=10)
    server.tell_vector(({"__name__": "up", "host": "a"}, "2"), ({"host": "b"}, "+Inf"))
    assert (await evaluate(desk)).fired == 2
    [(line, _, form)] = server.requests
    assert line == "POST /api/v1/query HTTP/1.1"
    assert (form["query"], form["time"]) == (["up * 2 > 1"], [f"{int(NOW.timestamp()) - 10}.000"])
    assert [(row["labels"]["host"], row["state"], row["value"]) for row in await states(desk)] == [
        ("a", "firing", 2.0),
        ("b", "firing", float("inf")),
    ]
    server.tell_vector(({"host": "b"}, "1"))
    assert (await evaluate(desk, 1)).ended == 1
    assert len(await open_titles(desk)) == 1


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (422, b'{"status":"error","errorType":"execution","error":"many-to-many"}', "many-to-many"),
        (400, b'{"status":"error","errorType":"bad_data","error":"parse error"}', "parse error"),
        (502, b"<html>", "not as Prometheus does"),
        (200, b'{"status":"success","data":{"resultType":"string","result":[1,"x"]}}', "no series"),
    ],
)
async def test_a_failed_question_is_the_rules_error_and_changes_no_alert(
    desk: Desk, server: Slow, status: int, body: bytes, words: str
) -> None:
    await make_promql(desk, await make_source(desk, server.url))
    server.tell_vector(({"host": "a"}, "2"))
    await evaluate(desk)
    before = await states(desk)
    server.status, server.body = status, body
    done = await evaluate(desk, 1)
    assert (done.failed, done.ended, done.fired) == (1, 0, 0)
    assert await states(desk) == before
    [told] = await errors(desk)
    assert words in (told or "")
    server.status = 200
    server.tell_vector(({"host": "a"}, "3"))
    await evaluate(desk, 2)
    assert await errors(desk) == [None]
    assert len(await open_titles(desk)) == 1


async def test_a_server_that_is_slow_costs_its_rules_and_no_others(
    desk: Desk, server: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rule_servers, "QUESTION_SECONDS", 0.3)
    monkeypatch.setattr(rule_servers, "BUDGET_SECONDS", 0.5)
    source_id = await make_source(desk, server.url)
    for _ in range(rule_servers.QUESTIONS_AT_ONCE * 2 + 1):
        await make_promql(desk, source_id)
    server.seconds = 5
    done = await asyncio.wait_for(evaluate(desk), 20)
    assert done.failed == rule_servers.QUESTIONS_AT_ONCE * 2 + 1
    told = await errors(desk)
    assert sum("did not answer within" in (one or "") for one in told) >= rule_servers.QUESTIONS_AT_ONCE
    assert sum("for the rules before this one" in (one or "") for one in told) >= 1
    assert await states(desk) == []


async def test_without_a_source_or_with_one_that_is_gone_the_rule_says_so(desk: Desk, server: Slow) -> None:
    await make_promql(desk, None)
    await make_promql(desk, new_id())
    other = await make_source(desk, server.url)
    async with tenant_session(desk.organization_id) as session:
        source = await session.get(MetricSource, (desk.organization_id, other))
        assert source is not None
        source.kind = "cloudwatch"
    await make_promql(desk, other)
    assert (await evaluate(desk)).failed == 3
    assert all(await errors(desk))
    assert server.requests == []


async def test_a_rule_that_came_after_the_question_waits_for_the_next_evaluation(desk: Desk, server: Slow) -> None:
    answers = await service.ask_servers(desk.organization_id, NOW)
    await make_promql(desk, await make_source(desk, server.url))
    async with tenant_session(desk.organization_id) as session:
        await service.evaluate_rules(session, desk.organization_id, NOW, answers)
    assert await errors(desk) == [None]
    assert await states(desk) == []
