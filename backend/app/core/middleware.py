"""The shell around the application, plain ASGI: request ids, checks, limits, headers, access log, metrics."""

import asyncio
import logging
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
from fastapi import FastAPI
from prometheus_client import Counter, Gauge, Histogram
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.config import Settings
from app.core.errors import PROBLEM_MEDIA_TYPE, AppError, Unavailable, render_problem
from app.core.ids import new_id
from app.core.logs import bind_log_context, clear_log_context
from app.core.ratelimit import (
    BY_ADDRESS,
    Decision,
    RateLimiter,
    address_bucket,
    client_address,
    limit_class_of,
    limits_of,
    rate_limit_key,
)
from app.core.redis import get_redis
from app.core.request_checks import (
    REQUEST_SECONDS,
    UPLOAD_SECONDS,
    Disconnected,
    RequestFacts,
    check_head,
    check_query,
    checked_receive,
    path_class_of,
)
from app.core.route_table import UNMATCHED, RouteTable
from app.core.web_headers import CrossOrigin, set_security_headers

logger = logging.getLogger("app.access")
_REQUEST_ID = re.compile(r"[A-Za-z0-9_.-]{8,64}")
_QUIET = frozenset({"/healthz", "/readyz", "/metrics"})

REQUESTS = Counter("cloudops_http_requests_total", "Answered requests", ("method", "route", "status"))
SECONDS = Histogram(
    "cloudops_http_request_duration_seconds",
    "From the first byte to the end of the answer",
    ("method", "route"),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
RUNNING = Gauge("cloudops_http_requests_running", "Requests being answered")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def install_middleware(app: FastAPI, settings: Settings) -> None:
    """Put the shell around the application. Routes may still be added until the first request."""
    app.state.rate_limiter = RateLimiter(lambda: get_redis(settings), limits_of(settings))
    app.add_middleware(Shell, app=app, settings=settings)


class Shell:
    """Checks each request, hands it on, finishes each answer. Bound to one application."""

    def __init__(self, inner: ASGIApp, *, app: FastAPI, settings: Settings) -> None:
        self._inner, self._app, self._settings = inner, app, settings
        self._cross_origin = CrossOrigin(settings)
        self._table: RouteTable | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Websockets and the lifespan pass; requests are answered under the rules."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        started_at = time.perf_counter()
        if self._table is None:
            self._table = RouteTable(self._app)
        facts = self._begin(scope)
        answer = _Answer(self, scope, facts, send)
        RUNNING.inc()
        try:
            await self._serve(scope, receive, answer, facts)
        finally:
            RUNNING.dec()
            self._finish(scope, facts, answer, time.perf_counter() - started_at)

    def _begin(self, scope: Scope) -> RequestFacts:
        headers: dict[bytes, bytes] = dict(scope["headers"])
        given = headers.get(b"x-request-id", b"").decode("latin-1")
        request_id = given if _REQUEST_ID.fullmatch(given) else new_id().hex
        assert self._table is not None  # noqa: S101  # made by the caller
        route = self._table.find(scope["method"], scope["path"])
        limit_class = limit_class_of(scope["method"], route.template)
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        state["limit_class"] = limit_class
        state["client_address"] = client_address(scope, self._settings)
        clear_log_context()
        bind_log_context(request_id=request_id)
        return RequestFacts(
            request_id=request_id,
            route=route,
            path_class=path_class_of(scope["path"]),
            headers=headers,
            limit_class=limit_class,
        )

    async def _serve(self, scope: Scope, receive: Receive, answer: "_Answer", facts: RequestFacts) -> None:
        seconds = UPLOAD_SECONDS if facts.is_upload else REQUEST_SECONDS
        try:
            async with asyncio.timeout(seconds) as clock, answer.timed_by(clock):
                await self._check_and_run(scope, receive, answer, facts)
        except AppError as error:
            await answer.send_problem(error)
        except (Disconnected, ClientDisconnect):
            answer.status = 499
        except TimeoutError:
            if answer.started:
                raise
            logger.warning("the request took too long")
            await answer.send_problem(Unavailable("This took too long. Try again, or ask for less."))
        except Exception:
            if answer.started:
                raise
            logger.exception("unexpected failure")
            await answer.send_problem(AppError())

    async def _check_and_run(self, scope: Scope, receive: Receive, answer: "_Answer", facts: RequestFacts) -> None:
        if self._is_preflight(scope, facts):
            await answer.send_preflight()
            return
        check_head(scope)
        if not facts.path_class.foreign:
            check_query(scope["query_string"], facts.route)
        await self._limit_address(scope, facts)
        checked = await checked_receive(facts, scope["method"], receive)
        await self._inner(scope, checked, answer.send)

    @staticmethod
    def _is_preflight(scope: Scope, facts: RequestFacts) -> bool:
        return scope["method"] == "OPTIONS" and b"access-control-request-method" in facts.headers

    async def _limit_address(self, scope: Scope, facts: RequestFacts) -> None:
        """Signing in and on is limited by address here; all else by principal once it is known."""
        if facts.limit_class in BY_ADDRESS:
            limiter: RateLimiter = self._app.state.rate_limiter
            key = rate_limit_key(None, facts.limit_class, address_bucket(scope["state"]["client_address"]))
            scope["state"]["rate_limit"] = await limiter.check(key, facts.limit_class)

    def finish_headers(self, scope: Scope, facts: RequestFacts, message: Message) -> None:
        """Add the headers of every answer to its start message."""
        headers = MutableHeaders(scope=message)
        headers["X-Request-Id"] = facts.request_id
        decision: Decision | None = scope["state"].get("rate_limit")
        if decision is not None:
            for name, value in decision.headers().items():
                headers.setdefault(name, value)
        origin = facts.headers.get(b"origin")
        if origin is not None:
            headers.update(self._cross_origin.answer_headers(origin.decode("latin-1"), scope["path"]))
        set_security_headers(
            headers,
            path=scope["path"],
            host=facts.headers.get(b"host", b"").decode("latin-1"),
            secure=self._settings.public_url.startswith("https://"),
        )

    def preflight_headers(self, scope: Scope, facts: RequestFacts) -> dict[str, str]:
        """The headers that answer a preflight; none for a strange origin."""
        origin = facts.headers.get(b"origin", b"").decode("latin-1")
        return self._cross_origin.preflight_headers(origin, scope["path"], _METHODS - {"HEAD", "OPTIONS"}) or {}

    def _finish(self, scope: Scope, facts: RequestFacts, answer: "_Answer", seconds: float) -> None:
        template, status = facts.route.template, answer.status or 499
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        REQUESTS.labels(method, template, str(status)).inc()
        SECONDS.labels(method, template).observe(seconds)
        if template in _QUIET and status < 400:
            return
        caller: Any = scope["state"].get("caller")
        logger.info(
            "request",
            extra={
                "method": method,
                "route": template if template != UNMATCHED else None,
                "status": status,
                "duration_ms": round(seconds * 1000, 1),
                "client": scope["state"]["client_address"],
                "organization_id": str(caller.organization_id) if caller else None,
                "principal": str(caller.user_id) if caller else None,
            },
        )


class _Answer:
    """The way out of one request: finishes headers, replaces an answer whose request body failed on the way."""

    def __init__(self, shell: Shell, scope: Scope, facts: RequestFacts, send: Send) -> None:
        self._shell, self._scope, self._facts, self._send = shell, scope, facts, send
        self._clock: asyncio.Timeout | None = None
        self.started = False
        self.status = 0
        self._replaced = False

    @asynccontextmanager
    async def timed_by(self, clock: asyncio.Timeout) -> AsyncIterator[None]:
        """Within the block, the beginning of the answer stops the clock."""
        self._clock = clock
        try:
            yield
        finally:
            self._clock = None

    async def send(self, message: Message) -> None:
        """What the application calls."""
        if self._replaced:
            return
        if message["type"] == "http.response.start":
            if self._facts.failure is not None and message["status"] >= 400:
                self._replaced = True
                await self.send_problem(self._facts.failure)
                return
            self._start(message)
        await self._send(message)

    def _start(self, message: Message) -> None:
        self.started, self.status = True, message["status"]
        if self._clock is not None:
            self._clock.reschedule(None)  # an answer may stream as long as it likes
        self._shell.finish_headers(self._scope, self._facts, message)

    async def send_problem(self, error: AppError) -> None:
        """Answer with a problem document, unless an answer has begun."""
        if self.started:
            return
        body = orjson.dumps(render_problem(error, instance=self._scope["path"], request_id=self._facts.request_id))
        await self._send_whole(error.status, {**error.headers, "Content-Type": PROBLEM_MEDIA_TYPE}, body)

    async def send_preflight(self) -> None:
        """Answer a preflight."""
        await self._send_whole(204, self._shell.preflight_headers(self._scope, self._facts), b"")

    async def _send_whole(self, status: int, headers: dict[str, str], body: bytes) -> None:
        raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        if status != 204:
            raw.append((b"content-length", str(len(body)).encode()))
        message: Message = {"type": "http.response.start", "status": status, "headers": raw}
        self._start(message)
        await self._send(message)
        await self._send({"type": "http.response.body", "body": body if self._scope["method"] != "HEAD" else b""})
