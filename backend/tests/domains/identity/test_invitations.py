"""Invitations: one address, one use, seven days."""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import httpx
import pytest
from app.core.database import tenant_session
from app.domains.identity.models import Membership, User
from app.domains.identity.service import mail
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from tests.support.counts import RACES, CountCases

INVITATIONS, ACCEPT, READ = (
    "/api/v1/users/invitations",
    "/api/v1/auth/invitations/accept",
    "/api/v1/auth/invitations/read",
)
PASSWORD = "seven quiet herons at dawn"
EMAIL = "new.person@example.net"


class Post:
    """Mails as they were queued: (address, kind, values)."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, Mapping[str, str]]] = []

    async def queue(self, _: AsyncSession, __: UUID, to: str, kind: str, values: Mapping[str, str]) -> None:
        self.sent.append((to, kind, values))

    @property
    def token(self) -> str:
        return self.sent[-1][2]["token"]


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Post:
    made = Post()
    monkeypatch.setattr(mail, "_queue", made.queue)
    return made


@pytest.fixture
async def owner(make_person: Any, sign_in: Any, auth: Any) -> dict[str, str]:
    headers: dict[str, str] = auth((await sign_in(await make_person("owner")))["access_token"])
    return headers


async def invite(client: httpx.AsyncClient, owner: dict[str, str], email: str, **body: Any) -> dict[str, Any]:
    answer = await client.post(INVITATIONS, json={"email": email, "role": "operator"} | body, headers=owner)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def joining(post: Post, **more: Any) -> dict[str, Any]:
    return {"token": post.token, "name": "New Person", "password": PASSWORD, "client": "native"} | more


async def test_a_new_person_joins_by_their_link(
    client: httpx.AsyncClient, owner: dict[str, str], post: Post, auth: Any, organization: UUID
) -> None:
    email = f"{organization.hex}@example.net"
    made = await invite(client, owner, email, scope={"accounts": [], "tags": [{"key": "env", "value": "dev"}]})
    assert post.sent[-1][:2] == (email, "invitation")
    preview = (await client.post(READ, json={"token": post.token})).json()
    assert preview == {"organization": "Example", "email": email, "role": "operator", "needs_account": True}
    weak = await client.post(ACCEPT, json=joining(post, password="password1234"))
    assert weak.status_code == 422, "a refused password leaves the invitation good"
    answer = await client.post(ACCEPT, json=joining(post))
    assert answer.status_code == 200, answer.text
    headers = auth(answer.json()["access_token"])
    me = (await client.get("/api/v1/auth/me", headers=headers)).json()
    assert (me["email"], me["role"]) == (email, "operator")
    async with tenant_session(organization) as session:
        user = (await session.execute(select(User).where(User.email == email))).scalar_one()
        member = (await session.execute(select(Membership).where(Membership.user_id == user.id))).scalar_one()
    assert user.email_verified_at is not None
    assert member.scope == made["scope"]
    assert (await client.get(INVITATIONS, headers=owner)).json()["items"] == []
    again = await client.post(ACCEPT, json=joining(post))
    assert (again.status_code, again.json()["type"].rpartition("/")[2]) == (404, "invitation-gone")


async def test_of_fifty_who_use_a_link_at_once_one_joins(
    client: httpx.AsyncClient, owner: dict[str, str], post: Post, organization: UUID, count_cases: CountCases
) -> None:
    email = f"{organization.hex}@example.org"
    await invite(client, owner, email)
    answers = await asyncio.gather(*(client.post(ACCEPT, json=joining(post)) for _ in range(50)))
    codes = [answer.status_code for answer in answers]
    assert codes.count(200) == 1
    count_cases(RACES, {"invitation, new person": 50}, accepted=1)
    assert set(codes) <= {200, 401, 404, 503}  # 503: the hashing pool's queue is full
    async with tenant_session(organization) as session:
        query = select(func.count()).select_from(User).where(User.email == email)
        assert (await session.execute(query)).scalar_one() == 1


async def test_somebody_with_an_account_signs_in_to_accept(
    client: httpx.AsyncClient,
    owner: dict[str, str],
    post: Post,
    make_person: Any,
    sign_in: Any,
    auth: Any,
    other_organization: UUID,
    count_cases: CountCases,
) -> None:
    person = await make_person("viewer", organization_id=other_organization)
    stranger = await make_person("viewer", organization_id=other_organization)
    await invite(client, owner, person.email.upper())
    assert (await client.post(READ, json={"token": post.token})).json()["needs_account"] is False
    unknown = await client.post(ACCEPT, json=joining(post))
    assert (unknown.status_code, unknown.json()["type"].rpartition("/")[2]) == (401, "sign-in-to-accept")
    wrong = auth((await sign_in(stranger))["access_token"])
    assert (await client.post(ACCEPT, json={"token": post.token}, headers=wrong)).status_code == 403
    right = auth((await sign_in(person))["access_token"])
    answers = await asyncio.gather(*(client.post(ACCEPT, json={"token": post.token}, headers=right) for _ in range(50)))
    codes = [answer.status_code for answer in answers]
    assert codes.count(204) == 1
    count_cases(RACES, {"invitation, known person": 50}, accepted=1)
    assert set(codes) <= {204, 404, 503}  # 503: fifty at once wait for five connections
    assert (
        await client.post(ACCEPT, json={"token": post.token}, headers={"Authorization": "Bearer x"})
    ).status_code == 401


async def test_a_link_ends_by_time_by_being_sent_again_and_by_being_revoked(
    client: httpx.AsyncClient, owner: dict[str, str], post: Post, organization: UUID, moved_clock: Any
) -> None:
    made = await invite(client, owner, f"a{organization.hex}@example.net")
    first = post.token
    place = f"{INVITATIONS}/{made['id']}"
    assert (await client.post(f"{place}/resend", headers=owner)).status_code == 200
    assert (await client.post(READ, json={"token": first})).status_code == 404
    assert (await client.post(READ, json={"token": post.token})).status_code == 200
    assert (await client.delete(place, headers=owner)).status_code == 204
    assert (await client.post(READ, json={"token": post.token})).status_code == 404
    assert (await client.delete(place, headers=owner)).status_code == 404
    await invite(client, owner, f"b{organization.hex}@example.net")
    moved_clock.advance(days=7, seconds=1)
    assert (await client.post(READ, json={"token": post.token})).status_code == 404
    assert (await client.post(ACCEPT, json=joining(post))).status_code == 404


async def test_an_invitation_is_worth_what_its_sender_can_still_give(
    client: httpx.AsyncClient,
    owner: dict[str, str],
    post: Post,
    make_person: Any,
    sign_in: Any,
    auth: Any,
    organization: UUID,
) -> None:
    head = await make_person("admin")
    headers = auth((await sign_in(head))["access_token"])
    await invite(client, headers, f"{organization.hex}@example.net", role="admin")
    demoted = await client.patch(f"/api/v1/users/{head.user_id}", json={"role": "viewer"}, headers=owner)
    assert demoted.status_code == 200
    assert (await client.post(ACCEPT, json=joining(post))).status_code == 404


async def test_one_open_invitation_an_address_and_none_for_members(
    client: httpx.AsyncClient, owner: dict[str, str], post: Post, make_person: Any, organization: UUID
) -> None:
    email = f"{organization.hex}@example.net"
    await invite(client, owner, email)
    answers = await asyncio.gather(
        *(client.post(INVITATIONS, json={"email": email.upper(), "role": "viewer"}, headers=owner) for _ in range(10))
    )
    assert {answer.status_code for answer in answers} == {409}
    person = await make_person("viewer")
    answer = await client.post(INVITATIONS, json={"email": person.email, "role": "viewer"}, headers=owner)
    assert answer.json()["type"].endswith("/already-member")


@pytest.mark.parametrize(
    "email", ["", "x", "a@b", "@example.com", "a b@example.com", "a@example.com\r\nBcc: b@example.com",
              "a@b@example.com", "a@example.com,b@example.com", "a@.com", "a" * 260 + "@example.com", ["a@example.com"]]
)  # fmt: skip
async def test_what_is_no_address_is_refused(
    client: httpx.AsyncClient, owner: dict[str, str], post: Post, email: Any
) -> None:
    answer = await client.post(INVITATIONS, json={"email": email, "role": "viewer"}, headers=owner)
    assert answer.status_code == 422
    assert not post.sent


@pytest.mark.parametrize("body", [{}, {"token": ""}, {"token": "x"}, {"token": ["x"]}, {"token": "x" * 201}])
async def test_a_wrong_token_says_nothing(client: httpx.AsyncClient, app: Any, body: dict[str, Any]) -> None:
    for path in (READ, ACCEPT):
        assert (await client.post(path, json=body)).status_code in (404, 422)
