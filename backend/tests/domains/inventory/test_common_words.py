"""Lists and counts by common words and of many resources: bits and zones only lead, and estimates say that they are."""

import random
import zlib
from uuid import UUID

import pytest
from app.core.clock import utc_now
from app.core.database import Database, tenant_session
from app.core.ids import new_id
from app.domains.accounts.models import Account
from app.domains.inventory import queries, rules, service
from app.domains.inventory.models import CloudResource, ResourceMark, ResourceZone
from app.domains.inventory.rules import wordbits
from app.domains.inventory.service import counting
from app.providers.base import CollectedResource
from sqlalchemy import delete, literal_column, select, update
from tests.domains.inventory.conftest import ROUTERS
from tests.support.clouds import make_caller, make_client, make_context, make_organization
from tests.support.inventory import list_names, make_account, make_resource, store

PARTS = ("web", "web-prod", "eu", "Größe", "_x", "99", "a.b")


@pytest.fixture
async def organization(database: Database) -> UUID:
    return await make_organization()


@pytest.fixture
def common(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every word counts as common."""
    monkeypatch.setattr(queries, "FEW_LISTS", 0)


def random_thing(picks: random.Random, number: int) -> CollectedResource:
    return make_resource(
        number,
        name="-".join(picks.sample(PARTS, 2)),
        tags={"team": picks.choice(("data", "dev ops"))} if picks.random() < 0.7 else {},
        type=picks.choice(("compute.instance", "storage.volume")),
        aliases=[f"{picks.choice('ij')}-{number:04}"],
    )


def _forget_hashes() -> None:
    wordbits._group_bits.cache_clear()
    wordbits._part_bits.cache_clear()


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


@pytest.mark.parametrize("chance", [False, True], ids=["bits", "every word has the same"])
@pytest.mark.usefixtures("common")
async def test_common_words_find_what_they_begin(
    organization: UUID, monkeypatch: pytest.MonkeyPatch, chance: bool
) -> None:
    if chance:
        monkeypatch.setattr(zlib, "crc32", lambda text, before=0: 0)
        _forget_hashes()
    picks = random.Random(5)  # noqa: S311
    things = [random_thing(picks, number) for number in range(150)]
    await store(organization, await make_account(organization), things)
    async with make_client(ROUTERS, make_caller(organization)) as client:
        for _ in range(40):
            text = " ".join(picks.sample((*PARTS, "we", "inst", "vol", "dat", "ops", "i-00", "gr", "zz", "prod-eu"), 2))
            words = rules.query_words(text)
            found = sorted(thing.name for thing in things if rules.matches_words(terms_of(thing).all, words, {}))
            for limit in (7, 200):
                assert await list_names(client, q=text, limit=limit) == found, text
            assert await list_names(client, q=text, sort="-name", limit=200) == found[::-1], text
            facets = (await client.get("/usage/facets", params={"q": text})).json()
            assert (facets["total"], facets["exact"], facets["estimated"]) == (len(found), True, False), text
            narrowed = (await client.get("/usage/facets", params={"q": text, "type": "storage.volume"})).json()
            assert sum(group["count"] for group in narrowed["type"]) == len(found), text
    _forget_hashes()


@pytest.mark.usefixtures("common")
async def test_a_resource_that_changes_is_found_by_its_new_name_and_tags(organization: UUID) -> None:
    account_id = await make_account(organization)
    await store(organization, account_id, [make_resource(1, name="alpha"), make_resource(2, name="beta")])
    changed = make_resource(1, name="zeta omega", tags={"env": "prod"})
    await store(organization, account_id, [changed, make_resource(2, name="beta")])
    async with make_client(ROUTERS, make_caller(organization)) as client:
        for params in ({"q": "omega inst"}, {"tag": "env:prod"}, {"q": "zet"}):
            assert await list_names(client, **params) == ["zeta omega"], params
        assert await list_names(client, q="alpha") == []


@pytest.mark.usefixtures("common")
async def test_names_at_the_edges_of_zones_are_found(organization: UUID) -> None:
    names = ["a", "ab", "ab\U0010ffff", "ab\U0010ffffz", "b", "\U0010ffff", "\U0010ffff\U0010ffffz", "é", "東京"]
    things = [make_resource(number, name=name, tags={"env": "x"}) for number, name in enumerate(names)]
    await store(organization, await make_account(organization), things)
    async with make_client(ROUTERS, make_caller(organization)) as client:
        for limit in (1, 3, 50):
            assert await list_names(client, tag="env:x", limit=limit) == sorted(names)
            assert await list_names(client, tag="env:x", sort="-name", limit=limit) == sorted(names, reverse=True)


@pytest.mark.usefixtures("common")
async def test_resources_of_which_no_zone_tells_are_looked_at(organization: UUID) -> None:
    account_id, names = await make_account(organization), ["ab", "b", "cd", "ce"]
    things = [make_resource(number, name=name, tags={"env": "x"}) for number, name in enumerate(names)]
    await store(organization, account_id, things)
    async with make_client(ROUTERS, make_caller(organization)) as client:
        for gone in (["ab"], ["cd", "ce"], ["b"]):
            async with tenant_session(organization) as session:
                await session.execute(delete(ResourceZone).where(ResourceZone.zone.in_(gone)))
            assert await list_names(client, tag="env:x") == names, gone
            assert (await client.get("/usage/facets", params={"tag": "env:x"})).json()["total"] == 4


async def test_what_comes_to_another_unit_or_was_without_words_is_told_of_in_a_zone(organization: UUID) -> None:
    account_id = await make_account(organization)
    things = [make_resource(number, name=name) for number, name in enumerate(("ab", "b", "cd", "ce"))]
    await store(organization, account_id, things)
    async with tenant_session(organization) as session:
        await session.execute(delete(ResourceZone))
        wordless = update(CloudResource).where(CloudResource.name == "ce")
        await session.execute(wordless.values(word_bits=literal_column("DEFAULT"), content_hash=b""))
    await store(organization, account_id, things[:2], service_name="moved")
    await store(organization, account_id, things[2:])
    assert await zones_of(organization) == ["ab", "b", "ce"]


async def test_zones_and_marks_go_with_the_account_of_their_resources(organization: UUID) -> None:
    first, second = [await make_account(organization, number=number) for number in ("1", "2")]
    await store(organization, first, [make_resource(1, name="alpha"), make_resource(2, name="beta")])
    await store(organization, second, [make_resource(2, name="beta"), make_resource(3, name="gamma")], number="2")
    async with tenant_session(organization) as session:
        ids = (await session.execute(select(CloudResource.id))).scalars()
        await service.record_marks(session, organization, "public", dict.fromkeys(ids, True))
        await session.execute(update(Account).where(Account.id == first).values(removed_at=utc_now()))
    await service.forget_account(await make_context(organization, "inventory.forget_account", {}), first)
    assert await zones_of(organization) == ["be", "ga"]
    async with tenant_session(organization) as session:
        marks = (await session.execute(select(ResourceMark.resource_id))).all()
        assert len(marks) == 3  # of two resources, and that it was worked out


async def zones_of(organization: UUID) -> list[str]:
    async with tenant_session(organization) as session:
        return list((await session.execute(select(ResourceZone.zone).order_by(ResourceZone.zone))).scalars())


@pytest.mark.usefixtures("common")
async def test_counts_of_many_are_estimates_and_say_so(organization: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "ENOUGH", 20)
    monkeypatch.setattr(counting, "FEW", 0)
    things = [
        make_resource(number, name=f"web-{new_id().hex[-6:]}", tags={"env": ("prod", "dev")[number % 2]})
        for number in range(1_600)
    ]
    await store(organization, await make_account(organization), things)
    async with make_client(ROUTERS, make_caller(organization)) as client:
        for params in ({"tag": "env:prod"}, {"search": "tag:env=prod type:compute.*"}, {"q": "prod web"}):
            facets = (await client.get("/usage/facets", params=params)).json()
            assert not facets["exact"]
            assert facets["estimated"]
            assert facets["total"] % queries.SAMPLE_OF == 0
            assert 300 < facets["total"] < 1_300  # of 800: less likely than one in a million
            assert facets["type"] == [{"key": "compute.instance", "count": facets["total"]}]
        few = (await client.get("/usage/facets", params={"tag": "env:none"})).json()
        assert (few["total"], few["exact"], few["estimated"]) == (0, True, False)


def test_a_beginning_has_no_bits_but_those_of_the_whole() -> None:
    picks = random.Random(3)  # noqa: S311
    for _ in range(500):
        thing = random_thing(picks, picks.randrange(10_000))
        zones = rules.zones_of([(thing.name, terms_of(thing), thing.tags)])
        bits, marks = rules.word_bits(terms_of(thing)), next(iter(zones.values()))
        assert marks is not None
        for kind, text in terms_of(thing).all:
            beginning = rules.query_words(text[: picks.randrange(1, 30)])
            if kind != "word" or len(beginning) != 1:
                continue
            asked = rules.asked_bits(beginning)
            assert asked & bits == asked, (beginning, text)
            assert all(set(one) & marks for one in rules.asked_marks(beginning, [])), (beginning, text)


@pytest.mark.parametrize("name", ["-".join(f"part{number}" for number in range(30)), "x" * 250 + "-yz-1"])
def test_a_long_name_is_found_by_more_of_it_than_words_begin_with(name: str) -> None:
    found = rules.resource_terms(name=name, native_id=name, native_type="", kind="", region="", tags={}, aliases=[])
    (marks,) = rules.zones_of([(name, found, {})]).values()
    assert marks is not None
    for length in range(1, len(name) + 1):
        asked = rules.query_words(name[:length])
        bits = rules.asked_bits(asked)
        assert rules.matches_words(found.all, asked, {})
        assert bits & rules.word_bits(found) == bits, asked
        assert all(set(one) & marks for one in rules.asked_marks(asked, [])), asked


@pytest.mark.usefixtures("common")
async def test_an_organization_without_resources_has_nothing_to_walk(organization: UUID) -> None:
    async with make_client(ROUTERS, make_caller(organization)) as client:
        assert await list_names(client, tag="env:prod") == []
        facets = (await client.get("/usage/facets", params={"q": "web prod"})).json()
        assert (facets["total"], facets["exact"]) == (0, True)
