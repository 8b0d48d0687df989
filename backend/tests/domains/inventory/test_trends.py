"""Daily counts and tag coverage, against what was there."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from app.core.clock import utc_now
from app.core.database import Database, tenant_session
from app.core.scope import Scope
from app.domains.inventory import service
from app.domains.inventory.service import trending
from app.providers.base import CollectedResource
from sqlalchemy import text
from tests.domains.inventory.conftest import ROUTERS
from tests.support.clouds import make_caller, make_client, make_organization
from tests.support.inventory import make_account, make_resource, store

TODAY = utc_now().date()
FIRST = TODAY - timedelta(days=40)
LAST_MOMENT = time(23, 59, 59, 999_999, tzinfo=UTC)
# When each thing was there: first day and time, and the day of its end.
LIVES: dict[str, tuple[int, time, int | None]] = {
    "a": (0, LAST_MOMENT, None),
    "b": (1, time(0, tzinfo=UTC), 5),
    "c": (1, time(11, 30, tzinfo=UTC), 5),
    "bucket": (3, time(12, 30, tzinfo=UTC), 30),
    "late": (30, time(0, tzinfo=UTC), None),
}


def thing(name: str, **changes: Any) -> CollectedResource:
    kind = "storage.bucket" if name == "bucket" else "compute.instance"
    region = "us-east-1" if name in ("b", "bucket") else "eu-west-1"
    return make_resource(0, native_id=f"arn:{name}", name=name, type=kind, region=region, **changes)


def count_on(day: date) -> list[CollectedResource]:
    """What was there as the day ended."""
    made = []
    for name, (start, _, end) in LIVES.items():
        if FIRST + timedelta(days=start) <= day and (end is None or day < FIRST + timedelta(days=end)):
            made.append(thing(name))
    return made


@pytest.fixture
async def organization(database: Database) -> UUID:
    return await make_organization()


@pytest.fixture
async def account_id(organization: UUID) -> UUID:
    """An account with that life, stored as syncs would have."""
    account_id = await make_account(organization)
    moments = {(start, at) for start, at, _ in LIVES.values()}
    moments |= {(end, time(12, tzinfo=UTC)) for _, _, end in LIVES.values() if end is not None}
    for day, at in sorted(moments):
        now = datetime.combine(FIRST + timedelta(days=day), at)
        there = [
            thing(name)
            for name, (start, begins, end) in LIVES.items()
            if (start, begins) <= (day, at) and (end is None or (day, at) < (end, time(12, tzinfo=UTC)))
        ]
        await store(organization, account_id, there, now=now)
    return account_id


@pytest.fixture
def on_day(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let counting believe that it is this day."""

    def move(day: date, at: time = time(9, tzinfo=UTC)) -> None:
        monkeypatch.setattr(trending, "utc_now", lambda: datetime.combine(day, at))

    return move


async def roll_up(organization: UUID, account_id: UUID | None = None, zone: str = "UTC") -> None:
    async with tenant_session(organization) as session:
        await session.execute(text(f"SET LOCAL timezone = '{zone}'"))
        await service.roll_up(session, organization, account_id)


async def lines(client: httpx.AsyncClient, by: str = "type", **params: Any) -> dict[str, dict[str, int]]:
    answer = await client.get("/usage/trends", params={"by": by} | params)
    assert answer.status_code == 200, answer.text
    return {item["key"]: {point["day"]: point["count"] for point in item["points"]} for item in answer.json()["items"]}


def expected(by: str, first: date = FIRST, end: date = TODAY + timedelta(days=1)) -> dict[str, dict[str, int]]:
    made: dict[str, dict[str, int]] = {}
    for number in range((end - first).days):
        day = first + timedelta(days=number)
        for key, count in Counter(getattr(one, by) for one in count_on(day)).items():
            made.setdefault(key, {})[day.isoformat()] = count
    return made


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Auckland", "America/Los_Angeles"])
async def test_days_without_a_count_are_told_from_the_rows_in_utc(
    organization: UUID, account_id: UUID, zone: str
) -> None:
    await roll_up(organization, zone=zone)
    async with make_client(ROUTERS, make_caller(organization)) as client:
        window = {"from": (FIRST - timedelta(days=3)).isoformat()}
        assert await lines(client, "type", **window) == expected("type")
        assert await lines(client, "region", **window) == expected("region")
        total = Counter[str]()
        for days in expected("type").values():
            total.update(days)
        assert await lines(client, "account", **window) == {str(account_id): dict(total)}
        assert await lines(client, "provider", **window) == {"aws": dict(total)}


async def test_counting_again_after_a_gap_fills_it_and_keeps_what_was_counted(
    organization: UUID, account_id: UUID, on_day: Any
) -> None:
    on_day(FIRST + timedelta(days=20))
    await roll_up(organization, account_id)
    async with tenant_session(organization) as session:
        await session.execute(text("UPDATE resource_trends SET resources = 77 WHERE day = :d"), {"d": FIRST})
    on_day(TODAY)
    await roll_up(organization, account_id)
    await roll_up(organization)
    async with make_client(ROUTERS, make_caller(organization)) as client:
        told = await lines(client, "type", **{"from": FIRST.isoformat()})
    assert told["compute.instance"].pop(FIRST.isoformat()) == 77
    wanted = expected("type")
    del wanted["compute.instance"][FIRST.isoformat()]
    # The count of that day was of what there was at its last sync, not of its end; the present rows are newer.
    day = (FIRST + timedelta(days=20)).isoformat()
    assert {key: days.pop(day, None) for key, days in told.items()} == {"compute.instance": 2, "storage.bucket": None}
    for days in wanted.values():
        days.pop(day)
    assert told == wanted


async def test_a_period_is_what_is_asked_for(organization: UUID, account_id: UUID) -> None:
    await roll_up(organization)
    async with make_client(ROUTERS, make_caller(organization)) as client:
        first, end = FIRST + timedelta(days=2), FIRST + timedelta(days=4)
        asked = {"from": first.isoformat(), "to": end.isoformat()}
        assert await lines(client, "type", **asked) == expected("type", first, end)
        answer = (await client.get("/usage/trends", params=asked)).json()
        assert (answer["first_day"], answer["last_day"]) == (first.isoformat(), (end - timedelta(days=1)).isoformat())
        usual = (await client.get("/usage/trends")).json()
        assert (usual["by"], usual["last_day"], usual["others"]) == ("type", TODAY.isoformat(), 0)
        assert usual["items"][0]["key"] == "compute.instance"


@pytest.mark.parametrize(
    ("params", "pointer"),
    [
        ({"from": "2026-05-01", "to": "2026-05-01"}, "query/from"),
        ({"from": "2026-05-02", "to": "2026-05-01"}, "query/from"),
        ({"from": "2024-01-01", "to": "2026-05-01"}, "query/from"),
        ({"to": "0001-01-01"}, "query/from"),
        ({"from": "9999-12-31"}, "query/from"),
        ({"from": "yesterday"}, "query/from"),
        ({"to": "2026-13-01"}, "query/to"),
        ({"by": "status"}, "query/by"),
        ({"granularity": "hour"}, "query/granularity"),
    ],
)
async def test_bad_periods_are_invalid_input(organization: UUID, params: dict[str, str], pointer: str) -> None:
    async with make_client(ROUTERS, make_caller(organization)) as client:
        answer = await client.get("/usage/trends", params=params)
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["pointer"] == pointer


async def test_trends_stay_inside_scope_and_organization(organization: UUID, account_id: UUID) -> None:
    other = await make_account(organization, name="Other", number="2")
    await store(organization, other, [thing("other")], number="2")
    await roll_up(organization)
    async with make_client(ROUTERS, make_caller(organization)) as client:
        assert set(await lines(client, "account")) == {str(account_id), str(other)}
    narrowed = replace(make_caller(organization), scope=Scope(frozenset({other})))
    async with make_client(ROUTERS, narrowed) as client:
        assert await lines(client, "type") == {"compute.instance": {TODAY.isoformat(): 1}}
        assert set(await lines(client, "account")) == {str(other)}
    tagged = replace(make_caller(organization), scope=Scope(tags=(("env", "prod"),)))
    async with make_client(ROUTERS, tagged) as client:
        assert (await client.get("/usage/trends")).status_code == 403
    async with make_client(ROUTERS, make_caller(await make_organization())) as stranger:
        assert await lines(stranger) == {}
    for caller, status in ((None, 401), (make_caller(organization, ["profile:read"]), 403)):
        async with make_client(ROUTERS, caller) as client:
            assert (await client.get("/usage/trends")).status_code == status
            assert (await client.get("/usage/tags")).status_code == status


@pytest.fixture
def few_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trending, "MAX_LINES", 1)


@pytest.mark.usefixtures("few_lines")
async def test_the_largest_lines_are_shown_and_the_others_counted(organization: UUID, account_id: UUID) -> None:
    await roll_up(organization)
    async with make_client(ROUTERS, make_caller(organization)) as client:
        answer = (await client.get("/usage/trends", params={"by": "region", "from": FIRST.isoformat()})).json()
    assert ([item["key"] for item in answer["items"]], answer["others"]) == (["eu-west-1"], 1)


TAGS: list[dict[str, str]] = [
    {"env": "prod", "team": "a"},
    {"env": "prod", "Env": "x"},
    {"env": "dev", "a:b": ""},
    {"env": "", "": "empty key"},
    {},
    {"größe 東京": "=1+1"},
]


def coverage(tags: list[dict[str, str]]) -> dict[str, Any]:
    """The oracle; a key without a name is not told."""
    keys = Counter(key for one in tags for key in one if key)
    items = [
        {
            "key": key,
            "resources": count,
            "percent": round(100 * count / len(tags), 1),
            "values": len({one[key] for one in tags if key in one}),
        }
        for key, count in sorted(keys.items(), key=lambda item: (-item[1], item[0]))
    ]
    return {"items": items, "total": len(tags), "untagged": sum(not one for one in tags)}


async def test_tag_coverage_counts_keys_and_values(organization: UUID) -> None:
    one = await make_account(organization)
    other = await make_account(organization, name="Other", number="2")
    await store(organization, one, [make_resource(n, tags=tags) for n, tags in enumerate(TAGS)])
    await store(organization, other, [make_resource(90, tags={"env": "only-here"})], number="2")
    await roll_up(organization)
    async with make_client(ROUTERS, make_caller(organization)) as client:
        assert (await client.get("/usage/tags")).json() == coverage([*TAGS, {"env": "only-here"}])
    for scope, seen in (
        (Scope(frozenset({one})), TAGS),
        (Scope(tags=(("env", "prod"),)), [tags for tags in TAGS if tags.get("env") == "prod"]),
        (
            Scope(frozenset({one}), (("env", "only-here"), ("env", ""))),
            [tags for tags in TAGS if tags.get("env") == ""],
        ),
    ):
        async with make_client(ROUTERS, replace(make_caller(organization), scope=scope)) as client:
            assert (await client.get("/usage/tags")).json() == coverage(seen), scope
    async with make_client(ROUTERS, make_caller(await make_organization())) as stranger:
        assert (await stranger.get("/usage/tags")).json() == {"items": [], "total": 0, "untagged": 0}


async def test_tag_coverage_follows_the_next_count(organization: UUID) -> None:
    account_id = await make_account(organization)
    await store(organization, account_id, [make_resource(1, tags={"old": "x"})])
    await roll_up(organization, account_id)
    await store(organization, account_id, [make_resource(1, tags={"new": "x"}), make_resource(2)])
    await roll_up(organization, account_id)
    async with make_client(ROUTERS, make_caller(organization)) as client:
        assert (await client.get("/usage/tags")).json() == coverage([{"new": "x"}, {}])
