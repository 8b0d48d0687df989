"""The state of a sign-in under way: a single-use ticket bound to the browser by a cookie."""

import hashlib
import hmac
import re
import secrets
from dataclasses import asdict, dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.database import directory_session
from app.core.tickets import issue_ticket, take_ticket
from app.domains.identity.rules.sso import TICKET_LIFETIME, Refused

KIND = "sso"
_BINDING = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, kw_only=True)
class SignInState:
    """What has to be known when the browser comes back. `link_*` are set where a signed-in person links."""

    connection_id: str
    organization_id: str
    nonce: str
    verifier: str
    return_to: str
    started_at: float  # Unix seconds
    fresh: bool
    binding_hash: str
    request_id: str = ""
    link_user_id: str | None = None
    link_session_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Started:
    """Where the browser goes, and the value of the cookie that it must bring back."""

    location: str
    binding: str
    kind: str


def new_binding(given: str | None) -> str:
    """The browser's own value: the one it has, so that two tabs can sign in, else 256 new random bits."""
    return given if given is not None and _BINDING.fullmatch(given) else secrets.token_urlsafe(32)


def hash_binding(binding: str) -> str:
    """How the ticket remembers the cookie."""
    return hashlib.sha256(binding.encode()).hexdigest()


async def keep_state(session: AsyncSession, state: SignInState, *, secret: str | None = None) -> str:
    """Store the state; returns the secret of 256 bits that comes back as `state` or `RelayState`."""
    return await issue_ticket(
        session,
        KIND,
        TICKET_LIFETIME,
        subject_id=UUID(state.connection_id),
        organization_id=UUID(state.organization_id),
        content=asdict(state),
        secret=secret,
    )


async def take_state(token: str, *, connection_id: UUID, binding: str | None) -> SignInState:
    """Use the state up, in a transaction of its own: a wrong answer uses it up too.

    Raises Refused where it is unknown, used, late, another connection's or another browser's.
    """
    async with directory_session() as session:
        ticket = await take_ticket(session, KIND, token)
    if ticket is None:
        raise Refused("state")
    state = SignInState(**ticket.content)
    if state.connection_id != str(connection_id):
        raise Refused("state-connection")
    if binding is None or not hmac.compare_digest(hash_binding(binding), state.binding_hash):
        raise Refused("state-cookie")
    return state
