"""Requests and answers as plain values, and the ASGI application around a function from one to the other."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote_plus

import orjson

from simulators.common.faults import Fault, FaultPlan

_CALLS_KEPT = 20_000


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request, read to its end."""

    method: str
    path: str  # decoded
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]  # names in lower case
    body: bytes

    def one(self, name: str, default: str = "") -> str:
        """The last value of a query parameter."""
        return self.query.get(name, [default])[-1]

    def form(self) -> dict[str, str]:
        """The body's form fields; of a name that comes twice the last."""
        return {name: values[-1] for name, values in parse_qs(self.body.decode("utf-8", "replace")).items()}

    def json(self) -> Any:
        """The body's document. Raises ValueError."""
        return orjson.loads(self.body or b"{}")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One answer."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def json_answer(document: Any, status: int = 200, **headers: str) -> Answer:
    """The document as JSON."""
    kind = {"content-type": "application/json; charset=utf-8"}
    return Answer(status=status, body=orjson.dumps(document), headers={**kind, **headers})


@dataclass(frozen=True, kw_only=True)
class Call:
    """One line of the log."""

    at: float  # of time.monotonic
    line: str  # METHOD /path?query, the query decoded
    status: int
    fault: str = ""


class CallLog:
    """The calls of one server, the last twenty thousand."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: list[Call] = []

    def add(self, call: Call) -> None:
        """Note it."""
        with self._lock:
            self._calls.append(call)
            if len(self._calls) > _CALLS_KEPT:
                del self._calls[: _CALLS_KEPT // 2]

    def all(self, containing: str = "") -> list[Call]:
        """The calls whose line has the text in it, in order."""
        with self._lock:
            return [call for call in self._calls if containing in call.line]

    def clear(self) -> None:
        """Forget them."""
        with self._lock:
            self._calls.clear()


Handle = Callable[[Request], Answer]
FaultAnswer = Callable[[Fault], Answer]


class Application:
    """An ASGI application: `answer` for each request, unless a fault meets it. `refuse` words the vendor's errors."""

    def __init__(
        self, answer: Handle, refuse: FaultAnswer, faults: FaultPlan, calls: CallLog, *, latency_seconds: float = 0.0
    ) -> None:
        self._answer, self._refuse, self.faults, self.calls = answer, refuse, faults, calls
        self.latency_seconds = latency_seconds

    async def __call__(
        self,
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[dict[str, Any]]],
        send: Callable[[dict[str, Any]], Awaitable[None]],
    ) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        text = scope["query_string"].decode("latin-1")
        line = f"{scope['method']} {scope['path']}" + (f"?{unquote_plus(text)}" if text else "")
        request = Request(
            method=scope["method"],
            path=scope["path"],
            query=parse_qs(text, keep_blank_values=True),
            headers={name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]},
            body=body,
        )
        if self.latency_seconds:
            await asyncio.sleep(self.latency_seconds)
        fault = self.faults.take(line)
        answer = await self._answer_with(request, fault)
        self.calls.add(
            Call(at=time.monotonic(), line=line, status=answer.status, fault="" if fault is None else fault.kind)
        )
        await _send(answer, fault, send)

    async def _answer_with(self, request: Request, fault: Fault | None) -> Answer:
        if fault is None:
            return self._answer(request)
        if fault.kind in ("throttle", "deny", "status"):
            return self._refuse(fault)
        if fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
        if fault.kind == "run" and fault.action is not None:
            fault.action()
        answer = self._answer(request)
        headers = {"content-type": "application/json; charset=utf-8"}
        if fault.kind == "malformed":
            return Answer(body=b"<!doctype html><title>Sorry</title>\x00\xff", headers=headers)
        if fault.kind == "truncate":
            return Answer(status=answer.status, body=answer.body[: len(answer.body) // 2], headers=headers)
        if fault.kind == "body":
            return Answer(body=fault.detail.encode(), headers=headers)
        if fault.kind in ("reshape", "rename"):
            return json_answer(_reshaped(orjson.loads(answer.body or b"null"), rename=fault.kind == "rename"))
        return answer


def _reshaped(document: Any, *, rename: bool = False) -> Any:
    """The same document where every list at the top has become a text, or has another name."""
    if isinstance(document, dict) and rename:
        return {f"{name}V2" if isinstance(value, list) else name: value for name, value in document.items()}
    if isinstance(document, dict):
        return {name: "changed" if isinstance(value, list) else value for name, value in document.items()}
    return "changed"


async def _send(answer: Answer, fault: Fault | None, send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
    headers = {"content-type": "application/json", "content-length": str(len(answer.body)), **answer.headers}
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": raw})
    if fault is not None and fault.kind == "cut":
        await send({"type": "http.response.body", "body": answer.body[: len(answer.body) // 2], "more_body": True})
        raise ConnectionAbortedError("cut on demand")  # the server closes the connection in the middle of the body
    if fault is not None and fault.kind == "drip":
        step = max(1, len(answer.body) // 50)
        for start in range(0, len(answer.body), step):
            await send({"type": "http.response.body", "body": answer.body[start : start + step], "more_body": True})
            await asyncio.sleep(fault.seconds)
        await send({"type": "http.response.body", "body": b""})
        return
    await send({"type": "http.response.body", "body": answer.body})
