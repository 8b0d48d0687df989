"""The hooks that clouds call: whose they are, what they take, and setting them up."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
from app.core.egress import Answer, RequestFailed
from app.domains.inventory.service import pushing
from joserfc import jws
from joserfc.jwk import RSAKey
from tests.domains.inventory.conftest import ROUTERS
from tests.support.clouds import FakeProvider, make_caller, make_client
from tests.support.eventing import BODY, Estate, told
from tests.support.jobs import queued


@pytest.mark.parametrize(
    "content", [{}, {"nothing": 1}, [], [1], "text", 7, None, [{"id": "x"}, 3], {"id": "e1"}],
)  # fmt: skip
async def test_a_forged_message_stores_nothing(estate: Estate, content: Any) -> None:
    try:
        answer = await estate.client.post(estate.hook, json=content)
    except KeyError:  # the cloud in memory does not look at every field
        answer = httpx.Response(422)
    assert answer.status_code == {"[]": 200, "None": 400}.get(str(content), 422), answer.text
    assert await estate.rows("SELECT id FROM cloud_events") == []


async def test_what_is_no_json_is_refused(estate: Estate) -> None:
    for content in (b"", b"{", b"\xff\xfe", b'{"id": "e", "id": "f"}'):
        answer = await estate.client.post(estate.hook, content=content)
        assert answer.status_code in (400, 422), (content, answer.text)


async def test_an_event_about_nothing_that_we_keep_is_taken_and_forgotten(estate: Estate) -> None:
    assert (await estate.push(told() | {"targets": []})).status_code == 200
    assert await estate.rows("SELECT id FROM cloud_events") == []
    assert await queued(estate.organization, "inventory.refresh_resources") == []


async def test_a_token_opens_its_own_hook_and_no_other(estate: Estate) -> None:
    token = estate.hook.rpartition("/")[2]
    for path in (
        f"/ingest/hooks/azure/{token}", f"/ingest/hooks/aws/{token}", f"/ingest/hooks/gcp/{token}x",
        "/ingest/hooks/gcp/x", f"/ingest/hooks/none/{token}",
    ):  # fmt: skip
        answer = await estate.client.post(path, json=told())
        assert answer.status_code == 404, path
        assert (await estate.client.options(path)).status_code == 404
    again = await estate.client.put(f"/accounts/{estate.account_id}/events", json={})
    assert (await estate.push(told())).status_code == 404  # replaced by a new one
    hook = again.json()["hook_url"].partition("/api/v1")[2]
    assert (await estate.push(told(), hook=hook)).status_code == 200
    assert (await estate.client.delete(f"/accounts/{estate.account_id}/events")).status_code == 204
    assert (await estate.push(told(), hook=hook)).status_code == 404
    gone = await estate.client.get(f"/accounts/{estate.account_id}/events")
    assert (gone.status_code, gone.json()) == (200, None)


async def test_removing_the_account_ends_its_hook(estate: Estate) -> None:
    assert (await estate.client.delete(f"/accounts/{estate.account_id}")).status_code == 204
    assert (await estate.push(told())).status_code == 404


async def test_another_organizations_token_changes_nothing_of_ours(estate: Estate, stranger: httpx.AsyncClient) -> None:
    path = f"/accounts/{estate.account_id}/events"
    assert (await stranger.get(path)).status_code == 404
    assert (await stranger.put(path, json={})).status_code == 404
    assert (await stranger.delete(path)).status_code == 404
    theirs = (await stranger.post("/accounts", json=BODY)).json()["id"]
    hook = (await stranger.put(f"/accounts/{theirs}/events", json={})).json()["hook_url"].partition("/api/v1")[2]
    assert (await estate.push(told(), hook=hook)).status_code == 200
    assert await estate.rows("SELECT id FROM cloud_events") == []
    assert await queued(estate.organization, "inventory.refresh_resources") == []


async def test_the_hooks_address_is_shown_once_and_kept_as_a_hash(estate: Estate) -> None:
    token = estate.hook.rpartition("/")[2]
    assert token not in str(await estate.source())
    assert token not in str(await estate.rows("SELECT event_sources::text AS row FROM event_sources"))


async def test_event_grids_handshakes_are_answered(
    estate: Estate, client: httpx.AsyncClient, cloud: FakeProvider
) -> None:
    cloud.report = replace(cloud.report, account="tenant")
    secret = {"kind": "client_secret", "tenant_id": "t", "client_id": "cccc", "client_secret": "s"}
    made = await client.post("/accounts", json={"provider": "azure", "name": "z", "credentials": secret})
    account_id = made.json()["id"]
    hook = (await client.put(f"/accounts/{account_id}/events", json={})).json()["hook_url"].partition("/api/v1")[2]
    event = {
        "id": "v", "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent", "subject": "", "topic": "/x",
        "eventTime": "2026-11-20T10:00:00Z", "data": {"validationCode": "512d38b6"},
    }  # fmt: skip
    answer = await client.post(hook, json=[event])
    assert (answer.status_code, answer.json()) == (200, {"validationResponse": "512d38b6"})
    assert (await client.post(hook, json=[event | {"data": {}}])).status_code == 422
    asked = await client.options(hook, headers={"WebHook-Request-Origin": "eventgrid.azure.net"})
    assert (asked.status_code, asked.headers["WebHook-Allowed-Origin"]) == (200, "eventgrid.azure.net")
    # A Google hook does not answer Azure's handshake.
    assert "validationResponse" not in (await estate.push(told())).json()


@pytest.mark.parametrize(
    ("provider_name", "body", "pointer"),
    [
        ("aws", {}, "#/queue_url"),
        ("aws", {"queue_url": "ftp://x/y"}, "#/queue_url"),
        ("aws", {"queue_url": "http://127.0.0.1:5999/1/q", "audience": "a"}, "#/audience"),
        ("gcp", {"queue_url": "http://127.0.0.1:5999/1/q"}, "#/queue_url"),
        ("gcp", {"email": "a@example.com"}, "#/audience"),
    ],
)
async def test_settings_that_do_not_fit_are_named(
    estate: Estate, account_id: UUID, provider_name: str, body: dict[str, Any], pointer: str
) -> None:
    wanted = estate.account_id if provider_name == "gcp" else account_id
    answer = await estate.client.put(f"/accounts/{wanted}/events", json=body)
    assert answer.status_code == 422
    assert [problem["pointer"] for problem in answer.json()["errors"]] == [pointer]


async def test_events_are_not_set_up_by_who_may_only_read(estate: Estate) -> None:
    caller = make_caller(estate.organization, {"accounts:read"})
    async with make_client(ROUTERS, caller) as reader:
        path = f"/accounts/{estate.account_id}/events"
        assert (await reader.get(path)).status_code == 200
        assert (await reader.put(path, json={})).status_code == 403
        assert (await reader.delete(path)).status_code == 403


class Google:
    """Google's keys, and tokens that it signed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "one"})
        self.asked: list[str] = []
        monkeypatch.setattr(pushing, "_keys", {})
        monkeypatch.setattr(pushing, "fetch", self._fetch)

    async def _fetch(self, _: str, url: str, *__: Any, **___: Any) -> Answer:
        self.asked.append(url)
        body = orjson.dumps({"keys": [self.key.as_dict(private=False)]})
        return Answer(status=200, headers={}, body=body)

    def token(self, *, key: RSAKey | None = None, kid: str = "one", algorithm: str = "RS256", **claims: Any) -> str:
        """A token as Pub/Sub sends it, with these claims changed."""
        now = int(datetime.now(UTC).timestamp())
        content = {
            "iss": "https://accounts.google.com", "aud": "https://us/hook", "email": "push@acme.example",
            "email_verified": True, "iat": now, "exp": now + 3_600,
        } | claims  # fmt: skip
        header = {"alg": algorithm, "kid": kid}
        return jws.serialize_compact(header, orjson.dumps(content), key or self.key, algorithms=[algorithm])


@pytest.fixture
def google(monkeypatch: pytest.MonkeyPatch) -> Google:
    return Google(monkeypatch)


async def test_a_signed_push_must_come_from_google_for_us(estate: Estate, google: Google) -> None:
    body = {"audience": "https://us/hook", "email": "push@acme.example"}
    answer = await estate.client.put(f"/accounts/{estate.account_id}/events", json=body)
    hook = answer.json()["hook_url"].partition("/api/v1")[2]
    past = int(datetime.now(UTC).timestamp()) - 7_200
    stranger = RSAKey.generate_key(2048, {"kid": "one"})
    refused = {
        "nothing": None,
        "no scheme": google.token(),
        "another scheme": f"Basic {google.token()}",
        "no token": "Bearer x.y",
        "signed by another key": f"Bearer {google.token(key=stranger)}",
        "of an unknown key": f"Bearer {google.token(kid='two')}",
        "for somebody else": f"Bearer {google.token(aud='https://them/hook')}",
        "of another issuer": f"Bearer {google.token(iss='https://evil.example')}",
        "of another sender": f"Bearer {google.token(email='eve@acme.example')}",
        "of a sender not verified": f"Bearer {google.token(email_verified=False)}",
        "over": f"Bearer {google.token(exp=past)}",
        "not begun": f"Bearer {google.token(iat=past + 14_400)}",
        "without an end": f"Bearer {google.token(exp=None)}",
        "unsigned": "Bearer eyJhbGciOiJub25lIiwia2lkIjoib25lIn0." + google.token().split(".")[1] + ".",
    }
    for name, authorization in refused.items():
        headers = {} if authorization is None else {"Authorization": authorization}
        answer = await estate.client.post(hook, json=told(), headers=headers)
        assert answer.status_code == 401, name
    assert await estate.rows("SELECT id FROM cloud_events") == []
    headers = {"Authorization": f"Bearer {google.token()}"}
    assert (await estate.client.post(hook, json=told(), headers=headers)).status_code == 200
    assert set(google.asked) == {"https://www.googleapis.com/oauth2/v3/certs"}
    assert len(google.asked) == 1  # also for the key that is not among them, within half a minute


async def test_a_push_waits_while_googles_keys_cannot_be_read(
    estate: Estate, google: Google, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = await estate.client.put(f"/accounts/{estate.account_id}/events", json={"audience": "https://us/hook"})
    hook = answer.json()["hook_url"].partition("/api/v1")[2]

    async def fail(*_: Any, **__: Any) -> Answer:
        raise RequestFailed("timed_out")

    monkeypatch.setattr(pushing, "fetch", fail)
    headers = {"Authorization": f"Bearer {google.token()}"}
    answer = await estate.client.post(hook, json=told(), headers=headers)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")  # Pub/Sub sends it again
