"""The calls of one connection: signed by google-auth, under the caller's rate, within a deadline, read as JSON."""

import hashlib
import json
import os
import random
import tempfile
import threading
import time
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson

from app.providers.base import Connection, ErrorKind
from app.providers.gcp.credentials import identity_of, make_credentials, trusted_bundle
from app.providers.gcp.errors import GcpError, from_answer, translate
from app.providers.gcp.throttle import Throttles, TokenBucket

_CONNECT_SECONDS = 5
_TOKEN_SECONDS = 15
_PIECE_BYTES = 1 << 18
_LARGEST_BYTES = 1 << 28
_LEAST_BODY_SECONDS = 0.05
# Quotas are counted by the minute: a refusal without Retry-After is waited out that long, not four short moments.
_THROTTLED_TIMES, _LONGEST_PAUSE_SECONDS = 2, 20.0
_RETRIED = frozenset({ErrorKind.THROTTLED, ErrorKind.UNREACHABLE, ErrorKind.INVALID_ANSWER, ErrorKind.TIMED_OUT})
_OWN_SERVER_PER_MINUTE, _OWN_SERVER_BURST = 6000.0, 600.0


@dataclass(frozen=True, kw_only=True)
class Method:
    """One method of Google's APIs: where it is, what it needs, and how often it may be called by default."""

    name: str  # cloudasset.assets.list
    host: str
    permission: str
    quota: str
    per_minute: float
    burst: float


LIST_ASSETS = Method(
    name="cloudasset.assets.list",
    host="cloudasset.googleapis.com",
    permission="cloudasset.assets.listResource",
    quota="list",
    per_minute=90,
    burst=60,
)
LIST_POLICIES = replace(LIST_ASSETS, permission="cloudasset.assets.listIamPolicy")
READ_ASSET = Method(
    name="cloudasset.batchGetAssetsHistory",
    host="cloudasset.googleapis.com",
    permission="cloudasset.assets.exportResource",
    quota="history",
    per_minute=90,
    burst=60,
)
READ_POLICY = replace(READ_ASSET, permission="cloudasset.assets.exportIamPolicy")
LIST_KEYS = Method(
    name="apikeys.keys.list",
    host="apikeys.googleapis.com",
    permission="apikeys.keys.list",
    quota="keys",
    per_minute=100,
    burst=30,
)
LIST_LOGS = Method(
    name="logging.entries.list",
    host="logging.googleapis.com",
    permission="logging.logEntries.list",
    quota="logs",
    per_minute=50,
    burst=10,
)


@dataclass
class Reads:
    """What one unit may do: until when, and how much it did."""

    deadline: float  # of time.monotonic
    attempts: int = 4
    call_count: int = 0
    failed: list[GcpError] = field(default_factory=list)

    def remaining(self) -> float:
        """Seconds left."""
        return self.deadline - time.monotonic()


class GcpSession:
    """Credentials and connections of one connected account. Safe to use from many threads."""

    def __init__(
        self,
        connection: Connection,
        throttles: Throttles,
        *,
        read_seconds: float,
        lists_per_minute: float | None,
        throttled_seconds: float = 2.0,
    ) -> None:
        from google.auth.transport.requests import AuthorizedSession
        from requests import Session
        from requests.adapters import HTTPAdapter

        self.connection = connection
        self.credentials, self.home_project = make_credentials(connection)
        self.identity = identity_of(self.credentials) or connection.connection_id
        self._throttles, self._read_seconds, self._lists_per_minute = throttles, read_seconds, lists_per_minute
        self._throttled_seconds = throttled_seconds
        self._lock = threading.Lock()
        self.projects: dict[tuple[str, ...], Any] = {}  # the known projects by parents, kept by projects.py
        adapter = HTTPAdapter(pool_maxsize=16)
        token_session = Session()
        self._http = AuthorizedSession(  # type: ignore[no-untyped-call]
            self.credentials, max_refresh_attempts=1, auth_request=_bounded_request(token_session)
        )
        bundle = self._trust() if connection.extra_ca_file else None
        for session in (token_session, self._http):
            session.mount("https://", adapter)
            session.mount("http://", adapter)
            if bundle:
                session.verify = bundle

    def close(self) -> None:
        """Drop the connections."""
        self._http.close()  # type: ignore[no-untyped-call]

    def call(
        self,
        method: Method,
        path: str,
        reads: Reads,
        *,
        query: Sequence[tuple[str, str]] = (),
        body: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The answer's document. Throttled, broken and unreadable answers are tried again. Raises GcpError."""
        bucket = self._bucket(method)
        url = (self.connection.endpoint_url or f"https://{method.host}").rstrip("/") + path
        if query:
            # What regular expressions are full of may stand in a query as it is: it keeps addresses short.
            url += "?" + urlencode(list(query), safe="()*:,")
        attempt = 0
        while True:
            attempt += 1
            if reads.remaining() <= 0:
                raise self._noted(reads, out_of_time(method))
            if not bucket.acquire(reads.deadline):
                told = "the calls that Google allows in a minute are used up for this unit's time"
                raise self._noted(reads, GcpError(ErrorKind.THROTTLED, told, call=method.name))
            reads.call_count += 1
            try:
                return self._once(method, url, reads, body)
            except Exception as raised:  # noqa: BLE001  three libraries raise what they like; each is mapped
                error = translate(raised, method.name)
                cause = raised
            if error.kind is ErrorKind.THROTTLED:
                bucket.slow_down(error.retry_after)
            if not self._is_worth_another(error, attempt, reads):
                raise self._noted(reads, error) from cause
            pause = error.retry_after or self._pause(error, attempt)
            if pause >= reads.remaining():
                raise self._noted(reads, error) from cause
            time.sleep(pause)

    def _is_worth_another(self, error: GcpError, attempt: int, reads: Reads) -> bool:
        is_throttled = error.kind is ErrorKind.THROTTLED
        if error.kind not in _RETRIED or attempt >= reads.attempts * (_THROTTLED_TIMES if is_throttled else 1):
            return False
        if error.kind is ErrorKind.INVALID_ANSWER:  # unreadable once more means that it is meant so
            return error.status < 400 and attempt < 2
        return True

    def _pause(self, error: GcpError, attempt: int) -> float:
        """Seconds until the next attempt, longer each time."""
        first, longest = 0.25, 8.0
        if error.kind is ErrorKind.THROTTLED:
            first, longest = self._throttled_seconds / 2, _LONGEST_PAUSE_SECONDS
        return min(longest, first * float(2**attempt)) * random.uniform(0.5, 1.0)  # noqa: S311  jitter

    def _once(self, method: Method, url: str, reads: Reads, body: Mapping[str, Any] | None) -> dict[str, Any]:
        """One answer, read piece by piece: a server that sends slowly is cut at the deadline too."""
        left = max(_LEAST_BODY_SECONDS, min(self._read_seconds, reads.remaining()))
        with self._http.request(  # type: ignore[no-untyped-call]
            "GET" if body is None else "POST",
            url,
            data=None if body is None else orjson.dumps(body),
            headers={"accept": "application/json", "content-type": "application/json", "user-agent": "cloudops-pro"},
            timeout=(_CONNECT_SECONDS, left),
            max_allowed_time=None,
            stream=True,
            allow_redirects=False,
        ) as answer:
            pieces, size = [], 0
            # What is there, without waiting for more: a slow server must not hold the loop.
            while piece := answer.raw.read1(_PIECE_BYTES, decode_content=True):
                pieces.append(piece)
                size += len(piece)
                if reads.remaining() <= 0:
                    raise out_of_time(method)
                if size > _LARGEST_BYTES:
                    raise GcpError(ErrorKind.INVALID_ANSWER, "the answer is too large", call=method.name, status=413)
            text = b"".join(pieces)
        if answer.status_code != 200:
            raise from_answer(answer.status_code, text, answer.headers, method.name, method.permission)
        try:
            document = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise GcpError(ErrorKind.INVALID_ANSWER, "the answer is no JSON", call=method.name) from error
        if not isinstance(document, dict):
            raise GcpError(ErrorKind.INVALID_ANSWER, "the answer is no JSON object", call=method.name)
        return document

    def _bucket(self, method: Method) -> TokenBucket:
        """Google's published quotas hold at Google; a server of the operator's own says itself when it has enough."""
        per_minute, burst = method.per_minute, method.burst
        if method.quota == "list" and self._lists_per_minute is not None:
            per_minute = burst = self._lists_per_minute
        elif self.connection.endpoint_url:
            per_minute, burst = _OWN_SERVER_PER_MINUTE, _OWN_SERVER_BURST
        caller = f"{self.connection.endpoint_url or ''} {self.identity}"
        return self._throttles.bucket(caller, method.quota, per_minute=per_minute, burst=burst)

    def _noted(self, reads: Reads, error: GcpError) -> GcpError:
        reads.failed.append(error)
        return error

    def _trust(self) -> str:
        """A bundle of the usual authorities and the extra ones, for the life of the session."""
        handle, name = tempfile.mkstemp(suffix=".pem")
        os.close(handle)
        trusted_bundle(str(self.connection.extra_ca_file), Path(name))
        weakref.finalize(self, lambda: Path(name).unlink(missing_ok=True))
        return name


def out_of_time(method: Method) -> GcpError:
    """The time ended before or during the call."""
    return GcpError(ErrorKind.TIMED_OUT, "the time for this unit ended", call=method.name)


def session_key(connection: Connection) -> str:
    """Equal for connections that may share a session: same id, same credentials, same address."""
    parts = [
        connection.connection_id,
        dict(connection.credentials),
        connection.endpoint_url,
        connection.extra_ca_file,
        dict(connection.scope),
        [list(connection.regions), list(connection.excluded_regions)],
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def _bounded_request(session: Any) -> Any:
    """google-auth's way to its token services, with a time limit of ours instead of two minutes."""
    from google.auth.transport.requests import Request

    class BoundedRequest(Request):  # type: ignore[misc, no-any-unimported, unused-ignore]
        def __call__(self, *arguments: Any, **named: Any) -> Any:
            given = named.get("timeout")
            seconds = given[-1] if isinstance(given, tuple) else given
            named["timeout"] = min(seconds or _TOKEN_SECONDS, _TOKEN_SECONDS)
            return super().__call__(*arguments, **named)  # type: ignore[no-untyped-call]

    return BoundedRequest(session)
