"""What an OpenID provider publishes: its discovery document and its keys, fetched under the egress rules."""

import logging
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import orjson
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from app.core.config import Settings
from app.core.egress import AddressNotAllowed, RequestFailed, check_address, fetch
from app.domains.identity.rules.sso import Refused, key_type_of

logger = logging.getLogger(__name__)

METADATA_SECONDS = 600.0
KEYS_SECONDS = 300.0
KEYS_AGAIN_SECONDS = 10.0  # between two looks for a key that is not in the set that we have
KEPT_PROVIDERS = 500
DOCUMENT_BYTES = 262_144
TIMEOUT_SECONDS = 8.0
MAX_TOKEN_BYTES = 32_768
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")

Key = RSAKey | ECKey | OKPKey


@dataclass(frozen=True, kw_only=True)
class Metadata:
    """The checked part of a discovery document."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    promises_response_issuer: bool
    algorithms: tuple[str, ...]


@dataclass
class _Cached:
    at: float
    content: Any


_metadata: OrderedDict[str, _Cached] = OrderedDict()
_keys: OrderedDict[str, _Cached] = OrderedDict()


def forget_providers() -> None:
    """Drop what is cached (tests; the button that looks anew asks for `anew`)."""
    _metadata.clear()
    _keys.clear()


async def read_metadata(settings: Settings, issuer: str, *, anew: bool = False) -> Metadata:
    """The provider's discovery document, at most ten minutes old. Raises Refused."""
    cached = _metadata.get(issuer)
    if not anew and cached is not None and time.monotonic() - cached.at < METADATA_SECONDS:
        found: Metadata = cached.content
        return found
    document = await _fetch_json(settings, f"{issuer.rstrip('/')}/.well-known/openid-configuration", "discovery")
    if document.get("issuer") != issuer:
        raise Refused("discovery-issuer")
    for name in _ENDPOINTS:
        address = document.get(name)
        if not isinstance(address, str) or "#" in address or len(address) > 1_000:
            raise Refused("discovery-endpoints")
        try:
            await check_address(address, settings)
        except AddressNotAllowed:
            raise Refused("discovery-endpoints") from None
    algorithms = document.get("id_token_signing_alg_values_supported")
    made = Metadata(
        issuer=issuer,
        authorization_endpoint=document["authorization_endpoint"],
        token_endpoint=document["token_endpoint"],
        jwks_uri=document["jwks_uri"],
        promises_response_issuer=document.get("authorization_response_iss_parameter_supported") is True,
        algorithms=tuple(str(name) for name in algorithms) if isinstance(algorithms, list) else (),
    )
    _remember(_metadata, issuer, made)
    return made


async def read_keys(settings: Settings, metadata: Metadata, *, anew: bool = False) -> list[Key]:
    """The provider's keys, at most five minutes old. Keys that we cannot read are left out. Raises Refused."""
    cached = _keys.get(metadata.jwks_uri)
    age = time.monotonic() - cached.at if cached is not None else KEYS_SECONDS
    if cached is not None and age < (KEYS_AGAIN_SECONDS if anew else KEYS_SECONDS):
        known: list[Key] = cached.content
        return known
    document = await _fetch_json(settings, metadata.jwks_uri, "keys")
    given = document.get("keys")
    if not isinstance(given, list):
        raise Refused("keys")
    found: list[Key] = []
    for entry in given[:50]:
        if not isinstance(entry, dict) or entry.get("kty") not in ("RSA", "EC", "OKP") or entry.get("use") == "enc":
            continue
        try:
            imported = KeySet.import_key_set({"keys": [entry]}).keys[0]
        except (JoseError, ValueError, TypeError, KeyError):
            continue
        if isinstance(imported, RSAKey | ECKey | OKPKey):
            found.append(imported)
    _remember(_keys, metadata.jwks_uri, found)
    return found


async def verified_claims(
    settings: Settings, metadata: Metadata, token: object, algorithm: str, *, token_type: str | None = None
) -> dict[str, Any]:
    """The claims of a token that the provider signed with the connection's one algorithm. Raises Refused.

    The header has to name the `token_type` where one is wanted. Otherwise it only says which key: never the algorithm,
    and never where a key could be fetched.
    """
    header = _header_of(token)
    if header.get("alg") != algorithm or "crit" in header:
        raise Refused("algorithm")
    if token_type is not None and not _is_type(header.get("typ"), token_type):
        raise Refused("token-type")
    key_id = header.get("kid")
    keys = _matching(await read_keys(settings, metadata), algorithm, key_id)
    if not keys:
        keys = _matching(await read_keys(settings, metadata, anew=True), algorithm, key_id)
    if len(keys) != 1:
        raise Refused("key")
    try:
        signed = jws.deserialize_compact(
            str(token), keys[0], algorithms=[algorithm], registry=JWSRegistry(algorithms=[algorithm])
        )
        claims = orjson.loads(signed.payload or b"")
    except (JoseError, ValueError):
        raise Refused("signature") from None
    if not isinstance(claims, dict):
        raise Refused("claims")
    return claims


def _header_of(token: object) -> dict[str, Any]:
    if not isinstance(token, str) or len(token) > MAX_TOKEN_BYTES or token.count(".") != 2 or not token.isascii():
        raise Refused("token")
    try:
        header = jws.extract_compact(token.encode()).headers()
    except (JoseError, ValueError):
        raise Refused("token") from None
    return dict(header)


def _is_type(told: object, wanted: str) -> bool:
    """RFC 7515 section 4.1.9: a media type, in any case, whose `application/` may be left out."""
    return isinstance(told, str) and told.lower().removeprefix("application/") == wanted


def _matching(keys: list[Key], algorithm: str, key_id: object) -> list[Key]:
    wanted = [key for key in keys if key.key_type == key_type_of(algorithm) and key.get("alg") in (None, algorithm)]
    if key_id is None:
        return wanted
    return [key for key in wanted if key.get("kid") == key_id]


async def _fetch_json(settings: Settings, url: str, subject: str) -> dict[str, Any]:
    try:
        answer = await fetch(
            "GET",
            url,
            settings,
            headers={"Accept": "application/json"},
            timeout_seconds=TIMEOUT_SECONDS,
            kept_bytes=DOCUMENT_BYTES,
        )
    except AddressNotAllowed:
        raise Refused(f"{subject}-address") from None
    except RequestFailed as failure:
        raise Refused(f"{subject}-{failure.reason.replace('_', '-')}") from None
    if answer.status != 200 or answer.cut:
        raise Refused(f"{subject}-answer")
    try:
        document = orjson.loads(answer.body)
    except ValueError:
        raise Refused(f"{subject}-answer") from None
    if not isinstance(document, dict):
        raise Refused(f"{subject}-answer")
    return document


def _remember(cache: OrderedDict[str, _Cached], name: str, content: Any) -> None:
    cache[name] = _Cached(time.monotonic(), content)
    cache.move_to_end(name)
    while len(cache) > KEPT_PROVIDERS:
        cache.popitem(last=False)
