"""An organization with a mailbox behind its mail setting."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest
from app.core.config import get_settings
from app.core.database import Database, directory_session, tenant_session
from app.core.http import Caller
from app.core.ids import new_id
from app.domains.identity import service as identity
from app.domains.identity.rules import Role, permissions_of
from app.domains.notifications import service, tasks
from app.domains.notifications.api import router
from app.domains.notifications.service import Notification
from sqlalchemy import text
from tests.support.clouds import make_client, make_context, make_organization
from tests.support.mailbox import Mailbox, open_mailbox

PASSWORD = "correct horse battery staple"  # pragma: allowlist secret


def told(key: str = "one", **changes: Any) -> Notification:
    """Something worth telling; `changes` replace any field."""
    fields: dict[str, Any] = {
        "key": key,
        "kind": "alert.fired",
        "severity": "critical",
        "title": "Bucket is public",
        "body": "Anonymous users can reach the bucket.",
        "link": "/alerts?id=1",
        "subject_type": "alert",
        "subject_id": new_id(),
    }
    return Notification(**(fields | changes))


class Office:
    """What tests do with notifications of one organization, each step in a transaction of its own."""

    def __init__(self, organization_id: UUID) -> None:
        self.organization_id = organization_id

    async def rows(self, sql: str, **values: Any) -> list[dict[str, Any]]:
        """Rows of the organization."""
        async with tenant_session(self.organization_id) as session:
            return [dict(row) for row in (await session.execute(text(sql), values)).mappings()]

    async def notify(self, *notifications: Notification) -> int:
        """Tell; the number of deliveries."""
        async with tenant_session(self.organization_id) as session:
            return await service.notify_all(session, self.organization_id, notifications)

    async def deliver(self) -> None:
        """Run each waiting delivery's job once, as a worker would."""
        await self.rows("UPDATE jobs SET state = 'running' WHERE kind = 'notifications.deliver' RETURNING id")
        for row in await self.rows("SELECT id FROM notification_deliveries WHERE ended_at IS NULL ORDER BY recipient"):
            arguments = {"delivery_id": str(row["id"])}
            context = await make_context(self.organization_id, "notifications.deliver", arguments)
            await tasks.deliver(context, row["id"])

    async def deliveries(self) -> list[dict[str, Any]]:
        """The ledger, by recipient."""
        return await self.rows("SELECT * FROM notification_deliveries ORDER BY recipient, created_at")

    async def delays(self) -> list[float]:
        """Seconds that waiting jobs are put off, the shortest first."""
        sql = """SELECT extract(epoch FROM due_at - created_at)::float8 AS delay FROM jobs
                 WHERE kind = 'notifications.deliver' AND state = 'queued' AND due_at IS NOT NULL ORDER BY 1"""
        return [row["delay"] for row in await self.rows(sql)]

    async def person(self, role: Role = "owner", email: str | None = None) -> Caller:
        """A member, as the caller of a route."""
        email = email or f"{new_id().hex}@example.com"
        async with tenant_session(self.organization_id) as session:
            user = await identity.create_user(
                session, self.organization_id, email=email, name="Kim", role=role, password=PASSWORD
            )
        return Caller(
            user_id=user.id,
            organization_id=self.organization_id,
            email=email,
            role=role,
            permissions=permissions_of(role),
        )


@pytest.fixture
async def mailbox(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Mailbox]:
    """The mail server of the installation."""
    async with open_mailbox() as opened:
        monkeypatch.setenv("CLOUDOPS_SMTP_URL", opened.url)
        monkeypatch.setenv("CLOUDOPS_PUBLIC_URL", "https://ops.example.com/")
        monkeypatch.setenv("CLOUDOPS_MAIL_FROM", "CloudOps Pro <cloudops@example.com>")
        get_settings.cache_clear()
        yield opened
    get_settings.cache_clear()


@pytest.fixture
async def office(database: Database) -> Office:
    """An organization whose rows are committed."""
    async with directory_session() as session:
        return Office((await identity.create_organization(session, "Example")).id)


@pytest.fixture
async def owner(office: Office) -> Caller:
    """The one recipient of the default channel."""
    return await office.person("owner")


@pytest.fixture
async def client(owner: Caller) -> AsyncIterator[httpx.AsyncClient]:
    """Signed in as the owner."""
    async with make_client([router], owner) as opened:
        yield opened


@pytest.fixture
async def stranger(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    """Signed in to another organization."""
    other = await make_organization()
    caller = Caller(
        user_id=new_id(),
        organization_id=other,
        email="eve@example.com",
        role="owner",
        permissions=permissions_of("owner"),
    )
    async with make_client([router], caller) as opened:
        yield opened
