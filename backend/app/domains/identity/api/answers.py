"""The one answer of every route that signs somebody in."""

from fastapi import Response

from app.core.config import Settings
from app.domains.identity.api.cookies import set_refresh_cookie
from app.domains.identity.schemas import TokenRead
from app.domains.identity.service import SignedIn


def answer_tokens(response: Response, settings: Settings, signed_in: SignedIn) -> TokenRead:
    """Tokens for native clients; a browser gets its refresh token as a cookie that no script can read."""
    response.headers["Cache-Control"] = "no-store"
    native = signed_in.client == "native"
    if not native:
        set_refresh_cookie(response, settings, signed_in)
    return TokenRead(
        access_token=signed_in.access_token,
        expires_in=signed_in.expires_in,
        refresh_token=signed_in.refresh_token if native else None,
    )
