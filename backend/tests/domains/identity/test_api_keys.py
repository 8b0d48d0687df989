"""API keys: made once, refused when forged, and never able to do more than their owner can now."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from app.core.config import Settings
from app.core.database import tenant_session
from app.core.redis import get_redis
from app.domains.identity.models import ApiKey
from app.domains.identity.rules.access import _checksum, make_key
from app.domains.identity.service import machines
from sqlalchemy import select
from tests.support.counts import RACES, CountCases

ROLES = "/api/v1/roles"
KEYS = "/api/v1/api-keys"
IDENTITIES = "/api/v1/service-identities"
PROBE = "/api/v1/organizations/current"  # organization:read, which every role and a key may hold
MEMBERS = "/api/v1/users"  # members:read


@pytest.fixture(autouse=True)
def fresh_process() -> None:
    """What a process remembers of keys would hide what another one has to find out."""
    machines._known.clear()
    machines._noted.clear()


def key_body(*permissions: str, **more: Any) -> dict[str, Any]:
    expires = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    return {
        "name": "Build server",
        "permissions": list(permissions or ("organization:read",)),
        "expires_at": expires,
    } | more


class Maker:
    """Signed-in people and keys of theirs."""

    def __init__(self, client: httpx.AsyncClient, make_person: Any, sign_in: Any, auth: Any) -> None:
        self.client, self.make_person, self.sign_in, self.auth = client, make_person, sign_in, auth

    async def person(self, role: str) -> tuple[Any, dict[str, str]]:
        person = await self.make_person(role)
        return person, self.auth((await self.sign_in(person))["access_token"])

    async def key(self, headers: dict[str, str], *permissions: str, **more: Any) -> dict[str, Any]:
        answer = await self.client.post(KEYS, json=key_body(*permissions, **more), headers=headers)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def status(self, key: str, path: str = PROBE, method: str = "GET", **more: Any) -> int:
        return (await self.client.request(method, path, headers=self.auth(key), **more)).status_code


@pytest.fixture
def maker(client: httpx.AsyncClient, make_person: Any, sign_in: Any, auth: Any) -> Maker:
    return Maker(client, make_person, sign_in, auth)


async def test_a_key_is_shown_once_and_stored_as_a_hash(maker: Maker) -> None:
    person, headers = await maker.person("admin")
    made = await maker.key(headers)
    assert made["key"].startswith("cok_")
    assert made["key"].endswith(made["hint"])
    listed = (await maker.client.get(KEYS, headers=headers)).json()["items"]
    assert [item["id"] for item in listed] == [made["id"]]
    assert "key" not in listed[0]
    async with tenant_session(person.organization_id) as session:
        row = (await session.execute(select(ApiKey))).scalar_one()
    secret = made["key"].split("_")[2]
    assert secret not in repr({name: getattr(row, name) for name in ApiKey.__table__.c.keys()})  # noqa: SIM118  # a column set
    assert len(row.hash) == 32
    log = (await maker.client.get("/api/v1/audit-log?action=api_key.created", headers=headers)).text
    assert made["id"] in log
    assert secret not in log


async def test_a_key_does_what_was_chosen_and_nothing_else(maker: Maker) -> None:
    _, headers = await maker.person("owner")
    made = await maker.key(headers, "organization:read")
    assert await maker.status(made["key"]) == 200
    assert await maker.status(made["key"], MEMBERS) == 403
    for method, path in (
        ("GET", KEYS),
        ("POST", KEYS),
        ("GET", "/api/v1/auth/me"),
        ("POST", ROLES),
        ("PATCH", PROBE),
        ("POST", "/api/v1/users/invitations"),
        ("GET", IDENTITIES),
    ):
        assert await maker.status(made["key"], path, method, json={}) == 403, path


async def test_permissions_that_no_machine_has_are_refused_by_name(maker: Maker) -> None:
    _, headers = await maker.person("owner")
    for name in ("members:write", "roles:write", "api-keys:own", "accounts:write", "profile:read", "ownership:write"):
        answer = await maker.client.post(KEYS, json=key_body(name), headers=headers)
        assert answer.status_code == 422, name
        assert name in answer.text


BAD_BODIES: list[tuple[str, dict[str, Any]]] = [
    ("no permission", {"permissions": []}),
    ("unknown permission", {"permissions": ["everything:write"]}),
    ("past", {"expires_at": "2020-01-01T00:00:00Z"}),
    ("too far", {"expires_at": (datetime.now(UTC) + timedelta(days=366)).isoformat()}),
    ("address", {"addresses": ["300.1.1.1"]}),
    ("empty scope", {"scope": {"accounts": [], "tags": []}}),
    ("scope's words", {"scope": {"accounts": ["x"]}}),
    ("extra", {"organization_id": str(uuid4())}),
    ("blank name", {"name": " "}),
]  # fmt: skip


@pytest.mark.parametrize(("what", "change"), BAD_BODIES, ids=[what for what, _ in BAD_BODIES])
async def test_a_bad_body_is_refused_with_a_pointer(maker: Maker, what: str, change: dict[str, Any]) -> None:
    _, headers = await maker.person("admin")
    answer = await maker.client.post(KEYS, json=key_body() | change, headers=headers)
    assert answer.status_code == 422, what
    assert answer.json()["errors"][0]["pointer"].startswith("#/")


async def test_making_a_key_needs_a_fresh_proof_of_identity(maker: Maker, moved_clock: Any) -> None:
    _, headers = await maker.person("viewer")
    moved_clock.advance(minutes=9)
    assert (await maker.client.post(KEYS, json=key_body(), headers=headers)).status_code == 201
    moved_clock.advance(minutes=1.2)  # the access token has its 30 seconds of skew left
    late = await maker.client.post(KEYS, json=key_body(), headers=headers)
    assert late.status_code == 403
    assert late.json()["type"].endswith("/step-up-required")


def _forgeries(key: str) -> list[str]:
    prefix, key_id, secret, check = key.split("_")
    body = f"{prefix}_{key_id}_{secret}"
    picks = random.Random(5)  # noqa: S311  # the same forgeries every time
    resealed = []
    for _ in range(20):
        place = picks.randrange(64)
        other = picks.choice([c for c in "0123456789abcdef" if c != secret[place]])
        changed = f"{prefix}_{key_id}_{secret[:place]}{other}{secret[place + 1 :]}"
        resealed.append(f"{changed}_{_checksum(changed)}")
    foreign = f"{prefix}_{uuid4().hex}_{secret}"
    return [
        *resealed,
        *(make_key(uuid4()) for _ in range(10)),
        make_key(UUID(key_id)),
        f"{foreign}_{_checksum(foreign)}",
        *(f"{body}{ending}" for ending in ("", "_", "_00000000", f"_{check}0", f"_{check[:-1]}", "_zzzzzzzz")),
        *(f"{key}{ending}" for ending in ("_", f",{key}", f".{key}.{key}", "=", "%00")),
        *(key.upper(), key.title(), key[::-1], key.replace("_", "-"), f"_{key}", f"cok-{key[4:]}", key.encode().hex()),
        *("cok_", "cok__", "cok_x", "cok___", f"cok_{'a' * 3_000}", f"cok__{secret}_{check}"),
        f"{prefix}_{secret}_{key_id}_{check}",
        f"{prefix}_{key_id[:-1]}_{secret}_{check}",
        f"{prefix}_{key_id}_{secret[:-2]}_{check}",
        f"{prefix}_{key_id}_{secret}=_{check}",
        f"{prefix}_{key_id}_{'g' * 64}_{check}",
    ]


async def test_forged_and_malformed_keys_are_all_401(maker: Maker, count_cases: CountCases) -> None:
    _, headers = await maker.person("owner")
    key = (await maker.key(headers))["key"]
    forged = [text for text in dict.fromkeys(_forgeries(key)) if text.strip() != key]
    for text in forged:
        answer = await maker.client.get(PROBE, headers={"Authorization": f"Bearer {text}"})
        assert answer.status_code == 401, text
        assert answer.json()["type"].endswith("/unauthenticated")
    assert await maker.status(key) == 200, "the right one still opens"
    assert len(forged) >= 50
    count_cases("forged API keys", len(forged))


async def test_garbage_asks_the_database_nothing(maker: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    async def read(*arguments: object) -> None:
        asked.append(arguments)

    monkeypatch.setattr(machines, "_read", read)
    key = make_key(uuid4())
    assert await maker.status(key[:-1] + ("0" if key[-1] != "0" else "1")) == 401
    assert not asked
    assert await maker.status(key) == 401
    assert len(asked) == 1


async def test_revoking_and_expiry_end_a_key_at_once(maker: Maker, moved_clock: Any) -> None:
    _, headers = await maker.person("operator")
    first, second = await maker.key(headers), await maker.key(headers)
    assert [await maker.status(one["key"]) for one in (first, second)] == [200, 200]
    assert (await maker.client.delete(f"{KEYS}/{first['id']}", headers=headers)).status_code == 204
    assert await maker.status(first["key"]) == 401
    assert (await maker.client.delete(f"{KEYS}/{first['id']}", headers=headers)).status_code == 404
    moved_clock.advance(days=29)
    assert await maker.status(second["key"]) == 200
    moved_clock.advance(days=2)
    assert await maker.status(second["key"]) == 401


async def test_a_forgotten_or_poisoned_copy_lets_nobody_in_or_out(maker: Maker, settings: Settings) -> None:
    person, headers = await maker.person("viewer")
    made = await maker.key(headers)
    assert await maker.status(made["key"]) == 200
    redis, name = get_redis(settings), f"org:{person.organization_id}:api-key:{made['id']}"
    copy = await redis.get(name)
    assert copy is not None
    await redis.set(name, b"x" * len(copy))
    assert await maker.status(made["key"]) == 200
    assert (await maker.client.delete(f"{KEYS}/{made['id']}", headers=headers)).status_code == 204
    await redis.set(name, copy)  # a good copy of before, put back by somebody who can write there
    await redis.delete(name)
    assert await maker.status(made["key"]) == 401


async def test_a_key_shrinks_with_its_owner_and_grows_back(maker: Maker) -> None:
    person, headers = await maker.person("operator")
    _, owner = await maker.person("owner")
    key = (await maker.key(headers, "members:read", "organization:read"))["key"]
    assert await maker.status(key, MEMBERS) == 200

    async def change(**body: Any) -> None:
        answer = await maker.client.patch(f"{MEMBERS}/{person.user_id}", json=body, headers=owner)
        assert answer.status_code == 200, answer.text

    await change(role="viewer")
    assert (await maker.status(key, MEMBERS), await maker.status(key)) == (403, 200)
    await change(role="admin")
    assert await maker.status(key, MEMBERS) == 200
    await change(disabled=True)
    assert await maker.status(key) == 401
    await change(disabled=False)
    assert await maker.status(key) == 200
    assert (await maker.client.delete(f"{MEMBERS}/{person.user_id}", headers=owner)).status_code == 204
    assert await maker.status(key) == 401


async def test_a_custom_role_changes_keys_and_people_at_once(maker: Maker) -> None:
    _, owner = await maker.person("owner")
    person, headers = await maker.person("operator")
    role = (
        await maker.client.post(
            ROLES,
            json={"name": "Desk", "permissions": ["members:read", "organization:read", "api-keys:own"]},
            headers=owner,
        )
    ).json()
    answer = await maker.client.patch(f"{MEMBERS}/{person.user_id}", json={"role_id": role["id"]}, headers=owner)
    assert (answer.json()["role"], answer.json()["role_name"]) == ("custom", "Desk")
    key = (await maker.key(headers, "members:read"))["key"]
    assert await maker.status(key, MEMBERS) == 200
    assert (await maker.client.get(MEMBERS, headers=headers)).status_code == 200
    change = {"permissions": ["organization:read"]}
    assert (await maker.client.patch(f"{ROLES}/{role['id']}", json=change, headers=owner)).status_code == 200
    assert await maker.status(key, MEMBERS) == 403
    assert (await maker.client.get(MEMBERS, headers=headers)).status_code == 403
    assert (await maker.client.delete(f"{ROLES}/{role['id']}", headers=owner)).status_code == 409


async def test_a_service_identitys_keys_follow_it(maker: Maker) -> None:
    _, owner = await maker.person("owner")
    body = {"name": "Deployer", "permissions": ["members:read", "organization:read"]}
    identity = (await maker.client.post(IDENTITIES, json=body, headers=owner)).json()
    refused = await maker.client.post(
        KEYS, json=key_body("alerts:read", service_identity_id=identity["id"]), headers=owner
    )
    assert refused.status_code == 403
    key = (await maker.key(owner, "members:read", service_identity_id=identity["id"]))["key"]
    place = f"{IDENTITIES}/{identity['id']}"
    assert await maker.status(key, MEMBERS) == 200
    for change, expected in (
        ({"permissions": ["organization:read"]}, 403), ({"role": "auditor"}, 200), ({"disabled": True}, 401),
        ({"disabled": False}, 200), ({"role": "viewer"}, 403),
    ):  # fmt: skip
        assert (await maker.client.patch(place, json=change, headers=owner)).status_code == 200
        assert await maker.status(key, MEMBERS) == expected, change
    assert (await maker.client.get(place, headers=owner)).json()["keys"] == 1
    assert (await maker.client.delete(place, headers=owner)).status_code == 204
    assert await maker.status(key) == 401


async def test_a_key_is_used_from_its_addresses_only(maker: Maker) -> None:
    _, headers = await maker.person("viewer")
    here = (await maker.key(headers, addresses=["127.0.0.1", "2001:db8::/32"]))["key"]
    elsewhere = (await maker.key(headers, addresses=["198.51.100.0/24"]))["key"]
    assert (await maker.status(here), await maker.status(elsewhere)) == (200, 401)


async def test_the_last_use_is_written_at_most_once_a_minute(maker: Maker, moved_clock: Any) -> None:
    _, headers = await maker.person("viewer")
    made = await maker.key(headers)

    async def last_used() -> str:
        found = (await maker.client.get(KEYS, headers=headers)).json()["items"]
        return str(found[0]["last_used_at"])

    assert await last_used() == "None"
    assert await maker.status(made["key"]) == 200
    first = await last_used()
    machines._noted.clear()  # another process
    moved_clock.advance(seconds=30)
    assert await maker.status(made["key"]) == 200
    assert await last_used() == first
    machines._noted.clear()
    moved_clock.advance(seconds=31)
    assert await maker.status(made["key"]) == 200
    assert await last_used() > first


async def test_a_key_acts_under_its_own_name(maker: Maker) -> None:
    _, headers = await maker.person("owner")
    made = await maker.key(headers, "organization:read")
    assert await maker.status(made["key"], MEMBERS) == 403
    log = (await maker.client.get("/api/v1/audit-log?action=authorization.refused", headers=headers)).json()["items"]
    assert [(item["actor_id"], item["actor_kind"]) for item in log] == [(made["id"], "api_key")]


async def test_others_keys_are_not_found_unless_one_may_manage_them(maker: Maker) -> None:
    _, viewer = await maker.person("viewer")
    _, operator = await maker.person("operator")
    _, admin = await maker.person("admin")
    made = await maker.key(viewer)
    assert (await maker.client.get(KEYS, headers=operator)).json()["items"] == []
    assert (await maker.client.delete(f"{KEYS}/{made['id']}", headers=operator)).status_code == 404
    assert [item["id"] for item in (await maker.client.get(KEYS, headers=admin)).json()["items"]] == [made["id"]]
    assert (await maker.client.delete(f"{KEYS}/{made['id']}", headers=admin)).status_code == 204


async def test_fifty_revocations_and_uses_at_once_end_in_401(maker: Maker, count_cases: CountCases) -> None:
    _, headers = await maker.person("viewer")
    made = await maker.key(headers)
    answers = await asyncio.gather(
        *(maker.client.delete(f"{KEYS}/{made['id']}", headers=headers) for _ in range(25)),
        *(maker.client.get(PROBE, headers=maker.auth(made["key"])) for _ in range(25)),
    )
    assert sorted(answer.status_code for answer in answers[:25]) == [204] + [404] * 24
    count_cases(RACES, {"API key revoked": 25}, accepted=1)
    assert {answer.status_code for answer in answers[25:]} <= {200, 401}
    assert await maker.status(made["key"]) == 401
