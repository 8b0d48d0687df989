"""What a request must fulfil before the application sees it: sizes, types, readable JSON, known query names."""

import asyncio
import time
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import unquote_to_bytes

from starlette.types import Message, Receive, Scope

from app.core.errors import AppError, FieldProblem, InvalidInput, TooLarge, UnsupportedMediaType
from app.core.ratelimit import SENDER_ALIASES, LimitClass
from app.core.route_table import RouteFacts
from app.core.schemas import check_text
from app.core.strict_json import check_json

KIB, MIB = 1024, 1024**2
MAX_HEADER_BYTES = 16 * KIB
MAX_URL_BYTES = 8 * KIB
MAX_QUERY_PARAMETERS = 50
JSON_BYTES, INTAKE_BYTES, METRICS_BYTES, SAML_BYTES = MIB, 5 * MIB, 10 * MIB, 256 * KIB
SCIM_BYTES = 512 * KIB
UPLOAD_BYTES = 201 * MIB  # the file's 200 MiB and the multipart around it
BODY_START_SECONDS, BODY_BYTES_PER_SECOND = 10.0, KIB
REQUEST_SECONDS, UPLOAD_SECONDS = 30.0, 900.0
_JSON, _MULTIPART = "application/json", "multipart/form-data"


class UrlTooLong(AppError):
    status, slug, title = 414, "url-too-long", "The address is too long"


class HeadersTooLarge(AppError):
    status, slug, title = 431, "headers-too-large", "The request headers are too large"


class BodyTooSlow(AppError):
    status, slug, title = 408, "body-too-slow", "The request body came too slowly"

    def __init__(self) -> None:
        super().__init__(headers={"Connection": "close"})


class Disconnected(Exception):
    """The client went away before its body was whole."""


@dataclass(frozen=True, kw_only=True)
class PathClass:
    """How requests under a path are treated. `foreign` protocols bring their own rules for bodies and queries."""

    body_bytes: int
    foreign: bool = False

    OWN: ClassVar["PathClass"]
    INTAKE: ClassVar["PathClass"]
    METRICS: ClassVar["PathClass"]
    SAML: ClassVar["PathClass"]
    SCIM: ClassVar["PathClass"]


PathClass.OWN = PathClass(body_bytes=JSON_BYTES)
PathClass.INTAKE = PathClass(body_bytes=INTAKE_BYTES, foreign=True)
PathClass.METRICS = PathClass(body_bytes=METRICS_BYTES, foreign=True)
PathClass.SAML = PathClass(body_bytes=SAML_BYTES)
PathClass.SCIM = PathClass(body_bytes=SCIM_BYTES, foreign=True)  # answers in its own error shape


def path_class_of(path: str) -> PathClass:
    """The class of a path, with or without the API's prefix for intake."""
    plain = path.removeprefix("/api/v1")
    if path in SENDER_ALIASES or plain.startswith(("/ingest/v1/metrics", "/ingest/prometheus", "/prometheus")):
        return PathClass.METRICS
    if plain.startswith("/ingest/") or path.startswith("/api/v2/"):
        return PathClass.INTAKE
    if plain.startswith("/scim/"):
        return PathClass.SCIM
    return PathClass.SAML if "/saml/" in plain else PathClass.OWN


@dataclass(kw_only=True)
class RequestFacts:
    """What was found out about one request while it was checked."""

    request_id: str
    route: RouteFacts
    path_class: PathClass
    headers: MutableMapping[bytes, bytes]
    limit_class: LimitClass | None
    failure: AppError | None = None  # found while the application read the body; replaces its answer

    @property
    def media_type(self) -> str:
        """The body's declared type, lower-case, without parameters."""
        return self.headers.get(b"content-type", b"").decode("latin-1").partition(";")[0].strip().lower()

    @property
    def is_upload(self) -> bool:
        """Whether the body is a multipart form on a route that takes one."""
        return self.media_type == _MULTIPART and _MULTIPART in self.route.media_types

    @property
    def max_body_bytes(self) -> int:
        """The most that the body may hold."""
        return UPLOAD_BYTES if self.is_upload else self.path_class.body_bytes


def check_head(scope: Scope) -> None:
    """Check the sizes of the address and the headers. Raises UrlTooLong and HeadersTooLarge."""
    if len(scope.get("raw_path") or scope["path"].encode()) + len(scope["query_string"]) > MAX_URL_BYTES:
        raise UrlTooLong
    if sum(len(name) + len(value) + 4 for name, value in scope["headers"]) > MAX_HEADER_BYTES:
        raise HeadersTooLarge


def check_query(query: bytes, route: RouteFacts) -> None:
    """Check names and values of the query. Raises InvalidInput for repeated or unknown names and broken characters."""
    if not query or route.query_names is None:
        return
    pairs = [part.partition(b"=") for part in query.split(b"&") if part]
    if len(pairs) > MAX_QUERY_PARAMETERS:
        raise InvalidInput(f"Send at most {MAX_QUERY_PARAMETERS} query parameters.")
    seen: set[str] = set()
    problems: list[FieldProblem] = []
    for raw_name, _, raw_value in pairs:
        name = unquote_to_bytes(raw_name.replace(b"+", b" ")).decode(errors="replace")
        shown = "query/" + name[:100].replace("~", "~0").replace("/", "~1")
        if name not in route.query_names and not any(name.startswith(known) for known in route.query_prefixes):
            problems.append(FieldProblem(pointer=shown, detail="is not known here"))
        elif name in seen:
            problems.append(FieldProblem(pointer=shown, detail="is given twice; separate several values by commas"))
        elif not _is_plain(unquote_to_bytes(raw_value.replace(b"+", b" "))):
            problems.append(FieldProblem(pointer=shown, detail="holds control characters or is not UTF-8"))
        seen.add(name)
    if problems:
        raise InvalidInput(errors=problems)


def _is_plain(value: bytes) -> bool:
    try:
        check_text(value.decode())
    except ValueError:
        return False
    return True


def check_body_type(facts: RequestFacts, method: str) -> bool:
    """Check the body's declared size, type and encoding; whether there is a body.

    Raises TooLarge and UnsupportedMediaType.
    """
    declared = facts.headers.get(b"content-length")
    has_body = b"transfer-encoding" in facts.headers or (declared is not None and declared.strip() != b"0")
    if not has_body:
        return False
    if declared is not None and declared.isdigit() and int(declared[:20]) > facts.max_body_bytes:
        raise TooLarge
    if facts.path_class.foreign:
        return True
    if facts.headers.get(b"content-encoding", b"identity").strip().lower() != b"identity":
        raise UnsupportedMediaType("Send the body without compression.")
    if method not in ("POST", "PUT", "PATCH"):
        return True
    accepted, given = facts.route.media_types, facts.media_type
    is_json = _JSON in accepted and given.startswith("application/") and given.endswith("+json")
    if given not in accepted and not is_json:
        raise UnsupportedMediaType(f"Send {' or '.join(sorted(accepted))}.")
    charset = facts.headers.get(b"content-type", b"").lower().partition(b"charset=")[2].strip(b' "')
    if (given == _JSON or is_json) and charset not in (b"", b"utf-8", b"utf8"):
        raise UnsupportedMediaType("Send JSON in UTF-8.")
    return True


class BodyReader:
    """A `receive` that counts bytes and minds the clock: at least 1 KiB a second after the first ten."""

    def __init__(self, receive: Receive, max_bytes: int) -> None:
        self._receive, self._max_bytes = receive, max_bytes
        self._started_at = time.monotonic()
        self._seen = 0
        self._done = False

    async def receive(self) -> Message:
        """The next message. Raises TooLarge and BodyTooSlow."""
        if self._done:
            return await self._receive()
        allowed = BODY_START_SECONDS + self._seen / BODY_BYTES_PER_SECOND
        try:
            async with asyncio.timeout(max(0.0, self._started_at + allowed - time.monotonic())):
                message = await self._receive()
        except TimeoutError:
            raise BodyTooSlow from None
        if message["type"] == "http.request":
            self._seen += len(message.get("body", b""))
            self._done = not message.get("more_body", False)
            if self._seen > self._max_bytes:
                raise TooLarge
        return message

    async def read_all(self) -> bytes:
        """The whole body. Raises Disconnected besides what `receive` raises."""
        parts: list[bytes] = []
        while True:
            message = await self.receive()
            if message["type"] != "http.request":
                raise Disconnected
            parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                return b"".join(parts)


async def checked_receive(facts: RequestFacts, method: str, receive: Receive) -> Receive:
    """The `receive` for the application: JSON bodies are read and checked here, others while they are read."""
    if not check_body_type(facts, method):
        return receive
    reader = BodyReader(receive, facts.max_body_bytes)
    if facts.path_class.foreign or not facts.media_type.endswith("json"):
        return _noting_failure(reader, facts)
    body = await reader.read_all()
    if body:
        check_json(body)
    messages: list[Any] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return messages.pop() if messages else await receive()

    return replay


def _noting_failure(reader: BodyReader, facts: RequestFacts) -> Receive:
    """Frameworks turn what `receive` raises into an answer of their own, so the cause is kept beside it."""

    async def receive() -> Message:
        try:
            return await reader.receive()
        except AppError as failure:
            facts.failure = failure
            raise

    return receive
