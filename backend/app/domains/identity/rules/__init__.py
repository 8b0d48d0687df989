"""Roles, permissions and every decision about sessions that needs no database. The clock is an argument."""

import ipaddress
import math
import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

FIRST_PASSWORD_LIFETIME = timedelta(days=7)

Role = Literal["owner", "admin", "operator", "finance", "auditor", "viewer"]
ROLES: tuple[Role, ...] = get_args(Role)

_EVERYONE: tuple[Role, ...] = ROLES
_RUN: tuple[Role, ...] = ("owner", "admin", "operator")
_WATCH: tuple[Role, ...] = ("owner", "admin", "operator", "auditor", "viewer")
_HEADS: tuple[Role, ...] = ("owner", "admin")

# security.md section 3, one line a permission: who holds it.
PERMISSION_TABLE: dict[str, tuple[Role, ...]] = {
    "profile:read": _EVERYONE,
    "inventory:read": _EVERYONE,
    "topology:read": _WATCH,
    "metrics:read": _WATCH,
    "metrics:ingest": _RUN,
    "alerts:read": _WATCH,
    "drift:read": _WATCH,
    "compliance:read": _WATCH,
    "alerts:write": _RUN,
    "alerts:acknowledge": ("owner", "admin", "operator", "viewer"),  # put or take one's own name, nothing else
    "silences:write": _RUN,
    "on-call:write": _RUN,
    "rules:write": _RUN,
    "costs:read": _EVERYONE,
    "costs:write": ("owner", "admin", "finance"),
    "imports:write": ("owner", "admin", "finance"),
    "compliance:write": _RUN,
    "drift:write": _RUN,
    "notifications:read": ("owner", "admin", "operator", "auditor"),
    "notifications:write": _RUN,
    "receivers:secret": _HEADS,
    "accounts:read": ("owner", "admin", "operator", "auditor"),
    "accounts:write": _HEADS,
    "accounts:sync": _RUN,
    "assistant:use": _EVERYONE,
    "audit:read": ("owner", "admin", "auditor"),
    "audit:export": ("owner", "admin", "auditor"),
    "members:read": ("owner", "admin", "operator", "auditor"),
    "members:write": _HEADS,
    "roles:write": _HEADS,
    "api-keys:own": ("owner", "admin", "operator", "finance", "viewer"),
    "api-keys:write": _HEADS,
    "organization:read": _EVERYONE,
    "organization:write": _HEADS,
    "jobs:read": _EVERYONE,
    "jobs:write": _RUN,
    "identity-providers:write": ("owner",),
    "ownership:write": ("owner",),
}
PERMISSIONS: frozenset[str] = frozenset(PERMISSION_TABLE)
ROLE_PERMISSIONS: dict[str, frozenset[str]] = {
    role: frozenset(name for name, holders in PERMISSION_TABLE.items() if role in holders) for role in ROLES
}
_NO_PERMISSIONS: frozenset[str] = frozenset()
OWN_PROFILE: frozenset[str] = frozenset({"profile:read"})
"""What is left of one's permissions while a required second factor is missing: the profile, factors and sign-out."""


def permissions_of(role: str) -> frozenset[str]:
    """What a role may do; a role we do not know may do nothing."""
    return ROLE_PERMISSIONS.get(role, _NO_PERMISSIONS)


def can_grant(granter: str, role: str) -> bool:
    """Nobody grants what they do not hold, and only an owner makes owners."""
    return permissions_of(role) <= permissions_of(granter) and (role != "owner" or granter == "owner")


Client = Literal["web", "native"]

ACCESS_TOKEN_LIFETIME = timedelta(minutes=10)
CLOCK_SKEW = timedelta(seconds=30)
STEP_UP_AGE = timedelta(minutes=10)
REFRESH_GRACE = timedelta(seconds=20)
MAX_SESSIONS = 20
IDLE_LIFETIME: dict[str, timedelta] = {"web": timedelta(hours=12), "native": timedelta(days=30)}
ABSOLUTE_LIFETIME: dict[str, timedelta] = {"web": timedelta(days=7), "native": timedelta(days=90)}

KEY_PUBLISHED_BEFORE = timedelta(hours=24)
KEY_SIGNS_FOR = timedelta(days=30)
KEY_STAYS_PUBLISHED = timedelta(hours=1) + ACCESS_TOKEN_LIFETIME


def idle_expiry(now: datetime, idle: timedelta, absolute_expires_at: datetime) -> datetime:
    """When a session used just now ends if it is not used again."""
    return min(now + idle, absolute_expires_at)


def is_session_alive(
    now: datetime, expires_at: datetime, absolute_expires_at: datetime, revoked_at: datetime | None
) -> bool:
    """Whether the session may still be used."""
    return revoked_at is None and now < expires_at and now < absolute_expires_at


def is_recent(authenticated_at: float, now: datetime) -> bool:
    """Whether the last proof of identity is young enough for a step-up route."""
    return now.timestamp() - authenticated_at <= STEP_UP_AGE.total_seconds()


def is_grace_use(used_at: datetime, successor_used: bool, now: datetime) -> bool:
    """Whether a second use of a refresh token is a client that lost our answer, not a thief."""
    return not successor_used and now - used_at <= REFRESH_GRACE


def normalise_email(email: str) -> str:
    """The one form of a login name, for the look-up and for the throttle alike."""
    return unicodedata.normalize("NFKC", email).strip().casefold()


def network_of(address: str) -> str:
    """The /24 or /64 that an address belongs to; what is no address at all counts as one network."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    prefix = 24 if parsed.version == 4 else 64
    return str(ipaddress.ip_network((parsed, prefix), strict=False))


@dataclass(frozen=True, kw_only=True)
class ThrottlePolicy:
    """From the `free`th failure on a wait of 1, 2, 4 … seconds; one failure is forgotten each `forget_seconds`."""

    kind: Literal["name", "network", "overall"]
    free: int
    forget_seconds: float
    longest_seconds: float = 900


# The installation as a whole gets a wide door and short delays: a stranger must not be able to lock everybody out.
THROTTLES: tuple[ThrottlePolicy, ...] = (
    ThrottlePolicy(kind="name", free=5, forget_seconds=900),
    ThrottlePolicy(kind="network", free=5, forget_seconds=10),
    ThrottlePolicy(kind="overall", free=100, forget_seconds=0.2, longest_seconds=5),
)


def count_failure(policy: ThrottlePolicy, failures: float, since: timedelta) -> tuple[float, timedelta]:
    """The failures after one more, `since` the last was counted, and how long the next try has to wait."""
    remembered = max(0.0, failures - max(0.0, since.total_seconds()) / policy.forget_seconds)
    counted = remembered + 1
    over = math.ceil(counted - 1e-6) - policy.free  # a failure counts until all of it is forgotten
    if over < 0:
        return counted, timedelta(0)
    return counted, timedelta(seconds=min(2.0 ** min(over, 20), policy.longest_seconds))


def slug_of(name: str) -> str:
    """A short address part of a name: ASCII letters, digits and hyphens, at most 48 characters."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:48].strip("-") or "organization"


_SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"),
    ("Mac OS X", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip
_PROGRAMS = (
    ("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"),
    ("CloudOps", "CloudOps app"), ("okhttp", "CloudOps app"), ("curl/", "curl"), ("python", "Python"),
)  # fmt: skip


def describe_device(user_agent: str) -> str:
    """A name that a person recognises ("Firefox on Linux"). It decides nothing: the header is the sender's word."""
    program = next((name for mark, name in _PROGRAMS if mark in user_agent), None)
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), None)
    if program and system:
        return f"{program} on {system}"
    return program or system or "Unknown device"


def first_password_expiry(*, has_password: bool, changed_at: datetime | None, created_at: datetime) -> datetime | None:
    """When a password that a machine made stops working; None for one that the person chose (`changed_at`)."""
    return created_at + FIRST_PASSWORD_LIFETIME if has_password and changed_at is None else None
