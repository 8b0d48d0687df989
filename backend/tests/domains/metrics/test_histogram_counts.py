"""What Remote-Write 2.0 is told of histograms that the store refuses: each counts once, whatever it is stored as."""

import httpx
from app.core.database import tenant_session
from app.core.quotas import set_limit
from tests.domains.metrics.conftest import Sender, labels_of
from tests.support.protobuf_bytes import Symbols, bytes_field, histogram, snappy, v2_series

PROTO = "application/x-protobuf;proto=io.prometheus.write.v2.Request"
Points = list[tuple[float, int]]


async def send(sender: Sender, samples: dict[str, Points], histograms: dict[str, list[tuple[int, int]]]) -> list[int]:
    """Status and the counts of samples and histograms. A histogram is (observations, Unix milliseconds)."""
    symbols = Symbols()
    series = [v2_series(symbols, labels_of(name), points) for name, points in samples.items()]
    for name, sent in histograms.items():
        raws = [
            histogram(count=count, total=float(count), schema=0, positive=[(0, [count])], at_ms=at)
            for count, at in sent
        ]
        series.append(bytes_field(1, symbols.refs(labels_of(name))) + b"".join(bytes_field(3, raw) for raw in raws))
    answer: httpx.Response = await sender.client.post(
        "/ingest/prometheus/write",
        content=snappy(symbols.request(*series)),
        headers={"Content-Type": PROTO, "Content-Encoding": "snappy"},
    )
    written = [answer.headers[f"X-Prometheus-Remote-Write-{kind}-Written"] for kind in ("Samples", "Histograms")]
    return [answer.status_code, *map(int, written)]


async def test_histograms_and_samples_that_contradict_stored_ones_are_counted_apart(sender: Sender) -> None:
    at = sender.now_ms
    assert await send(sender, {"up": [(1.0, at)]}, {"took": [(4, at)]}) == [204, 1, 1]
    assert await send(sender, {"up": [(1.0, at)]}, {"took": [(4, at)]}) == [204, 1, 1]  # repeated
    found = await send(sender, {"up": [(2.0, at), (3.0, at + 1)]}, {"took": [(5, at), (6, at + 1)], "new": [(7, at)]})
    assert found == [400, 1, 2]


async def test_histograms_behind_the_window_are_counted_as_histograms(sender: Sender) -> None:
    at = sender.now_ms
    await send(sender, {"up": [(1.0, at)]}, {"took": [(4, at)]})
    late = at - 7_200_001
    assert await send(sender, {"other": [(1.0, late)]}, {"took": [(3, late)]}) == [400, 1, 0]


async def test_a_histogram_of_which_a_part_is_above_the_limit_of_series_is_not_written(sender: Sender) -> None:
    async with tenant_session(sender.organization_id) as session:
        await set_limit(session, sender.organization_id, "series", 3)
    assert await send(sender, {"up": [(1.0, sender.now_ms)]}, {"took": [(4, sender.now_ms)]}) == [400, 1, 0]
