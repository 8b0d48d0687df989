"""Forged and malformed access tokens: every one of them gets the same 401."""

import base64
import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest
from app.core import clock
from app.core.errors import Unauthenticated
from app.core.ids import new_id
from app.domains.identity import service, tokens
from app.domains.identity.tokens import SigningKeyPair, VerificationKey
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.support.counts import CountCases

ISSUER = "http://localhost:8000"
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
KEY_ID = new_id()
NOW = clock.utc_now()
PUBLIC = PRIVATE.public_key().public_bytes_raw()
KEYS = {str(KEY_ID): VerificationKey.from_bytes(KEY_ID, PUBLIC, NOW - timedelta(days=2), NOW + timedelta(days=2))}
HEADER: dict[str, Any] = {"alg": "EdDSA", "typ": "at+jwt", "kid": str(KEY_ID)}


def encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def claims(**changes: Any) -> dict[str, Any]:
    now = int(NOW.timestamp())
    made: dict[str, Any] = {
        "iss": ISSUER, "aud": "cloudops-api", "sub": str(uuid4()), "org": str(uuid4()), "sid": str(uuid4()),
        "jti": str(uuid4()), "iat": now, "nbf": now, "exp": now + 600, "auth_time": now, "amr": ["pwd"],
    } | changes  # fmt: skip
    return {name: value for name, value in made.items() if value is not DROP}


DROP = object()


def sign(header: Any, body: Any, key: Ed25519PrivateKey = PRIVATE) -> str:
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    message = f"{encode(head)}.{encode(text)}"
    return f"{message}.{encode(key.sign(message.encode()))}"


def hmac_signed(header: dict[str, Any], secret: bytes, algorithm: str = "sha256") -> str:
    message = f"{encode(json.dumps(header).encode())}.{encode(json.dumps(claims()).encode())}"
    return f"{message}.{encode(hmac.digest(secret, message.encode(), algorithm))}"


def forged_tokens() -> Iterator[tuple[str, str, str]]:
    """(class, name, token)."""
    for made in (_broken_shapes, _other_algorithms, _bad_headers, _bad_claims, _bad_signatures):
        for name, token in made():
            yield made.__name__.strip("_").replace("_", " "), name, token


def _broken_shapes() -> Iterator[tuple[str, str]]:
    good = sign(HEADER, claims())
    head, body, signature = good.split(".")
    for name, token in {
        "empty": "", "space": " ", "dot": ".", "dots": "..", "one part": head, "two parts": f"{head}.{body}",
        "four parts": f"{good}.x", "five parts": f"{good}.x.y", "no header": f".{body}.{signature}",
        "no body": f"{head}..{signature}", "no signature": f"{head}.{body}.", "padding": f"{head}=.{body}.{signature}",
        "trailing newline": good + "\n", "leading space": " " + good, "inner space": f"{head}. {body}.{signature}",
        "plus": f"{head}.{body}.{'+' + signature[1:]}", "slash": f"{head}.{body}.{'/' + signature[1:]}",
        "NUL": good + "\x00", "unicode": good[:-1] + "é", "fullwidth": good.replace("e", "ｅ", 1),
        "comma list": f"{good},{good}", "json": json.dumps({"token": good}), "null": "null", "uuid": str(uuid4()),
        "api key": "cok_1_abc_d", "twice": good + good, "percent": good.replace(".", "%2e"),
        "reversed": ".".join([signature, body, head]), "doubled header": f"{head}.{head}.{signature}",
    }.items():  # fmt: skip
        yield f"shape: {name}", token
    yield "oversized body", sign(HEADER, claims(amr=["x" * 5_000]))
    yield "oversized header", sign(HEADER | {"pad": "x" * 5_000}, claims())
    yield "just over 4 KiB", sign(HEADER, claims(amr=["x" * 2_800]))
    yield "deep header", sign(b"[" * 1_500 + b"]" * 1_500, claims())
    for index, raw in enumerate((b"", b"null", b"[]", b"1", b'"x"', b"{", b"\xff\xfe", b"{}", b'{"alg":}', b"\x00")):
        yield f"header bytes {index}", sign(raw, claims())
        yield f"claims bytes {index}", sign(HEADER, raw)


def _other_algorithms() -> Iterator[tuple[str, str]]:
    pem = PRIVATE.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    der = PRIVATE.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    jwk = json.dumps({"kty": "OKP", "crv": "Ed25519", "x": encode(PUBLIC)}).encode()
    for name, digest in (("HS256", "sha256"), ("HS384", "sha384"), ("HS512", "sha512")):
        for source, secret in {
            "raw": PUBLIC, "pem": pem, "der": der, "jwk": jwk, "base64": encode(PUBLIC).encode(), "nothing": b"",
            "kid": str(KEY_ID).encode(),
        }.items():  # fmt: skip
            yield f"{name} with the public key as {source}", hmac_signed(HEADER | {"alg": name}, secret, digest)
    for source, secret in {"raw": PUBLIC, "pem": pem}.items():  # the header says EdDSA, the signature is an HMAC
        yield f"EdDSA header, 64-byte HMAC with {source}", hmac_signed(HEADER, secret, "sha512")
    body = encode(json.dumps(claims()).encode())
    spellings = ("none", "None", "NONE", "nOnE", "", " ", "null", "EdDSA\x00", "eddsa", "EDDSA", "Ed25519", "ES256",
                 "RS256", "PS256", "Ed448", "ES256K", "A128KW", "dir", "HS1")  # fmt: skip
    for name in spellings:
        head = encode(json.dumps(HEADER | {"alg": name}).encode())
        yield f"alg {name!r} without signature", f"{head}.{body}."
        yield f"alg {name!r} with our signature", sign(HEADER | {"alg": name}, claims())
    rsa_key, ec_key = rsa.generate_private_key(65_537, 2_048), ec.generate_private_key(ec.SECP256R1())
    from cryptography.hazmat.primitives.asymmetric import padding

    for name in ("RS256", "ES256"):
        head = encode(json.dumps(HEADER | {"alg": name}).encode())
        message = f"{head}.{body}".encode()
        signed = (
            rsa_key.sign(message, padding.PKCS1v15(), SHA256())
            if name == "RS256"
            else ec_key.sign(message, ec.ECDSA(SHA256()))[:64].ljust(64, b"\0")
        )
        yield f"really {name}", f"{head}.{body}.{encode(signed)}"
    for value in (None, 1, True, ["EdDSA"], {"a": 1}):
        yield f"alg of type {type(value).__name__}", sign(HEADER | {"alg": value}, claims())


def _bad_headers() -> Iterator[tuple[str, str]]:
    own_jwk = {"kty": "OKP", "crv": "Ed25519", "x": encode(OTHER.public_key().public_bytes_raw())}
    extras: dict[str, Any] = {
        "jku": "https://evil.example/jwks.json", "x5u": "https://evil.example/cert.pem", "jwk": own_jwk,
        "x5c": ["MIIB"], "x5t": "abc", "x5t#S256": "abc", "crit": ["exp"], "zip": "DEF", "cty": "JWT", "b64": False,
        "epk": own_jwk, "enc": "A128GCM", "url": "https://evil.example", "nonce": "1", "p2c": 10**9, "iss": ISSUER,
    }  # fmt: skip
    for name, value in extras.items():
        yield f"header {name}, our key", sign(HEADER | {name: value}, claims())
        yield f"header {name}, their key", sign(HEADER | {name: value}, claims(), OTHER)
    for name in ("alg", "typ", "kid"):
        yield f"header without {name}", sign({key: value for key, value in HEADER.items() if key != name}, claims())
    for typ in ("JWT", "jwt", "at+JWT", "application/at+jwt", "", None, 1, ["at+jwt"], "refresh+jwt", "logout+jwt"):
        yield f"typ {typ!r}", sign(HEADER | {"typ": typ}, claims())
    kids = ("", " ", "0", str(uuid4()), str(KEY_ID).upper(), f"{KEY_ID} ", "../../etc/passwd", "' OR 1=1 --", "null",
            "x" * 500, KEY_ID.hex, "\x00", None, 1, [str(KEY_ID)], {"kid": str(KEY_ID)}, True)  # fmt: skip
    for kid in kids:
        yield f"kid {str(kid)[:20]!r}", sign(HEADER | {"kid": kid}, claims())
    repeated = f'{{"alg":"none","alg":"EdDSA","typ":"at+jwt","kid":"{KEY_ID}"}}'.encode()
    yield "repeated alg", sign(repeated, claims())
    yield "repeated kid", sign(f'{{"alg":"EdDSA","typ":"at+jwt","kid":"a","kid":"{KEY_ID}"}}'.encode(), claims())


def _bad_claims() -> Iterator[tuple[str, str]]:
    now = int(NOW.timestamp())
    for name in ("iss", "aud", "sub", "org", "sid", "jti", "iat", "nbf", "exp", "auth_time", "amr"):
        yield f"without {name}", sign(HEADER, claims(**{name: DROP}))
        yield f"{name} null", sign(HEADER, claims(**{name: None}))
    for name in ("sub", "org", "sid", "jti"):
        for value in ("", "x", 1, str(uuid4()) + "x", [str(uuid4())], uuid4().hex, "{" + uuid4().hex + "}  "):
            yield f"{name} {value!r}"[:30], sign(HEADER, claims(**{name: value}))
    for name in ("iat", "nbf", "exp", "auth_time"):
        for bad in (str(now + 60), True, -1, 10**20, [now], {"t": now}):
            yield f"{name} {bad!r}", sign(HEADER, claims(**{name: bad}))
    for index, text in enumerate((b"NaN", b"Infinity", b"1e999")):
        raw = json.dumps(claims()).encode().replace(f'"exp": {now + 600}'.encode(), b'"exp": ' + text)
        yield f"exp not finite {index}", sign(HEADER, raw)
    for aud in ("", "cloudops", "CLOUDOPS-API", ["cloudops-api"], ["cloudops-api", "other"], 1, {"a": "cloudops-api"}):
        yield f"aud {aud!r}", sign(HEADER, claims(aud=aud))
    for iss in ("", ISSUER + "/", ISSUER.upper(), "https://localhost:8000", "http://localhost", [ISSUER], 1):
        yield f"iss {iss!r}", sign(HEADER, claims(iss=iss))
    for amr in ("pwd", [], [1], {"pwd": 1}, [None]):
        yield f"amr {amr!r}", sign(HEADER, claims(amr=amr))
    yield "expired beyond the skew", sign(HEADER, claims(iat=now - 700, nbf=now - 700, exp=now - 31))
    yield "expired long ago", sign(HEADER, claims(iat=now - 86_400, nbf=now - 86_400, exp=now - 86_000))
    yield "not yet", sign(HEADER, claims(nbf=now + 31))
    yield "issued in the future", sign(HEADER, claims(iat=now + 31, exp=now + 600))
    yield "signed in in the future", sign(HEADER, claims(auth_time=now + 31))
    yield "longer than ten minutes", sign(HEADER, claims(exp=now + 601))
    yield "valid for a year", sign(HEADER, claims(exp=now + 31_536_000))
    yield "ends before it starts", sign(HEADER, claims(exp=now - 1, iat=now))
    yield "a list", sign(HEADER, [claims()])
    yield "text", sign(HEADER, "claims")


def _bad_signatures() -> Iterator[tuple[str, str]]:
    good = sign(HEADER, claims())
    head, body, signature = good.split(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    yield "another key's signature", sign(HEADER, claims(), OTHER)
    yield "signature of another token", f"{head}.{encode(json.dumps(claims()).encode())}.{signature}"
    yield "zero signature", f"{head}.{body}.{encode(bytes(64))}"
    yield "short signature", f"{head}.{body}.{encode(raw[:63])}"
    yield "long signature", f"{head}.{body}.{encode(raw + b'0')}"
    yield "halves swapped", f"{head}.{body}.{encode(raw[32:] + raw[:32])}"
    for bit in range(0, 512, 32):
        flipped = bytearray(raw)
        flipped[bit // 8] ^= 1 << bit % 8
        yield f"signature bit {bit}", f"{head}.{body}.{encode(bytes(flipped))}"
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    other_spelling = alphabet[alphabet.index(signature[-1]) | 1 if alphabet.index(signature[-1]) % 2 == 0 else 0]
    yield "another spelling of the same signature", f"{head}.{body}.{signature[:-1]}{other_spelling}"
    for position in range(0, len(body), 24):
        letter = "A" if body[position] != "A" else "B"
        yield f"body character {position}", f"{head}.{body[:position]}{letter}{body[position + 1 :]}.{signature}"


FORGED = list(forged_tokens())


def test_there_are_enough_forged_tokens() -> None:
    assert len({token for _, _, token in FORGED}) == len(FORGED) >= 150


@pytest.mark.parametrize(
    ("kind", "token"),
    [(kind, token) for kind, _, token in FORGED],
    ids=[f"{n}-{name.split()[0]}" for n, (_, name, _) in enumerate(FORGED)],
)
def test_a_forged_token_is_refused(kind: str, token: str, count_cases: CountCases) -> None:
    with pytest.raises(Unauthenticated):
        tokens.verify(token, KEYS, issuer=ISSUER, now=NOW)
    count_cases("forged access tokens, verifier", {kind: 1})


def test_the_untouched_token_is_accepted() -> None:
    wanted = claims()
    found = tokens.verify(sign(HEADER, wanted), KEYS, issuer=ISSUER, now=NOW)
    assert (str(found.user_id), str(found.session_id)) == (wanted["sub"], wanted["sid"])


def test_what_we_issue_we_accept_until_it_expires() -> None:
    pair = SigningKeyPair.from_bytes(KEY_ID, PUBLIC, PRIVATE.private_bytes_raw())
    user_id, organization_id, session_id = uuid4(), uuid4(), uuid4()
    token = tokens.issue(
        pair, issuer=ISSUER, user_id=user_id, organization_id=organization_id, session_id=session_id,
        authenticated_at=NOW - timedelta(minutes=3), amr=["pwd"], now=NOW,
    )  # fmt: skip
    found = tokens.verify(token, KEYS, issuer=ISSUER, now=NOW + timedelta(seconds=629 - NOW.microsecond / 1e6))
    assert found.organization_id == organization_id
    assert found.amr == ("pwd",)
    with pytest.raises(Unauthenticated):
        tokens.verify(token, KEYS, issuer=ISSUER, now=NOW + timedelta(seconds=631))


def test_a_key_counts_only_while_it_is_published() -> None:
    token = sign(HEADER, claims())
    for published, retires in ((timedelta(hours=1), timedelta(hours=2)), (-timedelta(hours=2), -timedelta(hours=1))):
        keys = {str(KEY_ID): VerificationKey.from_bytes(KEY_ID, PUBLIC, NOW + published, NOW + retires)}
        with pytest.raises(Unauthenticated):
            tokens.verify(token, keys, issuer=ISSUER, now=NOW)


async def test_every_forged_token_gets_the_same_401(client: httpx.AsyncClient, count_cases: CountCases) -> None:
    answers: set[str] = set()
    sent: Counter[str] = Counter()
    for kind, _, token in FORGED:
        if not token.isascii() or any(ord(character) < 0x20 for character in token):
            continue  # cannot stand in a header at all
        answer = await client.get("/api/v1/auth/me", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401, token
        assert answer.headers["www-authenticate"] == "Bearer"
        answers.add(answer.text)
        sent[kind] += 1
    assert len(answers) == 1
    assert sent.total() >= 150
    count_cases("forged access tokens, over HTTP", sent)


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("Authorization", "")],
        [("Authorization", "Bearer")],
        [("Authorization", "Bearer ")],
        [("Authorization", "Basic YTpi")],
        [("Authorization", "Token abc")],
        [("Authorization", "Bearer a"), ("Authorization", "Bearer b")],
        [("Cookie", "access_token=abc")],
    ],
)
async def test_a_request_without_one_bearer_token_is_anonymous(
    client: httpx.AsyncClient, headers: list[tuple[str, str]]
) -> None:
    answer = await client.get("/api/v1/auth/me", headers=headers)
    assert answer.status_code == 401
    assert answer.json()["type"].endswith("/unauthenticated")


Forge = Callable[..., str]


@pytest.fixture
async def forge(app: Any, make_person: Any, sign_in: Any) -> Forge:
    """Signs any claims with the installation's real key, over those of a real session."""
    person = await make_person()
    body = (await sign_in(person))["access_token"].split(".")[1]
    real = orjson.loads(base64.urlsafe_b64decode(body + "=="))
    pair = await service.get_key_ring().signing_key(clock.utc_now())
    seed = base64.urlsafe_b64decode(str(pair.key.as_dict(private=True)["d"]) + "=")
    private = Ed25519PrivateKey.from_private_bytes(seed)

    def make(**changes: Any) -> str:
        return sign({"alg": "EdDSA", "typ": "at+jwt", "kid": pair.id}, real | changes, private)

    return make


async def test_a_well_signed_token_still_needs_its_session(client: httpx.AsyncClient, forge: Forge, auth: Any) -> None:
    assert (await client.get("/api/v1/auth/me", headers=auth(forge()))).status_code == 200
    for changes in (
        {"sid": str(uuid4())},
        {"sub": str(uuid4())},
        {"org": str(uuid4())},
        {"org": str(uuid4()), "sid": str(uuid4())},
        {"iss": "http://other"},
    ):
        assert (await client.get("/api/v1/auth/me", headers=auth(forge(**changes)))).status_code == 401, changes


async def test_the_key_set_is_public_and_holds_no_private_part(client: httpx.AsyncClient, forge: Forge) -> None:
    answer = await client.get("/.well-known/jwks.json")
    assert answer.status_code == 200
    assert "max-age=300" in answer.headers["cache-control"]
    key = answer.json()["keys"][0]
    assert set(key) == {"kty", "crv", "x", "kid", "use", "alg"}
    assert key["alg"] == "EdDSA"
    assert hashlib.sha256(base64.urlsafe_b64decode(key["x"] + "=")).digest()


def test_a_remembered_token_is_still_checked_for_key_time_and_addressee() -> None:
    verified = tokens.VerifiedTokens(most=2)
    token = sign(HEADER, claims())
    first = tokens.verify(token, KEYS, issuer=ISSUER, now=NOW, verified=verified)
    assert tokens.verify(token, KEYS, issuer=ISSUER, now=NOW, verified=verified) == first
    assert verified.claims_of(token, KEYS) is not None
    with pytest.raises(Unauthenticated):
        tokens.verify(token, {}, issuer=ISSUER, now=NOW, verified=verified)
    with pytest.raises(Unauthenticated):
        tokens.verify(token, KEYS, issuer=ISSUER, now=NOW + timedelta(minutes=11), verified=verified)
    with pytest.raises(Unauthenticated):
        tokens.verify(token, KEYS, issuer="https://elsewhere.example", now=NOW, verified=verified)
    other = {str(KEY_ID): VerificationKey.from_bytes(KEY_ID, OTHER.public_key().public_bytes_raw(), NOW, NOW)}
    with pytest.raises(Unauthenticated):
        tokens.verify(token, other, issuer=ISSUER, now=NOW, verified=verified)
    for _ in range(2):
        tokens.verify(sign(HEADER, claims()), KEYS, issuer=ISSUER, now=NOW, verified=verified)
    assert verified.claims_of(token, KEYS) is None  # the oldest made room
