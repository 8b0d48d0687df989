"""Decisions of single sign-on that need no database, clock or network."""

import base64
import hashlib
import hmac
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal
from urllib.parse import unquote
from uuid import UUID

from app.domains.identity.rules import ROLES, Role

ConnectionKind = Literal["oidc", "saml"]
SigningAlgorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
MappedRole = Literal["admin", "operator", "finance", "auditor", "viewer"]  # owners are made by owners only

TICKET_LIFETIME = timedelta(minutes=10)
SKEW_SECONDS = 60.0
MAX_TOKEN_AGE_SECONDS = 600.0
MFA_AGE_SECONDS = 12 * 3600.0
LOGOUT_KEPT = timedelta(hours=1)
LEAST_ROLE: Role = "viewer"
DNS_LABEL = "_cloudops"
MAX_SUBJECT = 255
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
LOGOUT_SUBJECT = "logout_subject"  # the directory's kind of entry
LOGOUT_TOKEN_TYPE = "logout+jwt"  # noqa: S105  # a media type
DEFAULT_MFA_CONTEXTS = frozenset(
    {"http://schemas.microsoft.com/claims/multipleauthn", "https://refeds.org/profile/mfa"}
)
_KEY_TYPES = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
_HASHES = {"256": hashlib.sha256, "384": hashlib.sha384, "512": hashlib.sha512}
_DOMAIN = re.compile(r"(?=.{4,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]{0,500}")


class Refused(Exception):
    """Why a provider's answer is not believed. The cause goes to the audit log, never to the browser."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


@dataclass(frozen=True, kw_only=True)
class Assertion:
    """What a provider says about a person, after every check. `authenticated_at` is in Unix seconds."""

    subject: str
    email: str | None
    email_verified: bool
    name: str
    groups: tuple[str, ...] | None  # None: the provider said nothing about groups
    mfa: bool
    authenticated_at: float | None
    issued_at: float
    provider_session: str | None
    logout_subject: str | None = None  # what logout tokens call the person, where that is not the subject


@dataclass(frozen=True, kw_only=True)
class TokenExpectation:
    """What an ID token has to say."""

    issuer: str
    client_id: str
    nonce: str
    algorithm: str
    access_token: str | None
    subject_claim: str = "sub"
    groups_claim: str = "groups"
    require_mfa: bool = False
    mfa_contexts: Collection[str] = ()
    fresh_since: float | None = None  # the person has to have signed in at the provider after this


def is_domain(text: str) -> bool:
    """Whether the text is a lower-case host name of at least two labels."""
    return _DOMAIN.fullmatch(text) is not None


def domain_of(email: str) -> str | None:
    """The lower-case domain of an address; None where it is not one plain ASCII address."""
    local, separator, domain = email.rpartition("@")
    domain = domain.lower()
    plain = bool(re.fullmatch(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}", local))
    return domain if separator and plain and is_domain(domain) else None


def verification_record(domain: str, token: str) -> str:
    """The line to put into the DNS, as people copy it."""
    return f'{DNS_LABEL}.{domain} TXT "cloudops-verification={token}"'


def has_verification(texts: Collection[str], token: str) -> bool:
    """Whether one of the TXT values proves the domain."""
    wanted = f"cloudops-verification={token}".encode()
    return any(hmac.compare_digest(text.strip().encode(), wanted) for text in texts)


def local_path(text: str | None) -> str:
    """Where to go after signing in: a path of our own, `/` for anything else."""
    decoded = unquote(text) if text else ""
    safe = text is not None and _PATH.fullmatch(text) and not decoded.startswith(("//", "/\\")) and "\\" not in decoded
    return text if safe and text is not None else "/"


def key_type_of(algorithm: str) -> str:
    """The JWK `kty` that an algorithm needs."""
    return _KEY_TYPES[algorithm[:2]]


def half_hash(algorithm: str, text: str) -> str:
    """The left half of a hash in base64url, as `at_hash` holds it."""
    digest = _HASHES.get(algorithm[-3:], hashlib.sha512)(text.encode("ascii", "replace")).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


def logout_subject_key(connection_id: UUID, logout_subject: str) -> str:
    """The directory's value for whom a connection's logout tokens call so."""
    return f"{connection_id}\x00{logout_subject}"


def challenge_of(verifier: str) -> str:
    """The PKCE S256 challenge of a verifier."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def check_response_issuer(given: str | None, issuer: str, *, promised: bool) -> None:
    """The `iss` of an authorization response (RFC 9207). Raises Refused."""
    if given is None and promised:
        raise Refused("response-issuer-missing")
    if given is not None and given != issuer:
        raise Refused("response-issuer")


def check_id_token(claims: Mapping[str, Any], wanted: TokenExpectation, now: float) -> Assertion:
    """Check the claims of an ID token whose signature was right. Raises Refused."""
    _check_issuer_and_audience(claims, wanted)
    issued_at = _check_times(claims, now)
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode(), wanted.nonce.encode()):
        raise Refused("nonce")
    at_hash = claims.get("at_hash")
    if at_hash is not None and (
        wanted.access_token is None or at_hash != half_hash(wanted.algorithm, wanted.access_token)
    ):
        raise Refused("at-hash")
    if not _text(claims.get("sub")):
        raise Refused("subject")
    subject = _text(claims.get(wanted.subject_claim))
    if subject is None:
        raise Refused("subject")
    authenticated_at = _number(claims, "auth_time", required=False)
    if authenticated_at is not None and authenticated_at > now + SKEW_SECONDS:
        raise Refused("auth-time")
    mfa = _has_mfa(claims, wanted)
    check_freshness(authenticated_at, mfa=mfa, require_mfa=wanted.require_mfa, fresh_since=wanted.fresh_since, now=now)
    return Assertion(
        subject=subject,
        email=_text(claims.get("email")),
        email_verified=claims.get("email_verified", True) in (True, "true"),
        name=_text(claims.get("name")) or _text(claims.get("preferred_username")) or "",
        groups=_groups(claims.get(wanted.groups_claim)),
        mfa=mfa,
        authenticated_at=authenticated_at,
        issued_at=issued_at,
        provider_session=_text(claims.get("sid")),
        logout_subject=_text(claims["sub"]) if wanted.subject_claim != "sub" else None,
    )


def check_freshness(
    authenticated_at: float | None, *, mfa: bool, require_mfa: bool, fresh_since: float | None, now: float
) -> None:
    """Whether the proof at the provider is strong and young enough. Raises Refused."""
    if require_mfa:
        if not mfa:
            raise Refused("mfa-missing")
        if authenticated_at is None or now - authenticated_at > MFA_AGE_SECONDS:
            raise Refused("auth-time")
    if fresh_since is not None and (authenticated_at is None or authenticated_at < fresh_since - SKEW_SECONDS):
        raise Refused("not-fresh")


def check_logout_token(claims: Mapping[str, Any], *, issuer: str, client_id: str, now: float) -> None:
    """Check a back-channel logout token whose signature was right (OpenID back-channel logout 1.0). Raises Refused."""
    if claims.get("iss") != issuer:
        raise Refused("issuer")
    audience = claims.get("aud")
    if audience != client_id and audience != [client_id]:
        raise Refused("audience")
    issued_at = _number(claims, "iat")
    expires_at = _number(claims, "exp", required=False)
    if issued_at is None or not now - MAX_TOKEN_AGE_SECONDS <= issued_at <= now + SKEW_SECONDS:
        raise Refused("issued-at")
    if expires_at is not None and expires_at <= now - SKEW_SECONDS:
        raise Refused("expired")
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(LOGOUT_EVENT), dict):
        raise Refused("events")
    if "nonce" in claims:
        raise Refused("nonce")
    if not _text(claims.get("jti")):
        raise Refused("token-id")
    named = [value for value in (claims.get("sub"), claims.get("sid")) if value is not None]
    if not named or not all(_text(value) for value in named):  # one that is right does not excuse the other
        raise Refused("subject")


def has_mfa(methods: Collection[str], contexts: Collection[str], accepted: Collection[str]) -> bool:
    """Whether the provider says that a second factor was used."""
    return "mfa" in methods or bool(set(contexts) & (set(accepted) or DEFAULT_MFA_CONTEXTS))


def role_of_groups(
    groups: Collection[str], mappings: Sequence[tuple[str, str | None, UUID | None]]
) -> tuple[str, UUID | None]:
    """(role, custom role) for somebody in these groups: the strongest built-in role, else the first custom one.

    `mappings` are (group, role, role_id). No match gives the least role.
    """
    matched = [(role, role_id) for group, role, role_id in mappings if group in groups]
    built_in = sorted((role for role, _ in matched if role in ROLES), key=lambda role: ROLES.index(role))
    if built_in and built_in[0]:
        return built_in[0], None
    custom = next((role_id for _, role_id in matched if role_id is not None), None)
    return LEAST_ROLE, custom


def _check_issuer_and_audience(claims: Mapping[str, Any], wanted: TokenExpectation) -> None:
    if claims.get("iss") != wanted.issuer:
        raise Refused("issuer")
    audience, party = claims.get("aud"), claims.get("azp")
    many = audience if isinstance(audience, list) else [audience]
    if wanted.client_id not in many or not all(isinstance(one, str) for one in many):
        raise Refused("audience")
    if (len(many) > 1 and party is None) or (party is not None and party != wanted.client_id):
        raise Refused("authorized-party")


def _check_times(claims: Mapping[str, Any], now: float) -> float:
    expires_at, issued_at = _number(claims, "exp"), _number(claims, "iat")
    if expires_at is None or expires_at <= now - SKEW_SECONDS:
        raise Refused("expired")
    if issued_at is None or not now - MAX_TOKEN_AGE_SECONDS <= issued_at <= now + SKEW_SECONDS:
        raise Refused("issued-at")
    not_before = _number(claims, "nbf", required=False)
    if not_before is not None and not_before > now + SKEW_SECONDS:
        raise Refused("not-yet-valid")
    return issued_at


def _number(claims: Mapping[str, Any], name: str, *, required: bool = True) -> float | None:
    value = claims.get(name)
    if value is None and not required:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e11:
        raise Refused(f"{name.replace('_', '-')}-unreadable")
    return float(value)


def _text(value: Any) -> str | None:
    """A short printable text, else None: what is stored must be storable."""
    if not isinstance(value, str) or not 0 < len(value) <= MAX_SUBJECT or not value.isprintable():
        return None
    return value


def _groups(value: Any) -> tuple[str, ...] | None:
    if value is None:
        return None
    many = value if isinstance(value, list) else [value]
    return tuple(group for group in many[:1_000] if isinstance(group, str) and 0 < len(group) <= MAX_SUBJECT)


def _has_mfa(claims: Mapping[str, Any], wanted: TokenExpectation) -> bool:
    methods, context = claims.get("amr"), claims.get("acr")
    names = [name for name in methods if isinstance(name, str)] if isinstance(methods, list) else []
    return has_mfa(names, [context] if isinstance(context, str) else [], wanted.mfa_contexts)
