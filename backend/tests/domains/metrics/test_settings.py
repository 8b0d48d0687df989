"""What an organization chooses of its intake: how late samples may come, and whether they replace others."""

from collections.abc import AsyncIterator

import httpx
import pytest
from app.domains.metrics import service
from app.domains.metrics.api import routers
from tests.domains.metrics.conftest import Sender, labels_of
from tests.support.clouds import make_caller, make_client

PATH = "/metrics/settings"


@pytest.fixture
async def head(sender: Sender) -> AsyncIterator[httpx.AsyncClient]:
    """Who may choose for the organization."""
    caller = make_caller(sender.organization_id, {"metrics:read", "organization:write"})
    async with make_client(routers, caller) as client:
        yield client


async def choose(head: httpx.AsyncClient, *, wins: bool, minutes: int) -> None:
    body = {"last_write_wins": wins, "out_of_order_minutes": minutes}
    answer = await head.put(PATH, json=body)
    assert (answer.status_code, answer.json()) == (200, body)
    assert (await head.get(PATH)).json() == body
    service.forget_books()  # the minute is over


async def test_without_a_choice_the_products_holds(head: httpx.AsyncClient) -> None:
    assert (await head.get(PATH)).json() == {"last_write_wins": False, "out_of_order_minutes": 120}


@pytest.mark.parametrize("minutes", [-1, 1441, 1.5, None])
async def test_choices_beyond_the_bounds_are_refused(head: httpx.AsyncClient, minutes: float | None) -> None:
    answer = await head.put(PATH, json={"last_write_wins": True, "out_of_order_minutes": minutes})
    assert answer.status_code == 422


async def test_who_only_reads_chooses_nothing(sender: Sender) -> None:
    body = {"last_write_wins": True, "out_of_order_minutes": 1}
    assert (await sender.client.put(PATH, json=body)).status_code == 403


@pytest.mark.parametrize("compacted", [False, True])
async def test_the_last_write_wins_where_it_is_chosen(sender: Sender, head: httpx.AsyncClient, compacted: bool) -> None:
    await choose(head, wins=True, minutes=120)
    at = sender.now_ms
    for value in (1.0, 2.0, 1.0, 3.0, 3.0):  # back and forth, at the newest time and before it, in one process
        answer = await sender.write((labels_of("up"), [(value, at - 15_000), (value, at)]))
        assert answer.status_code == 204
        if compacted:
            await service.compact(sender.organization_id)
        assert await sender.stored() == {("up", at - 15_000): value, ("up", at): value}


async def test_the_window_is_as_wide_as_chosen(sender: Sender, head: httpx.AsyncClient) -> None:
    at = sender.now_ms
    await sender.write((labels_of("up"), [(1.0, at)]))
    for minutes, expected in ((10, 400), (1440, 204)):
        await choose(head, wins=False, minutes=minutes)
        assert (await sender.write((labels_of("up"), [(1.0, at - 11 * 60_000)]))).status_code == expected
    assert (await sender.write((labels_of("up"), [(1.0, at - 1440 * 60_000 - 1)]))).status_code == 400
