"""Channels, routes and the ledger: who gets what, isolation and permissions."""

import asyncio
from typing import Any

import httpx
import pytest
from app.core.config import get_settings
from app.core.database import tenant_session
from app.core.http import Caller
from app.core.ids import new_id
from app.core.pagination import encode_cursor
from app.domains.identity import service as identity
from app.domains.identity.rules import ROLES, Role, permissions_of
from app.domains.identity.schemas.access import MemberUpdate
from app.domains.notifications.api import router
from tests.domains.notifications.conftest import Office, told
from tests.support.clouds import make_client
from tests.support.mailbox import Mailbox

EMAIL = {"name": "On call", "kind": "email", "config": {"to": ["oncall@example.com"]}}


async def get(client: httpx.AsyncClient, path: str, **params: Any) -> Any:
    answer = await client.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def add(client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> Any:
    answer = await client.post(path, json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rsplit("/", 1)[-1]


async def test_a_new_organization_tells_its_owners_and_admins(office: Office, client: httpx.AsyncClient) -> None:
    [channel] = (await get(client, "/notifications/channels"))["items"]
    assert channel["config"] == {"to": [], "roles": ["owner", "admin"]}
    [route] = (await get(client, "/notifications/routes"))["items"]
    assert (route["channel_id"], route["minimum_severity"]) == (channel["id"], "high")


async def test_roles_are_resolved_when_something_is_told(office: Office, owner: Caller) -> None:
    admin, viewer, gone = [await office.person(role) for role in ("admin", "viewer", "admin")]
    async with tenant_session(office.organization_id) as session:
        await identity.update_member(session, get_settings(), owner, gone.user_id, MemberUpdate(disabled=True))
    assert await office.notify(told(), told("low", severity="low")) == 2
    recipients = [row["recipient"] for row in await office.deliveries()]
    assert recipients == sorted([owner.email, admin.email])
    assert viewer.email not in recipients


async def test_a_person_reached_by_two_routes_gets_one_message(
    office: Office, owner: Caller, client: httpx.AsyncClient
) -> None:
    channel = await add(client, "/notifications/channels", EMAIL | {"config": {"to": [owner.email.upper()]}})
    await add(client, "/notifications/routes", {"name": "All", "channel_id": channel["id"], "minimum_severity": "info"})
    assert await office.notify(told()) == 1
    assert await office.notify(told("b", severity="low")) == 1


async def test_routes_choose_by_severity_kind_and_label(office: Office, client: httpx.AsyncClient) -> None:
    channel = await add(client, "/notifications/channels", EMAIL)
    body = {
        "name": "Blue",
        "channel_id": channel["id"],
        "minimum_severity": "medium",
        "kinds": ["alert.fired"],
        "labels": {"team": "blue"},
    }
    route = await add(client, "/notifications/routes", body)
    blue = {"labels": {"team": "blue"}, "severity": "medium"}
    assert await office.notify(told("1", **blue)) == 1
    assert await office.notify(told("2", **(blue | {"severity": "low"}))) == 0
    assert await office.notify(told("3", **blue, kind="alert.resolved")) == 0
    assert await office.notify(told("4", severity="medium")) == 0
    changed = await client.patch(f"/notifications/routes/{route['id']}", json={"labels": {}, "name": "Everyone"})
    assert (changed.status_code, changed.json()["labels"], changed.json()["kinds"]) == (200, {}, ["alert.fired"])
    assert await office.notify(told("5", severity="medium")) == 1
    await client.patch(f"/notifications/routes/{route['id']}", json={"enabled": False})
    assert await office.notify(told("6", severity="medium")) == 0
    await client.patch(f"/notifications/routes/{route['id']}", json={"enabled": True})
    await client.patch(f"/notifications/channels/{channel['id']}", json={"enabled": False})
    assert await office.notify(told("7", severity="medium")) == 0


async def test_a_channel_is_changed_field_by_field(office: Office, client: httpx.AsyncClient) -> None:
    channel = await add(client, "/notifications/channels", EMAIL)
    path = f"/notifications/channels/{channel['id']}"
    answer = await client.patch(path, json={"config": {"roles": ["viewer"]}})
    assert answer.json()["config"] == {"to": [], "roles": ["viewer"]}
    assert (answer.json()["name"], answer.json()["enabled"]) == ("On call", True)
    assert (await client.patch(path, json={"name": "Night", "enabled": None})).json()["name"] == "Night"
    changes = await office.rows("SELECT action, changes FROM audit_events WHERE action = 'channel.changed' ORDER BY id")
    assert [row["changes"]["fields"] for row in changes] == [["name", "config", "enabled"], ["config"], ["name"]]
    assert "viewer" not in str(changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"name": "a\nb"},
        {"name": "x" * 201},
        {"kind": "file"},
        {"config": {}},
        {"config": {"to": [], "roles": []}},
        {"config": {"to": ["nobody"]}},
        {"config": {"to": ["a@example.com\r\nBcc: eve@example.com"]}},
        {"config": {"to": [f"a{n}@example.com" for n in range(51)]}},
        {"config": {"roles": ["root"]}},
        {"config": {"to": ["a@example.com"], "url": "file:///etc/passwd"}},
        {"organization_id": str(new_id())},
    ],
    ids=lambda changes: "-".join(changes),
)
async def test_bad_channels_are_refused(client: httpx.AsyncClient, changes: dict[str, Any]) -> None:
    answer = await client.post("/notifications/channels", json=EMAIL | changes)
    assert problem(answer) == (422, "invalid-input")


async def test_a_channel_in_use_stays(client: httpx.AsyncClient) -> None:
    [channel] = (await get(client, "/notifications/channels"))["items"]
    [route] = (await get(client, "/notifications/routes"))["items"]
    path = f"/notifications/channels/{channel['id']}"
    assert problem(await client.delete(path)) == (409, "channel-in-use")
    assert (await client.delete(f"/notifications/routes/{route['id']}")).status_code == 204
    assert (await client.delete(path)).status_code == 204
    assert problem(await client.delete(path)) == (404, "not-found")


async def test_a_route_made_while_its_channel_goes_is_refused_or_keeps_it(client: httpx.AsyncClient) -> None:
    for _ in range(10):
        channel = await add(client, "/notifications/channels", EMAIL)
        body = {"name": "x", "channel_id": channel["id"], "minimum_severity": "low"}
        made, removed = await asyncio.gather(
            client.post("/notifications/routes", json=body),
            client.delete(f"/notifications/channels/{channel['id']}"),
        )
        assert (made.status_code, removed.status_code) in {(201, 409), (404, 204)}


async def test_a_test_message_arrives(
    office: Office, owner: Caller, client: httpx.AsyncClient, mailbox: Mailbox
) -> None:
    channel = await add(client, "/notifications/channels", EMAIL)
    answer = await client.post(f"/notifications/channels/{channel['id']}/test")
    assert (answer.status_code, answer.json()["deliveries"]) == (202, 1)
    await office.deliver()
    assert mailbox.recipients == [["oncall@example.com"]]
    assert mailbox.messages[0]["Subject"] == "[info] Test of the channel On call"
    assert owner.email in mailbox.messages[0].get_content()


async def test_a_test_without_a_mail_server_says_what_is_missing(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CLOUDOPS_SMTP_URL", raising=False)
    get_settings.cache_clear()
    channel = await add(client, "/notifications/channels", EMAIL)
    answer = await client.post(f"/notifications/channels/{channel['id']}/test")
    assert problem(answer) == (409, "mail-not-configured")


async def test_the_ledger_is_listed_filtered_and_paged(
    office: Office, client: httpx.AsyncClient, mailbox: Mailbox
) -> None:
    mailbox.answers = ["554 no"]
    subject = new_id()
    await office.notify(told("first", subject_id=subject))
    await office.deliver()
    await office.notify(*(told(str(n)) for n in range(24)))
    failed = (await get(client, "/notifications/deliveries", state="failed"))["items"]
    assert [(item["subject_id"], item["title"], item["severity"]) for item in failed] == [
        (str(subject), "Bucket is public", "critical")
    ]
    assert (await get(client, "/notifications/deliveries", subject_id=str(subject)))["items"] == failed
    seen: list[str] = []
    cursor = None
    while True:
        params = {"limit": 10} | ({"cursor": cursor} if cursor else {})
        page = await get(client, "/notifications/deliveries", **params)
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 25
    for bad in ({"state": "lost"}, {"subject_id": "x"}, {"cursor": encode_cursor("x", "y")}):
        assert (await client.get("/notifications/deliveries", params=bad)).status_code == 422


async def test_a_failed_message_can_be_sent_again(office: Office, client: httpx.AsyncClient, mailbox: Mailbox) -> None:
    mailbox.answers = ["554 no"]
    await office.notify(told())
    [queued] = await office.deliveries()
    path = f"/notifications/deliveries/{queued['id']}/retry"
    assert problem(await client.post(path)) == (409, "delivery-not-failed")
    await office.deliver()
    answer = await client.post(path)
    assert (answer.status_code, answer.json()["state"], answer.json()["attempts"]) == (202, "queued", 0)
    await office.deliver()
    assert [row["state"] for row in await office.deliveries()] == ["sent"]
    assert len(mailbox.messages) == 1


def _body(answer: httpx.Response) -> dict[str, Any]:
    return {key: value for key, value in answer.json().items() if key not in ("instance", "request_id")}


async def test_another_organizations_ids_are_like_ids_that_do_not_exist(
    office: Office, client: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    await office.notify(told())
    [channel] = (await get(client, "/notifications/channels"))["items"]
    [route] = (await get(client, "/notifications/routes"))["items"]
    [delivery] = (await get(client, "/notifications/deliveries"))["items"]
    calls: list[tuple[str, str, str, dict[str, Any] | None]] = [
        ("PATCH", "/notifications/channels/{}", channel["id"], {"name": "mine"}),
        ("DELETE", "/notifications/channels/{}", channel["id"], None),
        ("POST", "/notifications/channels/{}/test", channel["id"], None),
        ("PATCH", "/notifications/routes/{}", route["id"], {"name": "mine"}),
        ("DELETE", "/notifications/routes/{}", route["id"], None),
        ("POST", "/notifications/deliveries/{}/retry", delivery["id"], None),
    ]
    for method, path, theirs, json in calls:
        foreign, missing = [
            await stranger.request(method, path.format(id_), json=json) for id_ in (theirs, str(new_id()))
        ]
        assert foreign.status_code == missing.status_code == 404, path
        assert _body(foreign) == _body(missing)
    for channel_id in (channel["id"], str(new_id())):
        body = {"name": "x", "channel_id": channel_id, "minimum_severity": "low"}
        assert (await stranger.post("/notifications/routes", json=body)).status_code == 404
    for path in ("channels", "routes", "deliveries"):
        assert (await get(stranger, f"/notifications/{path}"))["items"] == []
    assert (await get(client, "/notifications/channels"))["items"] == [channel]


@pytest.mark.parametrize("role", ROLES)
async def test_what_each_role_may_do(office: Office, role: Role) -> None:
    may_read, may_write = (f"notifications:{verb}" in permissions_of(role) for verb in ("read", "write"))
    async with make_client([router], await office.person(role)) as client:
        for path in ("channels", "routes", "deliveries"):
            answer = await client.get(f"/notifications/{path}")
            assert answer.status_code == (200 if may_read else 403)
        assert (await client.post("/notifications/channels", json=EMAIL)).status_code == (201 if may_write else 403)


async def test_nobody_reads_without_signing_in(office: Office) -> None:
    async with make_client([router], None) as client:
        assert (await client.get("/notifications/deliveries")).status_code == 401
        assert (await client.post("/notifications/channels", json=EMAIL)).status_code == 401
