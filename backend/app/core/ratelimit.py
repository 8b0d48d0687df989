"""Rate limits by the generic cell rate algorithm: one Lua script on Redis, in-process at a quarter without Redis."""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from math import ceil
from typing import Any, Literal, cast
from uuid import UUID

from fastapi import Request
from redis.asyncio import Redis
from redis.exceptions import NoScriptError, RedisError

from app.core.config import Settings
from app.core.errors import RateLimited

LimitClass = Literal[
    "login",
    "sso",
    "scim",
    "refresh",
    "read",
    "write",
    "export",
    "assistant",
    "probe",
    "alerts_intake",
    "metrics_intake",
    "events_intake",
    "hook_miss",
]
BY_ADDRESS: frozenset[LimitClass] = frozenset({"login", "sso", "scim", "refresh"})  # nobody is known yet
REDIS_SECONDS = 0.35  # a little more than the client's own limit
REDIS_PAUSE_SECONDS = 2.0
LOCAL_SHARE = 4
LOCAL_KEYS = 50_000
LEASE_SECONDS = 1.0
LEASE_SIZE = 10


@dataclass(frozen=True)
class Limit:
    """`count` calls in `period_seconds`; all of them may come at once."""

    count: int
    period_seconds: float


LIMITS: dict[LimitClass, Limit] = {
    "login": Limit(10, 60),
    "sso": Limit(120, 60),  # secrets of 256 bits cannot be guessed; it bounds what we ask of providers
    "scim": Limit(1_500, 60),  # Entra ID sends up to 25 requests a second
    "refresh": Limit(600, 60),  # every loaded page asks once, and an office shares one address
    "read": Limit(600, 60),
    "write": Limit(120, 60),
    "export": Limit(10, 3600),
    "assistant": Limit(20, 60),
    "probe": Limit(30, 60),  # buttons that make us call out: connection and channel tests
    "alerts_intake": Limit(100_000, 10),
    "metrics_intake": Limit(2_500_000, 10),
    "events_intake": Limit(6_000, 60),  # messages of one account's cloud; a push service slows down and tries again
    "hook_miss": Limit(30, 60),  # by address, for hooks that do not exist
}


def limits_of(settings: Settings) -> dict[LimitClass, Limit]:
    """Each class's limit times `CLOUDOPS_RATE_LIMIT_SCALE`, for load tests; delays after failed sign-ins stay."""
    return {
        name: Limit(max(1, round(limit.count * settings.rate_limit_scale)), limit.period_seconds)
        for name, limit in LIMITS.items()
    }


# KEYS[1]; ARGV: microseconds per call, microseconds of the whole period, cost.
# Answers: allowed, microseconds until the same cost fits, microseconds until the bucket is full again.
_SCRIPT = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local full_at = tonumber(redis.call('GET', KEYS[1]) or '0')
if full_at < now then full_at = now end
local next_full = full_at + ARGV[1] * ARGV[3]
local wait = next_full - ARGV[2] - now
if wait > 0 then return {0, math.ceil(wait), full_at - now} end
redis.call('SET', KEYS[1], string.format('%.0f', next_full), 'PX', math.ceil((next_full - now) / 1000) + 1)
return {1, 0, next_full - now}
"""


_SCRIPT_SHA = hashlib.sha1(_SCRIPT.encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True)
class Decision:
    """Whether a call may go on; `remaining` calls are left, all are back after `reset_seconds`."""

    limit_class: LimitClass
    limit: Limit
    allowed: bool
    remaining: int
    retry_after_seconds: int
    reset_seconds: int
    wait_seconds: float

    def headers(self) -> dict[str, str]:
        """RateLimit-Policy and RateLimit as in the IETF draft (structured fields)."""
        return {
            "RateLimit-Policy": f'"{self.limit_class}";q={self.limit.count};w={ceil(self.limit.period_seconds)}',
            "RateLimit": f'"{self.limit_class}";r={self.remaining};t={self.reset_seconds}',
        }


def rate_limit_key(organization_id: UUID | None, limit_class: LimitClass, principal: str) -> str:
    """`org:{id}:{class}:{principal}`; `installation` where no organization is known yet."""
    return f"org:{organization_id or 'installation'}:rate:{limit_class}:{principal}"


class RateLimiter:
    """Decides for one process; the counters are shared through Redis while it answers."""

    def __init__(self, redis: Callable[[], Redis] | None, limits: dict[LimitClass, Limit] | None = None) -> None:
        self._redis = redis  # asked each time: a client belongs to one event loop
        self._limits = limits or LIMITS
        self._local: OrderedDict[str, float] = OrderedDict()  # key → monotonic seconds at which it is full again
        self._leases: OrderedDict[str, tuple[float, int, Decision]] = OrderedDict()
        self._refused: OrderedDict[str, tuple[float, Decision]] = OrderedDict()
        self._last_seen: OrderedDict[str, float] = OrderedDict()
        self._redis_back_at = 0.0

    async def take(self, key: str, limit_class: LimitClass, cost: int = 1) -> Decision:
        """Count `cost` calls against the key. Never raises: without Redis a quarter of the limit holds per process."""
        limit = self._limits[limit_class]
        if cost == 1 and (known := self._from_lease(key) or self._from_refusal(key)):
            return known
        if self._redis is not None and time.monotonic() >= self._redis_back_at:
            try:
                return await self._take_shared(key, limit_class, limit, cost)
            except (RedisError, OSError, TimeoutError):
                self._redis_back_at = time.monotonic() + REDIS_PAUSE_SECONDS
        return self._take_local(key, limit_class, limit, cost)

    async def check(self, key: str, limit_class: LimitClass, cost: int = 1) -> Decision:
        """Like `take`, but raises RateLimited with Retry-After when the limit is reached."""
        decision = await self.take(key, limit_class, cost)
        if not decision.allowed:
            refused = RateLimited(decision.retry_after_seconds)
            refused.headers.update(decision.headers())
            raise refused
        return decision

    async def _take_shared(self, key: str, limit_class: LimitClass, limit: Limit, cost: int) -> Decision:
        lease = self._lease_size(key, limit) if cost == 1 else 1
        decision = await self._ask(key, limit_class, limit, cost * lease)
        if not decision.allowed and lease > 1:
            decision = await self._ask(key, limit_class, limit, cost)
            lease = 1
        if not decision.allowed and cost == 1:
            self._refused[key] = (time.monotonic() + min(decision.wait_seconds, LEASE_SECONDS), decision)
            _bound(self._refused)
        if decision.allowed and lease > 1:
            self._leases[key] = (time.monotonic() + LEASE_SECONDS, lease - 1, decision)
            _bound(self._leases)
        return decision

    async def _ask(self, key: str, limit_class: LimitClass, limit: Limit, cost: int) -> Decision:
        assert self._redis is not None  # noqa: S101  # the caller looked
        step = limit.period_seconds * 1e6 / limit.count
        period = limit.period_seconds * 1e6
        async with asyncio.timeout(REDIS_SECONDS):
            arguments = (1, key, f"{step:.3f}", f"{period:.0f}", str(cost))
            try:
                answer = await cast(Awaitable[list[int]], self._redis().evalsha(_SCRIPT_SHA, *arguments))
            except NoScriptError:
                answer = await cast(Awaitable[list[int]], self._redis().eval(_SCRIPT, *arguments))
            allowed, wait, used = answer
        return _decision(limit_class, limit, bool(allowed), wait / 1e6, used / 1e6)

    def _from_lease(self, key: str) -> Decision | None:
        """A call out of those taken together a moment ago, which saves a busy principal most round trips."""
        lease = self._leases.pop(key, None)
        if lease is None or lease[0] < time.monotonic():
            return None
        until, left, decision = lease
        if left > 1:
            self._leases[key] = (until, left - 1, decision)
        return decision

    def _from_refusal(self, key: str) -> Decision | None:
        """A refusal holds until its wait is over, so a flood does not reach Redis."""
        refusal = self._refused.get(key)
        if refusal is None or refusal[0] < time.monotonic():
            return None
        return refusal[1]

    def _lease_size(self, key: str, limit: Limit) -> int:
        """Several calls at once only for a principal seen within the last tenth of a second, and small in the limit."""
        now = time.monotonic()
        busy = now - self._last_seen.get(key, 0.0) < 0.1
        self._last_seen[key] = now
        _bound(self._last_seen)
        return LEASE_SIZE if busy and limit.count >= LEASE_SIZE * 50 else 1

    def _take_local(self, key: str, limit_class: LimitClass, limit: Limit, cost: int) -> Decision:
        limit = Limit(max(1, limit.count // LOCAL_SHARE), limit.period_seconds)
        now = time.monotonic()
        full_at = max(now, self._local.get(key, now))
        next_full = full_at + cost * limit.period_seconds / limit.count
        wait = next_full - limit.period_seconds - now
        if wait > 1e-6:
            return _decision(limit_class, limit, False, wait, full_at - now)
        self._local[key] = next_full
        self._local.move_to_end(key)
        _bound(self._local)
        return _decision(limit_class, limit, True, 0.0, next_full - now)


def _bound(kept: OrderedDict[str, Any]) -> None:
    while len(kept) > LOCAL_KEYS:
        kept.popitem(last=False)


def _decision(limit_class: LimitClass, limit: Limit, allowed: bool, wait: float, used: float) -> Decision:
    remaining = int((limit.period_seconds - used) * limit.count / limit.period_seconds + 1e-6) if allowed else 0
    return Decision(limit_class, limit, allowed, max(0, remaining), max(1, ceil(wait)), ceil(used), wait)


_SIGN_IN_PATHS = frozenset(
    {
        "/auth/login",
        "/auth/device",
        "/auth/mfa",
        "/auth/mfa/passkey-options",
        "/auth/mfa/lost",
        "/auth/password/forgot",
        "/auth/password/reset",
        "/auth/email/verify",
    }
)


SENDER_ALIASES = ("/api/v1/write", "/api/v1/push", "/v1/metrics", "/api/v1/otlp/v1/metrics")
"""Where senders of metrics have another server's path built in: Prometheus', Mimir's and OpenTelemetry's own."""


def limit_class_of(method: str, template: str) -> LimitClass | None:
    """The class of a request by method and route template; None where nothing is limited here (health, pages)."""
    path = template.removeprefix("/api/v1")
    if path.startswith(("/ingest", "/api/v2")) or template in SENDER_ALIASES:
        return None  # counted per integration by its own route, in samples and alerts
    if path in _SIGN_IN_PATHS and method == "POST":
        return "login"
    if path in ("/auth/passkey", "/auth/passkey/options") and method == "POST":
        return "sso"
    if path.startswith("/auth/invitations/") and method == "POST":
        return "login"
    if path in ("/auth/refresh", "/auth/token") and method == "POST":
        return "refresh"
    if path == "/branding" or path.startswith("/branding/"):
        return "refresh"  # read by every loaded page too, before anybody is known
    if path == "/auth/methods" or path.startswith(("/auth/oidc/", "/auth/saml/")):
        return "sso"
    if path.startswith("/scim/"):
        return "scim"
    if template.startswith("/prometheus/"):
        return "read"  # under this path and no other do Grafana and others look for it
    if path == template:
        return None
    if path.endswith(("/export", "/download")) or (path == "/reports" and method == "POST"):
        return "export"
    if path.endswith("/ask"):
        return "assistant"
    if path.endswith("/test") and method == "POST":
        return "probe"
    return "read" if method in ("GET", "HEAD", "OPTIONS") else "write"


async def limit_caller(request: Request, organization_id: UUID, principal: str) -> None:
    """Count a signed-in request against its principal's class. Raises RateLimited.

    Nothing is counted where the application has no limiter (tests of single routers).
    """
    limiter: RateLimiter | None = getattr(request.app.state, "rate_limiter", None)
    limit_class: LimitClass | None = getattr(request.state, "limit_class", None)
    if limiter is None or limit_class is None or limit_class in BY_ADDRESS:
        return
    key = rate_limit_key(organization_id, limit_class, principal)
    request.state.rate_limit = await limiter.check(key, limit_class)


@lru_cache(maxsize=8)
def _networks(proxies: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(proxy, strict=False) for proxy in proxies)


def client_address(scope: Any, settings: Settings) -> str:
    """The nearest hop that is not a trusted proxy: the rightmost such entry of X-Forwarded-For, else the socket's."""
    client = scope.get("client")
    address = str(client[0]) if client else ""
    networks = _networks(settings.trusted_proxies)
    if not networks or not _is_in(address, networks):
        return address
    forwarded = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for").decode("latin-1")
    for hop in reversed([part.strip() for part in forwarded.split(",") if part.strip()]):
        try:
            address = str(ip_address(hop.removeprefix("[").removesuffix("]")))
        except ValueError:
            return address  # a hop that is no address cannot be trusted further
        if not _is_in(address, networks):
            return address
    return address


def _is_in(address: str, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks if network.version == parsed.version)


def address_bucket(address: str) -> str:
    """What counts as one client: the IPv4 address, or the /64 of an IPv6 address."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return "unknown"
    return str(parsed) if parsed.version == 4 else str(ip_network(f"{parsed}/64", strict=False))
