"""`/{tenant}/oauth2/v2.0/token`: client secret, certificate or federated assertion; and what tokens are good for."""

import base64
import hashlib
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import orjson
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from simulators.azure.answers import Answer, ok
from simulators.azure.faults import Faults

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass
class Application:
    """A registered application of the tenant."""

    client_id: str
    secrets: set[str] = field(default_factory=set)
    certificates: list[bytes] = field(default_factory=list)  # PEM
    federated: set[tuple[str, str]] = field(default_factory=set)  # (issuer, subject) of outside tokens


class TokenService:
    """Makes and checks tokens. `static_tokens` are accepted as they are, for http endpoints."""

    def __init__(self, tenant_id: str, faults: Faults) -> None:
        self.tenant_id, self._faults = tenant_id, faults
        self.applications: dict[str, Application] = {}
        self.static_tokens: set[str] = set()
        self.lifetime_seconds = 3600
        self._tokens: dict[str, tuple[str, float]] = {}
        self._lock = threading.Lock()

    def register(self, application: Application) -> None:
        """Add or replace."""
        self.applications[application.client_id] = application

    def revoke_all(self) -> None:
        """Tokens given out are worth nothing from now on; new ones are still made."""
        with self._lock:
            self._tokens.clear()

    def caller_of(self, authorization: str) -> str | None:
        """The application that a header belongs to; None when it is not valid (any more)."""
        if self._faults.revoked or not authorization.startswith("Bearer "):
            return None
        token = authorization[7:]
        if token in self.static_tokens:
            return "static"
        with self._lock:
            known = self._tokens.get(token)
        return known[0] if known and known[1] > time.time() else None

    def grant(self, tenant: str, form: Mapping[str, str], address: str) -> Answer:
        """The client credentials grant."""
        application = self.applications.get(form.get("client_id", ""))
        if tenant.lower() != self.tenant_id:
            return _refused("invalid_request", 90002, f"Tenant '{tenant}' not found.", 400)
        if form.get("grant_type") != "client_credentials" or not form.get("scope", "").endswith("/.default"):
            return _refused("invalid_request", 90014, "The request body must contain grant_type and scope.", 400)
        if application is None or self._faults.revoked:
            return _refused("unauthorized_client", 700016, "Application was not found in the directory.", 400)
        if form.get("client_assertion"):
            problem = self._check_assertion(application, form, address)
        elif form.get("client_secret") not in application.secrets:
            problem = (7000215, "Invalid client secret provided.")
        else:
            problem = None
        if problem is not None:
            return _refused("invalid_client", *problem, 401)
        claims = {
            "aud": form["scope"].removesuffix("/.default"),
            "tid": self.tenant_id,
            "appid": application.client_id,
            "oid": application.client_id,
            "exp": int(time.time()) + self.lifetime_seconds,
            "jti": uuid4().hex,
        }
        token = ".".join((_encode({"alg": "RS256", "typ": "JWT"}), _encode(claims), "c2lnbmF0dXJl"))
        with self._lock:
            self._tokens[token] = (application.client_id, time.time() + self.lifetime_seconds)
        return ok(
            {
                "token_type": "Bearer",
                "expires_in": self.lifetime_seconds,
                "ext_expires_in": self.lifetime_seconds,
                "access_token": token,
            }
        )

    def metadata(self, tenant: str, address: str) -> Answer:
        """`/.well-known/openid-configuration`, from which the SDK learns the addresses."""
        base = f"{address}/{tenant}"
        return ok(
            {
                "token_endpoint": f"{base}/oauth2/v2.0/token",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
                "jwks_uri": f"{base}/discovery/v2.0/keys",
                "issuer": f"{base}/v2.0",
                "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
                "tenant_region_scope": "EU",
            }
        )

    def _check_assertion(
        self, application: Application, form: Mapping[str, str], address: str
    ) -> tuple[int, str] | None:
        """What is wrong with a client assertion: one of ours (certificate) or an outside issuer's (federated)."""
        if form.get("client_assertion_type") != ASSERTION_TYPE:
            return 50027, "The client_assertion_type is not supported."
        text = form["client_assertion"]
        try:
            header, claims, signature = (_decode(part) for part in text.split("."))
            head, body = orjson.loads(header), orjson.loads(claims)
        except (ValueError, TypeError):
            return 50027, "JWT token is invalid or malformed."
        if body.get("exp", 0) < time.time():
            return 700024, "Client assertion is not within its valid time range."
        if (body.get("iss"), body.get("sub")) in application.federated:
            return None
        if body.get("iss") != application.client_id or not str(body.get("aud", "")).startswith(address):
            return 700213, "No matching federated identity record found for presented assertion subject."
        signed = text.rpartition(".")[0].encode()
        for pem in application.certificates:
            if _is_signed_by(x509.load_pem_x509_certificate(pem), head, signed, signature):
                return None
        return 700027, "The certificate with identifier used to sign the client assertion is not registered."


def _is_signed_by(certificate: x509.Certificate, head: Mapping[str, Any], signed: bytes, signature: bytes) -> bool:
    der_sha256 = certificate.fingerprint(hashes.SHA256())
    der_sha1 = hashlib.sha1(certificate.public_bytes(_der()), usedforsecurity=False).digest()
    named = {_encode_bytes(der_sha256), _encode_bytes(der_sha1)}
    if str(head.get("x5t#S256") or head.get("x5t")).rstrip("=") not in named:  # some libraries pad it
        return False
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        return False
    rules: padding.AsymmetricPadding = padding.PKCS1v15()
    if head.get("alg") == "PS256":
        rules = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=padding.PSS.AUTO)
    try:
        key.verify(signature, signed, rules, hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def _der() -> Any:
    from cryptography.hazmat.primitives.serialization import Encoding

    return Encoding.DER


def _encode(value: Any) -> str:
    return _encode_bytes(orjson.dumps(value))


def _encode_bytes(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _refused(kind: str, number: int, message: str, status: int) -> Answer:
    return Answer(
        status,
        orjson.dumps(
            {
                "error": kind,
                "error_description": f"AADSTS{number}: {message}",
                "error_codes": [number],
                "correlation_id": str(uuid4()),
            }
        ),
    )
