"""Quotas and retention as the organization sees them, and what identity itself counts."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.events import publish
from app.core.http import Caller
from app.core.keeping import KeptKind, kept_days, set_kept_days
from app.core.quotas import counts
from app.domains.identity import queries
from app.domains.identity.events import RetentionChanged
from app.domains.identity.models import Membership, OrganizationBranding, OrganizationExport


@counts("users")
async def count_members(session: AsyncSession, organization_id: UUID) -> int:
    """Members who may sign in."""
    query = select(func.count()).where(Membership.organization_id == organization_id, Membership.disabled_at.is_(None))
    return (await session.execute(query)).scalar_one()


@counts("storage")
async def count_stored_bytes(session: AsyncSession, organization_id: UUID) -> int:
    """Bytes of exports and of the logo. An export is never refused: people must be able to take their data along."""
    exports = select(func.sum(OrganizationExport.size_bytes)).where(
        OrganizationExport.organization_id == organization_id
    )
    logos = select(func.sum(OrganizationBranding.logo_bytes)).where(
        OrganizationBranding.organization_id == organization_id
    )
    return sum([int((await session.execute(query)).scalar_one() or 0) for query in (exports, logos)])


async def set_retention(session: AsyncSession, caller: Caller, days: dict[KeptKind, int]) -> dict[KeptKind, int]:
    """Replace how long rows are kept; the nightly jobs go by it from their next run on."""
    await queries.get_organization(session, caller.organization_id, lock=True)
    before = await kept_days(session, caller.organization_id)
    changed = [kind for kind, chosen in days.items() if before[kind] != chosen]
    if changed:
        await set_kept_days(session, caller.organization_id, {kind: days[kind] for kind in changed})
        await publish(
            session,
            RetentionChanged(
                organization_id=caller.organization_id,
                before={kind: before[kind] for kind in changed},
                after={kind: days[kind] for kind in changed},
                actor_id=caller.user_id,
                client_address=caller.client_address,
                user_agent=caller.user_agent,
            ),
        )
    return await kept_days(session, caller.organization_id)
