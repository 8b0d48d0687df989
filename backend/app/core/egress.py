"""Outgoing requests to addresses that people can type: the only HTTP client for them.

An address is parsed once, every IP address it resolves to is checked, and the connection goes to exactly one of
those; SNI, certificate check and Host keep the name. Proxy variables, redirects and cookies do not exist here.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Self
from urllib.parse import urljoin, urlsplit

import httpcore
import httpx

from app.core.addresses import (
    DEFAULT_PORTS,
    Address,
    InvalidAddress,
    is_public,
    is_under,
    literal_ip,
    parse_address,
    parse_allowed,
)
from app.core.config import Settings
from app.core.errors import InvalidInput

RESOLVE_SECONDS = 2.0
CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 10.0
KEPT_BYTES = 65_536
MAX_REDIRECTS = 3

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]


class AddressNotAllowed(InvalidInput):
    """Refused by the egress rules. Never says what the name resolved to."""

    slug, title = "address-not-allowed", "This address is not allowed"

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail or "Use a public https address, or ask the operator to allow this one.")


class RequestFailed(Exception):
    """No answer came. `reason`: unreachable, timed_out, tls_failed or invalid_answer; nothing of the peer is in it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back; `body` holds at most the kept bytes, `cut` says whether there was more."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    cut: bool = False


@dataclass(frozen=True, kw_only=True)
class Target:
    """A checked address with the IP addresses that were checked, in the resolver's order."""

    address: Address
    ips: tuple[str, ...]


async def resolve(host: str, port: int) -> Sequence[str]:
    """Every IP address of a name, from the system's resolver."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


async def check_address(url: str, settings: Settings, *, resolver: Resolver | None = None) -> Target:
    """Check the address of a receiver, webhook or identity provider. Raises AddressNotAllowed.

    Call it when the address is saved; `fetch` checks again, and connects to what it checked.
    """
    try:
        address = parse_address(url)
    except InvalidAddress:
        raise AddressNotAllowed("Use an address like https://host/path.") from None
    listed = any(is_under(address, prefix) for prefix in allowed_prefixes(settings.allowed_endpoints))
    if not listed and (address.scheme != "https" or address.port not in DEFAULT_PORTS.values()):
        raise AddressNotAllowed
    ips = await resolve_all(address, resolver or resolve)
    if not listed and not all(is_public(ip_address(ip)) and not is_own(ip) for ip in ips):
        raise AddressNotAllowed
    await refuse_own_servers(address, ips, settings, resolver or resolve, any_port=not listed)
    return Target(address=address, ips=tuple(ips))


async def check_endpoint(url: str, settings: Settings, *, resolver: Resolver | None = None) -> Target:
    """Check a cloud endpoint of a connection: public https, or under an allowed prefix. Raises AddressNotAllowed.

    The SDKs connect by themselves, so call this at save and before every use.
    """
    return await check_address(url, settings, resolver=resolver)


@lru_cache(maxsize=16)
def allowed_prefixes(prefixes: tuple[str, ...]) -> tuple[Address, ...]:
    """The parsed allow list. Raises InvalidAddress for an entry that is not a URL prefix."""
    return tuple(parse_allowed(prefix) for prefix in prefixes)


async def resolve_all(address: Address, resolver: Resolver) -> Sequence[str]:
    """Every IP address of a parsed address, within RESOLVE_SECONDS. Raises AddressNotAllowed."""
    if literal_ip(address.host) is not None:
        return [address.host]
    try:
        async with asyncio.timeout(RESOLVE_SECONDS):
            ips = await resolver(address.host, address.port or 0)
    except (OSError, UnicodeError, TimeoutError):
        raise AddressNotAllowed from None
    if not ips or any(literal_ip(ip) is None for ip in ips):
        raise AddressNotAllowed
    return ips


def is_own(ip: str) -> bool:
    """Whether this machine holds the address: only then may a socket be bound to it."""
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.bind((ip, 0))
        return True
    return False


def _own_servers(settings: Settings) -> Iterable[tuple[str, int]]:
    urls = (settings.database_url, settings.database_app_url, settings.database_replica_url, settings.redis_url)
    for url in urls:
        if url is None:
            continue
        parts = urlsplit(url.get_secret_value())
        with contextlib.suppress(ValueError):
            yield parts.hostname or "localhost", parts.port or (6379 if "redis" in parts.scheme else 5432)


async def refuse_own_servers(
    address: Address, ips: Sequence[str], settings: Settings, resolver: Resolver, *, any_port: bool
) -> None:
    """Refuse our database and Redis; an allowed prefix may share their machine, never their port."""
    for host, port in _own_servers(settings):
        if not any_port and port != address.port:
            continue
        if host == address.host:
            raise AddressNotAllowed
        own: Sequence[str] = [host]
        if literal_ip(host) is None:
            try:
                async with asyncio.timeout(RESOLVE_SECONDS):
                    own = await resolver(host, port)
            except (OSError, UnicodeError, TimeoutError):
                own = []
        if set(own) & set(ips):
            raise AddressNotAllowed


class _PinnedBackend(httpcore.AsyncNetworkBackend):
    """Connects to the checked IP addresses only, whatever the name resolves to by now."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface's
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.AsyncNetworkStream:
        if (host, port) != (self._target.address.host, self._target.address.port):
            raise AddressNotAllowed
        failure: Exception = httpcore.ConnectError("no address")
        for ip in self._target.ips:
            try:
                return await self._inner.connect_tcp(ip, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def connect_unix_socket(self, path: str, timeout: float | None = None, socket_options: Any = None) -> Any:  # noqa: ASYNC109
        raise AddressNotAllowed

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class _PooledStream(httpx.AsyncByteStream):
    """The answer's bytes; closing it closes the one connection it came by."""

    def __init__(self, stream: Any, pool: httpcore.AsyncConnectionPool) -> None:
        self._stream, self._pool = stream, pool

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._stream:
            yield part

    async def aclose(self) -> None:
        await self._stream.aclose()
        await self._pool.aclose()


class GuardedTransport(httpx.AsyncBaseTransport):
    """An httpx transport under the egress rules, for libraries that bring their own httpx client."""

    def __init__(self, settings: Settings, *, resolver: Resolver | None = None) -> None:
        self._settings, self._resolver = settings, resolver

    async def __aenter__(self) -> Self:
        return self

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Check the address, connect to what was checked, send. Raises AddressNotAllowed and httpcore's errors."""
        target = await check_address(str(request.url), self._settings, resolver=self._resolver)
        address = target.address
        pool = httpcore.AsyncConnectionPool(
            ssl_context=tls_context(self._settings.extra_ca_file), network_backend=_PinnedBackend(target), retries=0
        )
        try:
            answer = await pool.handle_async_request(
                httpcore.Request(
                    method=request.method,
                    url=httpcore.URL(
                        scheme=address.scheme.encode(),
                        host=address.host.encode(),
                        port=address.port,
                        target=request.url.raw_path,
                    ),
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions={**request.extensions, "sni_hostname": address.host},
                )
            )
        except BaseException:
            await pool.aclose()
            raise
        return httpx.Response(
            answer.status, headers=answer.headers, stream=_PooledStream(answer.stream, pool), extensions={}
        )


def tls_context(extra_ca_file: Path | None) -> ssl.SSLContext:
    """The client's TLS settings: the system's authorities, and those of CLOUDOPS_EXTRA_CA_FILE."""
    changed = extra_ca_file.stat().st_mtime_ns if extra_ca_file else 0
    return _tls_context(extra_ca_file, changed)


@lru_cache(maxsize=4)
def _tls_context(extra_ca_file: Path | None, changed: int) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if extra_ca_file:
        context.load_verify_locations(cafile=str(extra_ca_file))
    return context


def guarded_client(settings: Settings, *, resolver: Resolver | None = None) -> httpx.AsyncClient:
    """An httpx client under the egress rules: no redirects, no proxy variables, the guard's time-outs."""
    return httpx.AsyncClient(
        transport=GuardedTransport(settings, resolver=resolver),
        follow_redirects=False,
        trust_env=False,
        timeout=httpx.Timeout(TOTAL_SECONDS, connect=CONNECT_SECONDS),
        headers={"User-Agent": "CloudOpsPro", "Accept-Encoding": "identity"},
    )


async def fetch(
    method: str,
    url: str,
    settings: Settings,
    *,
    headers: Mapping[str, str] | None = None,
    content: bytes | None = None,
    timeout_seconds: float = TOTAL_SECONDS,
    kept_bytes: int = KEPT_BYTES,
    redirects: int = 0,
    resolver: Resolver | None = None,
) -> Answer:
    """One request under the egress rules. `redirects` (at most 3, GET only): each hop is checked anew, headers dropped.

    Raises AddressNotAllowed, and RequestFailed when no whole answer came within `timeout_seconds`.
    """
    sent = dict(headers or {})
    hops = min(redirects, MAX_REDIRECTS) if method == "GET" else 0
    try:
        async with asyncio.timeout(timeout_seconds), guarded_client(settings, resolver=resolver) as client:
            while True:
                async with client.stream(method, url, headers=sent, content=content) as response:
                    location = response.headers.get("location") if response.is_redirect else None
                    if location and hops > 0:
                        url, hops, sent = urljoin(url, location), hops - 1, {}
                        continue
                    return await _keep(response, kept_bytes)
    except AddressNotAllowed:
        raise
    except (TimeoutError, httpcore.TimeoutException):
        raise RequestFailed("timed_out") from None
    except httpcore.ConnectError as error:
        cause = error.__cause__ or error.__context__
        raise RequestFailed("tls_failed" if "ssl" in str(cause or error).lower() else "unreachable") from None
    except (httpcore.NetworkError, OSError):
        raise RequestFailed("unreachable") from None
    except (httpcore.ProtocolError, httpx.HTTPError, httpx.InvalidURL, ValueError):
        raise RequestFailed("invalid_answer") from None


async def _keep(response: httpx.Response, kept_bytes: int) -> Answer:
    body, cut = bytearray(), False
    async for part in response.aiter_raw():
        body += part
        if len(body) > kept_bytes:
            cut = True
            break
    return Answer(status=response.status_code, headers=dict(response.headers), body=bytes(body[:kept_bytes]), cut=cut)
