"""Wrong answers of an OpenID provider, each with the cause that the audit log has to name."""

import base64
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.support.oidc_attacker import Answer, ScriptedProvider

Query = dict[str, str]


@dataclass
class Wrong:
    """One lie. What is not said is right."""

    name: str
    cause: str
    claims: dict[str, Any] = field(default_factory=dict)
    sign: dict[str, Any] = field(default_factory=dict)
    token: Callable[[str], Answer] | None = None  # from the right ID token to the token endpoint's answer
    change: Callable[[str], Any] | None = None  # from the right ID token to another
    key: str = "key"
    discovery: dict[str, Any] = field(default_factory=dict)
    discovery_answer: Answer | None = None
    keys: Callable[[ScriptedProvider], Answer] | None = None
    query: Callable[[Query], Query] | None = None
    cookie: str = "own"  # own | none | other
    mfa: bool = False
    fresh: bool = False


def _json(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _unsigned(token: str) -> str:
    return f"{_json({'alg': 'none', 'kid': 'one'})}.{token.split('.')[1]}."


def _other_payload(token: str) -> str:
    header, payload, signature = token.split(".")
    content = json.loads(base64.urlsafe_b64decode(payload + "=="))
    return f"{header}.{_json(content | {'sub': 'somebody else'})}.{signature}"


def _lower_case(token: str) -> str:
    _, payload, signature = token.split(".")
    return f"{_json({'alg': 'rs256', 'kid': 'one'})}.{payload}.{signature}"


def _headless(token: str) -> str:
    _, payload, signature = token.split(".")
    return f"{_json({'kid': 'one'})}.{payload}.{signature}"


def _without(name: str) -> Callable[[Query], Query]:
    return lambda query: {key: value for key, value in query.items() if key != name}


def _with(**more: str) -> Callable[[Query], Query]:
    return lambda query: query | more


def _jwk(provider: ScriptedProvider, **changes: Any) -> dict[str, Any]:
    return dict(provider.key.as_dict(private=False)) | changes


def cases(provider: ScriptedProvider, client_id: str) -> list[Wrong]:
    """Every lie."""
    now, issuer = int(time.time()), provider.issuer
    return [
        # Who speaks, and to whom.
        Wrong("issuer of somebody else", "issuer", {"iss": "https://other.example"}),
        Wrong("issuer with a slash more", "issuer", {"iss": issuer + "/"}),
        Wrong("issuer in capitals", "issuer", {"iss": issuer.upper()}),
        Wrong("no issuer", "issuer", {"iss": None}),
        Wrong("a list of issuers", "issuer", {"iss": [issuer]}),
        Wrong("audience is another client", "audience", {"aud": "another"}),
        Wrong("no audience", "audience", {"aud": None}),
        Wrong("no client in the audience", "audience", {"aud": []}),
        Wrong("other clients only", "audience", {"aud": ["another", "third"]}),
        Wrong("client id as a part of the audience", "audience", {"aud": f"{client_id}-2"}),
        Wrong("audience as an object", "audience", {"aud": {client_id: True}}),
        Wrong("a number in the audience", "audience", {"aud": [client_id, 7], "azp": client_id}),
        Wrong("two clients and no authorized party", "authorized-party", {"aud": [client_id, "another"]}),
        Wrong("two clients, the other authorized", "authorized-party", {"aud": [client_id, "b"], "azp": "b"}),
        Wrong("own audience, another party authorized", "authorized-party", {"azp": "another"}),
        # This very sign-in.
        Wrong("no nonce", "nonce", {"nonce": None}),
        Wrong("nonce of another sign-in", "nonce", {"nonce": "x" * 43}),
        Wrong("empty nonce", "nonce", {"nonce": ""}),
        Wrong("nonce as a number", "nonce", {"nonce": 12}),
        Wrong("nonce in a list", "nonce", {"nonce": ["x"]}),
        # Now.
        Wrong("expired", "expired", {"exp": now - 120}),
        Wrong("no expiry", "exp-unreadable", {"exp": None}),
        Wrong("expiry as a text", "exp-unreadable", {"exp": str(now + 300)}),
        Wrong("expiry as true", "exp-unreadable", {"exp": True}),
        Wrong("expiry beyond all numbers", "exp-unreadable", {"exp": 1e300}),
        Wrong("no issue time", "iat-unreadable", {"iat": None}),
        Wrong("issued tomorrow", "issued-at", {"iat": now + 86_400}),
        Wrong("issued an hour ago", "issued-at", {"iat": now - 3_600}),
        Wrong("not valid before tomorrow", "not-yet-valid", {"nbf": now + 86_400}),
        Wrong("signed in tomorrow", "auth-time", {"auth_time": now + 86_400}),
        # Whom.
        Wrong("no subject", "subject", {"sub": None}),
        Wrong("empty subject", "subject", {"sub": ""}),
        Wrong("subject as a number", "subject", {"sub": 17}),
        Wrong("a long subject", "subject", {"sub": "x" * 256}),
        Wrong("a subject with NUL", "subject", {"sub": "kim\x00"}),
        Wrong("wrong hash of the access token", "at-hash", {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}),
        Wrong("no address", "email", {"email": None}),
        Wrong("an address that is not verified", "email", {"email_verified": False}),
        Wrong("verified as a wrong text", "email", {"email_verified": "no"}),
        Wrong("an address in two parts", "email", {"email": "kim@evil.example@proven.example"}),
        Wrong("an address with a comment", "email", {"email": "kim@proven.example(.evil.example)"}),
        Wrong("a domain of look-alike letters", "email", {"email": "kim@prоven.example"}),  # the о is Cyrillic
        Wrong("addresses in a list", "email", {"email": ["kim@proven.example"]}),
        Wrong("a domain nobody proved", "domain", {"email": "kim@unproven.example"}),
        Wrong("a domain below the proven one", "domain", {"email": "kim@sub.proven.example"}),
        Wrong("a domain above the proven one", "domain", {"email": "kim@parent.example"}),
        Wrong("a domain that was only asked for", "domain", {"email": "kim@asked.example"}),
        # Signatures.
        Wrong("no signature", "algorithm", change=_unsigned),
        Wrong("public key as an HMAC secret", "algorithm", key="public_pem", sign={"algorithm": "HS256"}),
        Wrong("another key of the same name", "signature", key="other_key"),
        Wrong("an unknown key", "key", key="other_key", sign={"header": {"kid": "two"}}),
        Wrong("another algorithm of the same key", "algorithm", sign={"algorithm": "RS512"}),
        Wrong("PSS instead of PKCS 1", "algorithm", sign={"algorithm": "PS256"}),
        Wrong("an elliptic curve", "algorithm", key="ec_key", sign={"algorithm": "ES256", "header": {"kid": "ec"}}),
        Wrong("a critical extension", "algorithm", sign={"header": {"crit": ["b64"], "b64": True}}),
        Wrong("its own key in the header", "signature", key="other_key", sign={"header": {"jwk": {"kty": "RSA"}}}),
        Wrong("its own key address", "signature", key="other_key", sign={"header": {"jku": f"{issuer}/jwks"}}),
        Wrong("the name of the algorithm in small letters", "algorithm", change=_lower_case),
        Wrong("no algorithm", "token", change=_headless),
        Wrong("half a signature", "signature", change=lambda token: token[:-100]),
        Wrong("an empty signature", "signature", change=lambda token: token.rpartition(".")[0] + "."),
        Wrong("a changed payload", "signature", change=_other_payload),
        Wrong("four parts", "token", change=lambda token: token + ".x"),
        Wrong("no token at all", "token", change=lambda token: "token"),
        Wrong("an ID token as a number", "token", change=lambda token: 7),
        Wrong("an ID token of 40 KB", "token", change=lambda token: token + "x" * 40_000),
        Wrong("a signed list", "claims", sign={"raw": b"[]"}),
        Wrong("a signed text that is not JSON", "signature", sign={"raw": b"{"}),
        # The token endpoint.
        Wrong("the code is refused", "token-answer", token=lambda _: Answer({"error": "invalid_grant"}, 400)),
        Wrong("the endpoint is broken", "token-answer", token=lambda _: Answer({}, 500)),
        Wrong("not JSON", "token-answer", token=lambda _: Answer(b"<html>")),
        Wrong("a list", "token-answer", token=lambda _: Answer([])),
        Wrong("no ID token", "token", token=lambda _: Answer({"access_token": "a"})),
        Wrong("a redirect", "token-answer", token=lambda _: Answer({}, 302, {"Location": f"{issuer}/jwks"})),
        Wrong("a megabyte", "token-answer", token=lambda token: Answer({"id_token": token, "x": "y" * 1_048_576})),
        # The browser's way back.
        Wrong("no state", "state", query=_without("state")),
        Wrong("another state", "state", query=_with(state="x" * 43)),
        Wrong("no cookie", "state-cookie", cookie="none"),
        Wrong("another browser's cookie", "state-cookie", cookie="other"),
        Wrong("no code", "code", query=_without("code")),
        Wrong("an error and a code", "provider-error", query=_with(error="access_denied")),
        Wrong("another issuer in the answer", "response-issuer", query=_with(iss="https://other.example")),
        Wrong("no issuer though promised", "response-issuer-missing",
              discovery={"authorization_response_iss_parameter_supported": True}),
        # Keys.
        Wrong("keys behind a redirect", "keys-answer",
              keys=lambda p: Answer({}, 302, {"Location": "http://169.254.169.254/"})),
        Wrong("keys that are not JSON", "keys-answer", keys=lambda p: Answer(b"keys")),
        Wrong("no keys", "key", keys=lambda p: Answer({"keys": []})),
        Wrong("keys as an object", "keys", keys=lambda p: Answer({"keys": {}})),
        Wrong("two keys of one name", "key",
              keys=lambda p: Answer({"keys": [_jwk(p), p.other_key.as_dict(private=False)]})),
        Wrong("a key for encryption only", "key", keys=lambda p: Answer({"keys": [_jwk(p, use="enc")]})),
        Wrong("a key for another algorithm", "key", keys=lambda p: Answer({"keys": [_jwk(p, alg="RS512")]})),
        Wrong("a shared secret as the key", "key",
              keys=lambda p: Answer({"keys": [{"kty": "oct", "kid": "one", "k": "c2VjcmV0"}]})),
        # How the person proved who they are.
        Wrong("no second factor", "mfa-missing", {"amr": ["pwd"], "auth_time": now}, mfa=True),
        Wrong("nothing about factors", "mfa-missing", {"auth_time": now}, mfa=True),
        Wrong("factors as a text", "mfa-missing", {"amr": "mfa", "auth_time": now}, mfa=True),
        Wrong("an unknown context", "mfa-missing", {"acr": "1", "auth_time": now}, mfa=True),
        Wrong("a second factor, but when", "auth-time", {"amr": ["mfa"]}, mfa=True),
        Wrong("a second factor of last week", "auth-time", {"amr": ["mfa"], "auth_time": now - 604_800}, mfa=True),
        Wrong("asked anew, said nothing", "not-fresh", fresh=True),
        Wrong("asked anew, proved an hour ago", "not-fresh", {"auth_time": now - 3_600}, fresh=True),
    ]  # fmt: skip


def lies_in_discovery(provider: ScriptedProvider) -> list[tuple[str, str, dict[str, Any], Answer | None]]:
    """(name, cause, changed members, whole answer): what makes the sign-in end before it begins."""
    issuer = provider.issuer
    return [
        ("another issuer", "discovery-issuer", {"issuer": "https://other.example"}, None),
        ("the issuer with a slash", "discovery-issuer", {"issuer": issuer + "/"}, None),
        ("no token endpoint", "discovery-endpoints", {"token_endpoint": None}, None),
        ("keys at a metadata server", "discovery-endpoints", {"jwks_uri": "http://169.254.169.254/latest"}, None),
        ("tokens at the database", "discovery-endpoints", {"token_endpoint": "http://10.0.0.1:5432/"}, None),
        ("sign-in at a file", "discovery-endpoints", {"authorization_endpoint": "file:///etc/passwd"}, None),
        ("sign-in at a script", "discovery-endpoints", {"authorization_endpoint": "javascript:alert(1)"}, None),
        ("sign-in with a fragment", "discovery-endpoints", {"authorization_endpoint": f"{issuer}/a#b"}, None),
        ("nothing there", "discovery-answer", {}, Answer({}, 404)),
        ("a redirect", "discovery-answer", {}, Answer({}, 302, {"Location": "http://169.254.169.254/"})),
        ("not JSON", "discovery-answer", {}, Answer(b"{")),
        ("a list", "discovery-answer", {}, Answer([])),
        ("half a megabyte", "discovery-answer", {}, Answer({"issuer": issuer, "x": "y" * 524_288})),
    ]
