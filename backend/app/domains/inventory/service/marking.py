"""What topology says of resources, kept for the lists: which are public, which are orphans."""

from collections.abc import Collection
from typing import Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.bulk import open_driver

Mark = Literal["public", "orphan"]
_KNOWN = UUID(int=0)  # says that the mark was worked out


async def set_marks(session: AsyncSession, organization_id: UUID, mark: Mark, resource_ids: Collection[UUID]) -> int:
    """Let exactly these resources have the mark; returns how many rows changed. Safe to repeat."""
    driver = await open_driver(session)
    wanted = [*dict.fromkeys(resource_ids), _KNOWN]
    gone = await driver.execute(
        "DELETE FROM resource_marks WHERE organization_id = $1 AND mark = $2 AND resource_id <> ALL($3::uuid[])",
        organization_id,
        mark,
        wanted,
    )
    come = await driver.execute(
        """INSERT INTO resource_marks (organization_id, mark, resource_id)
           SELECT $1, $2, unnest($3::uuid[]) ON CONFLICT DO NOTHING""",
        organization_id,
        mark,
        wanted,
    )
    return int(gone.split()[-1]) + int(come.split()[-1])
