"""Usage analytics: no raw ids, names from a list, one switch, ninety days."""

import asyncio
from uuid import UUID

import httpx
import pytest
from app.core.database import Base, tenant_session
from app.domains.identity import models
from app.domains.identity.rules.usage import is_countable
from app.domains.identity.service import usage
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import String, cast, select
from tests.domains.identity.conftest import Clock, MakePerson, SignIn, bearer

EVENTS = "/api/v1/usage-events"
USAGE = "/api/v1/organizations/current/usage"
PAGE = {"events": [{"kind": "page", "name": "costs"}, {"kind": "feature", "name": "costs.export-csv", "count": 2}]}


async def _rows(organization_id: UUID) -> list[models.UsageCount]:
    async with tenant_session(organization_id) as session:
        return list((await session.execute(select(models.UsageCount))).scalars())


async def test_uses_are_counted_by_page_feature_and_day_and_people_are_never_named(
    client: httpx.AsyncClient, make_person: MakePerson, sign_in: SignIn
) -> None:
    owner, other = await make_person("owner"), await make_person("viewer")
    headers = [bearer((await sign_in(person))["access_token"]) for person in (owner, other)]
    for found in (headers[0], headers[0], headers[1]):
        assert (await client.post(EVENTS, headers=found, json=PAGE)).status_code == 204
    answer = await client.get(USAGE, headers=headers[0])
    assert answer.status_code == 200, answer.text
    read = answer.json()
    assert (read["enabled"], read["people"]) == (True, 2)
    assert read["pages"] == [{"name": "costs", "count": 3, "people": 2}]
    assert read["features"] == [{"name": "costs.export-csv", "count": 6, "people": 2}]
    assert [(day["count"], day["people"]) for day in read["days"]] == [(9, 2)]
    for person in (owner, other):
        assert str(person.user_id) not in answer.text
    assert (await client.get(USAGE, headers=headers[1])).status_code == 403


async def test_raw_ids_of_people_are_in_no_column_of_what_is_kept(
    client: httpx.AsyncClient, make_person: MakePerson, sign_in: SignIn
) -> None:
    person = await make_person("owner")
    headers = bearer((await sign_in(person))["access_token"])
    assert (await client.post(EVENTS, headers=headers, json=PAGE)).status_code == 204
    looked_at = 0
    async with tenant_session(person.organization_id) as session:
        for name in ("usage_counts", "usage_keys"):
            table = Base.metadata.tables[name]
            for row in (await session.execute(select(*[cast(column, String) for column in table.c]))).all():
                for value in row:
                    text = (value or "").replace("-", "")
                    assert person.user_id.hex not in text
                    assert person.email.encode().hex() not in text
                    looked_at += 1
        events = (await session.execute(select(Base.metadata.tables["events"].c.name))).scalars().all()
    assert looked_at > 10
    assert not [name for name in events if "usage" in name]


@pytest.mark.parametrize(
    "event",
    [
        {"kind": "page", "name": "costs/123"}, {"kind": "page", "name": "kim@example.com"},
        {"kind": "page", "name": "costs.kim"}, {"kind": "feature", "name": "costs"}, {"kind": "page", "name": ""},
        {"kind": "click", "name": "costs"}, {"kind": "page", "name": "COSTS"}, {"kind": "page", "name": "costs "},
        {"kind": "page", "name": "costs", "count": 0}, {"kind": "page", "name": "costs", "count": 1_001},
        {"kind": "page", "name": "costs", "user_id": "x"}, {"kind": "page"}, {"kind": "page", "name": 5}, "costs", None,
    ],
)  # fmt: skip
async def test_what_is_not_on_the_list_is_refused_and_nothing_is_kept(
    client: httpx.AsyncClient, make_person: MakePerson, sign_in: SignIn, event: object
) -> None:
    person = await make_person("viewer")
    headers = bearer((await sign_in(person))["access_token"])
    answer = await client.post(EVENTS, headers=headers, json={"events": [PAGE["events"][0], event]})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith("#/events/1")
    assert await _rows(person.organization_id) == []


@pytest.mark.parametrize("count", [0, 101])
async def test_a_batch_has_one_to_a_hundred_events(
    client: httpx.AsyncClient, make_person: MakePerson, sign_in: SignIn, count: int
) -> None:
    headers = bearer((await sign_in(await make_person("viewer")))["access_token"])
    answer = await client.post(EVENTS, headers=headers, json={"events": [PAGE["events"][0]] * count})
    assert answer.status_code == 422


@given(st.text(min_size=0, max_size=70))
def test_free_text_is_not_countable(text: str) -> None:
    if any(not ("a" <= character <= "z" or character in ".-") for character in text):
        assert not is_countable("page", text)
        assert not is_countable("feature", text)


async def test_fifty_batches_at_once_lose_no_count_and_make_one_key(
    client: httpx.AsyncClient, make_person: MakePerson, sign_in: SignIn
) -> None:
    person = await make_person("viewer")
    headers = bearer((await sign_in(person))["access_token"])
    gate = asyncio.Semaphore(5)

    async def send() -> int:
        async with gate:
            return (await client.post(EVENTS, headers=headers, json=PAGE)).status_code

    assert set(await asyncio.gather(*(send() for _ in range(50)))) == {204}
    assert sorted(row.count for row in await _rows(person.organization_id)) == [50, 100]


async def test_off_counts_nothing_and_deletes_what_was_counted(
    client: httpx.AsyncClient, make_person: MakePerson, sign_in: SignIn
) -> None:
    owner = await make_person("owner")
    headers = bearer((await sign_in(owner))["access_token"])
    await client.post(EVENTS, headers=headers, json=PAGE)
    answer = await client.put(f"{USAGE}-settings", headers=headers, json={"enabled": False})
    assert answer.json() == {"enabled": False}
    assert (await client.post(EVENTS, headers=headers, json=PAGE)).status_code == 204
    assert await _rows(owner.organization_id) == []
    async with tenant_session(owner.organization_id) as session:
        assert (await session.execute(select(models.UsageKey))).first() is None
    assert (await client.get(USAGE, headers=headers)).json()["enabled"] is False
    for body in ({"enabled": "no"}, {}, {"enabled": None}):
        assert (await client.put(f"{USAGE}-settings", headers=headers, json=body)).status_code == 422


async def test_counts_and_keys_are_gone_after_ninety_days(
    client: httpx.AsyncClient, make_person: MakePerson, sign_in: SignIn, moved_clock: Clock
) -> None:
    owner = await make_person("owner")
    await client.post(EVENTS, headers=bearer((await sign_in(owner))["access_token"]), json=PAGE)
    first = (await _rows(owner.organization_id))[0].pseudonym
    moved_clock.advance(days=89)
    async with tenant_session(owner.organization_id) as session:
        await usage.forget_old_usage(session, owner.organization_id)
    assert len(await _rows(owner.organization_id)) == 2
    moved_clock.advance(days=2)
    headers = bearer((await sign_in(owner))["access_token"])
    await client.post(EVENTS, headers=headers, json=PAGE)
    assert {row.pseudonym for row in await _rows(owner.organization_id)} - {first}, "a new key, a new pseudonym"
    async with tenant_session(owner.organization_id) as session:
        await usage.forget_old_usage(session, owner.organization_id)
        assert len((await session.execute(select(models.UsageKey))).scalars().all()) == 1
    assert first not in {row.pseudonym for row in await _rows(owner.organization_id)}


@pytest.mark.parametrize("query", ["from=2026-01-02&to=2026-01-01", "from=2026-01-01&to=2026-06-01", "from=x", "to=1"])
async def test_a_span_that_cannot_be_is_refused(
    client: httpx.AsyncClient, make_person: MakePerson, sign_in: SignIn, query: str
) -> None:
    headers = bearer((await sign_in(await make_person("owner")))["access_token"])
    assert (await client.get(f"{USAGE}?{query}", headers=headers)).status_code == 422
