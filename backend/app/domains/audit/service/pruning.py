"""Removing what is older than the organization keeps its log, so that what stays can still be verified.

The chain then begins after a number whose hash a signed statement gives. The statement is itself an event of the log
(`audit_log.pruned`), made in the transaction that removes; the newest one counts. Only a function of the database that
asks for it may remove rows, and nothing younger than a year (core/grants.py).
"""

import base64
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.keeping import kept_days
from app.domains.audit import queries, rules
from app.domains.audit.service.heads import read_public_keys, signing_key
from app.domains.audit.service.recording import record
from app.domains.audit.service.sealing import lock_chain

logger = logging.getLogger(__name__)
MAX_PRUNED = 50_000  # numbers a run
READ_BATCH = 2_000
SLACK = timedelta(days=7)  # one statement a week and not one a day
_MARGIN = timedelta(hours=1)  # the database looks at its own clock


@dataclass(frozen=True, kw_only=True)
class Pruning:
    """All numbers up to `number` were removed at `pruned_at`; `hash` is the one that the next number follows."""

    number: int
    hash: bytes
    retention_days: int
    pruned_at: datetime


async def prune(session: AsyncSession, organization_id: UUID) -> int:
    """Remove the oldest events once they are a week too old; returns how many. Safe to repeat.

    A chain that does not hold is left as it is: whoever altered it must not have the evidence removed for them.
    """
    await lock_chain(session, organization_id)
    days = (await kept_days(session, organization_id))["audit"]
    now = clock.utc_now()
    before = await find_pruning(session, organization_id, await read_public_keys(session))
    number, chain_hash = (before.number, before.hash) if before else (0, rules.GENESIS)
    end = await _find_end(session, organization_id, number, chain_hash, now - timedelta(days=days) - _MARGIN)
    if end is None:
        return 0
    key_id, private = await signing_key(session)
    told = {"number": end.number, "hash": end.hash.hex(), "retention_days": days, "pruned_at": now.isoformat()}
    signature = private.sign(rules.pruning_bytes(organization_id, end.number, end.hash, days, now))
    await record(
        session,
        organization_id,
        rules.PRUNED,
        subject_type="audit_log",
        changes=told | {"key_id": str(key_id), "signature": base64.b64encode(signature).decode()},
    )
    await session.execute(text("SELECT app.prune_audit(:upto, :days)"), {"upto": end.number, "days": days})
    logger.info("audit log of %s: numbers up to %d removed by retention", organization_id, end.number)
    return end.number - number


async def find_pruning(
    session: AsyncSession, organization_id: UUID, keys: Mapping[UUID, Ed25519PublicKey]
) -> Pruning | None:
    """The furthest removal that one of our keys signed; None where the chain begins with its first number."""
    found: Pruning | None = None
    for changes in await queries.list_changes_of(session, organization_id, rules.PRUNED):
        stated = _read(organization_id, changes, keys)
        if stated is not None and (found is None or stated.number > found.number):
            found = stated
    return found


async def _find_end(
    session: AsyncSession, organization_id: UUID, number: int, chain_hash: bytes, limit: datetime
) -> rules.Seal | None:
    """The last link to remove: everything up to it holds and is older than the limit. The newest link always stays,
    because the next one follows it.
    """
    last = await queries.get_last_seal(session, organization_id)
    end: rules.Seal | None = None
    oldest: datetime | None = None
    most = number + MAX_PRUNED
    while last is not None and (links := await queries.list_links(session, organization_id, number, READ_BATCH)):
        for link, item in links:
            problem = rules.find_break(number + 1, chain_hash, link, item)
            if problem is not None or item is None:
                logger.error("the audit log of %s does not hold and is not pruned: %s", organization_id, problem)
                return None
            oldest = oldest or item.at
            too_young = item.at >= limit or oldest >= limit - SLACK
            if too_young or link.number >= last.number or link.number > most:
                return end
            end, number, chain_hash = link, link.number, link.hash
    return end


def _read(organization_id: UUID, changes: Mapping[str, Any], keys: Mapping[UUID, Ed25519PublicKey]) -> Pruning | None:
    """A statement whose signature holds; None for any other."""
    try:
        stated = Pruning(
            number=int(changes["number"]),
            hash=bytes.fromhex(changes["hash"]),
            retention_days=int(changes["retention_days"]),
            pruned_at=datetime.fromisoformat(changes["pruned_at"]),
        )
        signed = rules.pruning_bytes(
            organization_id, stated.number, stated.hash, stated.retention_days, stated.pruned_at
        )
        keys[UUID(changes["key_id"])].verify(base64.b64decode(changes["signature"]), signed)
    except (KeyError, ValueError, TypeError, OverflowError, InvalidSignature):
        return None
    return stated
