"""A reverse proxy that breaks chosen calls in chosen ways."""

import http.client
import socket
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

Fault = Callable[["Handler"], bool]
"""Breaks the request and says True, or leaves it alone."""

_DENIED = {
    "json": b'{"__type":"AccessDeniedException","message":"not authorized"}',
    "xml": b"<Response><Errors><Error><Code>UnauthorizedOperation</Code></Error></Errors></Response>",
    "query": b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>",
    "s3": b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>",
}


class FaultyProxy:
    """Forwards to `upstream`; `fault`, where set, sees each request first."""

    def __init__(self, upstream: str) -> None:
        self.fault: Fault | None = None
        self.requests: list[str] = []
        handler = type("BoundHandler", (Handler,), {"proxy": self, "upstream": urlsplit(upstream).netloc})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()


class Handler(BaseHTTPRequestHandler):
    """One request."""

    proxy: FaultyProxy
    upstream: str
    protocol_version = "HTTP/1.1"

    def handle_any(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.proxy.requests.append(f"{self.service}:{self.operation}")
        if self.proxy.fault is not None and self.proxy.fault(self):
            return
        status, headers, body = self.fetch()
        self.answer(status, body, headers)

    def __getattr__(self, name: str) -> Callable[[], None]:
        if name.startswith("do_"):  # whatever the method
            return self.handle_any
        raise AttributeError(name)

    @property
    def service(self) -> str:
        """The signing name in the credential scope: ec2, s3, elasticloadbalancing …"""
        scope = self.headers.get("Authorization", "").partition("Credential=")[2].partition(",")[0].split("/")
        return scope[3] if len(scope) > 3 else ""

    @property
    def operation(self) -> str:
        """From the target header, the form's Action, or the path with its query."""
        if target := self.headers.get("X-Amz-Target"):
            return str(target.rsplit(".", 1)[-1])
        for pair in self.body.decode("latin-1").split("&"):
            if pair.startswith("Action="):
                return pair[7:]
        return self.path

    def fetch(self) -> tuple[int, list[tuple[str, str]], bytes]:
        """What the cloud says."""
        upstream = http.client.HTTPConnection(self.upstream, timeout=20)
        upstream.request(self.command, self.path, self.body, dict(self.headers.items()))
        response = upstream.getresponse()
        body = response.read()
        upstream.close()
        return response.status, response.getheaders(), body

    def answer(self, status: int, body: bytes, headers: list[tuple[str, str]] | None = None, **claims: Any) -> None:
        self.send_response(status)
        for name, value in headers or ():
            if name.lower() not in ("content-length", "connection", "transfer-encoding", "date", "server"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(claims.get("length", len(body))))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Silent."""


def denies(service: str, *operations: str) -> Fault:
    """AccessDenied in the service's own dialect."""
    form = {"ec2": "xml", "s3": "s3"}.get(service)

    def fault(request: Handler) -> bool:
        if request.service != service or (operations and not any(o in request.operation for o in operations)):
            return False
        chosen = form or ("query" if b"Action=" in request.body else "json")
        request.answer(403, _DENIED[chosen])
        return True

    return fault


def throttles(service: str, times: int) -> Fault:
    """The first calls are refused, later ones pass."""
    left = [times]

    def fault(request: Handler) -> bool:
        if request.service != service or left[0] <= 0:
            return False
        left[0] -= 1
        request.answer(503, _DENIED["xml"].replace(b"UnauthorizedOperation", b"RequestLimitExceeded"))
        return True

    return fault


def answers(service: str, status: int, body: bytes) -> Fault:
    """Always the same answer."""

    def fault(request: Handler) -> bool:
        if request.service != service:
            return False
        request.answer(status, body)
        return True

    return fault


def truncates(service: str, share: float = 0.5) -> Fault:
    """Half of the real answer, complete as far as HTTP can tell."""

    def fault(request: Handler) -> bool:
        if request.service != service:
            return False
        status, headers, body = request.fetch()
        request.answer(status, body[: int(len(body) * share)], headers)
        return True

    return fault


def hangs(service: str, seconds: float, operation: str = "") -> Fault:
    """No answer for a while."""

    def fault(request: Handler) -> bool:
        if request.service == service and operation in request.operation:
            time.sleep(seconds)
        return False

    return fault


def resets(service: str) -> Fault:
    """The connection is cut in the middle of the answer."""

    def fault(request: Handler) -> bool:
        if request.service != service:
            return False
        request.send_response(200)
        request.send_header("Content-Length", "5000")
        request.end_headers()
        request.wfile.write(b"<half")
        request.connection.shutdown(socket.SHUT_RDWR)
        request.close_connection = True
        return True

    return fault
