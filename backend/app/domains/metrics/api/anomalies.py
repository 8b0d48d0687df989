"""Routes of anomalies, and of what the detector watches."""

from typing import Annotated, Literal, get_args
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from app.core.errors import problems
from app.core.http import Caller, DbSession, allow
from app.core.pagination import Cursor, Limit, Page, cursor_instant, cursor_uuid, decode_cursor, encode_cursor
from app.core.schemas import Instant, one_of
from app.domains.metrics import service
from app.domains.metrics.errors import AnomalyNotFound
from app.domains.metrics.queries import AnomalyFilter
from app.domains.metrics.rules.anomalies import DetectorChoice, Kind
from app.domains.metrics.schemas import (
    AnomalyDetail,
    AnomalyFeedback,
    AnomalyRead,
    DetectorSettingsRead,
    DetectorSettingsUpdate,
)

router = APIRouter(prefix="/metrics/anomalies", tags=["metrics"])
Reader = Annotated[Caller, Depends(allow("metrics:read"))]
Judge = Annotated[Caller, Depends(allow("rules:write"))]


@router.get("")
async def list_metric_anomalies(
    session: DbSession,
    caller: Reader,
    resource_id: Annotated[UUID | None, Query()] = None,
    name: Annotated[str | None, Query(max_length=500, description="The metric's name.")] = None,
    kind: Annotated[str | None, Query(max_length=200, description="One or more, comma-separated.")] = None,
    state: Annotated[Literal["open", "ended"] | None, Query()] = None,
    from_: Annotated[Instant | None, Query(alias="from", description="Begun then or later.")] = None,
    to: Annotated[Instant | None, Query(description="Begun before.")] = None,
    group_id: Annotated[UUID | None, Query(description="Members of a burst.")] = None,
    judged: Annotated[bool | None, Query(description="With feedback, or without.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[AnomalyRead]:
    """Anomalies, newest first. A burst of many series is one; its members are shown by `group_id` and by `name`."""
    wanted = AnomalyFilter(
        resource_id=resource_id,
        name=name,
        kinds=one_of("query/kind", kind, get_args(Kind)),
        is_open=None if state is None else state == "open",
        from_at=from_,
        to_at=to,
        group_id=group_id,
        is_judged=judged,
    )
    key = decode_cursor(cursor, 2)
    after = (cursor_instant(key[0]), cursor_uuid(key[1])) if key else None
    rows = await service.list_anomalies(session, caller.organization_id, wanted, limit=limit + 1, after=after)
    more, rows = len(rows) > limit, rows[:limit]
    next_cursor = encode_cursor(rows[-1]["started_at"], rows[-1]["id"]) if more else None
    return Page(items=[AnomalyRead.model_validate(row) for row in rows], next_cursor=next_cursor)


@router.get("/settings")
async def read_detector_settings(session: DbSession, caller: Reader) -> DetectorSettingsRead:
    """What the detector watches, and how many series are left out."""
    found = await service.read_detector_settings(session, caller.organization_id)
    return DetectorSettingsRead.model_validate(found)


@router.put("/settings")
async def replace_detector_settings(
    body: DetectorSettingsUpdate, session: DbSession, caller: Annotated[Caller, Depends(allow("organization:write"))]
) -> DetectorSettingsRead:
    """Replace these choices. The detector goes by them with its next points."""
    chosen = DetectorChoice(**{**body.model_dump(), "names": tuple(body.names)})
    return DetectorSettingsRead.model_validate(await service.replace_detector_settings(session, caller, chosen))


@router.get("/{anomaly_id}", responses=problems(AnomalyNotFound))
async def read_metric_anomaly(session: DbSession, caller: Reader, anomaly_id: UUID) -> AnomalyDetail:
    """An anomaly with the values around it."""
    return AnomalyDetail.model_validate(await service.read_anomaly(session, caller.organization_id, anomaly_id))


@router.post("/{anomaly_id}/feedback", responses=problems(AnomalyNotFound))
async def judge_metric_anomaly(
    session: DbSession, caller: Judge, anomaly_id: UUID, body: AnomalyFeedback
) -> AnomalyRead:
    """Say that it was expected (this kind of this series is not told for a week), wrong (it takes more to be told of
    this series) or useful (it takes less again). The last word counts; without a verdict it is taken back."""
    judged = await service.judge_anomaly(session, caller, anomaly_id, verdict=body.verdict, note=body.note)
    return AnomalyRead.model_validate(judged)
