"""Resources stored as a sync stores them, without a cloud, and the API over them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
from app.core.clock import utc_now
from app.core.database import tenant_session
from app.core.ids import new_id
from app.domains.accounts.models import Account
from app.domains.inventory import service
from app.domains.inventory.service.asking import forget_sizes
from app.providers.base import CollectedResource, Unit, UnitResult, UnitState


async def make_account(organization_id: UUID, *, provider: str = "aws", name: str = "main", number: str = "1") -> UUID:
    """An account's row."""
    account_id = new_id()
    async with tenant_session(organization_id) as session:
        session.add(
            Account(
                organization_id=organization_id,
                id=account_id,
                provider=provider,
                name=name,
                native_account_id=number,
                credentials_kind="ambient",
            )
        )
    return account_id


def make_resource(number: int, **changes: Any) -> CollectedResource:
    """A resource; `changes` replace any field."""
    fields: dict[str, Any] = {
        "native_id": f"arn:aws:ec2:eu-west-1:1:instance/i-{number:06}",
        "native_type": "AWS::EC2::Instance",
        "type": "compute.instance",
        "name": f"web-{number}",
        "region": "eu-west-1",
        "status": "running",
        "tags": {},
        "properties": {"Number": number},
    }
    return CollectedResource(**(fields | changes))


async def store(
    organization_id: UUID,
    account_id: UUID,
    resources: Sequence[CollectedResource],
    *,
    now: datetime | None = None,
    provider: str = "aws",
    number: str = "1",
    region: str = "global",
    service_name: str = "ec2",
    is_complete: bool = True,
) -> None:
    """Store these as one unit; a complete one closes what it no longer lists."""
    result = UnitResult(
        unit=Unit(account=number, region=region, service=service_name),
        state=UnitState.COMPLETE if is_complete else UnitState.FAILED,
        resources=list(resources),
        complete_types=frozenset(
            {"AWS::EC2::Instance", *(one.native_type for one in resources)} if is_complete else ()
        ),
    )
    async with tenant_session(organization_id) as session:
        await service.store_unit(
            session,
            organization_id,
            account_id=account_id,
            provider=provider,
            job_id=new_id(),
            result=result,
            now=now or utc_now(),
        )
    forget_sizes()


async def list_names(client: httpx.AsyncClient, **params: Any) -> list[str]:
    """The names of every page."""
    names: list[str] = []
    cursor = None
    while True:
        answer = await client.get("/usage/resources", params=params | ({"cursor": cursor} if cursor else {}))
        assert answer.status_code == 200, (params, answer.text)
        names += [item["name"] for item in answer.json()["items"]]
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            return names
