"""What is stored of resources that are about to be written."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson

from app.core.bulk import Driver
from app.domains.inventory import rules
from app.domains.inventory.rules import PreparedResource

# Of rows from before there were any, to which `indexing` has not come.
ANY_WORD = f"'{'1' * rules.WORD_BITS}'::bit({rules.WORD_BITS})"


@dataclass(kw_only=True, slots=True)
class Before:
    """What is stored, and whether its word bits are."""

    id: UUID
    unit_id: UUID
    closed: bool
    has_bits: bool
    resource: PreparedResource

    def is_found_like(self, other: PreparedResource, unit_id: UUID) -> bool:
        """Whether the other is found by the very same terms in the same place, so that neither's need be made."""
        mine = self.resource
        return (
            self.has_bits
            and self.unit_id == unit_id
            and mine.name == other.name
            and mine.tags == other.tags
            and mine.region == other.region
            and mine.type == other.type
            and mine.native_type == other.native_type
            and mine.native_id == other.native_id
            and mine.aliases == other.aliases
        )


async def read_before(driver: Driver, organization_id: UUID, native_keys: Sequence[str]) -> dict[str, Before]:
    """The rows of these native keys, locked."""
    if not native_keys:
        return {}
    rows = await driver.fetch(
        f"""SELECT id, unit_id, closed_at IS NOT NULL, native_id, native_key, native_account, native_type,
             type, name, region, status, tags::text, properties::text, unread_fields::text, aliases, content_hash,
             created_at, word_bits <> {ANY_WORD}
           FROM cloud_resources WHERE organization_id = $1 AND native_key = ANY($2::text[])
           ORDER BY native_key FOR UPDATE""",  # noqa: S608  # the bits are ours
        organization_id,
        list(native_keys),
    )
    return {row[4]: _make_before(*row) for row in rows}


def _make_before(
    id_: UUID,
    unit_id: UUID,
    closed: bool,
    native_id: str,
    native_key: str,
    native_account: str,
    native_type: str,
    type_: str,
    name: str,
    region: str,
    status: str | None,
    tags: str,
    properties: str,
    unread_fields: str,
    aliases: list[str],
    content_hash: bytes,
    created_at: datetime | None,
    has_bits: bool,
) -> Before:
    resource = PreparedResource(
        native_id=native_id,
        native_key=native_key,
        native_account=native_account,
        native_type=native_type,
        type=type_,
        name=name,
        region=region,
        status=status,
        tags=orjson.loads(tags),
        unread_fields=orjson.loads(unread_fields),
        aliases=aliases,
        content_hash=content_hash,
        created_at=created_at,
        properties_json=properties.encode(),
    )
    return Before(id=id_, unit_id=unit_id, closed=closed, has_bits=has_bits, resource=resource)
