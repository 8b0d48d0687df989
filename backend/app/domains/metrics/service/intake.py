"""Taking samples in: decode, weigh, register what is new, commit, answer."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

from app.core import clock
from app.domains.metrics.rules import otlp, remote_write
from app.domains.metrics.rules.batch import Refused, SampleBatch, WrittenCounts
from app.domains.metrics.rules.limits import time_bounds
from app.domains.metrics.rules.otlp import Encoding, OtlpAnswer
from app.domains.metrics.rules.remote_write import Version, WriteAnswer
from app.domains.metrics.rules.series import SeriesCache
from app.domains.metrics.service.book import book_of, forget_if_large
from app.domains.metrics.service.committing import committer_of
from app.domains.metrics.service.registering import register_series

Weigh = Callable[[int], Awaitable[None]]
"""Called with the number of samples before anything is stored; raises where they are too many."""

_IN_THREAD_BYTES = 256 * 1024  # packed; smaller bodies are decoded in less time than the loop may be kept waiting
_spellings = SeriesCache()


async def receive_remote_write(organization_id: UUID, body: bytes, version: Version, weigh: Weigh) -> WriteAnswer:
    """Store what a Remote-Write request holds. Raises MalformedBody, TooLarge, RateLimited and IntakeBusy."""
    bounds = time_bounds(_now_ms())
    if len(body) < _IN_THREAD_BYTES:
        batch = remote_write.decode(body, version, bounds, _spellings)
    else:
        batch = await asyncio.to_thread(remote_write.decode, body, version, bounds, _spellings)
    refused = await store_batch(organization_id, batch, weigh)
    counts = without_refused(batch.counts, refused)
    return remote_write.answer(version, counts, [*batch.rejections, *refused.rejections])


async def receive_otlp(
    organization_id: UUID, body: bytes, encoding: Encoding, content_encoding: str | None, weigh: Weigh
) -> OtlpAnswer:
    """Store what an OTLP request holds.

    Raises UnsupportedMediaType, MalformedBody, TooLarge, RateLimited and IntakeBusy.
    """
    arguments = (body, encoding, content_encoding, time_bounds(_now_ms()), _spellings)
    if len(body) < _IN_THREAD_BYTES:
        batch = otlp.decode(*arguments)
    else:
        batch = await asyncio.to_thread(otlp.decode, *arguments)
    refused = await store_batch(organization_id, batch, weigh)
    return otlp.answer(encoding, [*batch.rejections, *refused.rejections])


async def store_batch(organization_id: UUID, batch: SampleBatch, weigh: Weigh) -> Refused:
    """Commit a batch; what the store refused of it. Raises RateLimited and IntakeBusy."""
    samples = len(batch) + len(batch.increments)
    if samples:
        await weigh(samples)
    elif not batch.metadata:
        return Refused()
    book = await book_of(organization_id)
    places = await register_series(book, batch)
    if not samples:
        return Refused()
    refused = await committer_of(book).store(batch, places)
    forget_if_large(book)
    return refused


def without_refused(counts: WrittenCounts, refused: Refused) -> WrittenCounts:
    """What was written once the store has refused some."""
    return WrittenCounts(
        samples=max(0, counts.samples - refused.samples),
        histograms=max(0, counts.histograms - len(refused.histograms)),
        exemplars=counts.exemplars,
    )


def _now_ms() -> int:
    return int(clock.utc_now().timestamp() * 1000)
