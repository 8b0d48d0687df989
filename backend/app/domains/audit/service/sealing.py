"""Numbering the log: every event becomes a link of its organization's chain."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.domains.audit import queries, rules
from app.domains.audit.models import AuditSeal

SEAL_BATCH = 5_000
LATE = timedelta(days=1)  # no transaction lasts longer, so older unsealed rows were not written by us
_SEAL_LOCK = 0x636F_7003


async def seal_new_events(session: AsyncSession, organization_id: UUID) -> int:
    """Number the rows that have none and link each to the one before; returns how many. Safe to run twice at once."""
    await lock_chain(session, organization_id)
    head = await queries.get_last_seal(session, organization_id)
    since = head.sealed_at - LATE if head else None
    records = await queries.list_unsealed(session, organization_id, since, SEAL_BATCH)
    number, previous_hash = (head.number, head.hash) if head else (0, rules.GENESIS)
    for item in records:
        link = rules.seal(number + 1, previous_hash, item)
        number, previous_hash = link.number, link.hash
        session.add(
            AuditSeal(
                organization_id=organization_id,
                number=link.number,
                event_id=link.event_id,
                hash=link.hash,
                previous_hash=link.previous_hash,
            )
        )
    await session.flush()
    return len(records)


async def lock_chain(session: AsyncSession, organization_id: UUID) -> None:
    """One sealer and signer at a time for an organization, until the transaction ends."""
    await session.execute(
        text("SELECT pg_advisory_xact_lock(:kind, hashtext(:org))"), {"kind": _SEAL_LOCK, "org": str(organization_id)}
    )
