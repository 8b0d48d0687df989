"""Forgetting what has expired by itself."""

from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.directory import DirectoryEntry
from app.domains.identity.models import ExternalIdentity, ProviderLogout, UsedAssertion
from app.domains.identity.rules.sso import LOGOUT_SUBJECT


async def forget_used_assertions(session: AsyncSession, organization_id: UUID) -> None:
    """Remove replay records, announced logouts and logout names of people that can no longer matter."""
    now = clock.utc_now()
    for table in (UsedAssertion, ProviderLogout):
        await session.execute(delete(table).where(table.organization_id == organization_id, table.expires_at < now))
    people = select(ExternalIdentity.id).where(ExternalIdentity.organization_id == organization_id)
    await session.execute(
        delete(DirectoryEntry).where(
            DirectoryEntry.kind == LOGOUT_SUBJECT,
            DirectoryEntry.organization_id == organization_id,
            DirectoryEntry.subject_id.not_in(people),
        )
    )
