"""Where one HTTP message ends: two readings of the same bytes must never make two requests of one."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

import pytest
import uvicorn
from app.cli.serving import KEEP_ALIVE_SECONDS, MAX_HEADER_BYTES
from app.core.config import Settings
from app.core.handlers import install_error_handlers
from app.core.http_protocol import ProblemProtocol
from app.core.middleware import install_middleware
from fastapi import FastAPI, Request
from tests.support.counts import CountCases

HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n"
HEAD = b"POST /open HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


def with_headers(*lines: bytes, body: bytes) -> bytes:
    return HEAD + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body


def length(count: int | bytes) -> bytes:
    return b"Content-Length: " + (count if isinstance(count, bytes) else str(count).encode())


CHUNKED = b"Transfer-Encoding: chunked"
EMPTY = b"0\r\n\r\n"
SIZE = len(EMPTY + HIDDEN)

# The bytes after the first message's end, as one of two readers sees it, hold a request for /hidden.
AMBIGUOUS = {
    "length hides what chunks show": with_headers(length(SIZE), CHUNKED, body=EMPTY + HIDDEN),
    "chunked first, then a length": with_headers(CHUNKED, length(SIZE), body=EMPTY + HIDDEN),
    "two lengths": with_headers(length(0), length(len(HIDDEN)), body=HIDDEN),
    "two lengths in one": with_headers(length(b"0, %d" % len(HIDDEN)), body=HIDDEN),
    "a length with a sign": with_headers(length(b"+0"), body=HIDDEN),
    "a negative length": with_headers(length(b"-1"), body=HIDDEN),
    "a length in hexadecimal": with_headers(length(b"0x0"), body=HIDDEN),
    "a length with a blank inside": with_headers(length(b"0 1"), body=HIDDEN),
    "a length of too many digits": with_headers(length(b"1" + b"0" * 40), body=HIDDEN),
    "an unknown coding": with_headers(b"Transfer-Encoding: xchunked", length(SIZE), body=EMPTY + HIDDEN),
    "chunked is not the last coding": with_headers(
        b"Transfer-Encoding: chunked, identity", length(SIZE), body=EMPTY + HIDDEN
    ),
    "two codings": with_headers(CHUNKED, b"Transfer-Encoding: cow", length(SIZE), body=EMPTY + HIDDEN),
    "a blank before the colon": with_headers(b"Transfer-Encoding : chunked", length(SIZE), body=EMPTY + HIDDEN),
    "a tab before the value": with_headers(b"Transfer-Encoding:\x0bchunked", length(SIZE), body=EMPTY + HIDDEN),
    "a folded line": with_headers(b"Transfer-Encoding:\r\n chunked", length(SIZE), body=EMPTY + HIDDEN),
    "a header behind a bare return": with_headers(
        b"X: y\rTransfer-Encoding: chunked", length(SIZE), body=EMPTY + HIDDEN
    ),
    "a header behind a bare line feed": with_headers(
        b"X: y\nTransfer-Encoding: chunked", length(SIZE), body=EMPTY + HIDDEN
    ),
    "a NUL in a name": with_headers(b"Transfer\x00-Encoding: chunked", length(SIZE), body=EMPTY + HIDDEN),
    "a chunk whose size overflows": with_headers(CHUNKED, body=b"10000000000000000\r\n\r\n" + EMPTY + HIDDEN),
    "a chunk with a negative size": with_headers(CHUNKED, body=b"-1\r\n\r\n" + EMPTY + HIDDEN),
    "a chunk size that is no number": with_headers(CHUNKED, body=b"zz\r\n\r\n" + EMPTY + HIDDEN),
    "a chunk longer than it says": with_headers(CHUNKED, body=b"1\r\n{}\r\n" + EMPTY + HIDDEN),
    "chunks in an old version": (
        b"POST /open HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
        + length(SIZE)
        + b"\r\n\r\n"
        + EMPTY
        + HIDDEN
    ),
    "no version": b"POST /open\r\n\r\n" + HIDDEN,
    "a version of its own": b"POST /open HTTP/9.9\r\nHost: x\r\n\r\n" + HIDDEN,
}


class Site:
    """The application behind uvicorn as `cloudops serve` runs it, and the paths that reached it."""

    def __init__(self) -> None:
        self.reached: list[str] = []
        app = FastAPI()

        @app.api_route("/{path:path}", methods=["GET", "POST"])
        async def read_anything(request: Request, path: str) -> dict[str, int]:
            self.reached.append(path)
            return {"bytes": len(await request.body())}

        install_error_handlers(app)
        install_middleware(app, Settings())
        config = uvicorn.Config(
            app, port=0, http=ProblemProtocol, log_level="critical", lifespan="off", server_header=False,
            proxy_headers=False, timeout_keep_alive=KEEP_ALIVE_SECONDS, h11_max_incomplete_event_size=MAX_HEADER_BYTES,
        )  # fmt: skip
        self.server = uvicorn.Server(config)

    async def send(self, content: bytes) -> bytes:
        port = self.server.servers[0].sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(content)
        await writer.drain()
        writer.write_eof()
        try:
            async with asyncio.timeout(5):
                return await reader.read()
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    made = Site()
    made.server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    task = asyncio.create_task(made.server.serve())
    while not made.server.started:  # noqa: ASYNC110  # uvicorn has only this flag
        await asyncio.sleep(0.01)
    yield made
    made.server.should_exit = True
    await task


@pytest.mark.parametrize("content", AMBIGUOUS.values(), ids=AMBIGUOUS)
async def test_an_ambiguous_message_never_becomes_two_requests(
    site: Site, content: bytes, count_cases: CountCases
) -> None:
    answer = await site.send(content)
    assert "hidden" not in site.reached, answer
    assert answer.count(b"HTTP/1.1 ") <= 1
    if b"HTTP/1.1 400 " in answer:
        assert_problem(answer, 400)
    count_cases("ambiguous HTTP messages", 1)


def assert_problem(answer: bytes, status: int) -> None:
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = dict(line.split(": ", 1) for line in head.decode().lower().split("\r\n")[1:])
    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    assert (lines["content-type"], lines["x-content-type-options"]) == ("application/problem+json", "nosniff")
    assert (int(lines["content-length"]), json.loads(body)["status"]) == (len(body), status)


@pytest.mark.parametrize("size", [8_200, 65_000, 66_000, 200_000])
async def test_an_address_of_any_length_is_told_that_it_is_too_long(site: Site, size: int) -> None:
    assert_problem(await site.send(b"GET /" + b"a" * size + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), 414)
    assert site.reached == []


@pytest.mark.parametrize("content", [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"hello\r\n\r\n"])
async def test_what_is_no_request_is_refused_with_a_problem(site: Site, content: bytes) -> None:
    assert_problem(await site.send(content), 400)


async def test_two_whole_requests_on_one_connection_are_two(site: Site) -> None:
    answer = await site.send(with_headers(length(2), body=b"{}") + HIDDEN)
    assert site.reached == ["open", "hidden"]
    assert answer.count(b"HTTP/1.1 200") == 2
