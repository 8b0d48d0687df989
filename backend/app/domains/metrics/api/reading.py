"""Routes of questions: series, names, labels and points."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from app.core.errors import problems
from app.core.http import Caller, DbSession, allow
from app.core.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, invalid_cursor
from app.core.schemas import Instant
from app.domains.metrics import service
from app.domains.metrics.errors import InvalidSelector, QueryTooLarge
from app.domains.metrics.rules.ranges import Function
from app.domains.metrics.schemas import (
    LabelRead,
    LabelValueRead,
    MetricNameRead,
    PointsRead,
    ResourceMetricsRead,
    SeriesRead,
)

router = APIRouter(prefix="/metrics", tags=["metrics"])
resource_router = APIRouter(prefix="/usage/resources", tags=["metrics"])
Reader = Annotated[Caller, Depends(allow("metrics:read"))]
Selector = Annotated[
    str, Query(max_length=4_000, description='As in PromQL: `up{job="api", instance!~"10\\..*"}`. Empty: all.')
]
Contained = Annotated[str | None, Query(max_length=200, description="Part of it, whatever its case.")]
From = Annotated[Instant | None, Query(alias="from", description="Inclusive; an hour before `to` if absent.")]
To = Annotated[Instant | None, Query(description="Exclusive; now if absent.")]
Step = Annotated[int | None, Query(ge=1, le=86_400 * 31, description="Seconds; chosen by the range if absent.")]
_FAILURES = problems(InvalidSelector, QueryTooLarge)
_MAX_ID = 2**63 - 1


@router.get("/series", responses=_FAILURES)
async def list_metric_series(
    session: DbSession,
    caller: Reader,
    selector: Selector = "",
    resource_id: Annotated[UUID | None, Query()] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[SeriesRead]:
    """Series by a selector, in the order in which they were first seen."""
    key = decode_cursor(cursor, 1)
    after = key[0] if key else 0
    if not isinstance(after, int) or not 0 <= after <= _MAX_ID:
        raise invalid_cursor()
    rows = await service.list_series(
        session, caller.organization_id, selector, resource_id=resource_id, limit=limit + 1, after_id=after
    )
    more, rows = len(rows) > limit, rows[:limit]
    items = [SeriesRead.model_validate({**_fields(row), "id": str(row.id)}) for row in rows]
    return Page(items=items, next_cursor=encode_cursor(rows[-1].id) if more else None)


@router.get("/names")
async def list_metric_names(
    session: DbSession, caller: Reader, q: Contained = None, limit: Limit = 50, cursor: Cursor = None
) -> Page[MetricNameRead]:
    """Names of metrics with type, unit, help and how many series each has."""
    rows = await service.list_names(session, caller.organization_id, text=q, limit=limit + 1, after=_text_key(cursor))
    more, rows = len(rows) > limit, rows[:limit]
    items = [MetricNameRead.model_validate(row) for row in rows]
    return Page(items=items, next_cursor=encode_cursor(rows[-1].name) if more else None)


@router.get("/labels", responses=_FAILURES)
async def list_metric_labels(session: DbSession, caller: Reader, selector: Selector = "") -> Page[LabelRead]:
    """Names of the labels of the series."""
    names = await service.list_labels(session, caller.organization_id, selector)
    return Page(items=[LabelRead(name=name) for name in names], total=len(names))


@router.get("/label-values", responses=_FAILURES)
async def list_metric_label_values(
    session: DbSession,
    caller: Reader,
    label: Annotated[str, Query(min_length=1, max_length=1_024)],
    selector: Selector = "",
    q: Contained = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[LabelValueRead]:
    """Values of a label of the series."""
    values = await service.list_label_values(
        session, caller.organization_id, label, selector, text=q, limit=limit + 1, after=_text_key(cursor)
    )
    more, values = len(values) > limit, values[:limit]
    items = [LabelValueRead(value=value) for value in values]
    return Page(items=items, next_cursor=encode_cursor(values[-1]) if more else None)


@router.get("/query", responses=_FAILURES)
async def query_metrics(
    session: DbSession,
    caller: Reader,
    selector: Annotated[str, Query(min_length=1, max_length=4_000, description="As in PromQL.")],
    from_: From = None,
    to: To = None,
    step: Step = None,
    function: Annotated[Function, Query(description="What the samples of a step come to.")] = "avg",
    limit: Annotated[int, Query(ge=1, le=500, description="Series at most.")] = 100,
) -> PointsRead:
    """Points of series over a range."""
    found = await service.query_range(
        session,
        caller.organization_id,
        selector,
        from_at=from_,
        to_at=to,
        step_seconds=step,
        function=function,
        limit=limit,
    )
    return PointsRead.model_validate(found)


@resource_router.get("/{resource_id}/metrics", responses=_FAILURES)
async def read_resource_metrics(
    session: DbSession,
    caller: Reader,
    resource_id: UUID,
    name: Annotated[
        str | None, Query(min_length=1, max_length=1_024, description="Of a metric, for its points.")
    ] = None,
    from_: From = None,
    to: To = None,
    step: Step = None,
    function: Annotated[Function, Query(description="What the samples of a step come to.")] = "avg",
) -> ResourceMetricsRead:
    """The newest value of each metric of a resource, and points of one of them."""
    found = await service.read_resource_metrics(
        session,
        caller.organization_id,
        resource_id,
        name=name,
        from_at=from_,
        to_at=to,
        step_seconds=step,
        function=function,
    )
    return ResourceMetricsRead.model_validate(found)


def _text_key(cursor: str | None) -> str:
    key = decode_cursor(cursor, 1)
    if key is None:
        return ""
    if not isinstance(key[0], str) or "\x00" in key[0]:
        raise invalid_cursor()
    return key[0]


def _fields(row: object) -> dict[str, object]:
    return {name: getattr(row, name) for name in SeriesRead.model_fields}
