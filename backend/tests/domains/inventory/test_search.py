"""Searches against an oracle in memory, by every way that leads to the rows, and through the API."""

import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
from app.core.database import Database, get_database, tenant_session
from app.core.scope import Scope
from app.domains.inventory import queries, service
from app.domains.inventory.models import CloudResource
from app.domains.inventory.rules import ResourceState, matches, parse_filter
from app.domains.inventory.service import asking, listing
from app.providers.base import CollectedResource
from sqlalchemy import select, text
from tests.domains.inventory.conftest import ROUTERS
from tests.support.clouds import make_caller, make_client, make_organization
from tests.support.inventory import list_names, make_account, make_resource, store

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
NAMES = ("web-prod", "Web-dev", "db main", "größe 東京", "50%_off", "a.b-c_d", "api-gateway-prod", "=cmd()", "x")
KEYS = ("env", "team", "a:b", "my key", "")
VALUES = ("prod", "dev", "Prod", "a,b", "50%", "", "x*y")
TYPES = (
    ("AWS::EC2::Instance", "compute.instance"),
    ("AWS::S3::Bucket", "storage.bucket"),
    ("AWS::EC2::Volume", "disk"),
)
REGIONS = ("eu-west-1", "eu-central-1", "us-east-1", "global")
STATES = ("running", "stopped", None)


def random_resource(picks: random.Random, number: int) -> CollectedResource:
    native_type, kind = picks.choice(TYPES)
    return make_resource(
        number,
        native_id=f"arn:aws:ec2:{picks.choice(REGIONS)}:1:thing/{picks.choice('abc')}-{number:04}",
        native_type=native_type,
        type=kind,
        name=f"{picks.choice(NAMES)}{picks.choice(('', '-1', f'-{number}', ' two'))}",
        region=picks.choice(REGIONS),
        status=picks.choice(STATES),
        tags={key: picks.choice(VALUES) for key in picks.sample(KEYS, picks.randrange(4))},
        properties={
            "Kind": picks.choice(("t3.micro", "m5.large", None, 7, True)),
            "Groups": [{"Id": f"sg-{picks.randrange(3)}", "Ports": [80, 443]} for _ in range(picks.randrange(3))],
            'we"ird.key': picks.choice(("x", "y")),
        },
        aliases=[f"{picks.choice('abc')}-{number:04}"],
        created_at=NOW - timedelta(hours=picks.randrange(1_000)) if picks.random() < 0.8 else None,
    )


def random_search(picks: random.Random) -> str:
    """One to three terms, most of which match something."""
    value = picks.choice(("eu-*", "*-1", "global", "eu-west-1,us-east-1", "*", "e*-*-1", "zz"))
    name = picks.choice(
        ("web*", "*prod", "*MAIN*", '"db main"', "x", "größe*", "*%*", "a.b*", '"=cmd()"', "web-prod-1")
    )
    tag = picks.choice(("prod", "dev,Prod", "*rod", "50%", '""', "p*", '"a,b"', '"x*y"'))
    key = picks.choice(("env", "team", "a:b", '"my key"'))
    flag = picks.choice(("stale", "untagged", "closed", "untagged,stale", "public", "orphan,untagged"))
    age = f"{picks.choice(('<', '<=', '>', '>='))}{picks.choice(('10h', '3d', '20d', '0d', '2026-05-20'))}"
    made = [
        f"region:{value}",
        f"name:{name}",
        f"tag:{key}={tag}",
        f"tag:{picks.choice(('env', 'team', 'none'))}",
        f"is:{flag}",
        f"created{age}",
        f"changed{age}",
        f"first_seen{age}",
        f"last_seen{age}",
        f"cost{picks.choice(('>', '<=', '=', '<'))}{picks.choice(('0', '5', '10.5', '-1'))}",
        picks.choice(("type:compute.instance", "type:*.*", "type:disk,storage.bucket", "native_type:AWS::*")),
        picks.choice(("status:running", 'status:""', "status:r*,stopped", "service:ec2", "provider:aws,gcp")),
        picks.choice(("account:main", "account:oth*", "account:1", "account:2,MAIN", "account:none")),
        picks.choice(("property.Kind=t3.micro", "property.Kind=true,7", "property.Groups.Id=sg-1", "property.Kind=*")),
        picks.choice(
            ("property.Groups.Ports=443", 'property."we\\"ird.key"=x', "property.None.Of=x", "property.Kind=m*")
        ),
        picks.choice(("id:a-*", "id:arn:aws:ec2:eu-west-1*", "id:*-0007", "id:B-0003,b-0005")),
        picks.choice(("web", "prod", "gateway", "t", "db main", "%", "größe", "eu-west", "arn:aws:ec2:eu", "東")),
    ]
    return " ".join(("-" if picks.random() < 0.2 else "") + term for term in picks.sample(made, picks.randint(1, 3)))


@pytest.fixture
async def organization(database: Database) -> UUID:
    return await make_organization()


@pytest.fixture
async def estate(organization: UUID) -> list[ResourceState]:
    """Random resources in two accounts, some closed, some stale, some with costs and marks; as the oracle sees them."""
    picks = random.Random(7)  # noqa: S311  # repeatable
    accounts = [await make_account(organization), await make_account(organization, name="Other", number="2")]
    for index, account_id in enumerate(accounts):
        first = [random_resource(picks, number) for number in range(index * 30, index * 30 + 30)]
        await store(organization, account_id, first, now=NOW - timedelta(days=21), number=str(index + 1))
        kept = [one for number, one in enumerate(first) if number % 7]
        changed = [replace(one, status="new") if number % 5 == 0 else one for number, one in enumerate(kept)]
        await store(organization, account_id, changed, now=NOW - timedelta(days=2), number=str(index + 1))
        late = [random_resource(picks, 100 + index * 30 + number) for number in range(5)]
        await store(
            organization, account_id, late, now=NOW - timedelta(hours=5), number=str(index + 1), service_name="s3"
        )
    await store(organization, accounts[1], [], number="2", is_complete=False, now=NOW - timedelta(hours=1))
    async with tenant_session(organization) as session:
        rows = (await session.execute(select(CloudResource).order_by(CloudResource.id))).scalars().all()
        for row in rows:
            row.cost_order = float(picks.choice((0, 5, 10.5, 100)))
        await session.flush()
        marks = {"public": {row.id for row in rows[::4]}, "orphan": {row.id for row in rows[::9]}}
        await service.record_marks(session, organization, "public", dict.fromkeys(marks["public"], True))
        await service.record_marks(session, organization, "orphan", dict.fromkeys(marks["orphan"], True))
    return [await _state(organization, row.id, marks) for row in rows]


async def _state(organization: UUID, resource_id: UUID, marks: dict[str, set[UUID]]) -> ResourceState:
    async with tenant_session(organization) as session:
        row = (await session.execute(select(CloudResource).where(CloudResource.id == resource_id))).scalar_one()
        told = await session.execute(
            text(
                """SELECT a.name, a.native_account_id,
                     (SELECT max(v.at) FROM resource_versions v WHERE v.resource_id = r.id),
                     greatest(r.last_seen_at,
                       CASE WHEN r.closed_at IS NULL THEN (u.type_seen_at ->> r.native_type)::timestamptz END)
                   FROM cloud_resources r JOIN accounts a ON a.id = r.account_id JOIN sync_units u ON u.id = r.unit_id
                   WHERE r.id = :id"""
            ),
            {"id": resource_id},
        )
        account, number, changed_at, last_seen_at = told.one()
        same = (
            "id", "provider", "account_id", "native_id", "native_type", "type", "name", "region", "service", "status",
            "tags", "properties", "aliases", "cost_order", "created_at", "first_seen_at",
        )  # fmt: skip
        return ResourceState(
            **{name: getattr(row, name) for name in same},
            account_name=account,
            native_account=row.native_account,
            account_number=number,
            last_seen_at=last_seen_at,
            changed_at=changed_at,
            stale=row.stale_since is not None,
            closed=row.closed_at is not None,
            marks=frozenset(mark for mark, ids in marks.items() if row.id in ids),
        )


@pytest.fixture
def fixed_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries.conditions, "utc_now", lambda: NOW)


@pytest.fixture(params=["few", "window", "lists"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Lead to the rows by the smallest look-up, by a window of the list that suffices, by a window that does not."""
    asking.forget_sizes()
    if request.param != "few":
        monkeypatch.setattr(queries, "FEW_LISTS", 0)
    monkeypatch.setattr(listing, "WINDOW", 3 if request.param == "lists" else 1_000)
    return str(request.param)


async def find(
    organization: UUID, search: str, scope: Scope | None = None, sort: str = "name", limit: int = 7
) -> list[str]:
    """Ids over all pages."""
    found: list[str] = []
    cursor = None
    while True:
        body = await service.list_resources(
            organization, parse_filter(search=search), sort=sort, limit=limit, cursor=cursor, scope=scope
        )
        page = orjson.loads(body)
        found += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


@pytest.mark.usefixtures("fixed_clock", "way")
async def test_random_searches_find_what_an_oracle_finds(organization: UUID, estate: list[ResourceState]) -> None:
    picks = random.Random(11)  # noqa: S311  # repeatable
    found_some = 0
    for _ in range(120):
        search = random_search(picks)
        filters = parse_filter(search=search)
        expected = {str(state.id) for state in estate if matches(filters, state, NOW)}
        found = await find(organization, search)
        assert len(found) == len(set(found)), search
        assert set(found) == expected, search
        found_some += bool(expected)
    assert found_some > 50


@pytest.mark.usefixtures("fixed_clock", "way")
@pytest.mark.parametrize("sort", ["name", "-name", "type", "region", "first_seen", "-cost"])
async def test_pages_of_a_search_keep_the_order(organization: UUID, estate: list[ResourceState], sort: str) -> None:
    whole = await find(organization, "web", sort=sort, limit=100)
    assert await find(organization, "web", sort=sort, limit=2) == whole
    assert len(whole) > 5


@pytest.mark.usefixtures("fixed_clock", "way")
async def test_a_search_stays_inside_the_scope(organization: UUID, estate: list[ResourceState]) -> None:
    account = estate[0].account_id
    picks = random.Random(5)  # noqa: S311  # repeatable
    for scope in (
        Scope(frozenset({account})),
        Scope(tags=(("env", "prod"),)),
        Scope(frozenset({account}), (("team", "dev"),)),
    ):
        for search in ("web", "region:eu-*", "-is:stale", "tag:env=prod,dev", random_search(picks)):
            filters = parse_filter(search=search)
            seen = [state for state in estate if scope.has_resource(state.account_id, state.tags)]
            expected = {str(state.id) for state in seen if matches(filters, state, NOW)}
            assert set(await find(organization, search, scope)) == expected, (scope, search)


@pytest.mark.usefixtures("fixed_clock")
async def test_facets_count_what_the_oracle_counts(organization: UUID, estate: list[ResourceState]) -> None:
    picks = random.Random(3)  # noqa: S311  # repeatable
    searches = ["", "type:compute.instance", "region:eu-west-1 status:running", "is:stale", "-is:stale region:global"]
    async with make_client(ROUTERS, make_caller(organization)) as client:
        for search in [*searches, *(random_search(picks) for _ in range(25))]:
            filters = parse_filter(search=search)
            answer = await client.get("/usage/facets", params={"search": search})
            assert answer.status_code == 200, answer.text
            facets = answer.json()
            assert facets["exact"]
            assert facets["total"] == sum(matches(filters, state, NOW) for state in estate), search
            if filters.type or any(term.field == "type" for term in filters.more):
                continue
            kinds: dict[str, int] = {}
            for state in estate:
                if matches(filters, state, NOW):
                    kinds[state.type] = kinds.get(state.type, 0) + 1
            assert {entry["key"]: entry["count"] for entry in facets["type"]} == kinds, search


async def test_old_parameters_and_the_language_find_the_same_rows(
    organization: UUID, estate: list[ResourceState]
) -> None:
    pairs: list[tuple[dict[str, Any], str]] = [
        ({"type": "compute.instance,disk", "tag": "env:prod,env:dev"}, "type:compute.instance,disk tag:env=prod,dev"),
        ({"region": "eu-west-1,global", "stale": "false"}, "region:eu-west-1,global -is:stale"),
        ({"q": "we", "status": "running"}, "we status:running"),
        ({"account_id": str(estate[0].account_id)}, f"account:{estate[0].account_id}"),
    ]
    async with make_client(ROUTERS, make_caller(organization)) as client:
        for params, search in pairs:
            old = await list_names(client, **params)
            assert old
            assert await list_names(client, search=search) == old


@pytest.mark.parametrize(
    "search",
    ["typ:x", "cost>", 'name:"', "is:x", "a\x00", "created>2026-99-01", "x" * 2_001, "property.=", "tag:", "-"],
)
async def test_a_bad_search_is_invalid_input_everywhere(organization: UUID, search: str) -> None:
    async with make_client(ROUTERS, make_caller(organization)) as client:
        for path in ("/usage/resources", "/usage/facets", "/usage/changes"):
            answer = await client.get(path, params={"search": search})
            assert answer.status_code == 422, (path, answer.text)
            assert "search" in answer.json()["errors"][0]["pointer"]


async def test_a_flag_nobody_worked_out_is_refused_instead_of_empty(organization: UUID) -> None:
    async with make_client(ROUTERS, make_caller(organization)) as client:
        answer = await client.get("/usage/resources", params={"search": "is:public"})
        assert answer.status_code == 422
        assert "not known yet" in answer.json()["errors"][0]["detail"]
        async with tenant_session(organization) as session:
            await service.record_marks(session, organization, "public", {})
        assert await list_names(client, search="is:public") == []


async def test_a_search_that_reads_too_much_is_cut_and_says_what_to_add(
    organization: UUID, estate: list[ResourceState], monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.core.reads import QueryTooSlow

    async def cut(*_: Any, limit_seconds: int | None = None) -> Any:
        assert limit_seconds == asking.SEARCH_SECONDS
        raise QueryTooSlow

    monkeypatch.setattr(get_database().reads, "fetch", cut)
    async with make_client(ROUTERS, make_caller(organization)) as client:
        answer = await client.get("/usage/resources", params={"search": "-is:stale property.Kind=x"})
    assert answer.status_code == 422
    assert "property.Kind=x reads too many resources" in answer.json()["errors"][0]["detail"]
    assert "character 11" in answer.json()["errors"][0]["detail"]


@pytest.fixture
async def completing(organization: UUID, estate: list[ResourceState]) -> AsyncIterator[httpx.AsyncClient]:
    async with make_client(ROUTERS, make_caller(organization)) as client:
        yield client


@pytest.mark.parametrize(
    ("typed", "start", "first"),
    [
        ("", 0, "provider:"),
        ("reg", 0, "region:"),
        ("-reg", 1, "region:"),
        ("is:stale typ", 9, "type:"),
        ("type:comp", 5, "compute.instance"),
        ("type:x,comp", 7, "compute.instance"),
        ("region:eu-w", 7, "eu-west-1"),
        ("account:oth", 8, "Other"),
        ("is:un", 3, "untagged"),
        ("tag:te", 0, "tag:team="),
        ("tag:my", 0, 'tag:"my key"='),
        ("tag:env=pr", 0, "tag:env=prod"),
        ("created<", 8, "1h"),
    ],
)
async def test_completion_offers_fields_and_values(
    completing: httpx.AsyncClient, typed: str, start: int, first: str
) -> None:
    answer = (await completing.get("/usage/search/complete", params={"text": typed})).json()
    assert (answer["from"], answer["to"]) == (start, len(typed))
    assert answer["options"][0]["text"] == first, answer["options"]


async def test_completion_never_fails_and_knows_the_cursor(completing: httpx.AsyncClient) -> None:
    answer = (await completing.get("/usage/search/complete", params={"text": "type:comp foo", "cursor": 9})).json()
    assert (answer["from"], answer["to"], answer["options"][0]["text"]) == (5, 9, "compute.instance")
    for typed in ('"', "tag:", "tag:=", "a\x00b", ":::", "x" * 2_000, "-", "type:\x7f"):
        assert (await completing.get("/usage/search/complete", params={"text": typed})).status_code == 200, typed
    fields = (await completing.get("/usage/search/fields")).json()["items"]
    assert {"type", "tag", "property.", "cost", "is"} <= {field["name"] for field in fields}


async def test_completion_shows_a_scoped_caller_only_what_they_see(
    organization: UUID, estate: list[ResourceState]
) -> None:
    tagged = replace(make_caller(organization), scope=Scope(tags=(("env", "Prod"),)))
    seen = {value for state in estate if state.tags.get("env") == "Prod" for value in [state.tags.get("team")] if value}
    async with make_client(ROUTERS, tagged) as client:
        assert (await client.get("/usage/search/complete", params={"text": "type:"})).json()["options"] == []
        answer = (await client.get("/usage/search/complete", params={"text": "tag:team="})).json()
    assert {
        option["text"].partition("=")[2].strip('"') for option in answer["options"] if option["text"] != 'tag:team=""'
    } == seen
