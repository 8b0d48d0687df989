"""The cookies of sign-in: `__Host-` everywhere, a plain name on loopback http, where browsers refuse that prefix."""

from typing import Literal
from urllib.parse import urlsplit

from fastapi import Response

from app.core.config import Settings
from app.domains.identity.service import SignedIn

SECURE_COOKIE, LOOPBACK_COOKIE = "__Host-refresh", "refresh"
LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "::1")


def is_loopback(settings: Settings) -> bool:
    """Whether our address is plain http on this very machine."""
    address = urlsplit(settings.public_url)
    return address.scheme == "http" and address.hostname in LOOPBACK_HOSTS


def refresh_cookie_name(settings: Settings) -> str:
    """What the refresh cookie is called on this installation."""
    return LOOPBACK_COOKIE if is_loopback(settings) else SECURE_COOKIE


def set_refresh_cookie(response: Response, settings: Settings, signed_in: SignedIn) -> None:
    """Hand a browser its refresh token."""
    response.set_cookie(
        refresh_cookie_name(settings),
        signed_in.refresh_token,
        expires=signed_in.ends_at,
        path="/",
        secure=not is_loopback(settings),
        httponly=True,
        samesite="strict",
    )


def delete_refresh_cookie(response: Response, settings: Settings) -> None:
    """Take it back."""
    response.delete_cookie(
        refresh_cookie_name(settings), path="/", secure=not is_loopback(settings), httponly=True, samesite="strict"
    )


def binding_cookie_name(settings: Settings, kind: str) -> str:
    """The cookie that ties a sign-in at a provider to the browser that began it."""
    return f"sso-{kind}" if is_loopback(settings) else f"__Host-sso-{kind}"


def set_binding_cookie(response: Response, settings: Settings, kind: str, value: str, seconds: int) -> None:
    """Bind a sign-in. A SAML answer is posted by another site, so its cookie has to travel with that."""
    secure = not is_loopback(settings)
    same_site: Literal["lax", "none"] = "none" if kind == "saml" and secure else "lax"
    response.set_cookie(
        binding_cookie_name(settings, kind),
        value,
        max_age=seconds,
        path="/",
        secure=secure,
        httponly=True,
        samesite=same_site,
    )
