"""Bearer tokens for a service account's signed assertion, or for a token of another identity provider."""

import base64
import hashlib
import secrets
import threading
import time
from pathlib import Path
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from simulators.common import Answer, Request, json_answer

_JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_EXCHANGE_GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
_SKEW_SECONDS = 300


class Tokens:
    """The keys and tokens of one simulated cloud."""

    def __init__(self, email: str, project: str, *, lifetime_seconds: int = 3600, kept_key: Path | None = None) -> None:
        """`kept_key`: where the service account's key is from one start to the next."""
        self.email, self.project, self.lifetime_seconds = email, project, lifetime_seconds
        self._private = _private_key(kept_key)
        public = self._private.public_key().public_numbers().n
        self._key_id = hashlib.sha1(public.to_bytes(256, "big"), usedforsecurity=False).hexdigest()
        self._lock = threading.Lock()
        self._valid: dict[str, float] = {}
        self._refused = False
        self.subject_tokens = {"a-federated-subject-token"}

    def key_file(self, url: str) -> dict[str, str]:
        """The JSON key of the service account, as the console hands it out."""
        pem = self._private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return {
            "type": "service_account",
            "project_id": self.project,
            "private_key_id": self._key_id,
            "private_key": pem.decode(),
            "client_email": self.email,
            "client_id": "112233445566778899001",
            "auth_uri": "https://accounts.google.com/o/oauth2/auth",
            "token_uri": f"{url}/token",
            "universe_domain": "googleapis.com",
        }

    def revoke(self) -> None:
        """No token works any more, and no new one is given."""
        with self._lock:
            self._refused = True
            self._valid.clear()

    def expire(self) -> None:
        """Tokens given so far stop working; new ones are given."""
        with self._lock:
            self._valid.clear()

    def restore(self) -> None:
        """Tokens are given again."""
        with self._lock:
            self._refused = False

    def holds(self, request: Request) -> bool:
        """Whether the request carries a token that is valid now."""
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        with self._lock:
            return kind == "Bearer" and self._valid.get(token, 0) > time.monotonic()

    def grant(self, request: Request) -> Answer:
        """The token endpoint (`/token`) and the token exchange (`/v1/token`)."""
        form = request.form()
        if self._refused:
            return _refuse("invalid_grant", "Invalid grant: account not found")
        if form.get("grant_type") == _JWT_GRANT:
            problem = self._problem_of(form.get("assertion", ""))
            if problem:
                return _refuse("invalid_grant", problem)
            return json_answer(self._issue())
        if form.get("grant_type") == _EXCHANGE_GRANT:
            if form.get("subject_token") not in self.subject_tokens or not form.get("audience"):
                return _refuse("invalid_grant", "The given credential is rejected by the attribute condition.")
            return json_answer(self._issue() | {"issued_token_type": "urn:ietf:params:oauth:token-type:access_token"})
        return _refuse("unsupported_grant_type", "Invalid grant_type")

    def public_keys(self) -> dict[str, Any]:
        """The keys that signed pushes are checked with, as a JWK set."""
        numbers = self._private.public_key().public_numbers()
        key = {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": self._key_id}
        return {"keys": [{**key, "n": _encoded(numbers.n), "e": _encoded(numbers.e)}]}

    def push_token(self, audience: str, email: str, **claims: Any) -> str:
        """The OpenID token with which Pub/Sub signs a push; `claims` replace its own."""
        now = int(time.time())
        own = {"iss": "https://accounts.google.com", "aud": audience, "email": email, "email_verified": True}
        body = {**own, "sub": "1122334455", "azp": "1122334455", "iat": now, "exp": now + 3600, **claims}
        header = {"alg": "RS256", "kid": self._key_id, "typ": "JWT"}
        signed = b".".join(base64.urlsafe_b64encode(orjson.dumps(part)).rstrip(b"=") for part in (header, body))
        signature = self._private.sign(signed, padding.PKCS1v15(), hashes.SHA256())
        return f"{signed.decode()}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"

    def _issue(self) -> dict[str, Any]:
        token = "ya29.c." + secrets.token_urlsafe(48)
        with self._lock:
            self._valid[token] = time.monotonic() + self.lifetime_seconds
        return {"access_token": token, "expires_in": self.lifetime_seconds, "token_type": "Bearer"}

    def _problem_of(self, assertion: str) -> str:
        """What is wrong with a signed assertion; empty when nothing is."""
        try:
            head, claims, signature = assertion.split(".")
            header, body = orjson.loads(_decoded(head)), orjson.loads(_decoded(claims))
            self._private.public_key().verify(
                _decoded(signature), f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256()
            )
        except InvalidSignature:
            return "Invalid JWT Signature."
        except ValueError:
            return "Bad Request"
        if header.get("kid") != self._key_id or header.get("alg") != "RS256" or body.get("iss") != self.email:
            return "Invalid grant: account not found"
        now = time.time()
        if not now - _SKEW_SECONDS - 3600 <= body.get("iat", 0) <= now + _SKEW_SECONDS or body.get("exp", 0) < now:
            return "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe."
        return "" if body.get("scope") else "Invalid OAuth scope or ID token audience provided."


def _private_key(kept: Path | None) -> rsa.RSAPrivateKey:
    if kept is not None and kept.is_file():
        found = serialization.load_pem_private_key(kept.read_bytes(), None)
        if isinstance(found, rsa.RSAPrivateKey):
            return found
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    if kept is not None:
        form = serialization.PrivateFormat.PKCS8
        kept.touch(mode=0o600)
        kept.write_bytes(made.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    return made


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _encoded(number: int) -> str:
    return base64.urlsafe_b64encode(number.to_bytes((number.bit_length() + 7) // 8, "big")).rstrip(b"=").decode()


def _refuse(error: str, description: str) -> Answer:
    return json_answer({"error": error, "error_description": description}, 400)
