"""Bad input at the routes of the whole application: what each gets, and that the store holds just what was good."""

import gzip
import math
import time

import cramjam
import httpx
import numpy as np
import pytest
from app.core.database import tenant_session
from app.core.quotas import set_limit
from tests.domains.metrics.conftest import Sender, labels_of
from tests.domains.metrics.test_whole_application import client as client
from tests.domains.metrics.test_whole_application import key as key
from tests.support.protobuf_bytes import Symbols, snappy, v1_request, v1_series, v2_series, varint

V1 = {"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy"}
V2 = V1 | {"Content-Type": "application/x-protobuf;proto=io.prometheus.write.v2.Request"}
HOUR = 3_600_000
STALE = float(np.array([0x7FF0000000000002], np.uint64).view(np.float64)[0])
WRITTEN = "x-prometheus-remote-write-samples-written"


class Door:
    """The intake's addresses, with a key."""

    def __init__(self, client: httpx.AsyncClient, key: str) -> None:
        self.client, self.headers = client, {"Authorization": f"Bearer {key}"}

    async def write(self, body: bytes, headers: dict[str, str] | None = None) -> httpx.Response:
        return await self.client.post("/ingest/prometheus/write", content=body, headers=(headers or V1) | self.headers)

    async def export(self, body: bytes, **headers: str) -> httpx.Response:
        told = {"Content-Type": "application/x-protobuf"} | headers | self.headers
        return await self.client.post("/ingest/v1/metrics", content=body, headers=told)


@pytest.fixture
def door(client: httpx.AsyncClient, key: str) -> Door:
    return Door(client, key)


def one(name: str, points: list[tuple[float, int]], **labels: str) -> bytes:
    return v1_series(labels_of(name, **labels), points)


@pytest.mark.parametrize("headers", [V1, V2], ids=["1.0", "2.0"])
@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(bytes(cramjam.snappy.compress_raw(bytes(200_000_000))), 413, id="a snappy bomb"),
        pytest.param(varint(2**32 - 1) + b"\x00a", 413, id="a claimed length of 4 GiB"),
        pytest.param(varint(60_000_000) + b"\x00a", 413, id="a claimed length that the body cannot have"),
        pytest.param(varint(2**63) + b"\x00a", 400, id="a claimed length that no block has"),
        pytest.param(snappy(b"\x0a\xff\xff\xff\xff\x0f"), 400, id="a claimed length inside of the message"),
        pytest.param(b"", 400, id="nothing"),
        pytest.param(b"\xff" * 100, 400, id="noise"),
    ],
)
async def test_bodies_that_lie_are_refused_at_once(
    sender: Sender, door: Door, headers: dict[str, str], body: bytes, status: int
) -> None:
    started = time.monotonic()
    answer = await door.write(body, headers)
    assert answer.status_code == status, answer.text
    assert time.monotonic() - started < 2
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.headers.get(WRITTEN) == "0") is (headers is V2)
    assert await sender.stored() == {}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(gzip.compress(bytes(200_000_000)), 413, id="a gzip bomb"),
        pytest.param(gzip.compress(gzip.compress(bytes(100_000_000))), 400, id="packed twice"),
        pytest.param(gzip.compress(b"\x0a\x02")[:-9], 400, id="cut"),
        pytest.param(gzip.compress(b"\x0a\xff\xff\xff\xff\x0f"), 400, id="a claimed length inside of the message"),
        pytest.param(b"plain", 400, id="not gzip"),
    ],
)
async def test_otlp_bodies_that_lie_are_refused_at_once(sender: Sender, door: Door, body: bytes, status: int) -> None:
    started = time.monotonic()
    answer = await door.export(body, **{"Content-Encoding": "gzip"})
    assert answer.status_code == status, answer.content
    assert time.monotonic() - started < 2
    assert answer.headers["content-type"] == "application/x-protobuf"
    assert await sender.stored() == {}


async def test_a_label_of_10_mb_refuses_its_series_and_no_other(sender: Sender, door: Door) -> None:
    at = sender.now_ms
    request = v1_request(one("good", [(1.0, at)]), one("bad", [(1.0, at)], text="x" * 10_000_000))
    answer = await door.write(bytes(cramjam.snappy.compress_raw(request)))
    assert answer.status_code == 400
    assert answer.text.startswith("1 refused, the others are stored")
    assert await sender.stored() == {("good", at): 1.0}


async def test_series_of_one_sender_without_end_stop_at_the_limit_and_it_is_told(sender: Sender, door: Door) -> None:
    async with tenant_session(sender.organization_id) as session:
        await set_limit(session, sender.organization_id, "series", 3_000)
    at = sender.now_ms
    refused = 0
    for part in range(4):
        series = [one("flood", [(1.0, at)], number=str(part * 2_000 + number)) for number in range(2_000)]
        answer = await door.write(bytes(cramjam.snappy.compress_raw(v1_request(*series))))
        assert answer.status_code == (204 if part == 0 else 400)
        if answer.status_code == 400:
            assert "with a new series above the organization's limit" in answer.text
            refused += int(answer.text.split(" ")[0])
    assert refused == 5_000
    [row] = await sender.rows("SELECT count(*) AS series FROM metric_series")
    assert row["series"] == 3_000
    again = v1_request(*(one("flood", [(2.0, at + 1)], number=str(number)) for number in range(2_000)))
    assert (await door.write(bytes(cramjam.snappy.compress_raw(again)))).status_code == 204


@pytest.mark.parametrize(("hours", "is_taken"), [(-10, True), (10, False)], ids=["behind", "ahead"])
async def test_a_new_sender_whose_clock_is_ten_hours_off(
    sender: Sender, door: Door, hours: int, is_taken: bool
) -> None:
    at = sender.now_ms + hours * HOUR
    answer = await door.write(snappy(v1_request(one("up", [(1.0, at)]))))
    assert answer.status_code == (204 if is_taken else 400), answer.text
    assert await sender.stored() == ({("up", at): 1.0} if is_taken else {})


async def test_a_clock_that_falls_ten_hours_behind_is_told_and_the_right_ones_are_stored(
    sender: Sender, door: Door
) -> None:
    at = sender.now_ms
    assert (await door.write(snappy(v1_request(one("up", [(1.0, at)]))))).status_code == 204
    request = v1_request(one("up", [(2.0, at - 10 * HOUR)]), one("down", [(3.0, at)]), one("up", [(1.0, at)]))
    answer = await door.write(snappy(request))
    assert (answer.status_code, "1 with a time too far behind" in answer.text) == (400, True)
    assert await sender.stored() == {("up", at): 1.0, ("down", at): 3.0}


async def test_nan_infinities_and_end_marks_keep_their_bits(sender: Sender, door: Door) -> None:
    at = sender.now_ms
    values = [math.nan, math.inf, -math.inf, -0.0, 5e-324, 1.7976931348623157e308, STALE]
    points = [(value, at + number) for number, value in enumerate(values)]
    assert (await door.write(snappy(v1_request(one("odd", points))))).status_code == 204
    stored = await sender.stored()
    found = np.array([stored["odd", at + number] for number in range(len(values))])
    assert found.view(np.uint64).tolist() == np.array(values).view(np.uint64).tolist()


async def test_of_a_batch_that_is_good_in_part_all_versions_tell_what_was_stored(sender: Sender, door: Door) -> None:
    at = sender.now_ms
    symbols = Symbols()
    series = [
        v2_series(symbols, labels_of("up"), [(1.0, at)]),
        v2_series(symbols, labels_of("load"), [(2.0, at), (9.0, at + HOUR)]),
        v2_series(symbols, [("b", "1"), ("a", "2")], [(1.0, at)]),
        v2_series(symbols, labels_of("up"), [(7.0, at)]),
    ]
    body = snappy(symbols.request(*series))
    for _ in range(2):  # a replay gets the same answer and changes nothing
        answer = await door.write(body, V2)
        assert answer.status_code == 400
        assert answer.headers[WRITTEN] == "2"
        assert answer.text.startswith("3 refused, the others are stored")
        assert await sender.stored() == {("up", at): 1.0, ("load", at): 2.0}
    [row] = await sender.rows("SELECT sum(samples) AS samples FROM metric_blocks")
    assert row["samples"] == 2
