"""Signing in at a real, certified OpenID provider, and being signed out by it."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress

import httpx
import pytest
import uvicorn
from app.core.config import Settings
from app.core.redis import close_redis
from app.domains.identity import service
from fastapi import FastAPI
from pydantic import SecretStr
from tests.domains.identity.conftest import bearer
from tests.domains.identity.sso.conftest import API, Keeper, oidc_body
from tests.support.oidc_provider import OidcProvider, is_installed

pytestmark = pytest.mark.skipif(
    not is_installed(), reason="node or the provider's packages are missing: make .make/oidc"
)


@pytest.fixture(scope="module")
def real() -> Iterator[OidcProvider]:
    with OidcProvider() as provider:
        yield provider


@pytest.fixture
async def settings(redis_url: str) -> AsyncIterator[Settings]:
    """Our own address is a real one here: the provider calls it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    made = Settings(
        redis_url=SecretStr(redis_url),
        public_url=f"http://127.0.0.1:{port}",
        allowed_endpoints=("http://127.0.0.1:*",),
    )
    service.use_settings(made)
    yield made
    service.use_settings(None)
    await close_redis()


@pytest.fixture
async def served(app: FastAPI, settings: Settings) -> AsyncIterator[str]:
    """The application behind a socket."""
    port = int(settings.public_url.rpartition(":")[2])
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", lifespan="off"))
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - it has no event
        await asyncio.sleep(0.02)
    yield settings.public_url
    server.should_exit = True
    with suppress(TimeoutError):
        await asyncio.wait_for(task, 5)


async def connect(keeper: Keeper, real: OidcProvider, **changes: object) -> dict[str, object]:
    """A connection whose addresses the provider knows."""
    made = await keeper.connect(oidc_body(real.issuer, **changes), "proven.example")
    client_id, secret = await real.register(
        made["addresses"]["redirect_uri"], made["addresses"]["back_channel_logout_uri"]
    )
    config = made["config"] | {"client_id": client_id}
    await keeper.call("PATCH", f"/identity-providers/{made['id']}", json={"config": config, "secret": secret})
    return dict(made)


async def enter(browser: httpx.AsyncClient, real: OidcProvider, served: str, path: str, login: str) -> httpx.Response:
    start = await browser.get(f"{served}{path}")
    assert start.status_code == 302, start.text
    target = await real.sign_in(browser, start.headers["location"], login)
    assert target.startswith(served), target
    return await browser.get(target)


async def refresh(browser: httpx.AsyncClient, served: str) -> httpx.Response:
    return await browser.post(
        f"{served}{API}/auth/refresh",
        json={},
        headers={"Origin": served, "X-CloudOps-Client": "web", "Accept": "application/json"},
    )


async def test_a_person_signs_in_gets_their_groups_role_and_is_logged_out_by_the_provider(
    keeper: Keeper, real: OidcProvider, served: str
) -> None:
    connection = await connect(keeper, real)
    await keeper.call(
        "PUT",
        f"/identity-providers/{connection['id']}/group-mappings",
        json={"group_mappings": [{"group": "Admins", "role": "admin"}, {"group": "Ops", "role": "operator"}]},
    )
    checks = await keeper.call("POST", f"/identity-providers/{connection['id']}/test")
    assert [check["name"] for check in checks["checks"] if not check["ok"]] == []
    start = f"{API}/auth/oidc/{connection['id']}/start?return_to=/costs"
    async with httpx.AsyncClient(headers={"Accept": "text/html"}, timeout=20) as browser:
        answer = await enter(browser, real, served, start, "lee@proven.example+Ops")
        assert answer.headers["location"] == "/sign-in/complete?return_to=%2Fcosts", await keeper.causes()
        tokens = await refresh(browser, served)
        assert tokens.status_code == 200, tokens.text
        headers = bearer(tokens.json()["access_token"])
        me = (await browser.get(f"{served}{API}/auth/me", headers=headers)).json()
        assert (me["email"], me["name"], me["role"]) == ("lee@proven.example", "lee", "operator")
        # Signed in there already: no form this time.
        assert (await enter(browser, real, served, start, "")).headers["location"].startswith("/sign-in/complete")
        assert await keeper.provider_sessions() == 2
        await real.sign_out(browser)
        async with asyncio.timeout(10):
            while await keeper.provider_sessions():  # noqa: ASYNC110 - the provider calls when it likes
                await asyncio.sleep(0.1)
        assert (await refresh(browser, served)).status_code == 401
        gone = await browser.get(f"{served}{API}/auth/me", headers={**headers, "Accept": "application/json"})
        assert gone.status_code == 401
    async with httpx.AsyncClient(headers={"Accept": "text/html"}, timeout=20) as browser:
        answer = await enter(browser, real, served, start, "max@proven.example+Admins")
        tokens = await refresh(browser, served)
        me = await browser.get(f"{served}{API}/auth/me", headers=bearer(tokens.json()["access_token"]))
        assert me.json()["role"] == "admin"


async def test_a_fresh_proof_opens_what_needs_step_up(keeper: Keeper, real: OidcProvider, served: str) -> None:
    connection = await connect(keeper, real, jit=True)
    start = f"{API}/auth/oidc/{connection['id']}/start"
    async with httpx.AsyncClient(headers={"Accept": "text/html"}, timeout=20) as browser:
        await enter(browser, real, served, start, "sam@proven.example")
        answer = await enter(browser, real, served, f"{start}?fresh=true", "sam@proven.example")
        assert answer.headers["location"].startswith("/sign-in/complete"), await keeper.causes()
        headers = bearer((await refresh(browser, served)).json()["access_token"])
        linked = await browser.post(f"{served}{API}/identity-providers/{connection['id']}/link", headers=headers)
        assert linked.status_code == 200, linked.text  # a step-up route


async def test_who_refuses_at_the_provider_comes_back_without_a_session(
    keeper: Keeper, real: OidcProvider, served: str
) -> None:
    connection = await connect(keeper, real)
    start = f"{API}/auth/oidc/{connection['id']}/start"
    async with httpx.AsyncClient(headers={"Accept": "text/html"}, timeout=20) as browser:
        answer = await enter(browser, real, served, start, "pat@unproven.example")
        assert answer.headers["location"] == "/sign-in?error=sign-in-failed"
        assert (await refresh(browser, served)).status_code == 401
    assert await keeper.causes() == ["domain"]
    assert await keeper.provider_sessions() == 0
