"""The resource list through the whole application beside raw asyncpg with orjson, the same query and bytes.

    python -m bench.inventory_list [--resources 100000] [--seconds 8]

Both serve 50 rows a request by uvicorn in a process of their own, to 8 connections that ask for pages at random places.
Ours has its middleware, permission check, transaction, row-level security and last-seen join; only signing in is
replaced by a fixed caller, whose requests are counted but hardly limited. The floor reads as the tables' owner in
autocommit.
"""

import argparse
import asyncio
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, quote
from uuid import UUID

import asyncpg
import httpx
import orjson
import uvicorn
from app.core.config import SERVICES, Settings
from app.core.database import Database
from app.core.http import Caller
from app.core.ids import new_id
from app.core.pagination import decode_cursor, encode_cursor
from app.core.ratelimit import LIMITS, Limit, RateLimiter
from app.core.scope import Scope
from app.domains.inventory import queries
from app.domains.inventory.rules import ResourceFilter
from app.domains.inventory.service.listing import item_of

from bench.common import report
from bench.inventory_estate import Estate, filled_database, make_resource

CONNECTIONS = 8
ROWS = 50
PATH = "/api/v1/usage/resources"


SCOPES: dict[str, Callable[[Estate], Scope]] = {  # by bearer token
    "account": lambda estate: Scope(frozenset({estate.account_id})),
    "accounts": lambda estate: Scope(frozenset({estate.account_id, UUID(int=1), UUID(int=2)})),
    "common_tag": lambda _: Scope(tags=(("env", "prod"),)),
    "rare_tag": lambda _: Scope(tags=(("env", "none"),)),
}


def serve_ours(estate: Estate, port: int) -> None:
    """The application with a fixed caller, whose bearer token names a scope."""
    from app.main import create_app

    async def authenticate(request: Any) -> Caller:
        scope = SCOPES.get(request.headers.get("authorization", "").removeprefix("Bearer "))
        return Caller(
            scope=scope(estate) if scope else None,
            user_id=estate.account_id,
            organization_id=estate.organization_id,
            email="bench@example.com",
            role="viewer",
            permissions=frozenset({"inventory:read"}),
        )

    database = Database(estate.app_url, pool_size=CONNECTIONS)
    app = create_app(Settings(), SERVICES, database=database)
    app.state.authenticate = authenticate
    app.state.rate_limiter = RateLimiter(None, {**LIMITS, "read": Limit(count=100_000_000, period_seconds=60)})
    _run(app, port)


def serve_floor(estate: Estate, port: int) -> None:
    """The least that answers the same: a cursor decoded, one statement, JSON."""
    pool: list[asyncpg.Pool[Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        if not pool:
            pool.append(await asyncpg.create_pool(estate.owner_url, min_size=CONNECTIONS, max_size=CONNECTIONS))
        query = parse_qs(scope["query_string"].decode())
        key = decode_cursor(query["cursor"][0], 3) if "cursor" in query else None
        after = [key[1], UUID(key[2])] if key else None
        sql, arguments = queries.page_statement(
            estate.organization_id, ResourceFilter(), sort="name", after=after, limit=ROWS + 1
        )
        rows = await pool[0].fetch(sql, *arguments)
        last = rows[ROWS - 1]
        page = {
            "items": [item_of(row) for row in rows[:ROWS]],
            "next_cursor": encode_cursor("name", last["name"], last["id"]),
            "total": None,
        }
        body = orjson.dumps(page, option=orjson.OPT_UTC_Z)
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    _run(app, port)


def _run(app: Any, port: int) -> None:
    uvicorn.run(
        app, host="127.0.0.1", port=port, log_level="warning", access_log=False, loop="uvloop", http="httptools"
    )


@contextmanager
def server(kind: str, estate: Estate, port: int) -> Iterator[None]:
    """One of the two in a process of its own, answering."""
    encoded = orjson.dumps(estate.__dict__, default=str).decode()
    command = [sys.executable, "-m", "bench.inventory_list", "--serve", kind, "--estate", encoded, "--port", str(port)]
    with subprocess.Popen(command) as process:
        try:
            for _ in range(300):
                try:
                    answer = httpx.get(
                        f"http://127.0.0.1:{port}{PATH}",
                        params={"limit": ROWS},
                        headers={"Authorization": "Bearer x"},
                        timeout=10,
                    )
                    assert answer.status_code == 200, answer.text
                    break
                except httpx.TransportError:
                    time.sleep(0.1)
            yield
        finally:
            process.terminate()


async def read(port: int, target: str) -> bytes:
    """One answer's body."""
    async with httpx.AsyncClient() as client:
        return (await client.get(f"http://127.0.0.1:{port}{target}", headers={"Authorization": "Bearer x"})).content


ROUNDS = 3


async def ask(port: int, targets: Sequence[str], seconds: float, scope: str = "x") -> tuple[float, list[float]]:
    """Requests a second and each one's milliseconds, from a client that does nothing but read the bytes."""
    latencies: list[float] = []
    stop_at = time.perf_counter() + seconds

    async def one_connection(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        picks = random.Random(number)
        while (started := time.perf_counter()) < stop_at:
            target = picks.choice(targets)
            writer.write(f"GET {target} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {scope}\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), (target, head[:60])
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            latencies.append((time.perf_counter() - started) * 1000)
        writer.close()

    started = time.perf_counter()
    await asyncio.gather(*(one_connection(number) for number in range(CONNECTIONS)))
    return len(latencies) / (time.perf_counter() - started), latencies


def p95(latencies: Sequence[float]) -> float:
    """The 95th percentile in milliseconds."""
    return statistics.quantiles(latencies, n=100)[94]


def p99(latencies: Sequence[float]) -> float:
    """The 99th percentile in milliseconds."""
    return statistics.quantiles(latencies, n=100)[98]


def questions() -> dict[str, list[str]]:
    """What is asked besides pages: addresses by name."""
    searches = {
        "language": "type:compute.instance region:eu-* tag:env=prod cost<=100",
        "language_rare": "name:payments-instance-0000* -is:stale",
        "language_never": "tag:env=prod tag:team=none",
        "words_never": "payments volume prod 0009999",
        "changed": "changed<7d type:storage.volume",
    }
    return {
        "filter_type": [f"{PATH}?type=compute.instance"],
        "filter_tag": [f"{PATH}?tag=env:prod,team:risk"],
        "search_id": [f"{PATH}?q=i-{number * 5:017x}" for number in range(200)],
        "search_words": [f"{PATH}?q=payments%20inst"],
        "facets": ["/api/v1/usage/facets"],
        "facets_one": ["/api/v1/usage/facets?type=compute.instance"],
        "facets_tag": ["/api/v1/usage/facets?tag=env:prod"],
        "facets_words": ["/api/v1/usage/facets?q=payments%20inst"],
        "summary": ["/api/v1/usage/summary"],
        "complete_value": ["/api/v1/usage/search/complete?text=type:comp"],
        "complete_tag": ["/api/v1/usage/search/complete?text=tag:cost-center%3Dcc-1"],
        **{name: [f"{PATH}?search={quote(text)}"] for name, text in searches.items()},
    }


async def measure(resources: int, seconds: float) -> None:
    """Fill, check that both answer the same, alternate three rounds and report the medians."""
    async with filled_database(resources) as (estate, stored):
        picks = random.Random(1)
        names = [make_resource(picks.randrange(resources), "eu-west-1").name for _ in range(500)]
        cursors = [encode_cursor("name", name, new_id()) for name in names if name < "search-volume-09"]
        pages = [f"{PATH}?limit={ROWS}", *(f"{PATH}?limit={ROWS}&cursor={cursor}" for cursor in cursors)]
        with server("ours", estate, 18741), server("floor", estate, 18742):
            for page in pages[:5]:
                one, other = await read(18741, page), await read(18742, page)
                assert one == other, (one[:500], other[:500])
            rounds = []
            for _ in range(ROUNDS):
                ours, our_latencies = await ask(18741, pages, seconds)
                floor, floor_latencies = await ask(18742, pages, seconds)
                rounds.append((ours / floor, ours, floor, p95(our_latencies), p99(our_latencies), p99(floor_latencies)))
            ratio, ours, floor, our_p95, our_p99, floor_p99 = sorted(rounds)[1]
            scoped = {}
            for name in SCOPES:
                ratios = []
                for _ in range(3):
                    plain, _latencies = await ask(18741, pages, seconds / 4)
                    narrowed, _latencies = await ask(18741, pages, seconds / 4, name)
                    ratios.append(plain / narrowed)
                scoped[f"scope_{name}_times"] = sorted(ratios)[1]
            others = {}
            for name, each in questions().items():
                await read(18741, each[0])
                latencies = (await ask(18741, each, 2))[1]
                others |= {f"{name}_p95_ms": p95(latencies), f"{name}_p99_ms": p99(latencies)}
    report(
        "inventory_list",
        resources=resources,
        rows=ROWS,
        ours_requests_per_second=ours,
        floor_requests_per_second=floor,
        ratio=ratio,
        wanted="at least 0.4",
        p95_wanted="list, search and facets under 150 ms",
        ours_p95_ms=our_p95,
        ours_p99_ms=our_p99,
        floor_p99_ms=floor_p99,
        scope_wanted="at most 1.2 times the list without a scope",
        **scoped,
        **others,
        **stored,
    )


def main() -> None:
    """Measure, or be one of the servers."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--resources", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--serve")
    parser.add_argument("--estate")
    parser.add_argument("--port", type=int)
    given = parser.parse_args()
    if given.serve is None:
        asyncio.run(measure(given.resources, given.seconds))
        return
    fields = orjson.loads(given.estate)
    ids = {name: UUID(fields[name]) for name in ("organization_id", "account_id")}
    serve = serve_ours if given.serve == "ours" else serve_floor
    serve(Estate(**(fields | ids)), given.port)


if __name__ == "__main__":
    main()
