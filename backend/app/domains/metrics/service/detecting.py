"""The detector at work: every five minutes each watched series is judged up to its newest step.

What it remembers is in PostgreSQL and is written in the transaction that writes the anomalies, so that a worker that
is killed has done nothing, and the next one does the same again.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import utc_now
from app.core.database import tenant_session
from app.core.events import publish
from app.core.tasks import enqueue
from app.domains.metrics import queries
from app.domains.metrics.events import AnomaliesChanged
from app.domains.metrics.rules.anomalies import STEP_SECONDS, weigh_feedback
from app.domains.metrics.rules.anomaly_episodes import SILENT_STEPS, Watch, judge_steps
from app.domains.metrics.rules.detector_pages import Page
from app.domains.metrics.rules.ranges import Grid
from app.domains.metrics.service.anomaly_episodes import Told, open_watch, store_watch
from app.domains.metrics.service.anomaly_watch import choose_series, read_page

DETECT_TASK = "metrics.detect"
STEP_MS = STEP_SECONDS * 1000
GRACE = timedelta(seconds=45)
"""How long after its end a step is judged, for what is on its way."""
ROUND_STEPS = 288
"""Steps of a page in one transaction: a day."""


@dataclass(slots=True)
class Detection:
    """What a run did: points judged, and episodes begun and ended."""

    points: int = 0
    begun: int = 0
    ended: int = 0


async def enqueue_detection(session: AsyncSession, organization_id: UUID, *, choose: bool = False) -> None:
    """Queue a run, if there is anything to watch; with `choose` it looks first which series there are."""
    if choose or await queries.has_series(session, organization_id):
        await enqueue(
            session,
            DETECT_TASK,
            {"choose": choose},
            organization_id=organization_id,
            dedupe="choose" if choose else "due",
        )


async def detect(organization_id: UUID, *, choose: bool = False, now: datetime | None = None) -> Detection:
    """Judge what has come for each watched series. Safe to repeat and to be killed.

    Pages that are far behind go on a day at a time, each in a transaction; the last steps of all pages are one, with
    the bursts that they make.
    """
    now = now or utc_now()
    to_ms = (round((now - GRACE).timestamp() * 1000)) // STEP_MS * STEP_MS
    async with tenant_session(organization_id) as session:
        await choose_series(session, organization_id, now, to_ms, again=choose)
        pages = await queries.list_page_numbers(session, organization_id)
    made = Detection()
    for number in pages:
        while await _catch_up(organization_id, number, to_ms, now, made):
            pass
    async with tenant_session(organization_id) as session:
        run = await queries.lock_detector(session, organization_id)
        watch = await _watch(session, organization_id, now)
        for number in pages:
            await _judge_page(session, organization_id, number, to_ms, watch, made)
        told = await store_watch(session, organization_id, watch)
        run.judged_at = max(run.judged_at or now, now)
        await _tell(session, organization_id, told, made)
    return made


async def _catch_up(organization_id: UUID, number: int, to_ms: int, now: datetime, made: Detection) -> bool:
    """Judge a day of a page that is more than a day behind; whether there may be more."""
    async with tenant_session(organization_id) as session:
        await queries.lock_detector(session, organization_id)
        page, _ = await read_page(session, organization_id, number)
        behind = page.held[page.judged_ms[page.held] < to_ms - ROUND_STEPS * STEP_MS]
        if not len(behind):
            return False
        until = int(page.judged_ms[behind].min()) + ROUND_STEPS * STEP_MS
        watch = await _watch(session, organization_id, now)
        made.points += await _judge(session, organization_id, page, until, to_ms, watch)
        await queries.write_page(session, organization_id, number, page.to_bytes(STEP_SECONDS))
        await _tell(session, organization_id, await store_watch(session, organization_id, watch), made)
    return True


async def _judge_page(
    session: AsyncSession, organization_id: UUID, number: int, to_ms: int, watch: Watch, made: Detection
) -> None:
    page, _ = await read_page(session, organization_id, number)
    points = await _judge(session, organization_id, page, to_ms, to_ms, watch)
    if points:
        made.points += points
        await queries.write_page(session, organization_id, number, page.to_bytes(STEP_SECONDS))


async def _judge(
    session: AsyncSession, organization_id: UUID, page: Page, until_ms: int, to_ms: int, watch: Watch
) -> int:
    """Judge a page's series up to `until_ms`; points judged. `to_ms` is the present."""
    places = page.held[page.judged_ms[page.held] + STEP_MS < until_ms]
    if not len(places):
        return 0
    before = int(page.judged_ms[places].sum())
    for counters, function in ((False, "avg"), (True, "rate")):
        own = places[page.counters[places] == counters]
        if len(own):
            grid = Grid(int(page.judged_ms[own].min()) + STEP_MS, until_ms, STEP_MS)
            ids = page.series[own]
            found, matrix = await queries.read_points(session, organization_id, ids.tolist(), grid, function)  # type: ignore[arg-type]
            values: NDArray[np.float64] = matrix[np.searchsorted(found, ids)]
            settled_ms = to_ms - SILENT_STEPS * STEP_MS
            await asyncio.to_thread(judge_steps, page, own, grid.at_ms, values, watch, STEP_MS, settled_ms)
    return (int(page.judged_ms[places].sum()) - before) // STEP_MS


async def _watch(session: AsyncSession, organization_id: UUID, now: datetime) -> Watch:
    choice = await queries.read_detector_choice(session, organization_id)
    leanings = weigh_feedback(await queries.list_feedback(session, organization_id, now), now)
    return await open_watch(session, organization_id, Watch(choice.sensitivity, leanings))


async def _tell(session: AsyncSession, organization_id: UUID, told: Sequence[Told], made: Detection) -> None:
    begun, ended = sum(one.begun for one in told), sum(one.ended for one in told)
    made.begun, made.ended = made.begun + begun, made.ended + ended
    if begun or ended:
        await publish(session, AnomaliesChanged(organization_id=organization_id, begun=begun, ended=ended))
