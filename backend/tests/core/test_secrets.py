"""Envelope encryption: what opens, what does not, and what a secret never shows."""

import copy
import json
import logging
import pickle
import random
import time
from collections.abc import Iterator
from uuid import UUID

import pytest
from app.core import secrets
from app.core.database import Database, directory_session, set_organization, tenant_session
from app.core.ids import new_id
from app.core.rootkey import LocalRootKey
from app.core.schemas import RequestModel
from app.core.secrets import (
    Secret,
    SecretUnreadable,
    check_canary,
    create_organization_key,
    destroy_organization_keys,
    open_installation,
    open_sealed,
    reseal,
    rewrap_organization_keys,
    rotate_organization_key,
    seal,
    seal_installation,
    sealed_key_version,
    use_root_key,
)
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

PLAINTEXT = "wJalrXUtnFEMI/K7MDENG"  # pragma: allowlist secret
ROW = UUID(int=7)


@pytest.fixture(autouse=True)
def root_key() -> Iterator[None]:
    use_root_key(LocalRootKey("r" * 32))
    yield
    use_root_key(None)


async def test_a_sealed_value_opens_in_its_place(session: AsyncSession, organization_id: UUID) -> None:
    await create_organization_key(session, organization_id)
    for plaintext in (PLAINTEXT, b"", b"\x00\xff" * 5000, Secret("ü")):
        blob = await seal(session, organization_id, "accounts", "credentials", ROW, plaintext)
        opened = await open_sealed(session, organization_id, "accounts", "credentials", ROW, blob)
        expected = plaintext if isinstance(plaintext, Secret) else Secret(plaintext)
        assert opened == expected
        assert expected.reveal_bytes() not in blob or not expected


async def test_a_value_moved_anywhere_else_does_not_open(session: AsyncSession, organization_id: UUID) -> None:
    other = new_id()
    await create_organization_key(session, organization_id)
    blob = await seal(session, organization_id, "accounts", "credentials", ROW, PLAINTEXT)
    places = [
        (organization_id, "channels", "credentials", ROW),
        (organization_id, "accounts", "token", ROW),
        (organization_id, "accounts", "credentials", UUID(int=8)),
        (organization_id, "account", "scredentials", ROW),
        (organization_id, "", "accountscredentials", ROW),
        (None, "accounts", "credentials", ROW),
    ]
    for place in places:
        with pytest.raises(SecretUnreadable):
            await open_sealed(session, *place, blob)
    await set_organization(session, other)
    await create_organization_key(session, other)
    with pytest.raises(SecretUnreadable):
        await open_sealed(session, other, "accounts", "credentials", ROW, blob)


async def test_another_organizations_key_row_is_not_even_visible(session: AsyncSession, organization_id: UUID) -> None:
    await create_organization_key(session, organization_id)
    blob = await seal(session, organization_id, "accounts", "credentials", ROW, PLAINTEXT)
    secrets._cache.clear()
    await set_organization(session, new_id())
    with pytest.raises(SecretUnreadable):
        await open_sealed(session, organization_id, "accounts", "credentials", ROW, blob)


async def test_two_thousand_bit_flips_never_open(session: AsyncSession, organization_id: UUID) -> None:
    await create_organization_key(session, organization_id)
    blob = await seal(session, organization_id, "accounts", "credentials", ROW, PLAINTEXT)
    chance = random.Random(2)  # noqa: S311  # repeatable, not secret
    bits = list(range(len(blob) * 8)) + [chance.randrange(len(blob) * 8) for _ in range(2000)]
    for number, bit in enumerate(bits[:2000]):
        altered = bytearray(blob)
        altered[bit // 8] ^= 1 << bit % 8
        if number >= len(blob) * 8:
            second = chance.randrange(len(blob) * 8)
            if second != bit:
                altered[second // 8] ^= 1 << second % 8
        with pytest.raises(SecretUnreadable):
            await open_sealed(session, organization_id, "accounts", "credentials", ROW, bytes(altered))


async def test_every_cut_and_any_rubbish_is_the_same_error(session: AsyncSession, organization_id: UUID) -> None:
    await create_organization_key(session, organization_id)
    blob = await seal(session, organization_id, "accounts", "credentials", ROW, PLAINTEXT)
    for wrong in [b"", b"\x01", b"rubbish" * 40, blob + b"\x00", *(blob[:cut] for cut in range(len(blob)))]:
        with pytest.raises(SecretUnreadable) as caught:
            await open_sealed(session, organization_id, "accounts", "credentials", ROW, wrong)
        assert caught.value.detail is None


async def test_the_same_value_is_never_sealed_twice_alike(session: AsyncSession, organization_id: UUID) -> None:
    await create_organization_key(session, organization_id)
    blobs = {await seal(session, organization_id, "a", "b", ROW, PLAINTEXT) for _ in range(50)}
    assert len(blobs) == 50


async def test_sealing_without_an_organization_key_fails(session: AsyncSession, organization_id: UUID) -> None:
    with pytest.raises(SecretUnreadable):
        await seal(session, organization_id, "a", "b", ROW, PLAINTEXT)


async def test_after_a_rotation_both_versions_open_and_the_new_one_seals(
    session: AsyncSession, organization_id: UUID
) -> None:
    await create_organization_key(session, organization_id)
    old = await seal(session, organization_id, "a", "b", ROW, PLAINTEXT)
    assert await rotate_organization_key(session, organization_id) == 2
    new = await seal(session, organization_id, "a", "b", ROW, PLAINTEXT)
    again = await reseal(session, organization_id, "a", "b", ROW, old)
    assert [sealed_key_version(blob) for blob in (old, new, again)] == [1, 2, 2]
    for blob in (old, new, again):
        assert (await open_sealed(session, organization_id, "a", "b", ROW, blob)).reveal() == PLAINTEXT


async def test_creating_the_first_key_twice_keeps_it(session: AsyncSession, organization_id: UUID) -> None:
    await create_organization_key(session, organization_id)
    blob = await seal(session, organization_id, "a", "b", ROW, PLAINTEXT)
    await create_organization_key(session, organization_id)
    assert (await open_sealed(session, organization_id, "a", "b", ROW, blob)).reveal() == PLAINTEXT


async def test_destroyed_keys_open_nothing(session: AsyncSession, organization_id: UUID) -> None:
    await create_organization_key(session, organization_id)
    blob = await seal(session, organization_id, "a", "b", ROW, PLAINTEXT)
    await destroy_organization_keys(session, organization_id)
    with pytest.raises(SecretUnreadable):
        await open_sealed(session, organization_id, "a", "b", ROW, blob)


async def test_another_root_key_opens_nothing_until_keys_are_wrapped_anew(
    session: AsyncSession, organization_id: UUID
) -> None:
    await create_organization_key(session, organization_id)
    blob = await seal(session, organization_id, "a", "b", ROW, PLAINTEXT)
    use_root_key(LocalRootKey("n" * 32))
    with pytest.raises(SecretUnreadable):
        await open_sealed(session, organization_id, "a", "b", ROW, blob)
    assert await rewrap_organization_keys(session, organization_id, LocalRootKey("r" * 32)) == 1
    assert (await open_sealed(session, organization_id, "a", "b", ROW, blob)).reveal() == PLAINTEXT


async def test_a_wrapped_key_put_into_another_version_does_not_open(
    session: AsyncSession, organization_id: UUID
) -> None:
    await create_organization_key(session, organization_id)
    await rotate_organization_key(session, organization_id)
    blob = await seal(session, organization_id, "a", "b", ROW, PLAINTEXT)
    await session.execute(
        text(
            "UPDATE organization_keys SET wrapped_key = "
            "(SELECT wrapped_key FROM organization_keys WHERE version = 1) WHERE version = 2"
        )
    )
    with pytest.raises(SecretUnreadable):
        await open_sealed(session, organization_id, "a", "b", ROW, blob)


async def test_a_rolled_back_key_is_not_kept_in_memory(database: Database, organization_id: UUID) -> None:
    async with tenant_session(organization_id) as session:
        await create_organization_key(session, organization_id)
    async with tenant_session(organization_id) as session:
        await rotate_organization_key(session, organization_id)
        await seal(session, organization_id, "a", "b", ROW, PLAINTEXT)
        await session.rollback()
    async with tenant_session(organization_id) as session:
        assert sealed_key_version(await seal(session, organization_id, "a", "b", ROW, PLAINTEXT)) == 1
        assert await rotate_organization_key(session, organization_id) == 2
        blob = await seal(session, organization_id, "a", "b", ROW, PLAINTEXT)
    secrets._cache.clear()
    async with tenant_session(organization_id) as session:
        assert (await open_sealed(session, organization_id, "a", "b", ROW, blob)).reveal() == PLAINTEXT


async def test_the_cache_is_bounded_and_forgets(monkeypatch: pytest.MonkeyPatch) -> None:
    cache = secrets._KeyCache()
    for number in range(secrets.CACHE_KEYS + 50):
        cache.put(UUID(int=number), 1, b"k")
    assert len(cache._keys) == secrets.CACHE_KEYS
    assert cache.get(UUID(int=0), 1) is None
    monkeypatch.setattr(time, "monotonic", lambda: 1e12)
    assert cache.get(UUID(int=secrets.CACHE_KEYS), 1) is None


async def test_the_installation_seals_without_an_organization(connection: object, session: AsyncSession) -> None:
    await session.execute(text("DELETE FROM installation_keys"))
    blob = await seal_installation(session, "signing_keys", "private_key", "kid-1", PLAINTEXT)
    assert (await open_installation(session, "signing_keys", "private_key", "kid-1", blob)).reveal() == PLAINTEXT
    with pytest.raises(SecretUnreadable):
        await open_installation(session, "signing_keys", "private_key", "kid-2", blob)


async def test_the_canary_notices_another_root_key(session: AsyncSession) -> None:
    await session.execute(text("DELETE FROM installation_keys"))
    await check_canary(session)
    use_root_key(LocalRootKey("n" * 32))
    with pytest.raises(SecretUnreadable):
        await check_canary(session)


class Body(RequestModel):
    password: Secret


class Answer(BaseModel):
    token: Secret


def test_a_secret_shows_itself_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret(PLAINTEXT)
    body = Body.model_validate({"password": PLAINTEXT})
    with caplog.at_level(logging.INFO):
        logging.getLogger("test").info("%s %r", secret, [secret], extra={"token": secret})
    shown = [
        str(secret), repr(secret), f"{secret}", f"{secret:>20}", f"{[secret]}", repr(body), str(body),
        body.model_dump_json(), str(body.model_dump(mode="json")), Answer(token=secret).model_dump_json(), caplog.text,
        repr(copy.deepcopy(body)), str(Body.model_json_schema()),
    ]  # fmt: skip
    assert not [text for text in shown if PLAINTEXT in text]
    assert body.password.reveal() == PLAINTEXT
    assert not hasattr(secret, "__dict__")


def test_a_secret_refuses_json_pickle_and_hash() -> None:
    secret = Secret(PLAINTEXT)
    for refuse in (json.dumps, pickle.dumps, hash):
        with pytest.raises(TypeError):
            refuse(secret)


def test_a_secret_hints_only_at_long_values() -> None:
    assert Secret("AKIAIOSFODNN7EXAMPLE").hint == "…MPLE"
    assert Secret("short").hint == "…"


async def test_the_directory_session_opens_installation_secrets(database: Database) -> None:
    async with directory_session() as session:
        await session.execute(text("DELETE FROM installation_keys"))
        blob = await seal_installation(session, "users", "password_hash", ROW, PLAINTEXT)
        assert (await open_installation(session, "users", "password_hash", ROW, blob)).reveal() == PLAINTEXT
        await session.rollback()
