"""First-party clients: who they are, where a code may be sent, and what a person types from a screen."""

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode, urlsplit

CODE_LIFETIME = timedelta(seconds=60)
REUSE_WATCHED = timedelta(minutes=10)  # how long a second use of a code still ends the session made from it
DEVICE_LIFETIME = timedelta(minutes=10)
POLL_INTERVAL = timedelta(seconds=5)
# RFC 8628 section 6.1: consonants only, so no words arise and nothing looks like a digit or another letter.
USER_CODE_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
USER_CODE_LENGTH = 8
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


@dataclass(frozen=True, kw_only=True)
class FirstPartyClient:
    """A program of ours. `loopback` lets it listen on 127.0.0.1 at any port (RFC 8252 section 7.3)."""

    id: str
    name: str
    redirect_uris: tuple[str, ...] = ()
    loopback: bool = False
    device_code: bool = False


CLIENTS: dict[str, FirstPartyClient] = {
    client.id: client
    for client in (
        FirstPartyClient(id="cloudops-mobile", name="CloudOps app", redirect_uris=("cloudops://auth/callback",)),
        FirstPartyClient(id="cloudops-cli", name="CloudOps command line", loopback=True, device_code=True),
    )
}


def allows_redirect(client: FirstPartyClient, uri: str) -> bool:
    """Whether a code may be sent there: an exact entry, or the loopback callback with any port and nothing else."""
    if uri in client.redirect_uris:
        return True
    if not client.loopback:
        return False
    try:
        port = urlsplit(uri).port
    except ValueError:
        return False
    return port is not None and port > 0 and uri == f"http://127.0.0.1:{port}/callback"


def is_challenge(text: str) -> bool:
    """Whether the text can be an S256 challenge: 43 characters of base64url."""
    return _CHALLENGE.fullmatch(text) is not None


def answers_challenge(verifier: str, challenge: str) -> bool:
    """Whether the verifier is the one whose SHA-256 was sent ahead (RFC 7636)."""
    if not _VERIFIER.fullmatch(verifier):
        return False
    made = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    return hmac.compare_digest(made, challenge)


def redirect_with(uri: str, **values: str) -> str:
    """The redirect address with the answer in its query. Ours have none of their own."""
    return f"{uri}?{urlencode(values)}"


def new_user_code() -> str:
    """Eight letters for a person to type: 34 bits, good for ten minutes behind a rate limit."""
    return "".join(secrets.choice(USER_CODE_LETTERS) for _ in range(USER_CODE_LENGTH))


def show_user_code(code: str) -> str:
    """With a hyphen in the middle, as people read it."""
    return f"{code[:4]}-{code[4:]}"


def read_user_code(typed: str) -> str | None:
    """What a person typed, without separators and case; None when it cannot be a code."""
    letters = re.sub(r"[\s._-]", "", typed).upper()
    fits = len(letters) == USER_CODE_LENGTH and all(letter in USER_CODE_LETTERS for letter in letters)
    return letters if fits else None
