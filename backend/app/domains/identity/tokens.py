"""Access tokens: issued with and checked against Ed25519 keys, and nothing else. No database here.

The header of a token only picks a key from the map; the algorithm belongs to the key. One algorithm family in
one map is what keeps the public-key-as-HMAC-secret attacks out.
"""

import base64
import json
import math
import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from joserfc.jws import JWSRegistry

from app.core.errors import Unauthenticated
from app.core.ids import new_id
from app.domains.identity.rules import ACCESS_TOKEN_LIFETIME, CLOCK_SKEW

ALGORITHM = "EdDSA"
TYPE = "at+jwt"
AUDIENCE = "cloudops-api"
MAX_TOKEN_BYTES = 4_096
_SHAPE = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{86})")
_HEADER_NAMES = frozenset({"alg", "typ", "kid"})
_LATEST = 253_402_300_799  # the last second of the year 9999


class _Ed25519Registry(JWSRegistry):
    """Knows one algorithm. joserfc warns about the name `EdDSA` (RFC 9864); with one curve per key it is exact."""

    def get_alg(self, name: str) -> Any:
        if name != ALGORITHM:
            raise JoseError(description="not an algorithm of ours")
        return self.algorithms[ALGORITHM]


_REGISTRY = _Ed25519Registry(algorithms=[ALGORITHM])


@dataclass(frozen=True, kw_only=True)
class VerificationKey:
    """A published key: whose signature counts between `published_at` and `retires_at`."""

    id: str
    key: OKPKey
    published_at: datetime
    retires_at: datetime

    @classmethod
    def from_bytes(
        cls, key_id: UUID, public_key: bytes, published_at: datetime, retires_at: datetime
    ) -> "VerificationKey":
        """From the 32 bytes of the public key."""
        key = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": _encode(public_key)})
        return cls(id=str(key_id), key=key, published_at=published_at, retires_at=retires_at)


@dataclass(frozen=True, kw_only=True)
class SigningKeyPair:
    """The key that signs now."""

    id: str
    key: OKPKey

    @classmethod
    def from_bytes(cls, key_id: UUID, public_key: bytes, private_key: bytes) -> "SigningKeyPair":
        """From the 32 bytes each of the public and the private key."""
        parts: dict[str, str | list[str]] = {
            "kty": "OKP",
            "crv": "Ed25519",
            "x": _encode(public_key),
            "d": _encode(private_key),
        }
        return cls(id=str(key_id), key=OKPKey.import_key(parts))


@dataclass(frozen=True, kw_only=True)
class AccessClaims:
    """What a valid token says. No permissions: they are looked up at each request."""

    user_id: UUID
    organization_id: UUID
    session_id: UUID
    authenticated_at: float
    amr: tuple[str, ...]
    expires_at: float


def issue(
    key: SigningKeyPair,
    *,
    issuer: str,
    user_id: UUID,
    organization_id: UUID,
    session_id: UUID,
    authenticated_at: datetime,
    amr: Iterable[str],
    now: datetime,
) -> str:
    """A new access token for a session."""
    issued = int(now.timestamp())
    claims = {
        "iss": issuer,
        "aud": AUDIENCE,
        "sub": str(user_id),
        "org": str(organization_id),
        "sid": str(session_id),
        "jti": str(new_id()),
        "iat": issued,
        "nbf": issued,
        "exp": issued + int(ACCESS_TOKEN_LIFETIME.total_seconds()),
        "auth_time": int(authenticated_at.timestamp()),
        "amr": list(amr),
    }
    header = {"alg": ALGORITHM, "typ": TYPE, "kid": key.id}
    return jws.serialize_compact(header, orjson.dumps(claims), key.key, registry=_REGISTRY)


def key_id_of(token: str) -> str:
    """The `kid` of a well-formed token. Raises Unauthenticated for any other; proves nothing about the sender."""
    if len(token) > MAX_TOKEN_BYTES or not (match := _SHAPE.fullmatch(token)):
        raise Unauthenticated
    header_part, _, signature = match.groups()
    if _encode(_decode(signature)) != signature:  # another spelling of the same bytes is another token
        raise Unauthenticated
    try:
        header = json.loads(_decode(header_part), object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError):
        raise Unauthenticated from None
    if not isinstance(header, dict) or header.keys() != _HEADER_NAMES:
        raise Unauthenticated
    key_id = header["kid"]
    if header["typ"] != TYPE or header["alg"] != ALGORITHM or not isinstance(key_id, str):
        raise Unauthenticated
    return key_id


class VerifiedTokens:
    """Tokens whose signature was checked by this process, so that a busy client costs one check and not one a request.

    An entry counts only for the very key object that checked it; times and addressee are checked at every use.
    """

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._known: OrderedDict[str, tuple[VerificationKey, dict[str, Any]]] = OrderedDict()

    def claims_of(
        self, token: str, keys: Mapping[str, VerificationKey]
    ) -> tuple[VerificationKey, dict[str, Any]] | None:
        """The key and claims of a token that was checked with a key that is still there."""
        known = self._known.get(token)
        if known is None or keys.get(known[0].id) is not known[0]:
            return None
        return known

    def remember(self, token: str, key: VerificationKey, claims: dict[str, Any]) -> None:
        """Keep a checked token; the oldest goes when there are too many."""
        self._known[token] = (key, claims)
        while len(self._known) > self._most:
            self._known.popitem(last=False)


def verify(
    token: str,
    keys: Mapping[str, VerificationKey],
    *,
    issuer: str,
    now: datetime,
    verified: VerifiedTokens | None = None,
) -> AccessClaims:
    """The claims of a token that one of our keys signed and that is valid now. Raises Unauthenticated, never why."""
    known = verified.claims_of(token, keys) if verified is not None else None
    key = known[0] if known else keys.get(key_id_of(token))
    if key is None or not key.published_at - CLOCK_SKEW <= now < key.retires_at:
        raise Unauthenticated
    if known is not None:
        return _check_claims(known[1], issuer, now.timestamp())
    claims = _signed_claims(token, key)
    found = _check_claims(claims, issuer, now.timestamp())
    if verified is not None:
        verified.remember(token, key, claims)
    return found


def _signed_claims(token: str, key: VerificationKey) -> dict[str, Any]:
    try:
        signed = jws.deserialize_compact(token, key.key, registry=_REGISTRY)
        claims = orjson.loads(signed.payload or b"")
    except (JoseError, ValueError):
        raise Unauthenticated from None
    if not isinstance(claims, dict):
        raise Unauthenticated
    return claims


def _check_claims(claims: dict[str, Any], issuer: str, now: float) -> AccessClaims:
    skew = CLOCK_SKEW.total_seconds()
    try:
        times = {name: _instant(claims[name]) for name in ("iat", "nbf", "exp", "auth_time")}
        found = AccessClaims(
            user_id=_uuid(claims["sub"]),
            organization_id=_uuid(claims["org"]),
            session_id=_uuid(claims["sid"]),
            authenticated_at=times["auth_time"],
            amr=_words(claims["amr"]),
            expires_at=times["exp"],
        )
        _uuid(claims["jti"])
        addressed = claims["iss"] == issuer and claims["aud"] == AUDIENCE
    except (KeyError, TypeError, ValueError):
        raise Unauthenticated from None
    started = times["iat"] <= now + skew and times["nbf"] <= now + skew and times["auth_time"] <= now + skew
    bounded = times["iat"] < times["exp"] <= times["iat"] + ACCESS_TOKEN_LIFETIME.total_seconds()
    if not (addressed and started and bounded and now < times["exp"] + skew):
        raise Unauthenticated
    return found


def key_set(keys: Iterable[VerificationKey], now: datetime) -> dict[str, list[dict[str, str]]]:
    """The JWKS document: the keys that are published now."""
    return {
        "keys": [
            {
                "kty": "OKP",
                "crv": "Ed25519",
                "x": str(key.key.as_dict(private=False)["x"]),
                "kid": key.id,
                "use": "sig",
                "alg": ALGORITHM,
            }
            for key in keys
            if key.published_at <= now < key.retires_at
        ]
    }


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name appears twice")
    return found


def _instant(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("not a number")
    if not math.isfinite(value) or not 0 <= value <= _LATEST:
        raise ValueError("not an instant")
    return float(value)


def _uuid(value: Any) -> UUID:
    if not isinstance(value, str) or len(value) != 36:
        raise TypeError("not an id")
    return UUID(value)


def _words(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(word, str) for word in value):
        raise TypeError("not a list of words")
    return tuple(value)


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _decode(part: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError:
        raise Unauthenticated from None
