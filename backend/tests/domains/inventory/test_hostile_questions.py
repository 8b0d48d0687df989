"""Whatever is asked: no failure of the server, errors that name the place, nothing from outside of a scope."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from app.core.clock import utc_now
from app.core.config import get_settings
from app.core.database import Database, tenant_session
from app.core.ids import new_id
from app.core.scope import Scope
from app.core.tasks import TaskContext
from app.domains.inventory import service
from app.domains.inventory.rules import FIELDS
from app.domains.inventory.service.exporting import running
from app.providers.base import CollectedRelation, Unit, UnitResult, UnitState
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.domains.inventory.conftest import ROUTERS
from tests.support.clouds import make_caller, make_client, make_organization
from tests.support.inventory import make_account, make_resource, store

HARDLY = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
PIECES = [
    *(f"{name}{sign}" for name in (*FIELDS, "TYPE", "findings") for sign in (":", "=", "<", ">=", ".")),
    '"', "\\", "*", ",", "-", " ", "\t", "\n", "=", ":", "'", "%", "_", "$1", "{}", "[*]", "lax $", "..", "\x1f",
    "\u2028", "\U0010ffff", "ß", "İ", "é", "東京", "a\u0301", "NaN", "1e999", "-0", "9" * 15, "9" * 400, "0.0000001",
    "7d", "999999w", "0m", "2026-02-29", "2026-01-31T25:00", "2026-01-31T10:00:00+99:00", "0001-01-01", "9999-12-31",
    "stale", "public", "closed", "00000000-0000-0000-0000-000000000000", "arn:aws:", "'; DROP TABLE x; --",
]  # fmt: skip
WRITTEN = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
TEXTS = st.one_of(WRITTEN, st.text(max_size=30), st.text("\x00\x1f\ud800\x7f\ufffeaé", max_size=4))
PAST = (utc_now() - timedelta(days=1)).isoformat()


@pytest.fixture
async def organization(database: Database) -> UUID:
    return await make_organization()


@pytest.fixture
async def client(organization: UUID) -> AsyncIterator[httpx.AsyncClient]:
    """Over an account with a few odd resources, of which one changed."""
    account_id = await make_account(organization)
    things = [
        make_resource(number, name=name, tags={"env": "prod", name[:50]: name}, properties={name[:9]: [name, None, 1]})
        for number, name in enumerate(('a"b', "50%_\\", "{}", "東京", "x" * 300, "lax $[*]"))
    ]
    await store(organization, account_id, things, now=utc_now() - timedelta(days=2))
    await store(organization, account_id, things[:-1])
    async with tenant_session(organization) as session:
        await service.record_marks(session, organization, "public", {})
        await service.record_marks(session, organization, "orphan", {})
    async with make_client(ROUTERS, make_caller(organization)) as opened:
        yield opened


def answered(answer: httpx.Response, asked: Any) -> None:
    """A list, or invalid input that names the parameter."""
    assert answer.status_code in (200, 201, 422), (asked, answer.status_code, answer.text)
    if answer.status_code == 422:
        assert answer.json()["errors"][0]["pointer"], asked


def sendable(text: str) -> str:
    """As a browser would send it: half characters cannot be."""
    return text.encode("utf-8", "replace").decode()


@HARDLY
@given(TEXTS)
async def test_any_search_is_answered_or_refused(client: httpx.AsyncClient, text: str) -> None:
    text = sendable(text)
    answers = []
    for path, params in (
        ("/usage/resources", {"search": text}),
        ("/usage/resources", {"search": text, "at": PAST, "sort": "-cost"}),
        ("/usage/facets", {"search": text}),
        ("/usage/changes", {"search": text}),
    ):
        answers.append(await client.get(path, params=params))
        answered(answers[-1], (path, text))
    assert len({answer.status_code for answer in answers}) == 1, text  # all understand the same
    refused = answers[0].status_code == 422
    if refused and len(text) <= 2_000:
        detail = answers[0].json()["errors"][0]["detail"]
        assert "at character" in detail, (text, detail)
    saved = await client.post("/usage/views", json={"name": str(new_id()), "search": text, "columns": ["name"]})
    assert (saved.status_code == 422) == refused or "control" in saved.text, text


@HARDLY
@given(TEXTS, st.integers(-1, 60))
async def test_completion_of_any_text_is_answered(client: httpx.AsyncClient, text: str, cursor: int) -> None:
    text = sendable(text)
    answer = await client.get("/usage/search/complete", params={"text": text, "cursor": cursor})
    assert answer.status_code == (200 if cursor >= 0 else 422), (text, cursor)
    if cursor >= 0:
        told = answer.json()
        assert 0 <= told["from"] <= told["to"] <= len(text)
        for option in told["options"]:
            made = text[: told["from"]] + option["text"] + text[told["to"] :]
            assert option["text"], made


@HARDLY
@given(st.sampled_from(["provider", "account_id", "type", "native_type", "region", "status", "tag", "q"]), TEXTS)
async def test_any_filter_is_answered_or_refused(client: httpx.AsyncClient, name: str, text: str) -> None:
    text = sendable(text)
    for path in ("/usage/resources", "/usage/facets"):
        answered(await client.get(path, params={name: text}), (name, text))


@HARDLY
@given(st.sampled_from(["at", "from", "to", "actor", "kind", "cursor", "sort", "limit", "by", "resource_id"]), TEXTS)
async def test_any_other_parameter_is_answered_or_refused(client: httpx.AsyncClient, name: str, text: str) -> None:
    text = sendable(text)
    for path in ("/usage/resources", "/usage/facets", "/usage/changes", "/usage/trends", "/usage/tags"):
        answered(await client.get(path, params={name: text}), (path, name, text))


@pytest.mark.parametrize("typed", ["tag:a", "tag:5", "name:x", "tag:env=p", "type:comp", "tag:{", "tag:x"])
async def test_a_completed_search_can_be_asked(client: httpx.AsyncClient, typed: str) -> None:
    told = (await client.get("/usage/search/complete", params={"text": typed})).json()
    for option in told["options"]:
        search = typed[: told["from"]] + option["text"] + typed[told["to"] :]
        search = search.removesuffix("=") if option["kind"] == "key" else search
        answer = await client.get("/usage/resources", params={"search": search})
        assert answer.status_code == 200, (search, answer.text)
        assert answer.json()["items"], search
    assert told["options"] or typed == "name:x"


HIDDEN = "zzsecret"


@pytest.fixture
async def guarded(organization: UUID) -> tuple[UUID, str]:
    """The account of what may be seen, and the id of a resource in it that is tied to what may not."""
    seen = await make_account(organization, name="Seen")
    await make_account(organization, name=f"{HIDDEN} account", number="2")
    outside = await make_account(organization, name=f"{HIDDEN} too", number="3")
    shown = make_resource(1, tags={"env": "prod"})
    hidden = [
        make_resource(
            number,
            native_id=f"arn:{HIDDEN}/{number}",
            native_type=f"AWS::{HIDDEN}::Thing",
            type=f"{HIDDEN}.thing",
            name=f"{HIDDEN}-{number}",
            region=f"{HIDDEN}-1",
            status=HIDDEN,
            tags={HIDDEN: HIDDEN, "env": HIDDEN},
        )
        for number in (2, 3)
    ]
    result = UnitResult(
        unit=Unit(account="1", region="global", service="ec2"),
        state=UnitState.COMPLETE,
        resources=[shown, hidden[0]],
        relations=[CollectedRelation(source=shown.native_id, kind="uses", target=hidden[0].native_id)],
        complete_types=frozenset({shown.native_type, hidden[0].native_type}),
    )
    async with tenant_session(organization) as session:
        await service.store_unit(
            session, organization, account_id=seen, provider="aws", job_id=new_id(), result=result,
            now=utc_now() - timedelta(days=1),
        )  # fmt: skip
    await store(organization, outside, [hidden[1]], number="3", now=utc_now() - timedelta(days=1))
    async with tenant_session(organization) as session:
        await service.roll_up(session, organization)
    async with make_client(ROUTERS, make_caller(organization)) as whole:
        items = (await whole.get("/usage/resources", params={"q": "web-1"})).json()["items"]
    return seen, items[0]["id"]


@pytest.mark.parametrize("by", ["tag", "account and tag"])
async def test_nothing_from_outside_of_a_scope_is_told(
    organization: UUID, guarded: tuple[UUID, str], by: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLOUDOPS_DATA_DIR", str(tmp_path))
    get_settings.cache_clear()
    seen, resource_id = guarded
    accounts = frozenset({seen}) if "account" in by else frozenset[UUID]()
    caller = replace(make_caller(organization), scope=Scope(accounts, (("env", "prod"),)))
    at = (utc_now() - timedelta(hours=1)).isoformat()
    routes = [
        *((f"/usage/{name}", {}) for name in ("resources", "facets", "changes", "summary", "tags", "sync-state")),
        *((f"/usage/{name}", {"at": at}) for name in ("resources", "facets", f"resources/{resource_id}")),
        *((f"/usage/{name}", {"search": f"-{name}"}) for name in ("resources", "facets", "changes")),
        *((f"/usage/{name}", {"search": f"region:{HIDDEN}*"}) for name in ("resources", "facets", "changes")),
        *((f"/usage/resources/{resource_id}{part}", {}) for part in ("", "/history")),
        *(
            ("/usage/search/complete", {"text": typed})
            for typed in (*(f"{name}:" for name in FIELDS), "tag:z", "tag:env=", "property.", "zz")
        ),
    ]
    async with make_client(ROUTERS, caller) as client:
        for path, params in routes:
            answer = await client.get(path, params=params)
            assert answer.status_code == 200, (path, params, answer.text)
            text = answer.text.replace(f"{HIDDEN} account", "").replace(f"{HIDDEN} too", "")
            assert HIDDEN not in (answer.text if accounts else text), (path, params)
        assert [item["id"] for item in (await client.get("/usage/resources")).json()["items"]] == [resource_id]
        assert (await client.get("/usage/facets")).json()["total"] == 1
        assert (await client.get("/usage/summary")).json()["total"] == 1
        started = (await client.post("/usage/exports", json={"format": "jsonl"})).json()
        context = TaskContext(
            organization_id=organization, job_id=UUID(started["job_id"]), kind="x", attempt=1, lease=new_id()
        )
        await running.export_resources(context, UUID(started["export_id"]), get_settings())
        content = (await client.get(f"/usage/exports/{started['export_id']}/download")).text
        assert resource_id in content
        assert HIDDEN not in content
