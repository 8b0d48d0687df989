"""Rows of removed accounts: a connection's goes with the last of those that it found, whoever comes last."""

import asyncio
from itertools import permutations
from uuid import UUID

import httpx
import pytest
from app.core.database import tenant_session
from app.domains.accounts import service
from app.domains.accounts.models import Account
from app.providers.base import DiscoveredAccount
from sqlalchemy import select
from tests.support.clouds import KEY_BODY


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_a_connection_goes_with_what_it_found_when_all_are_erased_at_once(
    client: httpx.AsyncClient, organization: UUID, order: tuple[int, ...]
) -> None:
    connection = UUID((await client.post("/accounts", json=KEY_BODY)).json()["id"])
    found = [
        DiscoveredAccount(native_account=f"00000000000{number}", name=f"Found {number}", kind="account")
        for number in (1, 2)
    ]
    async with tenant_session(organization) as session:
        made = await service.store_found_accounts(session, organization, connection, found, reads_alone=True)
    assert (await client.delete(f"/accounts/{connection}")).status_code == 204
    ids = [connection, *made.created]
    started: list[asyncio.Event] = [asyncio.Event() for _ in order]

    async def erase(place: int) -> None:
        if place:
            await started[place - 1].wait()
        async with tenant_session(organization) as session:
            erasing = asyncio.create_task(service.erase_account(session, organization, ids[order[place]]))
            await asyncio.sleep(0.05)
            started[place].set()
            await asyncio.sleep(0.1)  # the next one asks before this one has committed
            await erasing

    await asyncio.gather(*(erase(place) for place in range(3)))
    async with tenant_session(organization) as session:
        assert (await session.execute(select(Account.id))).all() == []
