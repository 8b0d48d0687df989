"""Forgetting what has expired by itself."""

from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.domains.identity.models import ProviderLogout, UsedAssertion


async def forget_used_assertions(session: AsyncSession, organization_id: UUID) -> None:
    """Remove replay records and announced logouts that can no longer matter."""
    now = clock.utc_now()
    for table in (UsedAssertion, ProviderLogout):
        await session.execute(delete(table).where(table.organization_id == organization_id, table.expires_at < now))
