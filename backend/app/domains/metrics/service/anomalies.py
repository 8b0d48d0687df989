"""What people ask and say of anomalies, and what they choose for the detector."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import utc_now
from app.core.events import publish
from app.core.http import Caller
from app.domains.metrics import queries
from app.domains.metrics.events import AnomalyJudged, DetectorSettingsChanged
from app.domains.metrics.models import DetectorSettings, MetricAnomaly
from app.domains.metrics.queries import AnomalyFilter
from app.domains.metrics.rules.anomalies import STEP_SECONDS, DetectorChoice, is_counter
from app.domains.metrics.service.detecting import enqueue_detection
from app.domains.metrics.service.reading import known_values, make_grid, to_instant

SHOWN_BEFORE, SHOWN_AFTER = timedelta(hours=6), timedelta(hours=2)
SHOWN_LONGEST = timedelta(days=3)
SHOWN_MEMBERS = 20
_CHOICES = ("enabled", "names", "linked_only", "max_series", "sensitivity")


async def list_anomalies(
    session: AsyncSession, organization_id: UUID, wanted: AnomalyFilter, *, limit: int, after: Any = None
) -> list[dict[str, Any]]:
    """Anomalies as `schemas.AnomalyRead`, newest first."""
    rows = await queries.list_anomalies(session, organization_id, wanted, limit=limit, after=after)
    return [_told(row) for row in rows]


async def read_anomaly(session: AsyncSession, organization_id: UUID, anomaly_id: UUID) -> dict[str, Any]:
    """An anomaly with the values around it, as `schemas.AnomalyDetail`. Raises AnomalyNotFound."""
    anomaly = await queries.get_anomaly(session, organization_id, anomaly_id)
    shown = [anomaly]
    if anomaly.series_id is None:
        shown = await queries.list_members(session, organization_id, anomaly.id, limit=SHOWN_MEMBERS)
    from_at = anomaly.started_at - SHOWN_BEFORE
    to_at = min((anomaly.ended_at or anomaly.last_at) + SHOWN_AFTER, anomaly.started_at + SHOWN_LONGEST, utc_now())
    grid = make_grid(from_at, max(to_at, anomaly.started_at + timedelta(seconds=STEP_SECONDS)), STEP_SECONDS)
    series = []
    for row in await queries.list_series_by_id(session, organization_id, [row.series_id or 0 for row in shown]):
        function = "rate" if is_counter(row.name, row.type) else "avg"
        _, matrix = await queries.read_points(session, organization_id, [row.id], grid, function)  # type: ignore[arg-type]
        one = {"id": str(row.id), "name": row.name, "labels": row.labels, "type": row.type, "unit": row.unit}
        series.append({**one, "resource_id": row.resource_id, "values": known_values(matrix)[0]})
    around = {
        "from_": to_instant(grid.from_ms),
        "to": to_instant(grid.to_ms),
        "step_seconds": STEP_SECONDS,
        "function": "as watched",
        "series": series,
        "truncated": anomaly.series_count > len(shown),
    }
    return _told(anomaly) | {"around": around}


async def judge_anomaly(
    session: AsyncSession, caller: Caller, anomaly_id: UUID, *, verdict: str | None, note: str
) -> dict[str, Any]:
    """Keep what a person says of an anomaly, and of a burst's members with it. The last word counts.

    It holds from the next points on; `rules.anomalies.weigh_feedback` says how. Raises AnomalyNotFound.
    """
    anomaly = await queries.get_anomaly(session, caller.organization_id, anomaly_id, lock=True)
    rows = [anomaly]
    if anomaly.series_id is None:
        rows += await queries.list_members(session, caller.organization_id, anomaly.id)
    now = utc_now()
    for row in rows:
        row.verdict, row.note = verdict, note if verdict else None
        row.verdict_by, row.verdict_at = (caller.user_id, now) if verdict else (None, None)
    await session.flush()
    await publish(
        session,
        AnomalyJudged(
            organization_id=caller.organization_id, anomaly_id=anomaly.id, actor_id=caller.user_id, verdict=verdict
        ),
    )
    return _told(anomaly)


async def read_detector_settings(session: AsyncSession, organization_id: UUID) -> dict[str, Any]:
    """What is chosen, and how many series that comes to, as `schemas.DetectorSettingsRead`."""
    choice = await queries.read_detector_choice(session, organization_id)
    run = await queries.read_detector_run(session, organization_id)
    return {
        **{name: getattr(choice, name) for name in _CHOICES},
        "names": list(choice.names),
        "watched": run.watched if run else 0,
        "left_out": run.left_out if run else 0,
        "judged_at": run.judged_at if run else None,
    }


async def replace_detector_settings(session: AsyncSession, caller: Caller, chosen: DetectorChoice) -> dict[str, Any]:
    """Store the organization's choice, whose bounds the caller has checked, and let the detector go by it."""
    before = await queries.read_detector_choice(session, caller.organization_id)
    changed = tuple(name for name in _CHOICES if getattr(before, name) != getattr(chosen, name))
    if changed:
        values = {name: getattr(chosen, name) for name in _CHOICES} | {"names": list(chosen.names)}
        row = insert(DetectorSettings).values(organization_id=caller.organization_id, **values)
        taken = {name: row.excluded[name] for name in _CHOICES} | {"updated_at": func.now()}
        await session.execute(row.on_conflict_do_update(index_elements=["organization_id"], set_=taken))
        await publish(
            session,
            DetectorSettingsChanged(organization_id=caller.organization_id, actor_id=caller.user_id, fields=changed),
        )
        await enqueue_detection(session, caller.organization_id, choose=True)
    return await read_detector_settings(session, caller.organization_id)


def _told(row: MetricAnomaly) -> dict[str, Any]:
    feedback = None
    if row.verdict is not None:
        feedback = {"verdict": row.verdict, "note": row.note or "", "by": row.verdict_by, "at": row.verdict_at}
    names = (
        "id", "name", "labels", "resource_id", "kind", "started_at", "last_at", "ended_at", "points", "series_count",
        "score", "value", "group_id",
    )  # fmt: skip
    return {name: getattr(row, name) for name in names} | {
        "series_id": None if row.series_id is None else str(row.series_id),
        "state": "open" if row.ended_at is None else "ended",
        "expected": {"low": row.low, "high": row.high},
        "feedback": feedback,
    }
