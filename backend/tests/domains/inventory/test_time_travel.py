"""Lists, pages and counts of moments of the past, against the estate's history replayed in memory."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from app.core.clock import utc_now
from app.core.database import Database
from app.core.ids import new_id
from app.core.scope import Scope
from app.domains.inventory.service import past
from app.providers.base import CollectedResource
from tests.domains.inventory.conftest import ROUTERS
from tests.support.clouds import make_caller, make_client, make_organization
from tests.support.inventory import make_account, make_resource, store

START = (utc_now() - timedelta(days=60)).replace(microsecond=250_000)
ROUNDS, THINGS = 9, 14
Check = Callable[[CollectedResource], bool]


@dataclass
class Timeline:
    """What each account held from each round on; the oracle."""

    accounts: list[UUID]
    rounds: list[tuple[datetime, list[dict[str, CollectedResource]]]] = field(default_factory=list)

    def at(self, moment: datetime) -> dict[str, CollectedResource]:
        """Resources by native id."""
        held: dict[str, CollectedResource] = {}
        for made_at, accounts in self.rounds:
            if made_at <= moment:
                held = {native_id: one for account in accounts for native_id, one in account.items()}
        return held

    def account_of(self, native_id: str) -> UUID:
        """Whose it is: the number in front of its name tells."""
        return self.accounts[int(native_id.rpartition("/")[2][0])]


def random_thing(picks: random.Random, account: int, number: int) -> CollectedResource:
    return make_resource(
        number,
        native_id=f"arn:aws:ec2:eu-west-1:1:instance/{account}-{number:02}",
        name=f"{picks.choice(('web', 'db', 'größe', 'a~1/b'))}-{account}-{number:02}",
        region=picks.choice(("eu-west-1", "us-east-1")),
        status=picks.choice(("running", "stopped", None)),
        tags={key: picks.choice(("prod", "dev", "")) for key in picks.sample(("env", "te/am", "~x", ""), 2)},
        properties={
            "Size": picks.choice((1, 2.5, None, True, "t3")),
            "Groups": [{"Id": f"sg-{picks.randrange(3)}"} for _ in range(picks.randrange(4))],
            "a/b~c": picks.choice(({"deep": [1, [2, picks.randrange(3)]]}, "text")),
        },
    )


@pytest.fixture
async def organization(database: Database) -> UUID:
    return await make_organization()


@pytest.fixture
async def timeline(organization: UUID) -> Timeline:
    """Nine rounds a week apart: things come, change, go and come back; in the sixth one account cannot be read."""
    picks = random.Random(23)  # noqa: S311  # repeatable
    made = Timeline([await make_account(organization), await make_account(organization, name="Other", number="2")])
    held: list[dict[str, CollectedResource]] = [{}, {}]
    for number in range(ROUNDS):
        now = START + timedelta(days=7 * number)
        for account, account_id in enumerate(made.accounts):
            if number == 5 and account == 1:
                await store(organization, account_id, [], number="2", is_complete=False, now=now)
                continue
            things = {one.native_id: one for one in held[account].values() if picks.random() < 0.5}
            for index in range(THINGS):
                thing = random_thing(picks, account, index)
                if picks.random() < 0.7:
                    things.setdefault(thing.native_id, thing)
            held[account] = things
            await store(organization, account_id, list(things.values()), number=str(account + 1), now=now)
        made.rounds.append((now, [dict(one) for one in held]))
    return made


def moments() -> list[datetime]:
    """Each round to the microsecond, just before it, and between two."""
    rounds = [START + timedelta(days=7 * number) for number in range(ROUNDS)]
    return [
        rounds[0] - timedelta(days=1),
        *(rounds[0] + timedelta(days=7 * number, hours=31) for number in range(ROUNDS)),
        rounds[3],
        rounds[3] - timedelta(microseconds=1),
        rounds[-1],
    ]


async def pages(client: httpx.AsyncClient, limit: int = 5, **params: Any) -> list[dict[str, Any]]:
    """Every item over all pages."""
    items: list[dict[str, Any]] = []
    cursor = None
    while True:
        more = {"limit": limit} | ({"cursor": cursor} if cursor else {})
        answer = await client.get("/usage/resources", params=params | more)
        assert answer.status_code == 200, answer.text
        items += answer.json()["items"]
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            return items


def shown(item: dict[str, Any]) -> dict[str, Any]:
    return {name: item[name] for name in ("name", "region", "status", "tags", "type")}


def expected(one: CollectedResource) -> dict[str, Any]:
    return {"name": one.name, "region": one.region, "status": one.status, "tags": dict(one.tags), "type": one.type}


async def test_lists_of_the_past_are_the_history_replayed(organization: UUID, timeline: Timeline) -> None:
    async with make_client(ROUTERS, make_caller(organization)) as client:
        for moment in moments():
            held = timeline.at(moment)
            items = await pages(client, at=moment.isoformat())
            assert {item["native_id"]: shown(item) for item in items} == {
                native_id: expected(one) for native_id, one in held.items()
            }, moment
            assert len(items) == len(held)
            assert [item["name"] for item in items] == sorted(item["name"] for item in items)
            assert all(datetime.fromisoformat(item["last_seen_at"]) <= moment for item in items)


async def test_a_page_of_the_past_agrees_with_the_list(organization: UUID, timeline: Timeline) -> None:
    ids: dict[str, str] = {}
    async with make_client(ROUTERS, make_caller(organization)) as client:
        for moment in moments():
            items = await pages(client, at=moment.isoformat(), limit=500)
            ids |= {item["native_id"]: item["id"] for item in items}
        for moment in moments()[:-1:2]:
            held = timeline.at(moment)
            for native_id, resource_id in ids.items():
                answer = await client.get(f"/usage/resources/{resource_id}", params={"at": moment.isoformat()})
                if all(native_id not in timeline.at(when) for when, _ in timeline.rounds if when <= moment):
                    assert answer.status_code == 404, "before it was first seen"
                    continue
                detail = answer.json()
                if native_id in held:
                    assert (detail["closed_at"], shown(detail)) == (None, expected(held[native_id]))
                    assert detail["properties"] == held[native_id].properties
                else:
                    gone = datetime.fromisoformat(detail["closed_at"])
                    assert gone <= moment
                    assert native_id not in timeline.at(gone)
                    assert native_id in timeline.at(gone - timedelta(microseconds=1))


SEARCHES: dict[str, Check] = {
    "tag:env=prod": lambda one: one.tags.get("env") == "prod",
    "-tag:env": lambda one: "env" not in one.tags,
    "web status:running": lambda one: one.name.startswith("web") and one.status == "running",
    'status:""': lambda one: one.status is None,
    "region:us-*": lambda one: one.region.startswith("us-"),
    "property.Groups.Id=sg-1": lambda one: {"Id": "sg-1"} in one.properties["Groups"],
    "property.Size=true,t3 name:*-0*": lambda one: (
        (one.properties["Size"] is True or one.properties["Size"] == "t3") and "-0" in one.name
    ),
    "is:untagged": lambda _: False,
}


async def test_searches_of_the_past_ask_what_things_were_like(organization: UUID, timeline: Timeline) -> None:
    async with make_client(ROUTERS, make_caller(organization)) as client:
        for search, fits in SEARCHES.items():
            found = 0
            for moment in moments()[::3]:
                held = {key: one for key, one in timeline.at(moment).items() if fits(one)}
                asked: dict[str, Any] = {"at": moment.isoformat(), "search": search}
                items = await pages(client, **asked)
                assert {item["native_id"] for item in items} == set(held), asked
                facets = (await client.get("/usage/facets", params=asked)).json()
                assert (facets["total"], facets["exact"]) == (len(held), True), asked
                accounts = Counter(str(timeline.account_of(key)) for key in held)
                assert {entry["key"]: entry["count"] for entry in facets["account"]} == accounts
                found += len(items)
            assert bool(found) == (search != "is:untagged"), search


async def test_pages_of_the_past_keep_their_order(organization: UUID, timeline: Timeline) -> None:
    moment = moments()[6].isoformat()
    async with make_client(ROUTERS, make_caller(organization)) as client:
        for sort in ("-name", "type", "region", "first_seen", "-cost"):
            whole = await pages(client, at=moment, sort=sort, limit=500)
            assert await pages(client, at=moment, sort=sort, limit=3) == whole
            assert len(whole) == len(timeline.at(moments()[6])) > 10


async def test_a_scope_narrows_the_past_by_what_tags_were_then(organization: UUID, timeline: Timeline) -> None:
    scope = Scope(frozenset({timeline.accounts[0]}), (("env", "prod"), ("env", "dev")))
    caller = replace(make_caller(organization), scope=scope)
    async with make_client(ROUTERS, make_caller(organization)) as client:
        ids = {item["native_id"]: item["id"] for moment in moments() for item in await pages(client, at=moment)}
    async with make_client(ROUTERS, caller) as client:
        for moment in moments()[1::3]:
            seen = {
                native_id
                for native_id, one in timeline.at(moment).items()
                if scope.has_resource(timeline.account_of(native_id), one.tags)
            }
            at = moment.isoformat()
            assert {item["native_id"] for item in await pages(client, at=at)} == seen
            facets = (await client.get("/usage/facets", params={"at": at})).json()
            assert facets["total"] == len(seen)
            for native_id in timeline.at(moment):
                answer = await client.get(f"/usage/resources/{ids[native_id]}", params={"at": at})
                if native_id not in seen:
                    assert answer.status_code == 404


@pytest.mark.parametrize("path", ["/usage/resources", "/usage/facets", "/usage/resources/{id}"])
async def test_moments_that_cannot_be_answered_are_invalid(organization: UUID, timeline: Timeline, path: str) -> None:
    async with make_client(ROUTERS, make_caller(organization)) as client:
        path = path.replace("{id}", (await pages(client))[0]["id"])
        for at, says in (
            (utc_now() + timedelta(minutes=1), "must not lie in the future"),
            (utc_now() - timedelta(days=396), "the earliest moment is"),
            (datetime(1, 1, 1, tzinfo=UTC), "between 1970 and 2200"),
            (datetime(9999, 12, 31, tzinfo=UTC), "between 1970 and 2200"),
        ):
            answer = await client.get(path, params={"at": at.isoformat()})
            assert answer.status_code == 422, (at, answer.text)
            assert [error["pointer"] for error in answer.json()["errors"]] == ["query/at"]
            assert says in answer.json()["errors"][0]["detail"]
        for text in ("yesterday", "2026-01-32", "2026-01-01T25:00:00Z", ""):
            assert (await client.get(path, params={"at": text})).status_code == 422, text


async def test_too_many_changes_since_are_refused_and_one_account_is_offered(
    organization: UUID, timeline: Timeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past, "MAX_CHANGED", 15)
    moment = moments()[3].isoformat()
    async with make_client(ROUTERS, make_caller(organization)) as client:
        answer = await client.get("/usage/resources", params={"at": moment})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "query/at")
        assert "more than 15 resources changed" in answer.json()["errors"][0]["detail"]
        account = str(timeline.accounts[0])
        one = await pages(client, at=moment, account_id=account)
        assert {item["native_id"] for item in one} == {
            key for key in timeline.at(moments()[3]) if str(timeline.account_of(key)) == account
        }


async def test_the_past_of_another_organization_is_not_there(organization: UUID, timeline: Timeline) -> None:
    moment = moments()[4].isoformat()
    async with (
        make_client(ROUTERS, make_caller(organization)) as client,
        make_client(ROUTERS, make_caller(await make_organization())) as stranger,
    ):
        resource_id = (await pages(client, at=moment))[0]["id"]
        assert await pages(stranger, at=moment) == []
        assert (await stranger.get("/usage/facets", params={"at": moment})).json()["total"] == 0
        for unknown in (resource_id, new_id()):
            assert (await stranger.get(f"/usage/resources/{unknown}", params={"at": moment})).status_code == 404
