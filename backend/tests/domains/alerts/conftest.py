"""An organization with people, and clients of the alert routes."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any
from uuid import UUID

import httpx
import pytest
from app.core.clock import utc_now
from app.core.database import Database, directory_session, tenant_session
from app.core.http import Caller
from app.core.ids import new_id
from app.domains.alerts import service
from app.domains.alerts.api import routers
from app.domains.alerts.service import IncomingAlert
from app.domains.identity import service as identity
from app.domains.identity.rules import Role, permissions_of
from sqlalchemy import text
from tests.support.clouds import make_client, make_organization

PASSWORD = "correct horse battery staple"  # pragma: allowlist secret


def incoming(name: str = "one", **changes: Any) -> IncomingAlert:
    """What a source says; `changes` replace any field."""
    fields: dict[str, Any] = {
        "source": "test",
        "title": f"Alert {name}",
        "description": "Something is wrong.",
        "severity": "high",
        "labels": {"alertname": name},
        "started_at": utc_now(),
    }
    return IncomingAlert(**(fields | changes))


class Desk:
    """What tests do with alerts of one organization, each step in a transaction of its own."""

    def __init__(self, organization_id: UUID) -> None:
        self.organization_id = organization_id

    async def fire(self, *alerts: IncomingAlert) -> list[UUID]:
        """Fire together; the ids of new episodes."""
        async with tenant_session(self.organization_id) as session:
            return await service.fire_all(session, self.organization_id, alerts)

    async def end(self, *labels: Mapping[str, str]) -> int:
        """The source ends them."""
        async with tenant_session(self.organization_id) as session:
            return await service.end_all(session, self.organization_id, labels)

    async def rows(self, sql: str, **values: Any) -> list[dict[str, Any]]:
        """Rows of the organization."""
        async with tenant_session(self.organization_id) as session:
            return [dict(row) for row in (await session.execute(text(sql), values)).mappings()]

    async def person(self, role: Role = "operator", name: str = "Kim Tester") -> Caller:
        """A member, as the caller of a route."""
        email = f"{new_id().hex}@example.com"
        async with tenant_session(self.organization_id) as session:
            user = await identity.create_user(
                session, self.organization_id, email=email, name=name, role=role, password=PASSWORD
            )
        return Caller(
            user_id=user.id,
            organization_id=self.organization_id,
            email=email,
            role=role,
            permissions=permissions_of(role),
        )


@pytest.fixture
async def desk(database: Database) -> Desk:
    """An organization whose rows are committed."""
    async with directory_session() as session:
        return Desk((await identity.create_organization(session, "Example")).id)


SignedIn = Callable[[Caller | None], AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture
def signed_in() -> SignedIn:
    """A client of the alert routes as somebody, or as nobody."""
    return lambda caller: make_client(list(routers), caller)


@pytest.fixture
async def operator(desk: Desk) -> Caller:
    """Somebody who may do everything with alerts."""
    return await desk.person()


@pytest.fixture
async def client(operator: Caller) -> AsyncIterator[httpx.AsyncClient]:
    """Signed in as the operator."""
    async with make_client(list(routers), operator) as opened:
        yield opened


@pytest.fixture
async def stranger(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    """Signed in to another organization."""
    other = Desk(await make_organization())
    caller = Caller(
        user_id=new_id(),
        organization_id=other.organization_id,
        email="eve@example.com",
        role="owner",
        permissions=permissions_of("owner"),
    )
    async with make_client(list(routers), caller) as opened:
        yield opened
