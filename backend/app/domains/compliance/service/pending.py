"""What is to be evaluated, remembered in the transaction of the change that makes it necessary."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.domains.compliance import queries
from app.domains.compliance.rules.catalogue import FIELDS_READ, types_reading
from app.domains.compliance.rules.model import STALE

_ADD_RESOURCES = text("""
INSERT INTO compliance_pending (organization_id, account_id, resource_id)
SELECT :org, :account, id FROM unnest(CAST(:ids AS uuid[])) AS id
""")

_ADD_TYPES = text("""
INSERT INTO compliance_pending (organization_id, account_id, native_type)
SELECT :org, :account, name FROM unnest(CAST(:types AS text[])) AS name
""")

_ADD_OF_TYPES = text("""
INSERT INTO compliance_pending (organization_id, account_id, resource_id)
SELECT organization_id, account_id, id FROM cloud_resources
WHERE organization_id = :org AND account_id = :account AND native_type = ANY(CAST(:types AS text[]))
  AND closed_at IS NULL
""")

# Inventory tells of values that changed; that a resource could not be read, or can be again, shows only in its row.
_ADD_STALE = text("""
INSERT INTO compliance_pending (organization_id, account_id, resource_id)
SELECT r.organization_id, r.account_id, r.id FROM cloud_resources r
WHERE r.organization_id = :org AND r.account_id = :account AND r.stale_since IS NOT NULL AND r.closed_at IS NULL
  AND EXISTS (SELECT FROM compliance_results c WHERE c.organization_id = r.organization_id
              AND c.resource_id = r.id AND c.state <> 'UNKNOWN')
UNION
SELECT r.organization_id, r.account_id, r.id FROM compliance_results c
JOIN cloud_resources r ON r.organization_id = c.organization_id AND r.id = c.resource_id
WHERE c.organization_id = :org AND c.account_id = :account AND c.state = 'UNKNOWN'
  AND starts_with(c.reason, :stale) AND r.stale_since IS NULL AND r.closed_at IS NULL
""")

_TAKE_TYPES = text("""
DELETE FROM compliance_pending
WHERE organization_id = :org AND account_id = :account AND native_type IS NOT NULL RETURNING native_type
""")

_TAKE_RESOURCES = text("""
DELETE FROM compliance_pending WHERE organization_id = :org AND account_id = :account AND position IN (
  SELECT position FROM compliance_pending
  WHERE organization_id = :org AND account_id = :account AND native_type IS NULL ORDER BY position LIMIT :limit)
RETURNING resource_id
""")


async def mark_changed(
    session: AsyncSession,
    organization_id: UUID,
    account_id: UUID,
    resource_ids: Sequence[UUID],
    native_types: Iterable[str],
) -> None:
    """Remember changed resources, and the types among them that other resources' controls read."""
    of_account = {"org": organization_id, "account": account_id}
    if resource_ids:
        await session.execute(_ADD_RESOURCES, of_account | {"ids": list(resource_ids)})
    read = sorted(FIELDS_READ.keys() & set(native_types))
    if read:
        await session.execute(_ADD_TYPES, of_account | {"types": read})


async def mark_knowledge(session: AsyncSession, organization_id: UUID, account_id: UUID) -> None:
    """After a sync: remember what is to be evaluated because more or less could be read, although nothing changed."""
    before = await queries.lock_account(session, organization_id, account_id)
    if before is None:
        return
    now = {
        native_account: sorted(types & FIELDS_READ.keys())
        for native_account, types in (await queries.known_types(session, organization_id, account_id)).items()
    }
    of_account = {"org": organization_id, "account": account_id}
    changed = {
        native_type
        for native_account in before.keys() | now.keys()
        for native_type in set(before.get(native_account, ())) ^ set(now.get(native_account, ()))
    }
    if changed:
        await queries.set_known_types(session, organization_id, account_id, now)
        await session.execute(_ADD_OF_TYPES, of_account | {"types": types_reading(changed)})
    await session.execute(_ADD_STALE, of_account | {"stale": STALE})


async def take_types(session: AsyncSession, organization_id: UUID, account_id: UUID, known: set[str]) -> set[str]:
    """Changed types that others read; the readers of those in `known` become pending.

    The readers of a type that is not yet known are marked once, when it becomes so (`mark_knowledge`): on a first
    sync each of a hundred units would mark them anew.
    """
    of_account = {"org": organization_id, "account": account_id}
    taken = set((await session.scalars(_TAKE_TYPES, of_account)).all())
    if due := types_reading(taken & known):
        await session.execute(_ADD_OF_TYPES, of_account | {"types": due})
    return taken


async def take_resources(session: AsyncSession, organization_id: UUID, account_id: UUID, limit: int) -> list[UUID]:
    """The next pending resources, each once; they are no longer pending if the transaction commits."""
    rows = await session.scalars(_TAKE_RESOURCES, {"org": organization_id, "account": account_id, "limit": limit})
    return sorted(set(rows.all()))
