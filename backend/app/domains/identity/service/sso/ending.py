"""Ending what came through a connection."""

from collections import defaultdict
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.config import Settings
from app.domains.identity.models import IdentityConnection
from app.domains.identity.queries import sso as reads
from app.domains.identity.service import sessions
from app.domains.identity.service.sessions import Origin


async def end_connection_sessions(
    session: AsyncSession,
    settings: Settings,
    connection: IdentityConnection,
    *,
    reason: str,
    provider_session: str | None = None,
    user_id: UUID | None = None,
    origin: Origin | None = None,
) -> int:
    """End every session of a connection, or those of one session or person at the provider; how many."""
    live = await reads.list_connection_sessions(
        session, connection.organization_id, connection.id, provider_session=provider_session, user_id=user_id
    )
    by_person: dict[UUID, list[UUID]] = defaultdict(list)
    for session_id, person in live:
        by_person[person].append(session_id)
    ended = 0
    for person, session_ids in by_person.items():
        gone = await sessions.revoke_sessions(
            session, settings, connection.organization_id, person, reason=reason, only=session_ids, origin=origin
        )
        ended += len(gone)
    return ended
