"""What topology says of resources and searches ask for (`is:public`, `is:orphan`)."""

from collections.abc import Mapping
from typing import Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.bulk import open_driver

Mark = Literal["public", "orphan"]
WORKED_OUT = UUID(int=0)  # its row says that the mark was worked out, even of no resource


async def record_marks(
    session: AsyncSession, organization_id: UUID, mark: Mark, resources: Mapping[UUID, bool]
) -> None:
    """Set or take away a mark of these resources, and note that it was worked out at all. Safe to repeat."""
    driver = await open_driver(session)
    gone = [resource_id for resource_id, is_marked in resources.items() if not is_marked]
    if gone:
        await driver.execute(
            "DELETE FROM resource_marks WHERE organization_id = $1 AND mark = $2 AND resource_id = ANY($3::uuid[])",
            organization_id,
            mark,
            gone,
        )
    await driver.execute(
        """INSERT INTO resource_marks (organization_id, mark, resource_id)
           SELECT $1, $2, unnest($3::uuid[]) ON CONFLICT DO NOTHING""",
        organization_id,
        mark,
        sorted([WORKED_OUT, *(resource_id for resource_id, is_marked in resources.items() if is_marked)]),
    )
