"""Remote-Write from the request to the table and back, with everything that senders do twice, late or wrongly."""

import asyncio
import math

import numpy as np
import pytest
from app.core.database import tenant_session
from app.domains.metrics import queries, service
from tests.domains.metrics.conftest import Sender, labels_of

STALE = float(np.array([0x7FF0000000000002], np.uint64).view(np.float64)[0])


async def test_what_is_acknowledged_is_in_the_table(sender: Sender) -> None:
    at = sender.now_ms
    answer = await sender.write(
        (labels_of("up", job="a"), [(1.0, at - 15_000), (0.0, at)]), (labels_of("temperature"), [(21.5, at)])
    )
    assert (answer.status_code, answer.content) == (204, b"")
    assert await sender.stored() == {("up", at - 15_000): 1.0, ("up", at): 0.0, ("temperature", at): 21.5}
    [block] = await sender.rows("SELECT samples, min_ms, max_ms FROM metric_blocks")
    assert block == {"samples": 3, "min_ms": at - 15_000, "max_ms": at}


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("compacted", [False, True])
async def test_a_repeated_request_is_not_stored_twice(sender: Sender, restarted: bool, compacted: bool) -> None:
    at = sender.now_ms
    series = labels_of("up", job="a"), [(1.0, at - 30_000), (2.0, at - 15_000), (STALE, at)]
    for _ in range(3):
        assert (await sender.write(series)).status_code == 204
        if compacted:
            await service.compact(sender.organization_id)
        if restarted:
            service.forget_books()
    assert [row["samples"] for row in await sender.rows("SELECT samples FROM metric_blocks")] == [3]
    found = await sender.stored()
    assert found.pop(("up", at)) != found.get(("up", at), 0)  # the end mark is NaN
    assert found == {("up", at - 30_000): 1.0, ("up", at - 15_000): 2.0}


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("compacted", [False, True])
async def test_another_value_at_a_stored_time_is_refused_and_the_rest_stored(
    sender: Sender, restarted: bool, compacted: bool
) -> None:
    at = sender.now_ms
    await sender.write((labels_of("up"), [(1.0, at - 15_000), (1.0, at)]))
    if compacted:
        await service.compact(sender.organization_id)
    if restarted:
        service.forget_books()
    answer = await sender.write((labels_of("down"), [(7.0, at)]), (labels_of("up"), [(2.0, at - 15_000), (3.0, at)]))
    assert answer.status_code == 400
    assert "2 with another value" in answer.text
    assert await sender.stored() == {("up", at - 15_000): 1.0, ("up", at): 1.0, ("down", at): 7.0}


async def test_late_samples_are_stored_within_two_hours_of_the_newest(sender: Sender) -> None:
    at, hour = sender.now_ms, 3_600_000
    await sender.write((labels_of("up"), [(1.0, at)]))
    answer = await sender.write((labels_of("up"), [(2.0, at - 3 * hour), (3.0, at - hour)]))
    assert (answer.status_code, "1 with a time too far behind" in answer.text) == (400, True)
    assert await sender.stored() == {("up", at - hour): 3.0, ("up", at): 1.0}
    await service.compact(sender.organization_id)
    assert await sender.stored() == {("up", at - hour): 3.0, ("up", at): 1.0}


async def test_requests_that_come_together_are_committed_together_and_in_order(sender: Sender) -> None:
    at = sender.now_ms
    writes = [sender.write((labels_of(f"m{number % 5}"), [(float(number), at + number // 5)])) for number in range(60)]
    answers = await asyncio.gather(*writes)
    assert {answer.status_code for answer in answers} <= {204, 400}
    assert len(await sender.stored()) == 60
    assert len(await sender.rows("SELECT id FROM metric_blocks")) < 60


async def test_of_requests_at_once_with_two_values_for_one_time_one_is_refused(sender: Sender) -> None:
    at = sender.now_ms
    await sender.write((labels_of("up"), [(0.0, at - 1)]))
    answers = await asyncio.gather(*(sender.write((labels_of("up"), [(float(value), at)])) for value in range(8)))
    assert sorted(answer.status_code for answer in answers) == [204, *[400] * 7]
    [won] = [value for value, answer in enumerate(answers) if answer.status_code == 204]
    assert (await sender.stored())[("up", at)] == float(won)


async def test_a_compaction_moves_all_and_may_be_repeated(sender: Sender) -> None:
    at = sender.now_ms
    expected: dict[tuple[str, int], float] = {}
    for number in range(30):
        points = [(math.sin(number) * series, at - 2 * 3_600_000 + number * 60_000 + 1) for series in range(4)]
        await sender.write(*((labels_of(f"m{index}"), [point]) for index, point in enumerate(points)))
        expected |= {(f"m{index}", when): value for index, (value, when) in enumerate(points)}
        if number % 7 == 0:
            assert await service.compact(sender.organization_id) > 0
    assert await sender.stored() == expected
    await service.compact(sender.organization_id)
    assert await service.compact(sender.organization_id) == 0
    assert await sender.stored() == expected
    chunks = await sender.rows("SELECT sum(points) AS points, count(*) AS chunks FROM metric_samples")
    assert chunks[0]["points"] == 120
    last = await sender.rows("SELECT extract(epoch FROM last_at) * 1000 AS last_ms FROM metric_series")
    assert {int(row["last_ms"]) for row in last} == {max(when for _, when in expected)}


async def test_the_log_is_followed_by_ids_and_outlives_a_compaction(sender: Sender) -> None:
    at = sender.now_ms
    for number in range(3):
        await sender.write((labels_of("up"), [(float(number), at + number)]))
    await service.compact(sender.organization_id)
    async with tenant_session(sender.organization_id) as session:
        head = await queries.read_block_head(session, sender.organization_id)
        first = await queries.read_blocks(session, sender.organization_id, 0, limit=2)
        rest = await queries.read_blocks(session, sender.organization_id, first[-1].id)
    assert [block.samples.values.tolist() for block in [*first, *rest]] == [[0.0], [1.0], [2.0]]
    assert rest[-1].id == head
    await sender.rows("UPDATE metric_blocks SET compacted_at = now() - interval '4 minutes',"
                      " received_at = now() - interval '4 minutes' RETURNING id")  # fmt: skip
    await service.compact(sender.organization_id)
    assert await sender.rows("SELECT id FROM metric_blocks") == []


async def test_metadata_alone_is_kept(sender: Sender) -> None:
    from tests.support.protobuf_bytes import bytes_field, number_field, snappy

    told = number_field(1, 1) + bytes_field(2, b"http_requests") + bytes_field(4, b"How many.") + bytes_field(5, b"")
    answer = await sender.client.post("/ingest/prometheus/write", content=snappy(bytes_field(3, told)))
    assert answer.status_code == 204
    assert await sender.rows("SELECT name, type, unit, help FROM metric_families") == [
        {"name": "http_requests", "type": "counter", "unit": "", "help": "How many."}
    ]
