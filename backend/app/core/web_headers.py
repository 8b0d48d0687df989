"""Headers of every answer: what browsers may do with it, and which other origins may ask."""

import re
from collections.abc import Iterable

from starlette.datastructures import MutableHeaders

from app.core.config import Settings

HSTS = "max-age=63072000; includeSubDomains"
# The last three directives do not follow the first by themselves.
API_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_FEATURES = ("accelerometer", "camera", "geolocation", "gyroscope", "magnetometer", "microphone", "payment", "usb")
PERMISSIONS = ", ".join(f"{feature}=()" for feature in _FEATURES)
CREDENTIAL_PATHS = frozenset({"/api/v1/auth/refresh"})
# Addresses that may hold a secret of single use; the browser must tell them to nobody, our own assets included.
SIGN_IN_PATHS = (
    "/auth", "/api/v1/auth", "/sign-in", "/login", "/forgot-password", "/reset-password", "/verify-email",
    "/invitation", "/device", "/authorize",
)  # fmt: skip
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(?::[0-9]{1,5})?|\[[0-9a-fA-F:.]+\](?::[0-9]{1,5})?")
_ALLOWED_HEADERS = "authorization, content-type, idempotency-key, if-match, x-request-id, x-cloudops-client"
_EXPOSED_HEADERS = "x-request-id, ratelimit, ratelimit-policy, retry-after, etag"


def page_policy(host: str, *, secure: bool) -> str:
    """The content security policy of web pages; the event stream is on the same host."""
    streams = f" wss://{host}" + ("" if secure else f" ws://{host}") if _HOST.fullmatch(host) else ""
    return (
        "default-src 'none'; script-src 'self'; style-src-elem 'self'; style-src-attr 'unsafe-inline'; "
        f"img-src 'self' data:; connect-src 'self'{streams}; font-src 'self'; manifest-src 'self'; "
        "worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


def set_security_headers(headers: MutableHeaders, *, path: str, host: str, secure: bool) -> None:
    """Add what is missing; an answer that set its own value keeps it."""
    is_page = headers.get("content-type", "").startswith("text/html")
    is_api = path.startswith(("/api/", "/.well-known/"))
    headers.setdefault("Strict-Transport-Security", HSTS)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault(
        "Referrer-Policy", "no-referrer" if path.startswith(SIGN_IN_PATHS) else "strict-origin-when-cross-origin"
    )
    headers.setdefault("Content-Security-Policy", page_policy(host, secure=secure) if is_page else API_POLICY)
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", PERMISSIONS)
    if is_api:
        headers.setdefault("Cache-Control", "no-store")
    if "server" in headers:
        del headers["server"]


class CrossOrigin:
    """Which origins may read answers: exactly those of the settings, credentials only where the cookie is used."""

    def __init__(self, settings: Settings) -> None:
        self._origins = frozenset(origin.rstrip("/") for origin in settings.allowed_origins) - {"*", "null"}

    def answer_headers(self, origin: str | None, path: str) -> dict[str, str]:
        """The headers for an answer to `origin`; empty where it is not allowed."""
        if not self._origins:
            return {}
        if origin not in self._origins:
            return {"Vary": "Origin"}
        allowed = {
            "Vary": "Origin",
            "Access-Control-Allow-Origin": origin or "",
            "Access-Control-Expose-Headers": _EXPOSED_HEADERS,
            "Cross-Origin-Resource-Policy": "cross-origin",
        }
        if path in CREDENTIAL_PATHS:
            allowed["Access-Control-Allow-Credentials"] = "true"
        return allowed

    def preflight_headers(self, origin: str | None, path: str, methods: Iterable[str]) -> dict[str, str] | None:
        """The headers of a preflight's answer; None where the origin is not allowed."""
        if origin not in self._origins:
            return None
        return {
            **self.answer_headers(origin, path),
            "Access-Control-Allow-Methods": ", ".join(sorted(methods)),
            "Access-Control-Allow-Headers": _ALLOWED_HEADERS,
            "Access-Control-Max-Age": "600",
        }
