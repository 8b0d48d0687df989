"""Resources from before there were word bits and zones: found at once, and indexed in the background."""

import random
from typing import Any
from uuid import UUID

import pytest
from app.core.bulk import open_driver
from app.core.database import Database, tenant_session
from app.domains.inventory import queries, rules, service
from app.domains.inventory.models import SyncUnit
from app.domains.inventory.service.asking import forget_sizes
from app.domains.inventory.service.before import ANY_WORD
from app.domains.inventory.service.zones import drop_zones
from app.providers.base import CollectedResource
from sqlalchemy import select, text
from tests.domains.inventory.conftest import ROUTERS
from tests.support.clouds import make_caller, make_client, make_organization
from tests.support.inventory import list_names, make_account, make_resource, store
from tests.support.jobs import queued, run_jobs

KIND = "inventory.index_resources"
WORDS = ("web", "prod", "Größe", "_x", "zeta", "data")


@pytest.fixture
async def organization(database: Database, monkeypatch: pytest.MonkeyPatch) -> UUID:
    monkeypatch.setattr(queries, "FEW_LISTS", 0)  # every word counts as common
    return await make_organization()


def make_things() -> list[CollectedResource]:
    picks = random.Random(7)  # noqa: S311
    things = [
        make_resource(
            number,
            name=f"{'-'.join(picks.sample(WORDS, 2))}-{number}",
            tags={"team": picks.choice(("data", "dev ops"))} if number % 3 else {},
        )
        for number in range(60)
    ]
    things.append(make_resource(60, name="many-tags", tags={f"k{number}": "v" for number in range(60)}))
    long = " ".join(f"word{number}" for number in range(450))
    return [*things, make_resource(61, name=f"alpha {long}", tags={"team": "data"})]


async def unmake(organization: UUID) -> None:
    """Leave the organization as an upgrade does."""
    async with tenant_session(organization) as session:
        driver = await open_driver(session)
        await driver.execute(f"UPDATE cloud_resources SET word_bits = {ANY_WORD}, tag_hashes = NULL")  # noqa: S608
        await driver.execute("DELETE FROM resource_zones")
        await driver.execute(
            "INSERT INTO resource_zones (organization_id, zone, unit_id) VALUES ($1, '', $2)",
            organization,
            queries.NO_UNIT,
        )
    forget_sizes()


async def index(organization: UUID) -> None:
    """What a minute's schedule and a worker do."""
    async with tenant_session(organization) as session:
        await service.enqueue_indexing(session, organization)
    await run_jobs(organization, KIND)
    forget_sizes()


async def read_index(organization: UUID) -> tuple[list[Any], dict[str, set[int]]]:
    """Bits and hashes by id, marks by zone."""
    async with tenant_session(organization) as session:
        driver = await open_driver(session)
        rows = await driver.fetch("SELECT id, word_bits, tag_hashes FROM cloud_resources ORDER BY id")
        zones = await driver.fetch("SELECT zone, unit_id, marks FROM resource_zones")
        return [tuple(row) for row in rows], {
            row["zone"] + str(row["unit_id"]): set(row["marks"] or ()) for row in zones
        }


async def check_lists(organization: UUID, things: list[CollectedResource]) -> None:
    async with make_client(ROUTERS, make_caller(organization)) as client:
        for asked in ("web", "zeta prod", "größe", "we da", "word7", "alpha", "_x-web", "nothing"):
            words = rules.query_words(asked)
            found = sorted(thing.name for thing in things if rules.matches_words(terms_of(thing).all, words, {}))
            for limit in (5, 100):
                assert await list_names(client, q=asked, limit=limit) == found, asked
            facets = (await client.get("/usage/facets", params={"q": asked})).json()
            assert (facets["total"], facets["exact"]) == (len(found), True), asked
        tagged = sorted(thing.name for thing in things if thing.tags.get("team") == "data")
        assert await list_names(client, tag="team:data", limit=7) == tagged
        assert await list_names(client, tag="team:data", q="web", limit=7) == [name for name in tagged if "web" in name]


def terms_of(thing: CollectedResource) -> rules.Terms:
    return rules.resource_terms(
        name=thing.name,
        native_id=thing.native_id,
        native_type=thing.native_type,
        kind=thing.type,
        region=thing.region,
        tags=thing.tags,
        aliases=thing.aliases,
    )


async def test_after_an_upgrade_everything_is_found_and_then_indexed_as_if_it_were_new(organization: UUID) -> None:
    account_id, things = await make_account(organization), make_things()
    await store(organization, account_id, things)
    before = await read_index(organization)
    await unmake(organization)
    await check_lists(organization, things)
    await index(organization)
    assert await read_index(organization) == before
    await check_lists(organization, things)
    await index(organization)
    assert await queued(organization, KIND) == [], "nothing is left"


async def test_words_that_an_older_release_cut_are_listed_again(organization: UUID) -> None:
    things = make_things()
    await store(organization, await make_account(organization), things)
    async with tenant_session(organization) as session:
        driver = await open_driver(session)
        gone = await driver.execute("DELETE FROM resource_terms WHERE kind = 'word' AND term IN ('alpha', 'word99')")
        assert gone == "DELETE 1", "the other is beyond the limit today"
    await unmake(organization)
    await index(organization)
    await check_lists(organization, things)


async def test_what_a_sync_writes_meanwhile_is_found_too(organization: UUID) -> None:
    account_id, things = await make_account(organization), make_things()
    gone = make_resource(90, name="gone-web")
    await store(organization, account_id, [*things, gone])
    await store(organization, account_id, things)  # closed, to come back as it was
    await unmake(organization)
    status = make_resource(1, name=things[1].name, tags=things[1].tags, status="stopped")  # found by the same words
    moved = make_resource(2, name="zeta-moved", tags={"team": "data"})
    things = [things[0], status, moved, *things[3:], gone]
    await store(organization, account_id, things)
    await check_lists(organization, things)
    await index(organization)
    await check_lists(organization, things)


async def test_rows_that_a_sync_holds_wait_for_the_next_minute(organization: UUID, database: Database) -> None:
    things = make_things()
    await store(organization, await make_account(organization), things)
    await unmake(organization)
    async with tenant_session(organization) as session:
        held = await session.execute(text("SELECT id FROM cloud_resources ORDER BY id LIMIT 3 FOR UPDATE"))
        assert len(held.all()) == 3
        await index(organization)
        assert queries.NO_UNIT in await _units(organization), "questions do not walk yet"
        await check_lists(organization, things)
    await index(organization)
    assert await _units(organization) == {(await _unit(organization))}
    await check_lists(organization, things)


async def _units(organization: UUID) -> set[UUID]:
    async with tenant_session(organization) as session:
        rows = await (await open_driver(session)).fetch("SELECT DISTINCT unit_id FROM resource_zones")
        return {UUID(str(row["unit_id"])) for row in rows}


async def _unit(organization: UUID) -> UUID:
    async with tenant_session(organization) as session:
        return (await session.execute(select(SyncUnit.id).where(SyncUnit.organization_id == organization))).scalar_one()


async def test_zones_that_go_with_an_account_leave_word_of_the_upgrade(organization: UUID) -> None:
    things = make_things()
    await store(organization, await make_account(organization), things)
    await unmake(organization)
    async with tenant_session(organization) as session:
        await drop_zones(await open_driver(session), organization)
    assert await _units(organization) == {queries.NO_UNIT}
    await check_lists(organization, things)


async def test_one_organizations_upgrade_is_not_anothers(organization: UUID) -> None:
    other = await make_organization()
    for one in (organization, other):
        await store(one, await make_account(one), make_things())
    await unmake(other)
    async with tenant_session(organization) as session:
        await service.enqueue_indexing(session, organization)
    assert await queued(organization, KIND) == []
    await index(organization)
    assert queries.NO_UNIT in await _units(other)
