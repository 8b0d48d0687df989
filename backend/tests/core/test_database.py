from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


async def test_a_session_is_bound_to_its_organization(session: AsyncSession, organization_id: UUID) -> None:
    assert (await session.execute(text("SELECT app.current_org()"))).scalar_one() == organization_id
