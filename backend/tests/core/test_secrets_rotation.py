"""Replacing an organization's key: under concurrent writes, cut off anywhere, and complete over every sealed column."""

import asyncio
import contextlib
import os
import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from app.core import clock, rotation, secrets
from app.core.database import Base, Database, tenant_session
from app.core.ids import new_id
from app.core.rootkey import LocalRootKey
from app.core.secrets import (
    SEALED,
    SecretUnreadable,
    create_organization_key,
    hold_back_sealers,
    open_sealed,
    rotate_organization_key,
    seal,
    sealed_key_version,
    use_root_key,
)
from sqlalchemy import text

TABLE, COLUMN = "accounts", "credentials"
ROWS = 60
PUT = text(
    "INSERT INTO audit_sinks (organization_id, id, name, kind, url, secret, enabled, position, failures)"
    " VALUES (:o, :i, 'x', 'webhook', 'x', :b, true, 0, 0) ON CONFLICT (organization_id, id) DO UPDATE SET secret = :b"
)


@pytest.fixture(autouse=True)
def root_key() -> Iterator[None]:
    use_root_key(LocalRootKey("r" * 32))
    yield
    use_root_key(None)


async def put(organization_id: UUID, row_id: UUID, value: str) -> int:
    """Write a sealed value the way a service does; the key version that it used."""
    async with tenant_session(organization_id) as session:
        blob = await seal(session, organization_id, "audit_sinks", "secret", row_id, value)
        await session.execute(PUT, {"o": organization_id, "i": row_id, "b": blob})
    return sealed_key_version(blob)


async def get(organization_id: UUID, row_id: UUID) -> tuple[str, int]:
    async with tenant_session(organization_id) as session:
        query = text("SELECT secret FROM audit_sinks WHERE organization_id = :o AND id = :i")
        blob = (await session.execute(query, {"o": organization_id, "i": row_id})).scalar_one()
        opened = await open_sealed(session, organization_id, "audit_sinks", "secret", row_id, blob)
        return opened.reveal(), sealed_key_version(blob)


@pytest.fixture
async def filled(database: Database, organization_id: UUID) -> dict[UUID, str]:
    """An organization with a key and sealed values, committed."""
    async with tenant_session(organization_id) as session:
        await create_organization_key(session, organization_id)
    values = {new_id(): f"value {number}" for number in range(ROWS)}
    for row_id, value in values.items():
        await put(organization_id, row_id, value)
    return values


async def rotate(organization_id: UUID) -> int:
    async with tenant_session(organization_id) as session:
        return await rotate_organization_key(session, organization_id)


async def versions(organization_id: UUID) -> list[rotation.KeyVersion]:
    async with tenant_session(organization_id) as session:
        return await rotation.list_versions(session, organization_id)


async def test_every_value_gets_the_new_version_and_the_old_one_retires(
    filled: dict[UUID, str], organization_id: UUID
) -> None:
    assert await rotate(organization_id) == 2
    assert [(known.version, known.values) for known in await versions(organization_id)] == [(2, 0), (1, ROWS)]
    seen: list[tuple[int, int]] = []

    async def progress(done: int, total: int) -> None:
        seen.append((done, total))

    made = await rotation.reencrypt_organization(organization_id, progress=progress, batch_rows=7)
    assert (made.done, made.unreadable) == (ROWS, 0)
    assert (seen[0], seen[-1]) == ((0, ROWS), (ROWS, ROWS))
    for row_id, value in filled.items():
        assert await get(organization_id, row_id) == (value, 2)
    newest, oldest = await versions(organization_id)
    assert (newest.values, newest.retired_at, oldest.values) == (ROWS, None, 0)
    assert oldest.retired_at is not None
    assert (await rotation.reencrypt_organization(organization_id)).done == 0


async def test_values_written_during_a_rotation_are_neither_lost_nor_forgotten(
    filled: dict[UUID, str], organization_id: UUID, capsys: pytest.CaptureFixture[str]
) -> None:
    expected, stop, written = dict(filled), asyncio.Event(), 0
    chance = random.Random(5)  # noqa: S311  # repeatable, not secret

    async def write(mine: list[UUID], name: int) -> None:
        nonlocal written
        while not stop.is_set():
            row_id = chance.choice(mine) if chance.random() < 0.7 else new_id()
            expected[row_id] = f"written {name} {written}"
            await put(organization_id, row_id, expected[row_id])
            written += 1

    rows = list(filled)
    writers = [asyncio.create_task(write(rows[number::3], number)) for number in range(3)]
    for wanted in range(2, 5):
        await asyncio.sleep(0.1)
        assert await rotate(organization_id) == wanted
        await rotation.reencrypt_organization(organization_id, batch_rows=5)
        older = [known for known in await versions(organization_id) if not known.current]
        assert all(known.retired_at is not None and known.values == 0 for known in older)
    stop.set()
    await asyncio.gather(*writers)
    for row_id, value in expected.items():
        assert await get(organization_id, row_id) == (value, 4)
    assert written > 20
    with capsys.disabled():
        print(f"\nrotation under load: 3 rotations, {written} concurrent writes, {len(expected)} values right")  # noqa: T201


async def test_a_rotation_cut_off_anywhere_goes_on_where_it_stopped(
    filled: dict[UUID, str], organization_id: UUID, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    await rotate(organization_id)
    real, cuts = secrets.reseal, 0

    for allowed in range(0, ROWS, 9):
        calls = 0

        async def dying(*given: Any, limit: int = allowed) -> bytes:
            nonlocal calls
            calls += 1
            if calls > limit:
                raise asyncio.CancelledError
            return await real(*given)

        monkeypatch.setattr(rotation, "reseal", dying)
        with contextlib.suppress(asyncio.CancelledError):
            await rotation.reencrypt_organization(organization_id, batch_rows=4)
            continue
        cuts += 1
        for row_id, value in filled.items():
            assert (await get(organization_id, row_id))[0] == value
    monkeypatch.setattr(rotation, "reseal", real)
    await rotation.reencrypt_organization(organization_id, batch_rows=4)
    assert cuts >= 3
    assert {(await get(organization_id, row_id))[1] for row_id in filled} == {2}
    with capsys.disabled():
        print(f"\nrotation cut off {cuts} times: every value readable after each, all of the new version at the end")  # noqa: T201


async def test_a_version_is_not_declared_unused_while_a_transaction_may_still_write_with_it(
    filled: dict[UUID, str], organization_id: UUID
) -> None:
    row_id = new_id()
    async with tenant_session(organization_id) as slow:
        blob = await seal(slow, organization_id, "audit_sinks", "secret", row_id, "slow")
        await rotate(organization_id)
        passing = asyncio.create_task(rotation.reencrypt_organization(organization_id))
        await asyncio.sleep(0.3)
        assert not passing.done()
        await slow.execute(PUT, {"o": organization_id, "i": row_id, "b": blob})
    assert (await passing).done == ROWS + 1
    assert await get(organization_id, row_id) == ("slow", 2)


async def test_sealing_goes_on_while_an_old_version_is_examined(filled: dict[UUID, str], organization_id: UUID) -> None:
    await rotate(organization_id)
    async with tenant_session(organization_id) as session:
        await hold_back_sealers(session, organization_id, 1)
        async with asyncio.timeout(3):
            assert await put(organization_id, new_id(), "meanwhile") == 2


async def test_a_value_that_cannot_be_opened_keeps_its_version_and_stops_nothing(
    filled: dict[UUID, str], organization_id: UUID
) -> None:
    broken = next(iter(filled))
    async with tenant_session(organization_id) as session:
        flip = "UPDATE audit_sinks SET secret = set_byte(secret, 40, get_byte(secret, 40) # 1) WHERE id = :i"
        await session.execute(text(flip), {"i": broken})
    await rotate(organization_id)
    made = await rotation.reencrypt_organization(organization_id, batch_rows=7)
    assert (made.done, made.unreadable) == (ROWS - 1, 1)
    oldest = (await versions(organization_id))[1]
    assert (oldest.values, oldest.retired_at) == (1, None)


async def test_an_unused_version_is_destroyed_a_month_later(
    filled: dict[UUID, str], organization_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    await rotate(organization_id)
    await rotation.reencrypt_organization(organization_id)
    now = clock.utc_now()
    for days, left in ((29, 2), (31, 1)):
        monkeypatch.setattr(clock, "utc_now", lambda days=days: now + timedelta(days=days))
        async with tenant_session(organization_id) as session:
            await rotation.retire_versions(session, organization_id)
        assert len(await versions(organization_id)) == left


async def test_two_rotations_at_once_make_two_versions(filled: dict[UUID, str], organization_id: UUID) -> None:
    made = await asyncio.gather(*[rotate(organization_id) for _ in range(5)])
    assert sorted(made) == [2, 3, 4, 5, 6]


def test_every_column_of_sealed_bytes_is_found_by_the_metadata() -> None:
    """A column named like a secret that nobody marked would stay behind at a rotation."""
    own = {(c.table, c.column) for c in rotation.sealed_columns(by_organization=True)}
    shared = {(c.table, c.column): c.by_person for c in rotation.sealed_columns(by_organization=False)}
    assert ("accounts", "credentials") in own
    assert ("audit_sinks", "secret") in own
    assert shared[("users", "password")] is True
    assert shared[("signing_keys", "private_key")] is False
    assert shared[("directory.tickets", "content")] is False
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if column.info.get("sealed"):
                assert column.info.get("row_id", "id") in table.columns, f"{table.fullname}.{column.name}"
    assert {**SEALED} == {"sealed": True}


async def test_ten_thousand_bit_flips_never_open(
    filled: dict[UUID, str], organization_id: UUID, capsys: pytest.CaptureFixture[str]
) -> None:
    async with tenant_session(organization_id) as session:
        row_id = new_id()
        blob = await seal(session, organization_id, TABLE, COLUMN, row_id, "x" * 40)
        chance, tried = random.Random(3), 0  # noqa: S311  # repeatable, not secret
        single = list(range(len(blob) * 8))
        while tried < 10_000:
            altered = bytearray(blob)
            bits = (
                [single.pop()] if single else [chance.randrange(len(blob) * 8) for _ in range(chance.randrange(2, 9))]
            )
            for bit in bits:
                altered[bit // 8] ^= 1 << bit % 8
            if bytes(altered) == blob:
                continue
            tried += 1
            with pytest.raises(SecretUnreadable):
                await open_sealed(session, organization_id, TABLE, COLUMN, row_id, bytes(altered))
    with capsys.disabled():
        print(f"\nbit flips: {tried} altered values, none opened")  # noqa: T201


async def test_swapped_rows_columns_and_organizations_never_open(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    organizations = [new_id() for _ in range(4)]
    rows = [new_id() for _ in range(4)]
    columns = [("accounts", "credentials"), ("audit_sinks", "secret"), ("personal_mails", "content")]
    places, blobs = [], {}
    for organization_id in organizations:
        async with tenant_session(organization_id) as session:
            await create_organization_key(session, organization_id)
            for table, column in columns:
                for row_id in rows:
                    place = (organization_id, table, column, row_id)
                    places.append(place)
                    blobs[place] = await seal(session, *place, os.urandom(20))
    swaps = 0
    for organization_id in organizations:
        async with tenant_session(organization_id) as session:
            for place in (known for known in places if known[0] == organization_id):
                assert await open_sealed(session, *place, blobs[place])
                for other in places:
                    if other != place:
                        swaps += 1
                        with pytest.raises(SecretUnreadable):
                            await open_sealed(session, *place, blobs[other])
    with capsys.disabled():
        print(f"\nswaps: {swaps} values in another row, column or organization, none opened")  # noqa: T201
