"""One connection's transport, token and what is asked once: subscriptions and rights. Its units share it."""

import hashlib
import os
import tempfile
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import orjson

from app.providers.azure.clouds import cloud_of
from app.providers.azure.credentials import TokenSource, make_token_source
from app.providers.azure.errors import AzureError, from_exception
from app.providers.base import Connection, ErrorKind

_T = TypeVar("_T")
_KEEP_SECONDS = 120.0
_CONNECT_SECONDS, _CONNECTIONS = 10, 40


class Answer(NamedTuple):
    """What came back. Header names are in lower case."""

    status: int
    body: bytes
    headers: Mapping[str, str]


class AzureSession:
    """Safe to use from several threads."""

    def __init__(self, connection: Connection, *, read_seconds: float) -> None:
        """Raises AzureError for credentials or addresses that cannot work."""
        from azure.core.pipeline import Pipeline  # at first use: the package takes a while to import
        from azure.core.pipeline.policies import HeadersPolicy, RequestIdPolicy, UserAgentPolicy
        from azure.core.pipeline.transport import RequestsTransport

        self.connection, self.cloud = connection, cloud_of(connection)
        self.tenant = str(connection.credentials.get("tenant_id") or "").lower()
        self.caller = _caller_of(connection, self.cloud.manager)
        self.read_seconds = read_seconds
        verify: str | bool = True
        if connection.extra_ca_file:
            verify = self._trust(Path(connection.extra_ca_file))
        self.tokens = make_token_source(connection, self.cloud, verify)
        self.metric_tokens = make_token_source(
            connection, self.cloud, verify, f"{self.cloud.metrics_audience}/.default"
        )
        # No retry policy: retries have to mind the unit's time and the quota, which only the reader knows.
        self._transport = RequestsTransport(connection_verify=verify)
        self._transport.open()
        for adapter in self._transport.session.adapters.values():  # units share it, and ten are the usual size
            adapter.init_poolmanager(_CONNECTIONS, _CONNECTIONS)
        policies: list[Any] = [RequestIdPolicy(), HeadersPolicy(), UserAgentPolicy("CloudOpsPro")]
        self._pipeline: Any = Pipeline(self._transport, policies=policies)
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[float, Any]] = {}
        self._makers: dict[str, threading.Lock] = {}

    def close(self) -> None:
        """Close the connections that wait."""
        self._transport.close()

    def send(
        self,
        method: str,
        url: str,
        body: bytes | None,
        *,
        seconds: float,
        call: str,
        tokens: TokenSource | None = None,
    ) -> Answer:
        """One request, the token added, renewed once where the service refuses it. Raises AzureError without answer.

        `tokens` of another service than Resource Manager.
        """
        tokens = tokens or self.tokens
        token = tokens.token()
        answer = self._send(method, url, body, token, seconds, call)
        if answer.status == 401:
            renewed = tokens.token(refused=token)
            if renewed != token:
                answer = self._send(method, url, body, renewed, seconds, call)
        return answer

    def _send(self, method: str, url: str, body: bytes | None, token: str, seconds: float, call: str) -> Answer:
        from azure.core.rest import HttpRequest

        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        request = HttpRequest(method, url, headers=headers, content=body)
        read_seconds = max(0.05, min(self.read_seconds, seconds))
        try:
            response = self._pipeline.run(
                request, connection_timeout=min(_CONNECT_SECONDS, read_seconds), read_timeout=read_seconds
            ).http_response
            content = response.read()
        except Exception as error:
            raise from_exception(error, call) from error
        return Answer(response.status_code, content, {name.lower(): value for name, value in response.headers.items()})

    def once(self, name: str, make: Callable[[], _T]) -> _T:
        """What `make` answers, kept for two minutes. Threads that ask for the same wait for the first one."""
        with self._lock:
            known = self._kept.get(name)
            maker = self._makers.setdefault(name, threading.Lock())
        if known is not None and time.monotonic() - known[0] < _KEEP_SECONDS:
            kept: _T = known[1]
            return kept
        with maker:
            with self._lock:
                known = self._kept.get(name)
            if known is not None and time.monotonic() - known[0] < _KEEP_SECONDS:
                kept = known[1]
                return kept
            made = make()
            with self._lock:
                self._kept[name] = (time.monotonic(), made)
            return made

    def forget(self) -> None:
        """Ask anew: a sync begins, a right may have been given."""
        with self._lock:
            self._kept.clear()

    def identity(self) -> tuple[str, str]:
        """(tenant, application) as the token tells them; unchecked, for people. Raises AzureError."""
        claims = _claims(self.tokens.token())
        tenant = str(claims.get("tid") or self.tenant)
        client = str(claims.get("appid") or claims.get("azp") or claims.get("oid") or "")
        return tenant, client or str(self.connection.credentials.get("client_id") or "")

    def _trust(self, extra: Path) -> str:
        """A bundle of the usual authorities and the extra ones, for the life of the session. Raises AzureError."""
        import certifi

        try:
            content = Path(certifi.where()).read_bytes() + b"\n" + extra.read_bytes()
        except OSError as error:
            raise AzureError(ErrorKind.UNREACHABLE, "the file of extra authorities cannot be read") from error
        handle, name = tempfile.mkstemp(suffix=".pem")
        with os.fdopen(handle, "wb") as bundle:
            bundle.write(content)
        weakref.finalize(self, lambda: Path(name).unlink(missing_ok=True))
        return name


def _caller_of(connection: Connection, manager: str) -> str:
    """Whom Azure counts calls for: connections that sign in alike share a quota."""
    credentials = connection.credentials
    parts = [manager, credentials.get("tenant_id"), credentials.get("client_id"), credentials.get("kind")]
    if not credentials.get("client_id"):
        parts.append(connection.connection_id)
    return orjson.dumps(parts, default=str).decode()


def _claims(token: str) -> Mapping[str, Any]:
    """The middle of a JWT; empty for a token that is none."""
    import base64
    import binascii

    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        claims = orjson.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, orjson.JSONDecodeError, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}


def session_key(connection: Connection) -> str:
    """Equal for connections that may share a session: same id, credentials, scope, regions and address."""
    parts = [
        connection.connection_id,
        dict(connection.credentials),
        dict(connection.scope),
        [list(connection.regions), list(connection.excluded_regions)],
        connection.endpoint_url,
        connection.extra_ca_file,
    ]
    return hashlib.sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS, default=str)).hexdigest()
