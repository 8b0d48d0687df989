"""What the server itself refuses, because it is no HTTP request that it can read, is answered as all refusals are."""

import http

import orjson
from starlette.datastructures import MutableHeaders
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.core.errors import PROBLEM_MEDIA_TYPE, AppError, render_problem
from app.core.request_checks import MAX_URL_BYTES, UrlTooLong
from app.core.web_headers import set_security_headers


class MalformedRequest(AppError):
    status, slug, title = 400, "malformed-request", "This is no HTTP request that can be read"


class ProblemProtocol(HttpToolsProtocol):
    """uvicorn's protocol with problem documents for its own refusals; a parser's limit on addresses is 64 KiB."""

    def send_400_response(self, msg: str) -> None:
        """Answer and close. `msg` is uvicorn's text, which it has logged."""
        is_long = len(getattr(self, "url", b"")) > MAX_URL_BYTES
        error = UrlTooLong() if is_long else MalformedRequest()
        body = orjson.dumps(render_problem(error, instance=None, request_id=None))
        headers = MutableHeaders()
        set_security_headers(headers, path="/api/", host="", secure=False)
        headers.update({"content-type": PROBLEM_MEDIA_TYPE, "content-length": str(len(body)), "connection": "close"})
        lines = [f"HTTP/1.1 {error.status} {http.HTTPStatus(error.status).phrase}".encode()]
        lines += [name + b": " + value for name, value in headers.raw]
        self.transport.write(b"\r\n".join([*lines, b"", body]))
        self.transport.close()
