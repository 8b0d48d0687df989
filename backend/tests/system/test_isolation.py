"""Two organizations in one database, and every route of the OpenAPI document: who may reach what.

Routes come from the document itself, so a new one is covered from its first day; an id that these tests cannot make
yet fails them by name.
"""

import json
import os
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from app.core.config import SERVICES, Settings, get_settings
from app.core.database import Database, directory_session, tenant_session
from app.core.ids import new_id
from app.core.redis import close_redis
from app.core.secrets import use_root_key
from app.domains.costs.bills.ask import close_engines
from app.domains.identity import service
from app.domains.identity.models import LoginThrottle
from app.domains.identity.rules import PERMISSION_TABLE, PERMISSIONS, ROLES, Role
from app.domains.identity.rules.access import KEY_REFUSED
from app.main import create_app
from fastapi import FastAPI
from sqlalchemy import delete
from tests.domains.conftest import FixedRootKey
from tests.support.counts import CountCases
from tests.system.described import Operation, operations_of
from tests.system.estate import INSTALLATION_WIDE, OTHER_NAMES, fill_organization

pytestmark = [pytest.mark.xdist_group("access"), pytest.mark.timeout(240)]
PASSWORD = "correct horse battery staple"  # pragma: allowlist secret
PUBLIC = "https://docs.cloudops.pro/problems/"


@dataclass
class Member:
    """Somebody who can sign in."""

    user_id: UUID
    email: str


@dataclass
class Site:
    """The application, its document and two organizations, `ours` asking and `theirs` full."""

    http: httpx.AsyncClient
    operations: list[Operation]
    ours: UUID
    theirs: UUID
    members: dict[str, Member] = field(default_factory=dict)
    their_ids: dict[str, UUID] = field(default_factory=dict)
    our_ids: dict[str, UUID] = field(default_factory=dict)

    async def token(self, member: Member) -> str:
        body = {"email": member.email, "password": PASSWORD, "client": "native"}
        answer = await self.http.post("/api/v1/auth/login", json=body)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    async def send(
        self, operation: Operation, path: Mapping[str, str], token: str | None, body: Any = None, **query: str
    ) -> httpx.Response:
        address = operation.path
        for name, value in path.items():
            address = address.replace(f"{{{name}}}", value)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        media = operation.description.get("requestBody", {}).get("content", {})
        content: dict[str, Any] = {"json": body} if media else {}
        if set(media) == {"multipart/form-data"}:
            content = {"files": {"file": ("logo.png", b"x", "image/png")}}
        return await self.http.request(operation.method, address, headers=headers, params=query, **content)


ASKS_OUTSIDE = frozenset({"query_metric_source"})  # the organization's own Prometheus server, which is not here
MAKES_A_NAME = frozenset({"replace_alert_rule_group"})  # a name is an organization's own, and what it names is made
ENDS_ACCESS = frozenset({"sign_out", "leave_organization"})  # nothing could be asked with the token afterwards


@pytest.fixture(scope="session")
def shared_redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Valkey that only tests use."""
    if url := os.environ.get("CLOUDOPS_TEST_REDIS_URL"):
        yield url
        return
    from app.core.embedded.valkey import EmbeddedValkey

    with EmbeddedValkey(tmp_path_factory.mktemp("valkey")) as server:
        yield server.url


@pytest.fixture
async def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, shared_redis_url: str) -> AsyncIterator[Settings]:
    """The process's settings, with room for thousands of requests."""
    monkeypatch.setenv("CLOUDOPS_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("CLOUDOPS_REDIS_URL", shared_redis_url)
    monkeypatch.setenv("CLOUDOPS_RATE_LIMIT_SCALE", "1000")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    get_settings.cache_clear()
    use_root_key(FixedRootKey())
    yield get_settings()
    use_root_key(None)
    service.use_settings(None)
    await close_redis()
    close_engines()
    get_settings.cache_clear()


_OPERATIONS: list[Operation] = []


def _operations(app: FastAPI) -> list[Operation]:
    """From the document, which takes longer to write than many of the tests that read it: so once a process."""
    if not _OPERATIONS:
        _OPERATIONS.extend(operations_of(app.openapi()))
    return _OPERATIONS


@pytest.fixture
async def site(database: Database, settings: Settings) -> AsyncIterator[Site]:
    """Both organizations, a member of each role in ours, and one of everything in theirs."""
    app = create_app(settings, SERVICES, database=database)
    service.get_key_ring().clear()
    async with directory_session() as session:
        await session.execute(delete(LoginThrottle))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000", timeout=60) as http:
        made = Site(http, _operations(app), await _organization("Ours"), await _organization("Theirs"))
        for role in ROLES:
            made.members[role] = await _member(made.ours, role)
        stranger = await _member(made.theirs, "owner")
        made.their_ids = await _fill(made, made.theirs, stranger)
        made.our_ids = await _fill(made, made.ours, made.members["owner"])
        yield made


async def _organization(name: str) -> UUID:
    async with directory_session() as session:
        return (await service.create_organization(session, name)).id


async def _member(organization_id: UUID, role: Role) -> Member:
    email = f"{os.urandom(6).hex()}@example.com"
    async with tenant_session(organization_id) as session:
        user = await service.create_user(
            session, organization_id, email=email, name="Kim Tester", role=role, password=PASSWORD
        )
    return Member(user.id, email)


async def _fill(site: Site, organization_id: UUID, member: Member) -> dict[str, UUID]:
    headers = {"Authorization": f"Bearer {await site.token(member)}"}
    sessions = (await site.http.get("/api/v1/auth/sessions", headers=headers)).json()["items"]
    return await fill_organization(organization_id, member.user_id, UUID(sessions[0]["id"]))


def _id_for(ids: Mapping[str, UUID], name: str) -> str:
    """The id that a parameter of this name takes."""
    if name == "domain":
        return f"{ids['provider_id'].hex}.example.org"
    if name == "name":  # of a group of rules
        return ids["rule_id"].hex
    known = OTHER_NAMES.get(name, name)
    assert known in ids, f"tests/system/estate.py makes nothing for the parameter {name}"
    return str(ids[known])


def _comparable(answer: httpx.Response, *secrets: str) -> tuple[int, str]:
    """The answer without its instance and request id, and with the id that was asked for blotted out."""
    text = answer.text
    if answer.headers.get("content-type") == "application/problem+json":
        body = answer.json()
        body.pop("request_id", None)
        body.pop("instance", None)
        text = json.dumps(body)
    for secret in secrets:
        text = text.replace(secret, "ID")
    return answer.status_code, text


async def test_another_organizations_ids_in_a_path_look_like_unknown_ones(site: Site, count_cases: CountCases) -> None:
    token = await site.token(site.members["owner"])
    wrong, tried = [], Counter[str]()
    for operation in site.operations:
        names = [name for name, _ in operation.parameters("path")]
        if not set(names) - INSTALLATION_WIDE or operation.permission is None or operation.name in MAKES_A_NAME:
            continue
        schema = operation.body_schema
        body = _body(site, operation, site.our_ids) if schema else None
        theirs = {name: _id_for(site.their_ids, name) for name in names}
        unknown = {name: str(new_id()) for name in names}
        query = operation.required_query()
        first = _comparable(await site.send(operation, theirs, token, body, **query), *theirs.values())
        second = _comparable(await site.send(operation, unknown, token, body, **query), *unknown.values())
        tried[operation.label] += 1
        if first != second or first[0] != 404:
            wrong.append((operation.label, first, second))
    assert not wrong
    assert len(tried) > 15
    count_cases("another organization's id in a path", tried)


def _body(site: Site, operation: Operation, ids: Mapping[str, UUID]) -> Any:
    """A valid body whose ids are from `ids`."""
    body = operation.sample(operation.body_schema or {})
    if "domain" in body:
        body["domain"] = "own.example.org"  # more than its schema asks for: a name that could be a domain
    known = operation.body_ids()
    return body | {name: _id_for(ids, name) for name in known} if known else body


async def test_another_organizations_ids_in_a_query_or_body_look_like_unknown_ones(
    site: Site, count_cases: CountCases
) -> None:
    token = await site.token(site.members["owner"])
    wrong, tried = [], Counter[str]()
    for operation in site.operations:
        if operation.permission is None:
            continue
        path = {name: _id_for(site.our_ids, name) for name, _ in operation.parameters("path")}
        for name in operation.query_ids():
            theirs, unknown = _id_for(site.their_ids, name), str(new_id())
            first = _comparable(await site.send(operation, path, token, **{name: theirs}), theirs)
            second = _comparable(await site.send(operation, path, token, **{name: unknown}), unknown)
            tried[operation.label] += 1
            if first != second:
                wrong.append((operation.label, name, first, second))
        for name in operation.body_ids():
            theirs, unknown = _id_for(site.their_ids, name), str(new_id())
            body = _body(site, operation, site.our_ids)
            first = _comparable(await site.send(operation, path, token, body | {name: theirs}), theirs)
            second = _comparable(await site.send(operation, path, token, body | {name: unknown}), unknown)
            tried[operation.label] += 1
            if first != second or first[0] < 400:
                wrong.append((operation.label, name, first, second))
    assert not wrong
    assert tried.total() > 5
    count_cases("another organization's id in a query or body", tried)


async def test_no_list_shows_anything_of_another_organization(site: Site) -> None:
    token = await site.token(site.members["owner"])
    shown, seen = [], 0
    for operation in site.operations:
        if operation.method != "GET" or operation.permission is None:
            continue
        path = {name: _id_for(site.our_ids, name) for name, _ in operation.parameters("path")}
        if operation.name in ASKS_OUTSIDE:
            continue
        query = {"group": "service"} if operation.name == "list_cost_dimension" else operation.required_query()
        if operation.name == "find_topology_paths":
            query = {name: _id_for(site.our_ids, name) for name in ("from", "to")}
        answer = await site.send(operation, path, token, **query)
        # the estate's export failed, so there is nothing to download
        expected = 404 if operation.path.endswith("/download") else 200
        assert answer.status_code == expected, (operation.label, answer.text)
        seen += any(str(one) in answer.text for one in site.our_ids.values())
        shown += [
            (operation.label, name)
            for name, one in site.their_ids.items()
            if name not in INSTALLATION_WIDE and str(one) in answer.text
        ]
    assert not shown
    assert seen > 15, "our own rows are shown, so the silence about theirs means something"


async def test_a_stranger_to_the_platform_gets_401_everywhere(site: Site, count_cases: CountCases) -> None:
    wrong, asked = [], Counter[str]()
    for operation in site.operations:
        if operation.permission is None:
            continue
        path = {name: _id_for(site.our_ids, name) for name, _ in operation.parameters("path")}
        for token in (None, "x", f"{'a' * 40}.{'b' * 40}.{'c' * 86}"):
            answer = await site.send(operation, path, token, {})
            asked[operation.label] += 1
            problem = answer.json()
            if (
                answer.status_code != 401
                or problem["type"] != f"{PUBLIC}unauthenticated"
                or "Bearer" not in answer.headers.get("WWW-Authenticate", "")
            ):
                wrong.append((operation.label, token, answer.status_code, problem))
    assert not wrong
    count_cases("routes without a valid token", asked)


async def test_each_role_reaches_what_the_permission_table_gives_it_and_nothing_else(
    site: Site, count_cases: CountCases
) -> None:
    wrong, asked, admitted = [], Counter[str](), 0
    for role in ROLES:
        token = await site.token(site.members[role])
        for operation in site.operations:
            permission = operation.permission
            if permission is None or operation.name in ENDS_ACCESS:
                continue
            path = {name: str(new_id()) for name, _ in operation.parameters("path")}
            answer = await site.send(operation, path, token, {})
            refused = answer.status_code == 403 and answer.json()["type"] == f"{PUBLIC}forbidden"
            asked[role] += 1
            admitted += not refused
            if refused == (role in PERMISSION_TABLE[permission]) or answer.status_code >= 500:
                wrong.append((role, operation.label, permission, answer.status_code, answer.text[:200]))
    assert not wrong
    assert asked.total() > 300
    count_cases("role × route", asked, accepted=admitted)


async def test_a_key_with_everything_reaches_no_more_than_a_machine_may(site: Site, count_cases: CountCases) -> None:
    """An owner's key with every permission that keys can have, on every route: which answers 403 follows the table."""
    owner = {"Authorization": f"Bearer {await site.token(site.members['owner'])}"}
    body = {
        "name": "Everything",
        "permissions": sorted(PERMISSIONS - KEY_REFUSED),
        "expires_at": (datetime.now(UTC) + timedelta(days=1)).isoformat(),
    }
    made = await site.http.post("/api/v1/api-keys", json=body, headers=owner)
    assert made.status_code == 201, made.text
    wrong, asked, admitted = [], 0, 0
    for operation in site.operations:
        if (permission := operation.permission) is None:
            continue
        path = {name: str(new_id()) for name, _ in operation.parameters("path")}
        answer = await site.send(operation, path, made.json()["key"], {})
        refused = answer.status_code == 403 and answer.json()["type"] == f"{PUBLIC}forbidden"
        asked += 1
        admitted += not refused
        if refused != (permission in KEY_REFUSED) or answer.status_code >= 500 or answer.status_code == 401:
            wrong.append((operation.label, permission, answer.status_code, answer.text[:200]))
    assert not wrong
    assert asked > 60
    count_cases("role × route", {"API key": asked}, accepted=admitted)


async def test_every_role_may_sign_out(site: Site) -> None:
    for role in ROLES:
        headers = {"Authorization": f"Bearer {await site.token(site.members[role])}"}
        assert (await site.http.post("/api/v1/auth/logout", headers=headers)).status_code == 204
        assert (await site.http.get("/api/v1/auth/me", headers=headers)).status_code == 401
