"""Series that the store does not know yet, and what senders say of metrics."""

import time
from collections.abc import Sequence
from uuid import UUID

import numpy as np
import orjson
from numpy.typing import NDArray
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.bulk import Driver, make_stage, open_driver
from app.core.database import tenant_session
from app.core.events import publish
from app.core.quotas import counts, get_limit
from app.core.tasks import enqueue
from app.domains.metrics.events import SeriesCreated
from app.domains.metrics.models import MetricSeries
from app.domains.metrics.rules.batch import Metadata, SampleBatch
from app.domains.metrics.rules.newest import NEVER
from app.domains.metrics.rules.series import KEY_BYTES
from app.domains.metrics.service.book import SeriesBook

LINK_TASK = "metrics.link_series"
_ROWS = 5_000
_MAX_FAMILIES = 50_000  # remembered by a book, to write only what changed
_NEAR = 0.95

_STAGE = {"key": "bytea", "name": "text", "labels": "text"}
# One value for all rows, read into columns: an object for each of many rows costs more than the row itself.
_INSERT = """
    WITH made AS (
        INSERT INTO metric_series (organization_id, key, name, labels)
        SELECT $1, key, name, labels::jsonb FROM pg_temp.metric_series_stage
        ON CONFLICT (organization_id, key) DO NOTHING RETURNING id, key
    )
    SELECT string_agg(int8send(id) || key, ''::bytea) FROM made
"""
_MADE = np.dtype([("id", ">i8"), ("key", f"V{KEY_BYTES}")])
_FAMILIES = text(
    """
    INSERT INTO metric_families (organization_id, name, type, unit, help)
    SELECT :org, name, type, unit, help
    FROM unnest(CAST(:names AS text[]), CAST(:types AS text[]), CAST(:units AS text[]), CAST(:helps AS text[]))
         AS new (name, type, unit, help)
    ON CONFLICT (organization_id, name) DO UPDATE
    SET type = excluded.type, unit = excluded.unit, help = excluded.help, updated_at = now()
    WHERE (metric_families.type, metric_families.unit, metric_families.help)
          IS DISTINCT FROM (excluded.type, excluded.unit, excluded.help)
    """
)


@counts("series")
async def count_series(session: AsyncSession, organization_id: UUID) -> int:
    """How many series the organization has."""
    query = select(func.count()).where(MetricSeries.organization_id == organization_id)
    return int((await session.execute(query)).scalar_one())


async def register_series(book: SeriesBook, batch: SampleBatch) -> NDArray[np.int64]:
    """Make the batch's series known to the book and return their places, by the batch's own index of series.

    Those above the organization's limit stay unknown: -1.

    In a transaction of its own, committed before any sample: a series without samples harms nobody, an id in the book
    whose row was rolled back would.
    """
    places = book.find(batch.keys)
    if not (places < 0).any() and all(book.families.get(name) == told for name, told in batch.metadata.items()):
        return places
    async with book.registering:
        unknown = np.flatnonzero(book.find(batch.keys) < 0).tolist()
        async with tenant_session(book.organization_id) as session:
            await _tell_families(session, book, batch.metadata)
            for start in range(0, len(unknown), _ROWS):
                await book.load(session, [batch.keys[index] for index in unknown[start : start + _ROWS]])
            unknown = [index for index in unknown if batch.keys[index] not in book.slots]
            made = await _insert(session, book, batch, unknown[: await _room(session, book, len(unknown))])
        for keys, ids in made:
            book.learn(keys, ids, np.full(len(ids), NEVER, np.int64))
            book.series_count += len(ids)
    return book.find(batch.keys)


async def _room(session: AsyncSession, book: SeriesBook, wanted: int) -> int:
    """How many of the wanted new series the limit lets in."""
    if not wanted:
        return 0
    limit = await get_limit(session, book.organization_id, "series")
    if limit is None:
        return wanted
    is_near = book.series_count + wanted > limit * _NEAR and time.monotonic() - book.counted_at > 1.0
    if book.count_is_old or is_near:
        book.series_count = await count_series(session, book.organization_id)
        book.counted_at = time.monotonic()
    return max(0, min(wanted, limit - book.series_count))


async def _insert(
    session: AsyncSession, book: SeriesBook, batch: SampleBatch, indexes: Sequence[int]
) -> list[tuple[list[bytes], NDArray[np.int64]]]:
    """Make rows of these series; keys and ids of those that were made. The book learns those made elsewhere."""
    made: list[tuple[list[bytes], NDArray[np.int64]]] = []
    if not indexes:
        return made
    names: dict[str, None] = {}
    driver = await open_driver(session)
    for start in range(0, len(indexes), _ROWS):
        chosen = indexes[start : start + _ROWS]
        texts = [batch.texts(index) for index in chosen]
        keys = [batch.keys[index] for index in chosen]
        labels = [orjson.dumps(one.labels).decode() for one in texts]
        found = await _insert_rows(driver, book, list(zip(keys, [one.name for one in texts], labels, strict=True)))
        if len(found[0]) < len(chosen):  # another process made them a moment ago
            await book.load(session, keys)
        made.append(found)
        names.update((one.name, None) for one in texts)
    total = sum(len(ids) for _, ids in made)
    if total:
        organization_id = book.organization_id
        await publish(session, SeriesCreated(organization_id=organization_id, count=total, names=list(names)[:100]))
        await enqueue(session, LINK_TASK, organization_id=organization_id, dedupe="new")
    return made


async def _insert_rows(
    driver: Driver, book: SeriesBook, rows: list[tuple[bytes, str, str]]
) -> tuple[list[bytes], NDArray[np.int64]]:
    """Keys and ids of the rows (key, name, labels as JSON) that were not there."""
    await make_stage(driver, "metric_series_stage", _STAGE)
    await driver.copy_records_to_table("metric_series_stage", records=rows, columns=list(_STAGE))
    found = np.frombuffer(await driver.fetchval(_INSERT, book.organization_id) or b"", _MADE)
    return found["key"].tolist(), found["id"].astype(np.int64)


async def _tell_families(session: AsyncSession, book: SeriesBook, told: dict[str, Metadata]) -> None:
    changed = {name: one for name, one in told.items() if book.families.get(name) != one}
    if not changed:
        return
    values = {
        "org": book.organization_id,
        "names": list(changed),
        "types": [one.type for one in changed.values()],
        "units": [one.unit for one in changed.values()],
        "helps": [one.help for one in changed.values()],
    }
    await session.execute(_FAMILIES, values)
    if len(book.families) + len(changed) <= _MAX_FAMILIES:  # remembered early: a lost row is told again soon enough
        book.families.update(changed)
