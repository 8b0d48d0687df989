"""The two servers of `inventory_list`: the application with a fixed caller, and the least that answers the same."""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

import asyncpg
import httpx
import orjson
import uvicorn
from app.core.config import SERVICES, Settings
from app.core.database import Database
from app.core.http import Caller
from app.core.pagination import decode_cursor, encode_cursor
from app.core.ratelimit import LIMITS, Limit, RateLimiter
from app.core.scope import Scope
from app.domains.inventory import queries
from app.domains.inventory.rules import ResourceFilter
from app.domains.inventory.service.listing import item_of

from bench.inventory_estate import Estate

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
    async with httpx.AsyncClient(timeout=30) as client:
        return (await client.get(f"http://127.0.0.1:{port}{target}", headers={"Authorization": "Bearer x"})).content


def main_of_server(arguments: Sequence[str]) -> None:
    """Be one of the servers."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--serve", choices=["ours", "floor"], required=True)
    parser.add_argument("--estate", required=True)
    parser.add_argument("--port", type=int, required=True)
    given = parser.parse_args(arguments)
    fields = orjson.loads(given.estate)
    ids = {name: UUID(fields[name]) for name in ("organization_id", "account_id")}
    serve = serve_ours if given.serve == "ours" else serve_floor
    serve(Estate(**(fields | ids)), given.port)
