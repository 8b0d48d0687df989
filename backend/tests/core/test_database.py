from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from app.core.bulk import array_literal, open_driver
from app.core.database import tenant_session, write_json
from sqlalchemy import bindparam, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import StatementError
from sqlalchemy.ext.asyncio import AsyncSession


async def test_a_session_is_bound_to_its_organization(session: AsyncSession, organization_id: UUID) -> None:
    assert (await session.execute(text("SELECT app.current_org()"))).scalar_one() == organization_id


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ({"a": [1, 1.5, True, None, "ü", "\U0001f600"]}, {"a": [1, 1.5, True, None, "ü", "\U0001f600"]}),
        ({2: "x", True: "y"}, {"2": "x", "true": "y"}),
        (2**64 - 1, 2**64 - 1),
        (2**70, float(2**70)),
        ({"id": UUID(int=1)}, {"id": "00000000-0000-0000-0000-000000000001"}),
        ({"money": "0.10"}, {"money": "0.10"}),
    ],
)
async def test_json_comes_back_as_it_was_written(session: AsyncSession, value: Any, read: Any) -> None:
    found = (await session.execute(select(bindparam("value", value, JSONB)))).scalar_one()
    assert found == read
    assert type(found) is type(read)


@pytest.mark.parametrize("value", [Decimal("0.1"), datetime(2026, 1, 1, tzinfo=UTC), {1, 2}], ids=["sum", "at", "set"])
async def test_json_refuses_what_has_no_one_form(session: AsyncSession, value: Any) -> None:
    with pytest.raises(TypeError):
        write_json({"value": value})
    with pytest.raises(StatementError):
        await session.execute(select(bindparam("value", {"value": value}, JSONB)))


@pytest.mark.usefixtures("database")
async def test_a_pool_of_dead_connections_is_replaced_without_a_word(organization_id: UUID, server_url: str) -> None:
    pids = "SELECT pg_backend_pid()"
    async with tenant_session(organization_id) as one, tenant_session(organization_id) as other:
        killed = [(await session.execute(text(pids))).scalar_one() for session in (one, other)]
    admin = await asyncpg.connect(server_url)
    for pid in killed:
        await admin.execute("SELECT pg_terminate_backend($1, 2000)", pid)
    await admin.close()
    async with tenant_session(organization_id) as session:
        assert (await session.execute(text(pids))).scalar_one() not in killed


@pytest.mark.parametrize(
    "texts",
    [
        [],
        [""],
        ["a"],
        ["a,b", "{}", '"', "\\", '\\"', "NULL", "null", " x ", "\n\t", "é東\U0001f600", "\x01", "'"],
        [None],
        ["a", None, "", 'b"\\', "NULL"],
    ],
    ids=["none", "empty", "plain", "hostile", "null", "mixed"],
)
async def test_a_literal_array_is_the_array(session: AsyncSession, texts: list[str | None]) -> None:
    driver = await open_driver(session)
    assert await driver.fetchval("SELECT $1::text::text[]", array_literal(texts)) == texts
    documents = array_literal([write_json({"a": value}) for value in texts])
    read = "SELECT ARRAY(SELECT one ->> 'a' FROM unnest($1::text::jsonb[]) WITH ORDINALITY AS s (one, n) ORDER BY n)"
    assert await driver.fetchval(read, documents) == texts
