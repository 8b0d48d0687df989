# ruff: noqa: S608  # the statements are this file's own edits of the log
"""Every edit of the log by somebody with a superuser's rights is found."""

from collections import Counter
from uuid import UUID

import asyncpg
import pytest
from app.core.database import Base, tenant_session
from app.core.http import Caller
from app.core.ids import new_id
from app.domains.audit import rules, service
from app.domains.audit.models import AuditEvent
from app.domains.audit.service import Verification
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.domains.audit.edits import REWRITE, edits
from tests.support.counts import CountCases

TABLES = ("audit_events", "audit_seals", "audit_heads")
LAST = 15  # 1 for the organization itself and 14 made here
EDITS = list(edits(LAST))


async def act(organization_id: UUID, times: int) -> None:
    caller = Caller(
        user_id=new_id(), organization_id=organization_id, email="a@example.com", role="owner", permissions=frozenset()
    )
    async with tenant_session(organization_id) as session:
        for number in range(times):
            await service.record(
                session, caller, "thing.changed", subject_type="thing", subject_id=str(number), changes={"n": number}
            )


async def seal(organization_id: UUID, *, sign: bool = True) -> None:
    async with tenant_session(organization_id) as session:
        await service.seal_new_events(session, organization_id)
        if sign:
            assert await service.sign_head(session, organization_id) is not None


async def verify(organization_id: UUID, known: tuple[int, str] | None = None) -> Verification:
    async with tenant_session(organization_id) as session:
        return await service.verify(session, organization_id, known_head=known)


async def rewrite(owner: asyncpg.Connection, organization_id: UUID, start: int) -> None:
    """Compute the chain anew from a number on, closing gaps, as somebody who knows how it is made would."""
    rows = await owner.fetch(
        "SELECT number, event_id, hash FROM audit_seals WHERE organization_id = $1 ORDER BY number", organization_id
    )
    before = [row for row in rows if row["number"] < start]
    previous, number = (before[-1]["hash"], before[-1]["number"]) if before else (rules.GENESIS, 0)
    await owner.execute("DELETE FROM audit_seals WHERE organization_id = $1 AND number >= $2", organization_id, start)
    async with tenant_session(organization_id) as session:
        wanted = [row["event_id"] for row in rows if row["number"] >= start]
        for event_id in wanted:
            event = await session.get(AuditEvent, (organization_id, event_id))
            assert event is not None
            record = rules.AuditRecord(**{name: getattr(event, name) for name in rules.AuditRecord.__slots__})
            number += 1
            link = rules.seal(number, previous, record)
            previous = link.hash
            await owner.execute(
                "INSERT INTO audit_seals (organization_id, number, event_id, hash, previous_hash)"
                " VALUES ($1, $2, $3, $4, $5)",
                organization_id, number, event_id, link.hash, link.previous_hash,
            )  # fmt: skip


@pytest.fixture
async def log(organization: UUID) -> UUID:
    """A log of fifteen numbers with three signed heads."""
    await act(organization, 5)
    await seal(organization)
    await act(organization, 6)
    await seal(organization)
    await act(organization, 3)
    await seal(organization)
    return organization


async def test_every_edit_of_the_log_is_found(
    log: UUID, database_urls: tuple[str, str], count_cases: CountCases
) -> None:
    found = await verify(log)
    assert (found.ok, found.checked, found.head_number) == (True, LAST, LAST), found.problems
    owner = await asyncpg.connect(database_urls[0])
    counts: Counter[str] = Counter()
    try:
        for table in TABLES:
            await owner.execute(
                f"CREATE TEMPORARY TABLE kept_{table} AS SELECT * FROM {table} WHERE organization_id = '{log}'"
            )
        for name, statements in EDITS:
            for statement in statements:
                if statement.startswith(REWRITE):
                    await rewrite(owner, log, int(statement.removeprefix(REWRITE)))
                else:
                    await owner.execute(statement.replace(":org", str(log)))
            found = await verify(log)
            assert not found.ok, name
            counts[name.partition(":")[0]] += 1
            await restore(owner, log)
        found = await verify(log)
        assert (found.ok, found.checked) == (True, LAST), found.problems
    finally:
        await owner.close()
    assert len({name for name, _ in EDITS}) == len(EDITS) == counts.total() >= 200
    count_cases("edits of the audit log (accepted: not found)", counts)


async def restore(owner: asyncpg.Connection, log: UUID) -> None:
    for table in TABLES:
        await owner.execute(f"DELETE FROM {table} WHERE organization_id = $1", log)
        names = ", ".join(column.name for column in Base.metadata.tables[table].columns)
        await owner.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM kept_{table}")


async def test_a_head_signed_with_a_key_of_ones_own_does_not_count(log: UUID, database_urls: tuple[str, str]) -> None:
    """Somebody who may write every table puts a public key of theirs in and signs the shortened log with it."""
    own = Ed25519PrivateKey.generate()
    owner = await asyncpg.connect(database_urls[0])
    try:
        await owner.execute("DELETE FROM audit_heads WHERE organization_id = $1 AND position > 1", log)
        row = await owner.fetchrow("SELECT * FROM audit_heads WHERE organization_id = $1", log)
        signed = own.sign(
            rules.head_bytes(
                organization_id=log, position=1, number=row["number"], chain_hash=row["hash"],
                signed_at=row["signed_at"], previous_signature=b"",
            )
        )  # fmt: skip
        key = await owner.fetchrow("SELECT * FROM audit_signing_keys WHERE id = $1", row["key_id"])
        await owner.execute("UPDATE audit_heads SET signature = $2 WHERE organization_id = $1", log, signed)
        public = own.public_key().public_bytes_raw()
        await owner.execute("UPDATE audit_signing_keys SET public_key = $2 WHERE id = $1", key["id"], public)
        assert not (await verify(log)).ok
        await owner.execute("UPDATE audit_signing_keys SET public_key = $2 WHERE id = $1", key["id"], key["public_key"])
    finally:
        await owner.close()


async def test_removed_heads_show_against_one_that_was_kept_elsewhere(
    log: UUID, database_urls: tuple[str, str]
) -> None:
    before = await verify(log)
    owner = await asyncpg.connect(database_urls[0])
    try:
        for table, what in (("audit_heads", "number"), ("audit_seals", "number")):
            await owner.execute(f"DELETE FROM {table} WHERE organization_id = $1 AND {what} > 6", log)
        await owner.execute(
            "DELETE FROM audit_events e WHERE organization_id = $1 AND NOT EXISTS"
            " (SELECT FROM audit_seals s WHERE s.organization_id = $1 AND s.event_id = e.id)", log,
        )  # fmt: skip
    finally:
        await owner.close()
    assert (await verify(log)).ok  # nothing inside the database can tell
    found = await verify(log, (before.head_number, before.head))
    assert found.problems == ["the chain ends at number 6, but a head was signed at number 15"]
    assert (await verify(log, (6, "0" * 64))).problems


async def test_a_head_is_signed_once_for_each_state(log: UUID) -> None:
    async with tenant_session(log) as session:
        assert await service.sign_head(session, log) is None
        heads, _ = await service.list_heads(session, log, 10, None)
    assert [(head.position, head.number) for head in heads] == [(3, 15), (2, 12), (1, 6)]
