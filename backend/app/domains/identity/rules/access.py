"""Who may do what: how permissions come together, what may be handed on, the form of an API key. No clock, no I/O."""

import hashlib
import re
import secrets
import zlib
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from uuid import UUID

from app.core.scope import Scope, covers
from app.domains.identity.rules import PERMISSION_TABLE, PERMISSIONS, permissions_of

CUSTOM = "custom"  # the role of a membership that has a custom one
# What the owner alone may do stays with the owner: no set of permissions that somebody puts together contains it.
OWNER_ONLY: frozenset[str] = frozenset(name for name, holders in PERMISSION_TABLE.items() if holders == ("owner",))
ASSIGNABLE: frozenset[str] = PERMISSIONS - OWNER_ONLY

# A machine manages neither people nor identities nor keys nor connections, whatever its owner may do. By subject for
# all actions, so that a permission added later is refused from its first day.
_REFUSED_SUBJECTS = frozenset(
    {"profile", "members", "roles", "api-keys", "identity-providers", "ownership", "organization", "audit", "keys"}
)
_READABLE = frozenset({"members:read", "organization:read", "audit:read"})
_REFUSED = frozenset({"accounts:write", "receivers:secret"})
KEY_REFUSED: frozenset[str] = OWNER_ONLY | frozenset(
    name for name in PERMISSIONS - _READABLE if name in _REFUSED or name.partition(":")[0] in _REFUSED_SUBJECTS
)


@lru_cache(maxsize=4_096)
def granted(role: str, custom: tuple[str, ...] | None) -> frozenset[str]:
    """What a membership allows: its built-in role's permissions, or those of its custom role that may be in one."""
    if custom is None:
        return permissions_of(role)
    return frozenset(custom) & ASSIGNABLE


@lru_cache(maxsize=4_096)
def granted_to_key(chosen: tuple[str, ...], owner: frozenset[str]) -> frozenset[str]:
    """What a key may do now: what was chosen for it, as far as its owner may do it now and a machine may at all."""
    return (frozenset(chosen) & owner) - KEY_REFUSED


def may_hand_out(mine: frozenset[str], my_scope: Scope | None, given: Iterable[str], given_scope: Scope | None) -> bool:
    """Nobody grants, takes or edits more than they hold: neither permissions nor reach."""
    return frozenset(given) <= mine and covers(my_scope, given_scope)


KEY_PREFIX = "cok"
KEY_SECRET_BYTES = 32
_KEY = re.compile(r"cok_([0-9a-f]{32})_([0-9a-f]{64})_([0-9a-f]{8})", re.ASCII)


def make_key(key_id: UUID) -> str:
    """`cok_<id>_<secret of 256 bits>_<checksum>`; lower-case hexadecimal, so it survives every shell and header."""
    body = f"{KEY_PREFIX}_{key_id.hex}_{secrets.token_hex(KEY_SECRET_BYTES)}"
    return f"{body}_{_checksum(body)}"


def parse_key(text: str) -> UUID | None:
    """The id in a key whose checksum fits, else None: a typing mistake costs no look-up. Proves nothing more."""
    match = _KEY.fullmatch(text)
    if match is None or _checksum(text.rpartition("_")[0]) != match[3]:
        return None
    return UUID(match[1])


def _checksum(body: str) -> str:
    return f"{zlib.crc32(body.encode()):08x}"


def hash_key(key: str) -> bytes:
    """What is stored of a key. It has 256 random bits, so one round of SHA-256 is enough."""
    return hashlib.sha256(f"api_key\x00{key}".encode()).digest()


def parse_networks(addresses: Collection[str]) -> list[str]:
    """The canonical CIDR form of addresses and networks, without repeats. Raises ValueError with the bad one."""
    found: list[str] = []
    for text in addresses:
        try:
            network = str(ip_network(text.strip(), strict=False))
        except ValueError:
            raise ValueError(text) from None
        if "%" in text:
            raise ValueError(text)
        found.append(network)
    return list(dict.fromkeys(found))


@lru_cache(maxsize=1_024)
def _networks(addresses: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(text) for text in addresses)


def admits_address(addresses: Sequence[str], client_address: str) -> bool:
    """Whether a key with this address list may be used from there. An address that cannot be read is not on a list."""
    if not addresses:
        return True
    try:
        parsed = ip_address(client_address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    return any(parsed.version == network.version and parsed in network for network in _networks(tuple(addresses)))
