"""A sign-in through a scripted provider, step by step."""

from typing import Any

import httpx
from tests.domains.identity.sso.conftest import API, query_of
from tests.support.oidc_attacker import Answer, ScriptedProvider

CLIENT_ID = "cloudops"


async def begin(browser: httpx.AsyncClient, connection: dict[str, Any], *, fresh: bool = False) -> dict[str, str]:
    """Start a sign-in; what the provider was sent."""
    path = f"{API}/auth/oidc/{connection['id']}/start" + ("?fresh=true" if fresh else "")
    answer = await browser.get(path)
    assert answer.status_code == 302, answer.text
    return query_of(answer.headers["location"])


async def come_back(browser: httpx.AsyncClient, connection: dict[str, Any], query: dict[str, str]) -> httpx.Response:
    return await browser.get(
        f"{API}/auth/oidc/callback/{connection['id']}", params=query, headers={"Accept": "application/json"}
    )


def answer_honestly(scripted: ScriptedProvider, sent: dict[str, str], **claims: Any) -> None:
    token = scripted.sign(scripted.claims(CLIENT_ID, sent["nonce"], **claims))
    scripted.token = lambda: Answer({"access_token": "access", "token_type": "Bearer", "id_token": token})
