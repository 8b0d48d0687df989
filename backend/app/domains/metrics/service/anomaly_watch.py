"""Which series the detector watches: chosen anew each hour, and when an organization chooses otherwise."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np
from sqlalchemy.ext.asyncio import AsyncSession

from app.domains.metrics import queries
from app.domains.metrics.rules.anomalies import STEP_SECONDS, choose_names, is_counter
from app.domains.metrics.rules.detector import UnknownState
from app.domains.metrics.rules.detector_pages import PLACES, Page
from app.domains.metrics.service.anomaly_episodes import end_unwatched

CHOSEN_FOR = timedelta(hours=1)
LEARNED_PAST = timedelta(days=7)
"""How much of what is stored of a series is learned when it begins to be watched."""


async def choose_series(
    session: AsyncSession, organization_id: UUID, now: datetime, to_ms: int, *, again: bool
) -> None:
    """Choose the series to watch, where that is due: those that are new get places, those that are not wanted go.

    What a new series did before `to_ms` is learned and not told.
    """
    run = await queries.lock_detector(session, organization_id)
    if not again and run.chosen_at is not None and now - run.chosen_at < CHOSEN_FOR:
        return
    wanted, total = await _wanted(session, organization_id, now)
    await _place(session, organization_id, wanted, to_ms)
    await end_unwatched(session, organization_id, list(wanted), timedelta(seconds=STEP_SECONDS))
    run.chosen_at, run.watched, run.left_out = now, len(wanted), total - len(wanted)
    await session.flush()


async def _wanted(session: AsyncSession, organization_id: UUID, now: datetime) -> tuple[dict[int, bool], int]:
    """Whether each series to watch is a counter, by id; and how many there are in all."""
    choice = await queries.read_detector_choice(session, organization_id)
    if not choice.enabled:
        return {}, 0
    names = choose_names(await queries.list_metric_names(session, organization_id), choice.names)
    types = await queries.list_types(session, organization_id, names)
    found, total = await queries.list_wanted_series(
        session, organization_id, names, linked_only=choice.linked_only, limit=choice.max_series, now=now
    )
    return {series: is_counter(name, types[name]) for series, name in found.items()}, total


async def _place(session: AsyncSession, organization_id: UUID, wanted: Mapping[int, bool], to_ms: int) -> None:
    """Give each series a place; a series that became a counter, or none, begins anew."""
    placed: set[int] = set()
    roomy: list[int] = []
    numbers = await queries.list_page_numbers(session, organization_id)
    for number in numbers:
        page, changed = await read_page(session, organization_id, number)
        held = page.held.tolist()
        stale = [place for place in held if wanted.get(int(page.series[place])) != bool(page.counters[place])]
        if stale:
            page.clear(np.array(stale, np.intp))
        if stale or changed:
            await queries.write_page(session, organization_id, number, page.to_bytes(STEP_SECONDS))
        placed |= set(page.series[page.held].tolist())
        if len(page.free):
            roomy.append(number)
    new = [series for series in wanted if series not in placed]
    learn_ms = to_ms - int(LEARNED_PAST.total_seconds()) * 1000
    following = max(numbers, default=-1) + 1
    while new:
        number, following = (roomy.pop(0), following) if roomy else (following, following + 1)
        page, _ = await read_page(session, organization_id, number)
        for place, series in zip(page.free.tolist(), new[:PLACES], strict=False):
            page.put(place, series, counter=wanted[series], learn_ms=learn_ms, told_ms=to_ms)
        taken = set(page.series[page.held].tolist())
        new = [series for series in new if series not in taken]
        await queries.write_page(session, organization_id, number, page.to_bytes(STEP_SECONDS))


async def read_page(session: AsyncSession, organization_id: UUID, number: int) -> tuple[Page, bool]:
    """A page of the memory, and whether it had to be made anew: its bytes are of a version that is not ours."""
    payload = await queries.read_page(session, organization_id, number)
    try:
        return (Page.new(), False) if payload is None else (Page.from_bytes(payload, STEP_SECONDS), False)
    except UnknownState:
        return Page.new(), True
