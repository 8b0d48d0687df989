"""Group commit: what arrives while a transaction is under way is committed together by the next one.

One transaction at a time and organization in this process. Ids of blocks are taken under a lock that lasts to the
commit, so that they become visible in their order to those who follow the log, also with several processes.
"""

import asyncio
import logging
from dataclasses import dataclass, field
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.database import tenant_session
from app.core.tasks import enqueue
from app.domains.metrics import queries
from app.domains.metrics.errors import IntakeBusy
from app.domains.metrics.rules.batch import Refused, SampleBatch
from app.domains.metrics.rules.blocks import Samples, encode_block, latest_of_each
from app.domains.metrics.rules.builder import OTHER_VALUE
from app.domains.metrics.rules.limits import BLOCK_SAMPLES, OUT_OF_WINDOW, TOO_MANY_SERIES
from app.domains.metrics.rules.newest import Before
from app.domains.metrics.service.adding import add_increments
from app.domains.metrics.service.book import SeriesBook

logger = logging.getLogger(__name__)

COMPACT_TASK = "metrics.compact"
COMPACT_SAMPLES = 2_000_000
MAX_WAITING_SAMPLES = 4_000_000
"""Of one organization in this process's memory; above it senders are told to come back."""
_INSERT = text(
    """
    INSERT INTO metric_blocks (organization_id, min_series, max_series, min_ms, max_ms, samples, payload)
    VALUES (:org, :min_series, :max_series, :min_ms, :max_ms, :samples, :payload)
    """
)


@dataclass(slots=True)
class _Waiting:
    """One request: its samples by their index in the batch, and the answer to come."""

    series: NDArray[np.int32]
    at_ms: NDArray[np.int64]
    values: NDArray[np.float64]
    batch: SampleBatch
    places: NDArray[np.int64]  # by the batch's own index of series
    done: "asyncio.Future[Refused]"
    refused: Refused = field(default_factory=Refused)

    def refuse(self, reason: str, series: NDArray[np.int32], at_ms: NDArray[np.int64]) -> None:
        self.refused.add(reason, series, at_ms, self.batch.owners)

    def __len__(self) -> int:
        return len(self.series) + len(self.batch.increments)


class Committer:
    """Stores the samples of one book."""

    def __init__(self, book: SeriesBook) -> None:
        self.book = book
        self._waiting: list[_Waiting] = []
        self._running: asyncio.Task[None] | None = None

    async def store(self, batch: SampleBatch, places: NDArray[np.int64]) -> Refused:
        """Commit the batch; what the store refuses of it. `places` of its series are those in the book.

        Raises IntakeBusy; the same samples may then be sent again, and what was stored after all is known by its equal
        value.
        """
        if sum(map(len, self._waiting)) > MAX_WAITING_SAMPLES:
            raise IntakeBusy(retry_after_seconds=2)
        waiting = _Waiting(
            batch.series, batch.at_ms, batch.values, batch, places, asyncio.get_running_loop().create_future()
        )
        self._waiting.append(waiting)
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run())
        return await asyncio.shield(waiting.done)

    async def _run(self) -> None:
        while self._waiting:
            group: list[_Waiting] = []
            size = 0
            while self._waiting and (not group or size + len(self._waiting[0]) <= BLOCK_SAMPLES):
                group.append(self._waiting.pop(0))
                size += len(group[-1])
            try:
                await self._commit(group)
            except (SQLAlchemyError, OSError, TimeoutError) as failure:
                logger.warning("samples could not be committed: %s", failure)
                _fail(group, IntakeBusy())
            except Exception as failure:  # those who wait behind have their turn all the same
                logger.exception("samples could not be committed")
                _fail(group, failure)
            except BaseException:  # the process ends
                _fail([*group, *self._waiting], IntakeBusy())
                self._waiting.clear()
                raise
            for waiting in group:
                if not waiting.done.done():
                    waiting.done.set_result(waiting.refused)

    async def _commit(self, group: list[_Waiting]) -> None:
        undo: list[Before] = []
        try:
            async with tenant_session(self.book.organization_id) as session:
                await session.execute(
                    text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"),
                    {"key": f"metric-blocks:{self.book.organization_id}"},
                )
                await self.book.refresh_rules(session)
                parts: list[Samples] = []
                for waiting in group:
                    await self._add_increments(session, waiting)
                    taken = await self._take(session, waiting, parts, undo)
                    if len(taken):
                        parts.append(taken)
                await self._insert(session, parts)
        except BaseException:
            for before in reversed(undo):
                self.book.newest.take_back(before)
            raise

    async def _add_increments(self, session: AsyncSession, waiting: _Waiting) -> None:
        """Turn increments into samples of their running sums."""
        if not len(waiting.batch.increments):
            return
        increments = waiting.batch.increments
        known = waiting.places[increments.series] >= 0
        waiting.refuse(TOO_MANY_SERIES, increments.series[~known], increments.at_ms[~known])
        series, at_ms, values = await add_increments(
            session, self.book.organization_id, self.book.newest.ids, waiting.places, increments, known
        )
        waiting.series = np.concatenate([waiting.series, series])
        waiting.at_ms = np.concatenate([waiting.at_ms, at_ms])
        waiting.values = np.concatenate([waiting.values, values])

    async def _take(
        self, session: AsyncSession, waiting: _Waiting, before_it: list[Samples], undo: list[Before]
    ) -> Samples:
        """The samples of one request that are to be stored; the others are equal to stored ones, or refused."""
        series, at_ms, values = waiting.series, waiting.at_ms, np.ascontiguousarray(waiting.values)
        slots = waiting.places[series]
        known = slots >= 0
        if not known.all():
            waiting.refuse(TOO_MANY_SERIES, series[~known], at_ms[~known])
            series, slots, at_ms, values = series[known], slots[known], at_ms[known], values[known]
        newest = self.book.newest
        newer, repeated, before = newest.take_newer(slots, at_ms, values.view(np.uint64))
        undo.append(before)
        samples = Samples(newest.ids[slots], at_ms, values)
        if newer.all():
            return samples
        rules = self.book.rules
        late = ~newer & ~repeated
        lost = late & (at_ms < newest.at_ms[slots] - int(rules.out_of_order.total_seconds() * 1000))
        waiting.refuse(OUT_OF_WINDOW, series[lost], at_ms[lost])
        late &= ~lost
        if late.any():
            missing, others = await self._compare(session, samples.take(late), before_it)
            if rules.last_write_wins:
                missing |= others
                newest.has_value[slots[late][others]] = False  # a repeat of the value that was there is to be compared
            else:
                waiting.refuse(OTHER_VALUE, series[late][others], at_ms[late][others])
            late[late] = missing
        return samples.take(newer | late)

    async def _compare(
        self, session: AsyncSession, wanted: Samples, before_it: list[Samples]
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Which of these samples are not stored, and which are stored with another value."""
        stored = [*await queries.read_stored(session, self.book.organization_id, wanted), *before_it]
        found = latest_of_each(Samples.join(stored))
        chosen = np.isin(found.series, wanted.series) & np.isin(found.at_ms, wanted.at_ms)
        found = found.take(chosen)
        bits = found.values.view(np.uint64).tolist()
        known = dict(zip(zip(found.series.tolist(), found.at_ms.tolist(), strict=True), bits, strict=True))
        sent = wanted.values.view(np.uint64).tolist()
        places = zip(wanted.series.tolist(), wanted.at_ms.tolist(), strict=True)
        held = [known.get(place) for place in places]
        others = [old is not None and old != new for old, new in zip(held, sent, strict=True)]
        return np.array([old is None for old in held], np.bool_), np.array(others, np.bool_)

    async def _insert(self, session: AsyncSession, parts: list[Samples]) -> None:
        samples = Samples.join(parts)
        for start in range(0, len(samples), BLOCK_SAMPLES):
            part = samples.take(np.arange(start, min(len(samples), start + BLOCK_SAMPLES)))
            await session.execute(_INSERT, _block_row(self.book.organization_id, part))
        self.book.samples_since_compaction += len(samples)
        if self.book.samples_since_compaction >= COMPACT_SAMPLES:
            self.book.samples_since_compaction = 0
            await enqueue(session, COMPACT_TASK, organization_id=self.book.organization_id, dedupe="open")


def _block_row(organization_id: UUID, samples: Samples) -> dict[str, object]:
    return {
        "org": organization_id,
        "min_series": int(samples.series.min()),
        "max_series": int(samples.series.max()),
        "min_ms": int(samples.at_ms.min()),
        "max_ms": int(samples.at_ms.max()),
        "samples": len(samples),
        "payload": encode_block(samples),
    }


def _fail(group: list[_Waiting], failure: Exception) -> None:
    for waiting in group:
        if not waiting.done.done():
            waiting.done.set_exception(failure)


def committer_of(book: SeriesBook) -> Committer:
    """The one committer of a book; it lives as long as the book."""
    committer = book.committer
    if committer is None:
        committer = book.committer = Committer(book)
    assert isinstance(committer, Committer)  # noqa: S101  # the book does not know the class
    return committer
