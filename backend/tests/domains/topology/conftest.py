"""An organization whose estate a test stores by the inventory's own path, and clients of the topology's routes."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
from app.core.clock import utc_now
from app.core.database import Database, tenant_session
from app.core.ids import new_id
from app.core.scope import Scope
from app.domains.accounts.models import Account
from app.domains.inventory import service as inventory
from app.domains.topology import service
from app.domains.topology.api import router
from app.providers.base import CollectedRelation, CollectedResource, Unit, UnitResult, UnitState
from tests.support.clouds import NUMBER, make_caller, make_client, make_context, make_organization

PERMISSIONS = ("topology:read", "compliance:read")
Edge = tuple[str, str, str]


def thing(name: str, type_: str = "compute.instance", **changes: Any) -> CollectedResource:
    """A resource whose native id is its name."""
    fields: dict[str, Any] = {
        "native_id": name,
        "native_type": "Test::Any::Thing",
        "type": type_,
        "name": name,
        "region": "eu-west-1",
        "status": None,
        "tags": {},
        "properties": {},
    }
    return CollectedResource(**(fields | changes))


@dataclass
class World:
    """One connected account and the ids of what was stored, by native id."""

    organization_id: UUID
    account_id: UUID
    provider: str = "aws"
    number: str = NUMBER
    ids: dict[str, UUID] = field(default_factory=dict)

    async def store(
        self,
        resources: Iterable[CollectedResource],
        edges: Iterable[Edge] = (),
        *,
        types: Iterable[str] = (),
        region: str = "eu-west-1",
        service_name: str = "ec2",
        now: datetime | None = None,
        partial: bool = False,
    ) -> None:
        """Store one unit; every type among the resources, and `types`, was listed whole."""
        listed = list(resources)
        seen = frozenset() if partial else frozenset({one.native_type for one in listed} | set(types))
        async with tenant_session(self.organization_id) as session:
            await inventory.store_unit(
                session,
                self.organization_id,
                account_id=self.account_id,
                provider=self.provider,
                job_id=new_id(),
                result=UnitResult(
                    unit=Unit(account=self.number, region=region, service=service_name),
                    state=UnitState.PARTIAL if partial else UnitState.COMPLETE,
                    resources=listed,
                    relations=[CollectedRelation(source=s, kind=k, target=t) for s, k, t in edges],
                    complete_types=seen,
                ),
                now=now or utc_now(),
            )
        async with tenant_session(self.organization_id) as session:
            self.ids |= await inventory.resolve_native_ids(
                session, self.organization_id, [one.native_id for one in listed]
            )

    async def settle(self) -> None:
        """Compute derived facts as the job does."""
        context = await make_context(self.organization_id, "topology.refresh_pending", {})
        await service.refresh_pending(context)

    def names(self) -> Mapping[str, str]:
        """Native ids by resource id."""
        return {str(id_): name for name, id_ in self.ids.items()}


async def make_account(organization_id: UUID, provider: str = "aws", number: str = NUMBER) -> World:
    """Another connected account."""
    account_id = new_id()
    async with tenant_session(organization_id) as session:
        session.add(
            Account(
                organization_id=organization_id,
                id=account_id,
                provider=provider,
                name=f"{provider} {number}",
                native_account_id=number,
                credentials_kind="ambient",
            )
        )
    return World(organization_id=organization_id, account_id=account_id, provider=provider, number=number)


@pytest.fixture
async def organization(database: Database) -> UUID:
    """An organization whose rows are committed."""
    return await make_organization()


@pytest.fixture
async def world(organization: UUID) -> World:
    """A connected AWS account without resources."""
    return await make_account(organization)


@pytest.fixture
async def client(organization: UUID) -> AsyncIterator[httpx.AsyncClient]:
    """Signed in with every permission of these routes."""
    async with make_client([router], make_caller(organization, PERMISSIONS)) as opened:
        yield opened


@pytest.fixture
async def stranger(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    """Signed in to another organization."""
    async with make_client([router], make_caller(await make_organization(), PERMISSIONS)) as opened:
        yield opened


def scoped_client(
    organization_id: UUID, *, accounts: Sequence[UUID] = (), tags: Sequence[tuple[str, str]] = ()
) -> httpx.AsyncClient:
    """Signed in with access to a part of the organization."""
    from dataclasses import replace

    caller = replace(make_caller(organization_id, PERMISSIONS), scope=Scope(frozenset(accounts), tuple(tags)))
    return make_client([router], caller)
