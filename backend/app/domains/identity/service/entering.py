"""The last step of every sign-in: the session, and the fact that says so."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.config import Settings
from app.core.database import tenant_session
from app.core.events import publish
from app.domains.identity import queries, rules
from app.domains.identity.events import UserSignedIn
from app.domains.identity.models import Session, User
from app.domains.identity.rules import Client
from app.domains.identity.service import sessions
from app.domains.identity.service.origin import Origin
from app.domains.identity.service.sessions import SignedIn


async def enter(
    settings: Settings, organization_id: UUID, user: User, *, client: Client, amr: Collection[str], origin: Origin
) -> SignedIn:
    """Start a session for somebody who has proven who they are."""
    async with tenant_session(organization_id) as session:
        row, refresh_token = await open_session(
            session, settings, organization_id, user.id, client=client, amr=amr, origin=origin
        )
    return await sessions.issue_tokens(settings, row, refresh_token)


async def open_session(
    session: AsyncSession,
    settings: Settings,
    organization_id: UUID,
    user_id: UUID,
    *,
    client: Client,
    amr: Collection[str],
    origin: Origin,
    is_first: bool = False,
) -> tuple[Session, str]:
    """A new session in the caller's transaction: (row, refresh token). To somebody's first one no device is new."""
    device = rules.describe_device(origin.user_agent)
    known = is_first or await queries.has_used_device(session, organization_id, user_id, device)
    row, refresh_token = await sessions.start_session(
        session, settings, organization_id, user_id, client=client, amr=amr, origin=origin
    )
    await publish(
        session,
        UserSignedIn(
            organization_id=organization_id,
            actor_id=user_id,
            user_id=user_id,
            session_id=row.id,
            device=device,
            new_device=not known,
            amr=tuple(amr),
            client_address=origin.client_address,
            user_agent=origin.user_agent,
        ),
    )
    return row, refresh_token
