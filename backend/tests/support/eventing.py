"""An account that listens to a cloud in memory."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from app.core.database import tenant_session
from app.providers.base import CollectedResource, ReadBack, Unit
from sqlalchemy import text

from tests.support.clouds import FakeProvider, bucket
from tests.support.jobs import run_jobs

UNIT = Unit(account="organizations/1", region="global", service="stores")
BODY = {"provider": "gcp", "name": "g", "credentials": {"kind": "ambient"}, "scope": {"organization": "1"}}
WHO = "maya@acme.example"


def thing(name: str, **changes: Any) -> CollectedResource:
    return bucket(name, native_id=f"//storage.googleapis.com/{name}", **changes)


def told(
    name: str = "logs", *, event: str = "e1", at: datetime | None = None, actor: str | None = WHO, **more: Any
) -> dict[str, Any]:
    """One message."""
    target = {"native_id": f"//storage.googleapis.com/{name}", "native_type": "AWS::S3::Bucket"}
    moment = at or datetime.now(UTC)
    return {
        "id": event,
        "at": moment.isoformat(),
        "action": "storage.update",
        "actor": actor,
        "targets": [target],
    } | more


def found(*resources: CollectedResource, **more: Any) -> ReadBack:
    return ReadBack(unit=UNIT, resources=resources, **more)


class Estate:
    """A synced account of two buckets and its hook."""

    def __init__(self, organization: UUID, client: httpx.AsyncClient, cloud: FakeProvider, account_id: UUID) -> None:
        self.organization, self.client, self.cloud, self.account_id = organization, client, cloud, account_id
        self.hook = ""

    async def push(self, *messages: Any, hook: str | None = None) -> httpx.Response:
        content = messages[0] if len(messages) == 1 else list(messages)
        return await self.client.post(hook or self.hook, json=content)

    async def refresh(self) -> int:
        """Run what is due now; how many jobs ran."""
        return len(await run_jobs(self.organization, "inventory.refresh_resources"))

    async def rows(self, sql: str) -> list[dict[str, Any]]:
        async with tenant_session(self.organization) as session:
            return [dict(row) for row in (await session.execute(text(sql))).mappings()]

    async def listed(self) -> dict[str, dict[str, Any]]:
        items = (await self.client.get("/usage/resources")).json()["items"]
        return {item["name"]: item for item in items}

    async def history(self, name: str) -> list[dict[str, Any]]:
        closed = await self.rows(f"SELECT id FROM cloud_resources WHERE name = '{name}'")  # noqa: S608
        answer = await self.client.get(f"/usage/resources/{closed[0]['id']}/history")
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    async def source(self) -> dict[str, Any]:
        answer = await self.client.get(f"/accounts/{self.account_id}/events")
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def make_old(self, minutes: float) -> None:
        """As if everything had been read so long ago."""
        async with tenant_session(self.organization) as session:
            past = {"past": datetime.now(UTC) - timedelta(minutes=minutes)}
            await session.execute(text("UPDATE cloud_resources SET last_seen_at = :past, first_seen_at = :past"), past)
            await session.execute(text("UPDATE sync_units SET type_seen_at = '{}'"))
            await session.execute(text("UPDATE resource_versions SET at = :past"), past)
