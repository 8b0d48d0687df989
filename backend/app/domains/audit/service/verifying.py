"""Finding every edit: the chain from its first number that is kept, its signed heads, and what is outside of both."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.domains.audit import queries, rules
from app.domains.audit.models import AuditHead
from app.domains.audit.service.heads import is_signed, read_public_keys
from app.domains.audit.service.pruning import Pruning, find_pruning
from app.domains.audit.service.sealing import LATE

VERIFY_BATCH = 2_000
MAX_PROBLEMS = 20


@dataclass(kw_only=True)
class Verification:
    """`checked` numbers hold; `head_number` and `head` (hexadecimal) are the last of them, or the last signed head.

    `pruned` says which numbers before them were removed because they were too old.
    """

    checked: int = 0
    problems: list[str] = field(default_factory=list)
    head_number: int = 0
    head: str = rules.GENESIS.hex()
    signed_at: datetime | None = None
    pruned: Pruning | None = None

    @property
    def ok(self) -> bool:
        """Whether nothing was found wrong."""
        return not self.problems

    def note(self, problem: str) -> None:
        """Add a finding; the first twenty are enough."""
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(problem)


async def verify(
    session: AsyncSession, organization_id: UUID, *, known_head: tuple[int, str] | None = None
) -> Verification:
    """Walk the whole chain and its heads. Finds edits, removals, insertions, reorderings, and a chain rewritten or cut
    off before the last signed head.

    `known_head` (number, hash) was kept elsewhere: with it, the removal of signed heads shows as well.
    """
    found = Verification()
    keys = await read_public_keys(session)
    expected, last = await _check_heads(session, organization_id, found, keys)
    found.pruned = await find_pruning(session, organization_id, keys)
    if known_head is not None:
        expected.setdefault(known_head[0], set()).add(bytes.fromhex(known_head[1]))
    for number, hashes in expected.items():
        if len(hashes) > 1:
            found.note(f"two heads were signed at number {number}")
    await _walk(session, organization_id, found, expected)
    unsealed = await queries.count_unsealed_before(session, organization_id, clock.utc_now() - LATE)
    if unsealed:
        found.note(f"{unsealed} old events are not part of the chain")
    if last is not None:
        found.head_number, found.head, found.signed_at = last.number, last.hash.hex(), last.signed_at
    return found


async def _check_heads(
    session: AsyncSession, organization_id: UUID, found: Verification, keys: dict[UUID, Ed25519PublicKey]
) -> tuple[dict[int, set[bytes]], AuditHead | None]:
    """The hashes that signed heads demand, by number, and the last head whose signature holds."""
    expected: dict[int, set[bytes]] = {}
    before: AuditHead | None = None
    position = 0
    while rows := await queries.list_heads_after(session, organization_id, position, VERIFY_BATCH):
        for head in rows:
            if head.position != position + 1:
                found.note(f"signed head {position + 1} is missing")
            if not is_signed(head, before.signature if before else b"", keys):
                found.note(f"signed head {head.position} was altered, or follows one that was")
            else:
                expected.setdefault(head.number, set()).add(head.hash)
            before, position = head, head.position
    return expected, before


async def _walk(
    session: AsyncSession, organization_id: UUID, found: Verification, expected: dict[int, set[bytes]]
) -> None:
    number, previous_hash = 0, rules.GENESIS
    if found.pruned is not None:
        number, previous_hash = found.pruned.number, found.pruned.hash
        if await queries.count_seals_upto(session, organization_id, number):
            found.note(f"numbers up to {number} were removed by retention, but some of them are there")
        if any(wanted != previous_hash for wanted in expected.get(number, ())):
            found.note(f"number {number} was removed by retention with another hash than was signed")
    start = number
    unseen = {wanted for wanted in expected if wanted > number}
    while links := await queries.list_links(session, organization_id, number, VERIFY_BATCH):
        for link, item in links:
            problem = rules.find_break(number + 1, previous_hash, link, item)
            if problem is None and any(link.hash != wanted for wanted in expected.get(link.number, ())):
                problem = f"number {link.number} is not what was signed: the chain was written anew"
            if problem is not None:
                found.note(problem)
                return  # what follows a break is linked to something else
            number, previous_hash = link.number, link.hash
            unseen.discard(number)
            found.checked, found.head_number, found.head = number - start, number, previous_hash.hex()
    if unseen:
        found.note(f"the chain ends at number {number}, but a head was signed at number {max(unseen)}")
