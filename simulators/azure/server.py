"""The HTTP server: a small ASGI application in uvicorn, in a thread of its own."""

import asyncio
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import orjson
import uvicorn

from simulators.azure.answers import Answer, error
from simulators.azure.arm import ArmService
from simulators.azure.estate import Estate
from simulators.azure.faults import Call, Fault, Faults
from simulators.azure.graph import GraphService
from simulators.azure.metrics import LIST_PATH, MetricService
from simulators.azure.tokens import Application, TokenService

DEFAULT_CLIENT, DEFAULT_SECRET, STATIC_TOKEN = "11111111-aaaa-4bbb-8ccc-222222222222", "simulated-secret", "simulated"
_GRAPH_PATH = "/providers/microsoft.resourcegraph/resources"
_MAX_LOG = 200_000
Send = Callable[[Mapping[str, Any]], Awaitable[None]]


class AzureSimulator:
    """A served tenant: `url` for ARM and tokens, `estate`, `faults`, `tokens`, `calls` (the log)."""

    def __init__(self, estate: Estate) -> None:
        self.estate, self.faults = estate, Faults()
        self.tokens = TokenService(estate.tenant_id, self.faults)
        self.tokens.register(Application(DEFAULT_CLIENT, secrets={DEFAULT_SECRET}))
        self.tokens.static_tokens.add(STATIC_TOKEN)
        self.calls: list[Call] = []
        self.url = ""
        self.graph = GraphService(estate, self.faults)
        self.arm = ArmService(estate, "")
        self.metrics = MetricService(estate)
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def start(self, port: int = 0, *, tls: tuple[Path, Path] | None = None) -> "AzureSimulator":
        """Listen on loopback; `tls` is (certificate, key)."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{listener.getsockname()[1]}"
        self.arm.address = self.url
        config = uvicorn.Config(
            self,
            log_level="critical",
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=1,
            ssl_certfile=tls and str(tls[0]),
            ssl_keyfile=tls and str(tls[1]),
        )
        self._server = uvicorn.Server(config)
        server = self._server
        self._thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])), daemon=True)
        self._thread.start()
        while not server.started and self._thread.is_alive():
            time.sleep(0.005)
        return self

    def stop(self) -> None:
        """End the server; open connections are cut."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(5)

    def __enter__(self) -> "AzureSimulator":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    async def __call__(self, scope: Mapping[str, Any], receive: Callable[[], Awaitable[Any]], send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        body = b""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        method, path = scope["method"], scope["path"]
        query = dict(parse_qsl(scope["query_string"].decode()))
        headers = {name.decode().lower(): value.decode("latin-1") for name, value in scope["headers"]}
        fault = self.faults.take(f"{method} {path} {body.decode('utf-8', 'replace')}")
        if self.faults.latency_seconds:
            await asyncio.sleep(self.faults.latency_seconds)
        if fault is not None and fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
            fault = None
        answer = _faulty(fault) if fault is not None else None
        if answer is None:
            answer = self._answer(method, path, query, headers, body)
        if fault is not None and fault.headers:
            answer = answer._replace(headers={**answer.headers, **fault.headers})
        if len(self.calls) < _MAX_LOG:
            self.calls.append(Call(method, path, answer.status, body))
        await _send(send, answer, fault)

    def _answer(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes
    ) -> Answer:
        parts = path.strip("/").split("/")
        if path.endswith("/oauth2/v2.0/token") and method == "POST":
            return self.tokens.grant(parts[0], dict(parse_qsl(body.decode())), self.url)
        if path.endswith("/.well-known/openid-configuration"):
            return self.tokens.metadata(parts[0], self.url)
        caller = self.tokens.caller_of(headers.get("authorization", ""))
        if caller is None:
            code = "InvalidAuthenticationToken" if headers.get("authorization") else "AuthenticationFailed"
            return error(401, code, "The access token is invalid.")
        if path.lower() == _GRAPH_PATH and method == "POST":
            try:
                wanted = orjson.loads(body)
            except ValueError:
                return error(400, "BadRequest", "The body is no JSON.")
            return self.graph.query(wanted, caller)
        if method == "POST" and path.lower().endswith("/metrics:getbatch"):
            return self.metrics.batch(path, query, body, headers.get("authorization", ""), caller)
        if method != "GET":
            return error(405, "MethodNotAllowed", f"The requested resource does not support http method '{method}'.")
        if path.lower().endswith(LIST_PATH):
            return self.metrics.single(path, query, caller)
        return self.arm.get(path, query, caller)


def serve(estate: Estate, port: int = 0, *, tls: tuple[Path, Path] | None = None) -> AzureSimulator:
    """Serve a tenant on loopback until `stop()`."""
    return AzureSimulator(estate).start(port, tls=tls)


def _faulty(fault: Fault) -> Answer | None:
    """The answer in the place of the real one."""
    if fault.kind == "throttle":
        answer = error(429, "TooManyRequests", "The request is being throttled.")
        return answer._replace(headers={"Retry-After": str(int(fault.seconds))})
    if fault.kind == "status":
        if fault.body is not None:
            return Answer(fault.status, orjson.dumps(fault.body))
        return error(fault.status, "InternalServerError", "Something went wrong.")
    if fault.kind == "schema":
        return Answer(200, orjson.dumps(fault.body if fault.body is not None else {"unexpected": True}))
    if fault.kind == "raw":
        return Answer(200, fault.body)
    if fault.kind == "malformed":
        return Answer(200, b'{"totalRecords": 3, "data": [{"id": ')
    return None


async def _send(send: Send, answer: Answer, fault: Fault | None) -> None:
    headers = {"content-type": "application/json; charset=utf-8", "x-ms-request-id": "simulated", **answer.headers}
    headers["content-length"] = str(len(answer.body))
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    body = answer.body
    await send({"type": "http.response.start", "status": answer.status, "headers": raw})
    if fault is not None and fault.kind == "cut":
        raise ConnectionResetError  # the headers promise a body that never comes
    if fault is not None and fault.kind == "truncate":
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        raise ConnectionResetError
    await send({"type": "http.response.body", "body": body})
