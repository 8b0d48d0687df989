"""Removal of what time has made useless."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.directory import DirectoryEntry
from app.domains.identity.models import RefreshToken, Session

KEPT = timedelta(days=30)  # ended sessions stay this long for "was that you?"
BATCH = 5_000


async def remove_ended_sessions(session: AsyncSession, organization_id: UUID) -> int:
    """Delete sessions that ended a month ago with their tokens and directory entries; returns how many."""
    old = (
        select(Session.id)
        .where(Session.organization_id == organization_id, Session.absolute_expires_at < clock.utc_now() - KEPT)
        .limit(BATCH)
    )
    ids = list((await session.execute(old)).scalars().all())
    if not ids:
        return 0
    hashes = select(RefreshToken.hash).where(
        RefreshToken.organization_id == organization_id, RefreshToken.session_id.in_(ids)
    )
    await session.execute(
        delete(DirectoryEntry).where(
            DirectoryEntry.kind == "refresh",
            DirectoryEntry.organization_id == organization_id,
            DirectoryEntry.hash.in_(hashes),
        )
    )
    await session.execute(delete(Session).where(Session.organization_id == organization_id, Session.id.in_(ids)))
    return len(ids)
