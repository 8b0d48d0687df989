# ruff: noqa: S608  # the statements are this file's own edits of the log
"""A log whose oldest part was removed by retention still verifies, says so, and shows every edit."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest
from app.core import clock
from app.core.database import tenant_session
from app.core.ids import new_id
from app.core.keeping import set_kept_days
from app.domains.audit import rules, service
from app.domains.audit.models import AuditEvent
from app.domains.audit.service import pruning
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from tests.support.counts import CountCases

OLD, YOUNG = 41, 12  # one of the old ones is the organization itself
KEPT_DAYS = 400
TABLES = ("audit_events", "audit_seals", "audit_heads")


async def write(organization_id: UUID, count: int, age: timedelta, *, seal: bool = True) -> None:
    """So many events of an age, sealed and signed."""
    async with tenant_session(organization_id) as session:
        for number in range(count):
            session.add(
                AuditEvent(
                    organization_id=organization_id, id=new_id(), at=clock.utc_now() - age + timedelta(seconds=number),
                    actor_id=None, actor_kind="system", action="thing.changed", subject_type="thing",
                    subject_id=str(number), client_address="", user_agent="", request_id="", changes={"n": number},
                    outcome="success",
                )
            )  # fmt: skip
        await session.flush()
        if seal:
            await service.seal_new_events(session, organization_id)
            await service.sign_head(session, organization_id)


async def verify(organization_id: UUID, known: tuple[int, str] | None = None) -> service.Verification:
    async with tenant_session(organization_id) as session:
        return await service.verify(session, organization_id, known_head=known)


async def prune(organization_id: UUID) -> int:
    async with tenant_session(organization_id) as session:
        return await service.prune(session, organization_id)


async def seal(organization_id: UUID) -> None:
    async with tenant_session(organization_id) as session:
        await service.seal_new_events(session, organization_id)


@pytest.fixture
async def owner(database_urls: tuple[str, str]) -> AsyncIterator[asyncpg.Connection]:
    """The tables' owner, who is not bound by the product's rights."""
    connection = await asyncpg.connect(database_urls[0])
    yield connection
    await connection.close()


@pytest.fixture
async def log(organization: UUID, owner: asyncpg.Connection) -> UUID:
    """Events of 500 days ago in two sealed parts, then twelve of today."""
    old = "UPDATE audit_events SET at = now() - interval '501 days' WHERE organization_id = $1"
    await owner.execute(old, organization)
    async with tenant_session(organization) as session:
        await set_kept_days(session, organization, {"audit": KEPT_DAYS})
    await write(organization, OLD // 2, timedelta(days=500))
    long_ago = "UPDATE audit_seals SET sealed_at = now() - interval '500 days' WHERE organization_id = $1"
    await owner.execute(long_ago, organization)  # what is older than the last seal by a day is no new event
    await write(organization, OLD // 2, timedelta(days=499))
    await write(organization, YOUNG, timedelta(hours=1))
    return organization


async def count(owner: asyncpg.Connection, organization_id: UUID, table: str = "audit_events") -> int:
    return int(await owner.fetchval(f"SELECT count(*) FROM {table} WHERE organization_id = $1", organization_id))


async def test_the_oldest_part_goes_and_the_rest_still_verifies(log: UUID, owner: asyncpg.Connection) -> None:
    before = await verify(log)
    assert before.ok, before.problems
    heads = await count(owner, log, "audit_heads")
    assert await prune(log) == OLD
    after = await verify(log)
    assert after.ok, after.problems
    assert after.pruned is not None
    assert (after.pruned.number, after.pruned.retention_days) == (OLD, KEPT_DAYS)
    assert (after.checked, after.head_number, after.head) == (before.checked - OLD, before.head_number, before.head)
    assert await count(owner, log, "audit_heads") == heads  # what was signed stays
    assert await prune(log) == 0
    await seal(log)
    later = await verify(log)
    assert later.ok, later.problems
    assert later.checked == after.checked + 1  # the statement itself is an event of the log
    # A head that was kept elsewhere still counts, also one of the removed part that was signed here as well.
    assert (await verify(log, (before.head_number, before.head))).ok
    assert not (await verify(log, (before.head_number, "0" * 64))).ok
    signed = await owner.fetchrow(
        "SELECT number, hash FROM audit_heads WHERE organization_id = $1 AND number < $2 LIMIT 1", log, OLD
    )
    assert (await verify(log, (signed["number"], signed["hash"].hex()))).ok
    assert not (await verify(log, (signed["number"], "0" * 64))).ok


async def test_nothing_goes_before_its_time_and_the_last_link_stays(organization: UUID) -> None:
    await write(organization, 10, timedelta(days=1_090))
    assert await prune(organization) == 0  # three years by default
    async with tenant_session(organization) as session:
        await set_kept_days(session, organization, {"audit": 1_085})
    assert await prune(organization) == 0  # too old, but not by a week


async def test_a_log_of_old_events_only_keeps_its_last_link(organization: UUID, owner: asyncpg.Connection) -> None:
    await owner.execute(
        "UPDATE audit_events SET at = now() - interval '600 days' WHERE organization_id = $1", organization
    )
    async with tenant_session(organization) as session:
        await set_kept_days(session, organization, {"audit": KEPT_DAYS})
    await write(organization, 10, timedelta(days=500))
    assert await prune(organization) == 10  # of eleven
    await write(organization, 3, timedelta(0))
    found = await verify(organization)
    assert (found.ok, found.head_number) == (True, 15), found.problems


async def test_a_second_removal_follows_the_first(
    log: UUID, owner: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "MAX_PRUNED", 15)
    assert [await prune(log) for _ in range(4)] == [15, 15, 11, 0]
    found = await verify(log)
    assert found.ok, found.problems
    assert found.pruned is not None
    assert found.pruned.number == OLD


async def test_every_edit_of_a_pruned_log_is_found(
    log: UUID, owner: asyncpg.Connection, count_cases: CountCases
) -> None:
    for table in TABLES:
        await owner.execute(
            f"CREATE TEMPORARY TABLE whole_{table} AS SELECT * FROM {table} WHERE organization_id = '{log}'"
        )
    await prune(log)
    await write(log, 3, timedelta(minutes=1))
    last = (await verify(log)).head_number
    for table in TABLES:
        await owner.execute(
            f"CREATE TEMPORARY TABLE kept_{table} AS SELECT * FROM {table} WHERE organization_id = '{log}'"
        )
    edits = list(edits_of(log, last))
    for name, statements in edits:
        for statement in statements:
            await owner.execute(statement)
        assert not (await verify(log)).ok, name
        for table in TABLES:
            await owner.execute(f"DELETE FROM {table} WHERE organization_id = $1", log)
            await owner.execute(f"INSERT INTO {table} SELECT * FROM kept_{table}")
    assert (await verify(log)).ok
    count_cases("edits of a pruned audit log (accepted: not found)", len(edits))


def edits_of(log: UUID, last: int) -> list[tuple[str, list[str]]]:
    """Ways to falsify what is left of the log, what is told about the rest, and the border between them."""
    of_log, stated = f"organization_id = '{log}'", f"organization_id = '{log}' AND action = '{rules.PRUNED}'"
    found: list[tuple[str, list[str]]] = []
    for number in range(OLD + 1, last + 1):
        event = f"{of_log} AND id = (SELECT event_id FROM audit_seals WHERE {of_log} AND number = {number})"
        found += [
            (f"changed {number}", [f"UPDATE audit_events SET action = 'thing.invented' WHERE {event}"]),
            (f"removed {number}", [f"DELETE FROM audit_events WHERE {event}"]),
        ]
    for number in range(OLD + 1, last):
        cut = f"SELECT event_id FROM audit_seals WHERE {of_log} AND number <= {number}"
        found.append(
            (
                f"cut off at the start up to {number}",
                [
                    f"DELETE FROM audit_events WHERE {of_log} AND id IN ({cut}) AND action <> '{rules.PRUNED}'",
                    f"DELETE FROM audit_seals WHERE {of_log} AND number <= {number}",
                    "UPDATE audit_events SET changes = changes || jsonb_build_object('number',"
                    f" {number}, 'hash', (SELECT encode(previous_hash, 'hex') FROM audit_seals WHERE {of_log}"
                    f" AND number = {number + 1})) WHERE {stated}",
                ],
            )
        )
    for field, value in (
        ("number", str(OLD - 1)), ("number", str(OLD + 1)), ("hash", f'"{"0" * 64}"'), ("retention_days", "365"),
        ("pruned_at", '"2020-01-01T00:00:00+00:00"'), ("key_id", f'"{new_id()}"'), ("signature", '"AAAA"'),
        ("signature", "null"),
    ):  # fmt: skip
        found.append(
            (
                f"statement: {field}",
                [f"UPDATE audit_events SET changes = changes || '{{\"{field}\": {value}}}' WHERE {stated}"],
            )
        )
    found.append(("statement removed", [f"DELETE FROM audit_events WHERE {stated}"]))
    back = [f"INSERT INTO {table} SELECT * FROM whole_{table}" for table in ("audit_events", "audit_seals")]
    found.append(("removed numbers put back", [f"{statement} ON CONFLICT DO NOTHING" for statement in back]))
    found.append(("removed events put back", [f"{back[0]} ON CONFLICT DO NOTHING"]))
    return found


async def test_a_log_that_does_not_hold_is_not_pruned(log: UUID, owner: asyncpg.Connection) -> None:
    await owner.execute(
        "UPDATE audit_events SET action = 'thing.invented' WHERE organization_id = $1 AND id ="
        " (SELECT event_id FROM audit_seals WHERE organization_id = $1 AND number = 7)", log,
    )  # fmt: skip
    before = await count(owner, log)
    assert await prune(log) == 0
    assert await count(owner, log) == before


async def test_the_database_refuses_what_is_too_young_and_what_nothing_states(
    log: UUID, owner: asyncpg.Connection
) -> None:
    before = await count(owner, log)

    async def ask(number: int, *, stated: bool) -> str:
        try:
            async with tenant_session(log) as session:
                if stated:
                    await service.record(
                        session, log, rules.PRUNED, subject_type="audit_log", changes={"number": number}
                    )
                await session.execute(text("SELECT app.prune_audit(:number, 1)"), {"number": number})
        except DBAPIError as error:
            return str(error.orig)
        return "done"

    assert "no event says" in await ask(5, stated=False)
    assert "not old enough" in await ask(OLD + 1, stated=True)
    for statement in ("DELETE FROM audit_events", "DELETE FROM audit_seals", "UPDATE audit_events SET action = 'x'"):
        with pytest.raises(DBAPIError, match="permission denied"):
            async with tenant_session(log) as session:
                await session.execute(text(statement))
    assert await count(owner, log) == before
    # Somebody with the product's own rights can have old rows removed, but not so that the log still verifies.
    assert await ask(OLD - 1, stated=True) == "done"
    assert not (await verify(log)).ok
