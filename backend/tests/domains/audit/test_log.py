# ruff: noqa: S608  # the statements are this file's own edits of the log
"""What is written down, in which transaction, and that the chain shows every later edit."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID, uuid4

import asyncpg
import pytest
from app.core import clock
from app.core.database import Base, tenant_session
from app.core.events import Event, EventRow, publish
from app.core.http import Caller
from app.core.ids import new_id
from app.domains.audit import rules, service
from app.domains.audit.models import AuditEvent, AuditSeal
from app.domains.audit.service import AuditFilter
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError


@dataclass(frozen=True, kw_only=True)
class ThingRenamed(Event):
    name: ClassVar[str] = "thing.renamed"
    actor_id: UUID
    resource_id: UUID
    before: str
    api_token: str = "abc"


@dataclass(frozen=True, kw_only=True)
class ThingSeen(Event):
    name: ClassVar[str] = "thing.seen"
    resource_id: UUID


def caller_in(organization_id: UUID) -> Caller:
    return Caller(
        user_id=new_id(), organization_id=organization_id, email="a@example.com", role="owner",
        permissions=frozenset(), client_address="192.0.2.1", user_agent="x\u0000y" * 400,
    )  # fmt: skip


async def count(organization_id: UUID, model: Any = AuditEvent) -> int:
    async with tenant_session(organization_id) as session:
        query = select(func.count()).select_from(model).where(model.organization_id == organization_id)
        return int((await session.execute(query)).scalar_one())


async def fill(organization_id: UUID, rows: int) -> None:
    async with tenant_session(organization_id) as session:
        caller = caller_in(organization_id)
        for index in range(rows):
            await service.record(
                session, caller, "thing.changed", subject_type="thing", subject_id=str(index),
                changes={"size": {"before": index, "after": index + 1}, "note": "ü", "share": 0.1},
            )  # fmt: skip


async def seal(organization_id: UUID) -> int:
    async with tenant_session(organization_id) as session:
        return await service.seal_new_events(session, organization_id)


async def verify(organization_id: UUID) -> service.Verification:
    async with tenant_session(organization_id) as session:
        return await service.verify(session, organization_id)


async def test_a_fact_with_an_actor_is_written_in_its_transaction(organization: UUID) -> None:
    actor_id, resource_id = new_id(), new_id()
    async with tenant_session(organization) as session:
        fact = ThingRenamed(organization_id=organization, actor_id=actor_id, resource_id=resource_id, before="old")
        await publish(session, fact)
        query = select(AuditEvent).where(AuditEvent.action == "thing.renamed")
        row = (await session.execute(query)).scalar_one()
    assert (row.actor_id, row.actor_kind, row.outcome) == (actor_id, "user", "success")
    assert (row.subject_type, row.subject_id) == ("resource", str(resource_id))
    assert row.changes == {"before": "old", "api_token": rules.MASK, "resource_id": str(resource_id)}


async def test_a_rollback_removes_the_act_and_its_row(organization: UUID) -> None:
    before = await count(organization), await count(organization, EventRow)

    async def act_and_fail() -> None:
        async with tenant_session(organization) as session:
            fact = ThingRenamed(organization_id=organization, actor_id=new_id(), resource_id=new_id(), before="x")
            await publish(session, fact)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await act_and_fail()
    assert (await count(organization), await count(organization, EventRow)) == before


async def test_facts_without_an_actor_are_not_the_logs_business(organization: UUID) -> None:
    before = await count(organization)
    async with tenant_session(organization) as session:
        await publish(session, ThingSeen(organization_id=organization, resource_id=new_id()))
    assert await count(organization) == before


async def test_no_row_no_act(organization: UUID) -> None:
    """A log that cannot be written takes the act with it."""

    async def act_without_a_row() -> None:
        async with tenant_session(organization) as session:
            await publish(session, ThingSeen(organization_id=organization, resource_id=new_id()))
            await service.record(session, uuid4(), "thing.changed", subject_type="thing")  # another organization

    with pytest.raises(DBAPIError):
        await act_without_a_row()
    assert await count(organization, EventRow) == 1  # organization.created only


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"password": "x"}, {"password": "(set)"}),
        ({"clientSecret": "x", "secret_access_key": "y"}, {"clientSecret": "(set)", "secret_access_key": "(set)"}),
        ({"token": None, "has_token": True}, {"token": None, "has_token": True}),
        ({"nested": {"api-key": "x", "name": "n"}}, {"nested": {"api-key": "(set)", "name": "n"}}),
        ({"when": datetime(2026, 1, 1, tzinfo=UTC)}, {"when": "2026-01-01T00:00:00+00:00"}),
        ({"many": list(range(99))}, {"many": list(range(50))}),
        ({"text": "a\x00b\ud800" + "x" * 999}, {"text": "a?b?" + "x" * 496}),
        ({"float": 0.1, "huge": 2**70}, {"float": "0.1", "huge": str(2**70)}),
    ],
)
def test_values_are_masked_and_cut(given: Any, kept: Any) -> None:
    assert rules.mask(given) == kept


async def test_sealing_numbers_every_row_once(organization: UUID) -> None:
    await fill(organization, 7)
    assert sum(await asyncio.gather(*[seal(organization) for _ in range(5)])) == await count(organization)
    await fill(organization, 3)
    assert await seal(organization) == 3
    assert await seal(organization) == 0
    async with tenant_session(organization) as session:
        query = select(AuditSeal.number).where(AuditSeal.organization_id == organization).order_by(AuditSeal.number)
        numbers = (await session.execute(query)).scalars().all()
    assert list(numbers) == list(range(1, len(numbers) + 1))
    found = await verify(organization)
    assert (found.ok, found.problems, found.checked) == (True, [], len(numbers))


COLUMNS = {
    "at": "at + interval '1 microsecond'",
    "actor_id": "'00000000-0000-0000-0000-000000000001'",
    "actor_kind": "'system'",
    "action": "'thing.viewed'",
    "subject_type": "'other'",
    "subject_id": "subject_id || ' '",
    "client_address": "'198.51.100.1'",
    "user_agent": "''",
    "request_id": "'x'",
    "changes": 'changes || \'{"note": "u"}\'',
    "outcome": "'failure'",
}


def edits() -> Iterator[tuple[str, str]]:
    """(name, SQL with $1 as organization and $2 as number): each is one act of somebody with the owner's rights."""
    event = "(SELECT event_id FROM audit_seals WHERE organization_id = $1 AND number = $2)"
    for column, value in COLUMNS.items():
        for number in (2, 5, 8):
            sql = f"UPDATE audit_events SET {column} = {value} WHERE organization_id = $1 AND id = {event}"
            yield f"{column} of {number}", sql.replace("$2", str(number))
    for number in (1, 5, 9):
        yield (
            f"remove event {number}",
            f"DELETE FROM audit_events WHERE organization_id = $1 AND id = {event}".replace("$2", str(number)),
        )
        yield f"remove seal {number}", f"DELETE FROM audit_seals WHERE organization_id = $1 AND number = {number}"
        for column in ("hash", "previous_hash"):
            changed = f"set_byte({column}, 0, get_byte({column}, 0) # 1)"
            where = f"organization_id = $1 AND number = {number}"
            yield f"{column} of seal {number}", f"UPDATE audit_seals SET {column} = {changed} WHERE {where}"
    for number in (3, 6):
        where = f"organization_id = $1 AND number = {number}"
        yield f"renumber {number}", f"UPDATE audit_seals SET number = number + 1000 WHERE {where}"
        yield (
            f"swap {number}",
            "WITH pair AS (SELECT number, event_id FROM audit_seals WHERE organization_id = $1"
            f" AND number IN ({number}, {number + 1})), gone AS (UPDATE audit_seals SET event_id = gen_random_uuid()"
            f" WHERE {where} RETURNING 1) SELECT count(*) FROM pair, gone",
        )
    yield (
        "copy of an old event put in",
        "INSERT INTO audit_events SELECT organization_id, gen_random_uuid(), at - interval '3 days', actor_id,"
        " actor_kind, action, subject_type, subject_id, client_address, user_agent, request_id, changes, outcome"
        " FROM audit_events WHERE organization_id = $1 LIMIT 1",
    )


EDITS = list(edits())


def test_there_are_fifty_edits() -> None:
    assert len(EDITS) >= 50


async def test_every_edit_is_found(organization: UUID, database_urls: tuple[str, str]) -> None:
    await fill(organization, 9)
    await seal(organization)
    assert (await verify(organization)).ok
    owner = await asyncpg.connect(database_urls[0])
    try:
        for table in ("audit_events", "audit_seals"):
            await owner.execute(
                f"CREATE TEMPORARY TABLE kept_{table} AS SELECT * FROM {table} WHERE organization_id = '{organization}'"
            )
        for name, sql in EDITS:
            await owner.execute(sql, organization)
            found = await verify(organization)
            assert not found.ok, name
            assert found.problems
            for table in ("audit_events", "audit_seals"):
                await owner.execute(f"DELETE FROM {table} WHERE organization_id = $1", organization)
                names = ", ".join(column.name for column in Base.metadata.tables[table].columns)
                await owner.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM kept_{table}")
            assert (await verify(organization)).ok, f"restored after {name}"
    finally:
        await owner.close()


async def test_the_list_filters_and_pages(organization: UUID) -> None:
    await fill(organization, 6)
    await seal(organization)
    await fill(organization, 1)
    async with tenant_session(organization) as session:
        wanted = AuditFilter(action="thing.changed")
        rows, cursor = await service.list_events(session, organization, wanted, 4, None)
        assert len(rows) == 4
        rest, end = await service.list_events(session, organization, wanted, 4, cursor)
        assert (len(rest), end) == (3, None)
        assert len({row.id for row in [*rows, *rest]}) == 7
        assert [row.number is None for row in rows] == [True, False, False, False]
        one, _ = await service.list_events(session, organization, AuditFilter(subject_id="3"), 9, None)
        assert len(one) == 1
        mine, _ = await service.list_events(session, organization, AuditFilter(actor_id=rows[1].actor_id), 9, None)
        assert len(mine) == 6
        later = clock.utc_now() + timedelta(hours=1)
        for wanted, expected in (
            (AuditFilter(start=later), 0),
            (AuditFilter(end=later), 8),
            (AuditFilter(start=rows[0].at, end=rows[0].at), 0),
            (AuditFilter(subject_type="organization"), 1),
        ):
            found, _ = await service.list_events(session, organization, wanted, 50, None)
            assert len(found) == expected, wanted


async def test_another_organizations_log_is_not_seen(organization: UUID) -> None:
    await fill(organization, 2)
    other = new_id()
    async with tenant_session(other) as session:
        assert (await session.execute(select(AuditEvent))).first() is None
        rows, _ = await service.list_events(session, organization, AuditFilter(), 50, None)
        assert rows == []
