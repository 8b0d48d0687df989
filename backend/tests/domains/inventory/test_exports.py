"""Exports: what is in the files, who gets them, and what cancelling, killing and time do to them."""

import asyncio
import csv
import io
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb
import httpx
import orjson
import pyarrow.parquet
import pytest
from app.core.clock import utc_now
from app.core.config import get_settings
from app.core.database import Database, tenant_session
from app.core.ids import new_id
from app.core.money import Money
from app.core.scope import Scope
from app.core.tasks import JobCancelled, TaskContext
from app.core.tasks.control import cancel_job
from app.core.tasks.models import Job
from app.domains.inventory import service
from app.domains.inventory.service.exporting import keeping, running
from app.domains.inventory.service.exporting.writing import COLUMNS
from sqlalchemy import select, text
from tests.domains.inventory.conftest import ROUTERS
from tests.support.clouds import make_caller, make_client, make_organization
from tests.support.inventory import make_account, make_resource, store
from tests.support.killed import Child

HOSTILE = (
    '=cmd|"/C calc"!A0', "+1", "-1+1", "@sum(a1)", "\tx", "  =x", "=", "＝x", "\n=x", "\r@x",
    'say "hi", you', "two\nlines", "größe 東京", "<script>alert(1)</script>", "plain", "1e5", "it's", "'=quoted",
)  # fmt: skip
BEFORE = (utc_now() - timedelta(days=3)).replace(microsecond=123_456)


@pytest.fixture
async def organization(database: Database) -> UUID:
    return await make_organization()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where files lie."""
    monkeypatch.setenv("CLOUDOPS_DATA_DIR", str(tmp_path))
    get_settings.cache_clear()
    yield tmp_path
    get_settings.cache_clear()


@pytest.fixture
async def account_id(organization: UUID) -> UUID:
    """An account with a resource for each hostile name, one that is gone, and one of which the status changed."""
    account_id = await make_account(organization, name="=main")
    names = [*HOSTILE, "changed"]
    things = [
        make_resource(
            number,
            name=name,
            tags={"env": ("prod", "dev")[number % 2], "=key": name},
            status="old" if name == "changed" else None,
            properties={"Text": name, "Number": 2**60, "Deep": [{"a": [None, True, 1.5]}]},
            created_at=datetime(2025, 5, 4, 3, 2, 1, 123_456, tzinfo=UTC) if number % 2 else None,
        )
        for number, name in enumerate(names)
    ]
    await store(organization, account_id, [*things, make_resource(99, name="gone")], now=BEFORE)
    things[-1] = replace(things[-1], status="new")
    await store(organization, account_id, things, now=BEFORE + timedelta(days=1))
    async with tenant_session(organization) as session:
        costs = {things[0].native_id: [Money(amount=Decimal("12.5"), currency="USD")]}
        await service.set_monthly_costs(session, organization, costs)
    return account_id


def files(folder: Path) -> list[Path]:
    """Every file that is kept."""
    return [path for path in folder.rglob("*") if path.is_file()]


async def start(client: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    answer = await client.post("/usage/exports", json={"format": "jsonl"} | body)
    assert answer.status_code == 202, answer.text
    started: dict[str, Any] = answer.json()
    return started


def context_of(organization: UUID, started: dict[str, Any]) -> TaskContext:
    """A run of the export's job."""
    kind = "inventory.export_resources"
    job_id = UUID(started["job_id"])
    return TaskContext(organization_id=organization, job_id=job_id, kind=kind, attempt=1, lease=new_id())


async def run(organization: UUID, started: dict[str, Any]) -> None:
    await running.export_resources(context_of(organization, started), UUID(started["export_id"]), get_settings())


async def download(client: httpx.AsyncClient, organization: UUID, **body: Any) -> bytes:
    """Start, run, download."""
    started = await start(client, **body)
    await run(organization, started)
    answer = await client.get(f"/usage/exports/{started['export_id']}/download")
    assert answer.status_code == 200, answer.text
    assert int(answer.headers["content-length"]) == len(answer.content)
    return answer.content


async def listed(client: httpx.AsyncClient, **params: Any) -> dict[str, dict[str, Any]]:
    """What the list and the pages show, by id."""
    items = (await client.get("/usage/resources", params={"limit": 500} | params)).json()["items"]
    at = {"at": params["at"]} if "at" in params else {}
    made = {}
    for item in items:
        detail = (await client.get(f"/usage/resources/{item['id']}", params=at)).json()
        made[item["id"]] = {name: (item | detail)[name] for name in COLUMNS}
    return made


def same_instants(row: dict[str, Any]) -> dict[str, Any]:
    """With instants as values: they may be written in several ways."""
    return {
        name: datetime.fromisoformat(value) if name.endswith("_at") and isinstance(value, str) else value
        for name, value in row.items()
    }


async def test_json_lines_are_what_the_list_and_the_pages_show(organization: UUID, account_id: UUID) -> None:
    async with make_client(ROUTERS, make_caller(organization)) as client:
        lines = [orjson.loads(line) for line in (await download(client, organization)).splitlines()]
        shown = await listed(client)
    assert len(lines) == len(shown) == len(HOSTILE) + 1
    assert {line["id"]: same_instants(line) for line in lines} == {
        key: same_instants(row) for key, row in shown.items()
    }
    assert [line["monthly_cost"] for line in lines if line["name"] == HOSTILE[0]] == [
        [{"amount": "12.50", "currency": "USD"}]
    ]


async def test_a_csv_file_has_every_text_and_no_formula(organization: UUID, account_id: UUID) -> None:
    async with make_client(ROUTERS, make_caller(organization)) as client:
        content = await download(client, organization, format="csv")
        shown = await listed(client)
    rows = list(csv.DictReader(io.StringIO(content.decode(), newline="")))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == len(shown)
    for row in rows:
        item = shown[row["id"]]
        for name, cell in row.items():
            assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝")), (name, cell)
        harmless = row["name"].removeprefix("'") if not item["name"].startswith("'") else row["name"]
        assert harmless == item["name"]
        assert row["account_name"] == "'=main"
        for name in ("tags", "monthly_cost", "properties"):
            assert orjson.loads(row[name]) == item[name]
        assert (row["status"] or None, row["stale"], row["closed_at"]) == (item["status"], "false", "")
        assert datetime.fromisoformat(row["last_seen_at"]) == datetime.fromisoformat(item["last_seen_at"])
    assert {row["name"] for row in rows} >= {'\'=cmd|"/C calc"!A0', "'+1", "'  =x", "two\nlines", "plain", "'=quoted"}


async def test_a_parquet_file_reads_the_same_in_pyarrow_and_duckdb(
    organization: UUID, account_id: UUID, tmp_path: Path
) -> None:
    async with make_client(ROUTERS, make_caller(organization)) as client:
        content = await download(client, organization, format="parquet")
        shown = await listed(client)
    file = tmp_path / "made.parquet"
    file.write_bytes(content)
    table = pyarrow.parquet.read_table(io.BytesIO(content))
    assert tuple(table.column_names) == COLUMNS
    rows = {row["id"]: row for row in table.to_pylist()}
    for row in rows.values():
        row.update({name: orjson.loads(row[name]) for name in ("tags", "monthly_cost", "properties")})
    assert rows == {key: same_instants(row) for key, row in shown.items()}
    with duckdb.connect() as connection:
        told = connection.execute(f"SELECT id, name, tags FROM '{file}'").fetchall()  # noqa: S608  # our own path
    assert {row[0]: (row[1], orjson.loads(row[2])) for row in told} == {
        key: (row["name"], row["tags"]) for key, row in shown.items()
    }


async def test_filters_search_and_moment_choose_the_rows(organization: UUID, account_id: UUID) -> None:
    async with make_client(ROUTERS, make_caller(organization)) as client:
        during, ahead = (BEFORE + timedelta(hours=hours) for hours in (1, -1))
        for body, params, finds in (
            ({"search": "tag:env=prod"}, {"search": "tag:env=prod"}, True),
            ({"filters": {"tag": "env:dev"}, "search": "-changed"}, {"tag": "env:dev", "search": "-changed"}, True),
            ({"search": "is:closed"}, {"search": "is:closed"}, True),
            ({"search": "name:nothing"}, {"search": "name:nothing"}, False),
            ({"at": during.isoformat()}, {"at": during.isoformat()}, True),
            ({"at": ahead.isoformat()}, {"at": ahead.isoformat()}, False),
        ):
            lines = [orjson.loads(line) for line in (await download(client, organization, **body)).splitlines()]
            shown = await listed(client, **params)
            assert {line["id"] for line in lines} == set(shown), body
            for line in lines:
                assert same_instants(line) == same_instants(shown[line["id"]]), (body, line["name"])
            assert bool(lines) == finds, body


async def test_an_export_holds_what_its_maker_may_see_and_only_they_get_it(
    organization: UUID, account_id: UUID
) -> None:
    prod = replace(make_caller(organization), scope=Scope(tags=(("env", "prod"),)))
    dev = replace(make_caller(organization), scope=Scope(tags=(("env", "dev"),)))
    async with (
        make_client(ROUTERS, make_caller(organization)) as whole,
        make_client(ROUTERS, prod) as client,
        make_client(ROUTERS, dev) as other,
        make_client(ROUTERS, make_caller(await make_organization())) as stranger,
    ):
        lines = [orjson.loads(line) for line in (await download(client, organization)).splitlines()]
        assert {line["tags"]["env"] for line in lines} == {"prod"}
        assert {line["id"] for line in lines} == set(await listed(client))
        export_id = (await client.get("/usage/exports")).json()["items"][0]["id"]
        assert (await whole.get(f"/usage/exports/{export_id}")).json()["resources"] == len(lines)
        for reader in (other, stranger):
            assert (await reader.get("/usage/exports")).json()["items"] == []
            for path in (f"/usage/exports/{export_id}", f"/usage/exports/{export_id}/download"):
                foreign, missing = await reader.get(path), await reader.get(path.replace(export_id, str(new_id())))
                assert foreign.status_code == missing.status_code == 404
                assert foreign.json()["type"] == missing.json()["type"]


async def test_an_export_tells_how_it_goes(organization: UUID, account_id: UUID) -> None:
    caller = make_caller(organization)
    async with make_client(ROUTERS, caller) as client:
        started = await start(client, search="tag:env=prod")
        path = f"/usage/exports/{started['export_id']}"
        queued = (await client.get(path)).json()
        assert (queued["state"], queued["search"], queued["created_by"]) == (
            "queued",
            "tag:env=prod",
            str(caller.user_id),
        )
        assert (await client.get(f"{path}/download")).status_code == 404
        await run(organization, started)
        ready = (await client.get(path)).json()
        assert (ready["state"], ready["resources"]) == ("ready", (len(HOSTILE) + 2) // 2)
        assert ready["size_bytes"] > 100
        lasts = datetime.fromisoformat(ready["expires_at"]) - datetime.fromisoformat(ready["finished_at"])
        assert lasts == running.EXPORT_LIFETIME
    async with tenant_session(organization) as session:
        rows = await session.execute(
            text("SELECT payload FROM events WHERE name = 'resources.exported' ORDER BY position")
        )
        assert [row[0]["step"] for row in rows] == ["requested", "finished"]


async def test_a_cancelled_export_leaves_nothing(organization: UUID, account_id: UUID, folder: Path) -> None:
    async with make_client(ROUTERS, make_caller(organization)) as client:
        begun, waiting = await start(client), await start(client)
        context = context_of(organization, begun)
        context.is_cancelled = True
        with pytest.raises(JobCancelled):
            await running.export_resources(context, UUID(begun["export_id"]), get_settings())
        async with tenant_session(organization) as session:
            for started in (begun, waiting):
                job = (await session.execute(select(Job).where(Job.id == UUID(started["job_id"])))).scalar_one()
                await cancel_job(session, job)
        states = [item["state"] for item in (await client.get("/usage/exports")).json()["items"]]
        assert states == ["cancelled", "cancelled"]
        assert (await client.get(f"/usage/exports/{begun['export_id']}/download")).status_code == 404
        await start(client)  # they take no place any more
    assert files(folder) == []


async def test_a_failed_try_is_shown_as_what_its_job_does(
    organization: UUID, account_id: UUID, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with make_client(ROUTERS, make_caller(organization)) as client:
        started = await start(client)

        def fail(*_: Any) -> Any:
            raise OSError("no room")

        with monkeypatch.context() as patched:
            patched.setattr(running, "open_writer", fail)
            with pytest.raises(OSError, match="no room"):
                await run(organization, started)
        path = f"/usage/exports/{started['export_id']}"
        assert (await client.get(path)).json()["state"] == "queued"  # the job is tried again
        await run(organization, started)
        assert (await client.get(path)).json()["state"] == "ready"
        async with tenant_session(organization) as session:
            await session.execute(text("UPDATE resource_exports SET state = 'failed', storage_key = NULL"))
            await session.execute(text("UPDATE jobs SET state = 'failed'"))
        assert (await client.get(path)).json()["state"] == "failed"


KILLED = """
import asyncio
from app.core.config import get_settings
from app.core.ids import new_id
from app.core.tasks import TaskContext
from app.domains.inventory.service.exporting import running
running.ROWS_AT_ONCE = 2
class Slow(TaskContext):
    async def report_progress(self, done, total=None):
        await asyncio.sleep(0.2)
context = Slow(organization_id=UUID("{organization}"), job_id=UUID("{job}"), kind="x", attempt=1, lease=new_id())
await running.export_resources(context, UUID("{export}"), get_settings())
"""


@pytest.mark.timeout(120)
async def test_a_killed_worker_leaves_an_export_that_another_finishes(
    organization: UUID, account_id: UUID, folder: Path, database_urls: tuple[str, str]
) -> None:
    async with make_client(ROUTERS, make_caller(organization)) as client:
        started = await start(client)
        body = KILLED.format(organization=organization, job=started["job_id"], export=started["export_id"])
        child = Child(database_urls[1], body)
        assert await child.kill_when(lambda: any((folder / "tmp").glob("resources-*")))
        assert (await client.get(f"/usage/exports/{started['export_id']}/download")).status_code == 404
        await run(organization, started)
        content = (await client.get(f"/usage/exports/{started['export_id']}/download")).content
        assert {orjson.loads(line)["id"] for line in content.splitlines()} == set(await listed(client))
    assert [path.parent.name for path in files(folder)] == ["resource-exports"]


async def test_a_file_goes_when_its_time_is_over(organization: UUID, account_id: UUID, folder: Path) -> None:
    async with make_client(ROUTERS, make_caller(organization)) as client:
        await download(client, organization)
        path = f"/usage/exports/{(await client.get('/usage/exports')).json()['items'][0]['id']}"
        async with tenant_session(organization) as session:
            assert await service.expire_exports(session, get_settings(), organization) == 0
            await session.execute(text("UPDATE resource_exports SET expires_at = now() - interval '1 second'"))
        assert (await client.get(f"{path}/download")).status_code == 404
        async with tenant_session(organization) as session:
            assert await service.expire_exports(session, get_settings(), organization) == 1
            assert await service.expire_exports(session, get_settings(), organization) == 0
        assert (await client.get(path)).json()["state"] == "expired"
        assert (await client.get(f"{path}/download")).status_code == 404
    assert files(folder) == []


async def test_what_a_killed_worker_left_goes_when_no_job_can_still_write_it(organization: UUID, folder: Path) -> None:
    (folder / "tmp").mkdir()
    old, new, other = (folder / "tmp" / name for name in ("resources-1-a.csv", "resources-2-b.csv", "upload"))
    for draft in (old, new, other):
        draft.write_text("x")
    for draft, hours in ((old, 13), (new, 7), (other, 13)):
        moment = (utc_now() - timedelta(hours=hours)).timestamp()
        os.utime(draft, (moment, moment))
    async with tenant_session(organization) as session:
        await service.expire_exports(session, get_settings(), organization)
    assert [draft.exists() for draft in (old, new, other)] == [False, True, True]


async def test_few_exports_run_at_a_time(organization: UUID, account_id: UUID) -> None:
    async with make_client(ROUTERS, make_caller(organization)) as client:
        started = [await start(client) for _ in range(keeping.MAX_RUNNING)]
        answer = await client.post("/usage/exports", json={"format": "csv"})
        assert (answer.status_code, answer.json()["type"].rsplit("/", 1)[1]) == (409, "too-many-exports")
        await asyncio.gather(*(run(organization, one) for one in started))
        await start(client)


@pytest.mark.parametrize(
    "body",
    [
        {"format": "xls"},
        {"format": "csv", "search": "cost>x"},
        {"format": "csv", "search": "is:public"},
        {"format": "csv", "filters": {"tag": "env"}},
        {"format": "csv", "filters": {"password": "x"}},
        {"format": "csv", "filters": {"region": "a\x00"}},
        {"format": "csv", "at": "2199-01-01T00:00:00Z"},
        {"format": "csv", "at": "1971-01-01T00:00:00Z"},
        {},
    ],
)
async def test_a_bad_export_is_refused_at_once(organization: UUID, account_id: UUID, body: dict[str, Any]) -> None:
    async with make_client(ROUTERS, make_caller(organization)) as client:
        answer = await client.post("/usage/exports", json=body)
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"]
        assert (await client.get("/usage/exports")).json()["items"] == []


async def test_exports_ask_for_a_sign_in_and_the_permission(organization: UUID) -> None:
    routes = [("POST", "/usage/exports"), ("GET", "/usage/exports"), ("GET", f"/usage/exports/{new_id()}"),
              ("GET", f"/usage/exports/{new_id()}/download")]  # fmt: skip
    for caller, status in ((None, 401), (make_caller(organization, ["profile:read"]), 403)):
        async with make_client(ROUTERS, caller) as client:
            for method, path in routes:
                json = {"format": "csv"} if method == "POST" else None
                assert (await client.request(method, path, json=json)).status_code == status, path
