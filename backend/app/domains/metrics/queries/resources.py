"""Resources that series speak of by name or address. Ids and aliases are the inventory's own look-up."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_MACHINES = ("compute.instance",)
_BY_NAME = text(
    """
    SELECT id, name AS word, provider, native_account, region, native_type FROM cloud_resources
    WHERE organization_id = :org AND closed_at IS NULL AND name = ANY(CAST(:words AS text[]))
      AND native_type = ANY(CAST(:types AS text[]))
    """
)
# Where each cloud's machines keep their addresses and host names.
_BY_ADDRESS = text(
    """
    SELECT r.id, a.word, r.provider, r.native_account, r.region, r.native_type
    FROM cloud_resources r CROSS JOIN LATERAL (VALUES
        (r.properties->>'PrivateIpAddress'), (r.properties->>'PublicIpAddress'), (r.properties->>'PrivateDnsName'),
        (r.properties#>>'{networkInterfaces,0,networkIP}'),
        (r.properties#>>'{networkInterfaces,0,accessConfigs,0,natIP}'),
        (r.properties#>>'{osProfile,computerName}'), (r.name)
    ) AS a (word)
    WHERE r.organization_id = :org AND r.closed_at IS NULL AND r.type = ANY(CAST(:types AS text[]))
      AND lower(a.word) = ANY(CAST(:words AS text[]))
    """
)


@dataclass(frozen=True, slots=True)
class Named:
    """A resource that has a name or an address; `word` is the one that was asked for."""

    id: UUID
    word: str
    provider: str
    native_account: str
    region: str
    native_type: str


async def find_named(
    session: AsyncSession, organization_id: UUID, names: Collection[str], native_types: Collection[str]
) -> list[Named]:
    """Open resources of these types with these names."""
    if not names or not native_types:
        return []
    values = {"org": organization_id, "words": sorted(names), "types": sorted(native_types)}
    return [Named(**row) for row in (await session.execute(_BY_NAME, values)).mappings()]


async def find_machines(session: AsyncSession, organization_id: UUID, addresses: Collection[str]) -> list[Named]:
    """Open machines with these addresses or host names, given and returned in lower case."""
    if not addresses:
        return []
    values = {"org": organization_id, "words": sorted(addresses), "types": list(_MACHINES)}
    rows = (await session.execute(_BY_ADDRESS, values)).mappings()
    return [Named(**{**row, "word": row["word"].lower()}) for row in rows]
