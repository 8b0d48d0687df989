"""Events that wait in a queue until we ask."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from app.core.config import get_settings
from app.domains.inventory import service
from app.domains.inventory.service import polling
from app.providers.base import (
    ErrorKind,
    ProviderError,
)
from tests.support.clouds import FakeProvider, make_context
from tests.support.eventing import Estate, told
from tests.support.jobs import queued


@pytest.fixture
async def queue(
    organization: UUID, client: httpx.AsyncClient, provider: FakeProvider, account_id: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> Estate:  # fmt: skip
    """An AWS account whose events wait in a queue, which is asked for as long as it holds something."""
    monkeypatch.setenv("CLOUDOPS_ALLOWED_ENDPOINTS", "http://127.0.0.1:5999")
    monkeypatch.setattr(polling, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(polling, "PAUSE_SECONDS", 0.05)

    get_settings.cache_clear()
    body = {"queue_url": "http://127.0.0.1:5999/123456789012/events"}
    answer = await client.put(f"/accounts/{account_id}/events", json=body)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["hook_url"], answer.json()["queue_url"]) == (None, body["queue_url"])
    assert len(await queued(organization, "inventory.poll_events")) == 1
    return Estate(organization, client, provider, account_id)


async def poll(estate: Estate) -> None:
    await service.poll_events(await make_context(estate.organization, "inventory.poll_events", {}))


async def test_a_queue_is_asked_and_emptied_after_its_events_are_stored(queue: Estate) -> None:
    queue.cloud.queue = {"r1": told(), "r2": {"no": "event"}, "r3": told("bills", event="e2")}
    await poll(queue)
    assert sorted(queue.cloud.confirmed) == ["r1", "r2", "r3"]
    assert sorted(row["event_id"] for row in await queue.rows("SELECT event_id FROM cloud_events")) == ["e1", "e2"]
    assert len(await queued(queue.organization, "inventory.refresh_resources")) == 1
    assert len(await queued(queue.organization, "inventory.poll_events")) == 1  # it goes on


async def test_a_message_stays_in_the_queue_when_it_could_not_be_stored(
    queue: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any, **__: Any) -> int:
        raise RuntimeError("the database is away")

    queue.cloud.queue = {"r1": told()}
    with monkeypatch.context() as patched:
        patched.setattr(polling, "store_events", fail)
        with pytest.raises(RuntimeError):
            await poll(queue)
    assert queue.cloud.confirmed == []
    await poll(queue)
    await poll(queue)
    assert queue.cloud.confirmed == ["r1"]
    assert len(await queue.rows("SELECT id FROM cloud_events")) == 1


async def test_a_queue_that_cannot_be_read_says_so(queue: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_: Any, **__: Any) -> list[Any]:
        raise ProviderError(ErrorKind.ACCESS_DENIED, "no", call="sqs:ReceiveMessage", permission="sqs:ReceiveMessage")

    with monkeypatch.context() as patched:
        patched.setattr(queue.cloud, "receive_events", refuse)
        await poll(queue)
    assert (await queue.source())["error"] == "Missing permission sqs:ReceiveMessage."
    queue.cloud.queue = {"r1": told()}
    await poll(queue)
    assert (await queue.source())["error"] is None


async def test_a_message_that_meets_a_defect_of_ours_holds_up_nothing_and_is_said(
    queue: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    parse = queue.cloud.parse_events

    def stumble(message: Any) -> Any:
        if message == {"odd": True}:
            raise KeyError("detail")
        return parse(message)

    monkeypatch.setattr(queue.cloud, "parse_events", stumble)
    queue.cloud.queue = {"r1": {"odd": True}, "r2": told()}
    await poll(queue)
    assert sorted(queue.cloud.confirmed) == ["r1", "r2"]
    assert [row["event_id"] for row in await queue.rows("SELECT event_id FROM cloud_events")] == ["e1"]
    assert (await queue.source())["error"].startswith("Messages not understood: 1.")
