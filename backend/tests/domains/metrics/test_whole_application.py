"""The intake in the whole application: API keys, both addresses, limits of sizes and rates, and a kill under load."""

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
from app.core.clock import utc_now
from app.core.config import SERVICES, Settings
from app.core.database import Database, tenant_session
from app.core.http import Caller
from app.core.quotas import set_limit
from app.core.ratelimit import LIMITS, Limit, RateLimiter
from app.domains.identity import service as identity
from app.domains.identity.rules import permissions_of
from app.domains.identity.schemas.api_keys import ApiKeyCreate
from app.domains.identity.service import api_keys
from app.domains.metrics import service
from app.main import create_app
from tests.domains.metrics.conftest import Sender, labels_of, write_body
from tests.support.killed import Child

HEADERS = {"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy"}


@pytest.fixture
async def key(sender: Sender) -> str:
    """An API key that may send metrics and nothing else."""
    email = f"{sender.organization_id.hex}@example.com"
    async with tenant_session(sender.organization_id) as session:
        user = await identity.create_user(
            session, sender.organization_id, email=email, name="Kim", role="admin", password="correct horse staple"
        )
        caller = Caller(
            user_id=user.id,
            organization_id=sender.organization_id,
            email=email,
            role="admin",
            permissions=permissions_of("admin"),
        )
        body = ApiKeyCreate(name="prometheus", permissions=["metrics:ingest"], expires_at=utc_now() + timedelta(days=1))
        return (await api_keys.create_key(session, caller, body))[1]


@pytest.fixture
async def client(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the whole application."""
    app = create_app(Settings(), SERVICES, database=database)
    app.state.rate_limiter = RateLimiter(None, {**LIMITS, "metrics_intake": Limit(40_000, 10)})  # a quarter here
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as made:
        yield made


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"anybody:{password}".encode()).decode()


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/ingest/prometheus/write",
        "/ingest/prometheus/write",
        "/ingest/prometheus/api/v1/write",
        "/ingest/prometheus/api/v1/push",
        "/api/v1/write",
        "/api/v1/push",
    ],
)
async def test_a_key_sends_as_bearer_and_as_password_under_every_address(
    sender: Sender, client: httpx.AsyncClient, key: str, path: str
) -> None:
    for number, authorization in enumerate([f"Bearer {key}", basic(key)]):
        body = write_body((labels_of("up"), [(1.0, sender.now_ms + number)]))
        answer = await client.post(path, content=body, headers=HEADERS | {"Authorization": authorization})
        assert answer.status_code == 204, answer.text
    assert len(await sender.stored()) == 2


@pytest.mark.parametrize(
    "path",
    [
        "/ingest/v1/metrics",
        "/api/v1/ingest/v1/metrics",
        "/ingest/prometheus/api/v1/otlp/v1/metrics",
        "/v1/metrics",
        "/api/v1/otlp/v1/metrics",
    ],
)
async def test_otlp_is_taken_under_every_address_also_above_a_mebibyte(
    sender: Sender, client: httpx.AsyncClient, key: str, path: str
) -> None:
    point = {"asDouble": 0.5, "timeUnixNano": str(sender.now_ms * 1_000_000)}
    metric = {"name": "load", "description": "x" * 1_500_000, "gauge": {"dataPoints": [point]}}
    body = {"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric]}]}]}
    answer = await client.post(path, json=body, headers={"Authorization": f"Bearer {key}"})
    assert (answer.status_code, answer.json()) == (200, {})
    assert await sender.stored() == {("load", sender.now_ms): 0.5}


async def test_wrong_credentials_are_refused(client: httpx.AsyncClient, key: str) -> None:
    for authorization in ("", "Basic x", basic(""), basic("wrong"), f"Bearer {key[:-1]}0", "Basic " + "A" * 9_000):
        answer = await client.post("/ingest/prometheus/write", headers=HEADERS | {"Authorization": authorization})
        assert answer.status_code == 401, authorization
    answer = await client.get("/api/v1/metrics/names", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 403


async def test_more_samples_than_the_limit_are_told_to_come_back_and_none_is_stored(
    sender: Sender, client: httpx.AsyncClient, key: str
) -> None:
    points = [(1.0, sender.now_ms - 11_000 + number) for number in range(11_000)]
    answer = await client.post(
        "/ingest/prometheus/write",
        content=write_body((labels_of("up"), points)),
        headers=HEADERS | {"Authorization": f"Bearer {key}"},
    )
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) >= 1
    assert await sender.rows("SELECT id FROM metric_blocks") == []


async def test_bodies_above_ten_mebibytes_are_refused(client: httpx.AsyncClient, key: str) -> None:
    answer = await client.post(
        "/ingest/prometheus/write",
        content=b"x" * (10 * 1024 * 1024 + 1),
        headers=HEADERS | {"Authorization": f"Bearer {key}"},
    )
    assert answer.status_code == 413


async def test_series_above_the_organizations_limit_are_refused_and_the_rest_stored(sender: Sender) -> None:
    async with tenant_session(sender.organization_id) as session:
        await set_limit(session, sender.organization_id, "series", 10)
    at = sender.now_ms
    answer = await sender.write(*((labels_of("many", number=str(number)), [(1.0, at)]) for number in range(25)))
    assert answer.status_code == 400
    assert "15 with a new series above the organization's limit" in answer.text
    assert (await sender.rows("SELECT count(*) AS known FROM metric_series"))[0]["known"] == 10
    assert (await sender.rows("SELECT sum(samples) AS stored FROM metric_blocks"))[0]["stored"] == 10
    known = [row["number"] for row in await sender.rows("SELECT labels->>'number' AS number FROM metric_series")]
    answer = await sender.write(*((labels_of("many", number=number), [(2.0, at + 1)]) for number in known))
    assert answer.status_code == 204


COMPACT = """
from app.domains.metrics import service
while True:
    await service.compact(UUID("{organization}"))
    await service.roll_up(UUID("{organization}"))
"""


async def test_no_acknowledged_sample_is_lost_when_compactions_are_killed(
    sender: Sender, database_urls: tuple[str, str]
) -> None:
    expected: dict[tuple[str, int], float] = {}
    stop = asyncio.Event()

    async def send() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            at = sender.now_ms - 9 * 3_600_000 + number * 10_000
            answer = await sender.write(*((labels_of(f"m{index}"), [(number / 7, at)]) for index in range(5)))
            assert answer.status_code == 204
            expected.update({(f"m{index}", at): number / 7 for index in range(5)})
            await asyncio.sleep(0.03)

    sending = asyncio.create_task(send())
    for _ in range(4):
        child = await asyncio.to_thread(
            Child, database_urls[1], COMPACT.replace("{organization}", str(sender.organization_id))
        )
        await child.kill_after(0.7)
    stop.set()
    await sending
    with contextlib.suppress(TimeoutError):  # what the killed transaction held is free once the server sees it
        async with asyncio.timeout(20):
            while await sender.rows("SELECT id FROM metric_blocks WHERE compacted_at IS NULL"):
                await service.compact(sender.organization_id)
    assert await sender.stored() == expected
    chunks = await sender.rows("SELECT sum(points) AS points FROM metric_samples")
    assert chunks[0]["points"] == len(expected)
