"""Episodes as rows: read before the detector judges, written after it, and gathered to bursts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ids import new_id
from app.domains.metrics import queries
from app.domains.metrics.models import MetricAnomaly
from app.domains.metrics.rules.anomaly_episodes import Episode, Watch
from app.domains.metrics.rules.anomaly_groups import WINDOW, Burst, Gathered, Start, common_labels, gather

BURST = "burst"


@dataclass(frozen=True, slots=True)
class Told:
    """What is new of an episode."""

    begun: bool
    ended: bool


async def open_watch(session: AsyncSession, organization_id: UUID, watch: Watch) -> Watch:
    """The watch with the episodes that are open."""
    for row in await queries.list_open_anomalies(session, organization_id):
        if row.series_id is not None:
            watch.open[row.series_id] = Episode(
                row.series_id, row.kind, _ms(row.started_at), _ms(row.last_at), row.score, row.value, row.low, row.high,
                row.points, is_changed=False, key=row,
            )  # fmt: skip
    return watch


async def store_watch(session: AsyncSession, organization_id: UUID, watch: Watch) -> list[Told]:
    """Write what changed, and gather to bursts what began at once. Series that are gone meanwhile are passed over."""
    changed = [one for one in [*watch.ended, *watch.open.values()] if one.is_changed]
    if not changed:
        return []
    new = [one.series for one in changed if one.key is None]
    known = await queries.list_identities(session, organization_id, new)
    told: list[Told] = []
    for one in changed:
        row = one.key
        if row is None:
            if one.series not in known:
                continue
            name, labels, resource_id = known[one.series]
            row = MetricAnomaly(
                organization_id=organization_id, id=new_id(), series_id=one.series, name=name, labels=labels,
                resource_id=resource_id, kind=one.kind, started_at=_at(one.started_ms),
            )  # fmt: skip
            session.add(row)
        assert isinstance(row, MetricAnomaly)  # noqa: S101  # the rules do not know the class
        _write(row, one)
        told.append(Told(one.key is None, one.ended_ms is not None))
    await session.flush()
    if any(one.begun for one in told):
        await _gather(session, organization_id, min(one.started_ms for one in changed if one.key is None))
    await queries.refresh_bursts(session, organization_id)
    return told


async def end_unwatched(session: AsyncSession, organization_id: UUID, watched: Sequence[int], step: timedelta) -> None:
    """End the episodes of series that nobody watches any more."""
    held = set(watched)
    for row in await queries.list_open_anomalies(session, organization_id):
        if row.series_id is not None and row.series_id not in held:
            row.ended_at = row.last_at + step
    await session.flush()
    await queries.refresh_bursts(session, organization_id)


async def _gather(session: AsyncSession, organization_id: UUID, first_ms: int) -> None:
    rows = {row.id: row for row in await queries.list_begun(session, organization_id, _at(first_ms) - WINDOW)}
    starts = [Start(row.id, row.started_at, row.resource_id) for row in rows.values() if row.series_id is not None]
    bursts = [Burst(row.id, row.started_at, row.resource_id) for row in rows.values() if row.series_id is None]
    bursts.sort(key=lambda burst: burst.resource_id is None)
    for group in gather(starts, bursts):
        members = [rows[id_] for id_ in group.members]
        burst_id = group.joins or _add_burst(session, organization_id, group, members)
        for row in members:
            row.group_id, row.grouped_by = burst_id, group.by
    await session.flush()


def _add_burst(session: AsyncSession, organization_id: UUID, group: Gathered, members: Sequence[MetricAnomaly]) -> UUID:
    """A burst of these; what they come to is written with `refresh_bursts`."""
    first = min(row.started_at for row in members)
    row = MetricAnomaly(
        organization_id=organization_id, id=new_id(), series_id=None, name="", kind=BURST, started_at=first,
        labels=common_labels([row.labels for row in members]), resource_id=group.resource_id, last_at=first, points=0,
        score=0.0, series_count=len(members),
    )  # fmt: skip
    session.add(row)
    return row.id


def _write(row: MetricAnomaly, one: Episode) -> None:
    row.last_at, row.points, row.score = _at(one.last_ms), one.points, one.score
    row.value, row.low, row.high = one.value, one.low, one.high
    row.ended_at = None if one.ended_ms is None else _at(one.ended_ms)


def _at(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
