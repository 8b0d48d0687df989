"""Routes of the sources that metrics are fetched from."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response, status

from app.core.egress import AddressNotAllowed
from app.core.errors import NotFound, problems
from app.core.http import Caller, DbSession, allow
from app.core.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, invalid_cursor
from app.core.scope import require_whole
from app.domains.metrics import service
from app.domains.metrics.api.reading import From, Step, To
from app.domains.metrics.errors import InvalidSelector, QueryTooLarge, SourceExists, SourceFailed, UnknownSource
from app.domains.metrics.rules.ranges import Function
from app.domains.metrics.schemas import (
    PointsRead,
    SourceCreate,
    SourceRead,
    SourceSampleRead,
    SourceTestRead,
    SourceUpdate,
)

router = APIRouter(prefix="/metrics/sources", tags=["metrics"])
WHOLE = "A source is of the whole organization."
Reader = Annotated[Caller, Depends(allow("metrics:read"))]
# A source uses an account's credentials, or sends some of its own to an address: as much as connecting an account.
Writer = Annotated[Caller, Depends(allow("accounts:write"))]


@router.get("")
async def list_metric_sources(
    session: DbSession, caller: Reader, limit: Limit = 50, cursor: Cursor = None
) -> Page[SourceRead]:
    """Sources by name."""
    rows = await service.list_sources(session, caller.organization_id, limit=limit + 1, after=_key(cursor))
    more, rows = len(rows) > limit, rows[:limit]
    items = [SourceRead.model_validate(row) for row in rows]
    return Page(items=items, next_cursor=encode_cursor(items[-1].name, items[-1].id) if more else None)


@router.post("", status_code=status.HTTP_201_CREATED, responses=problems(SourceExists, AddressNotAllowed, NotFound))
async def create_metric_source(session: DbSession, caller: Writer, body: SourceCreate) -> SourceRead:
    """Poll a connected cloud, or ask a Prometheus-compatible server."""
    return SourceRead.model_validate(await service.create_source(session, caller, body))


@router.get("/{source_id}", responses=problems(UnknownSource))
async def read_metric_source(session: DbSession, caller: Reader, source_id: UUID) -> SourceRead:
    """A source with its last success and its last error."""
    return SourceRead.model_validate(await service.read_source(session, caller.organization_id, source_id))


@router.patch("/{source_id}", responses=problems(UnknownSource, AddressNotAllowed))
async def update_metric_source(session: DbSession, caller: Writer, source_id: UUID, body: SourceUpdate) -> SourceRead:
    """Change a source."""
    return SourceRead.model_validate(await service.update_source(session, caller, source_id, body))


@router.delete("/{source_id}", status_code=status.HTTP_204_NO_CONTENT, responses=problems(UnknownSource))
async def remove_metric_source(session: DbSession, caller: Writer, source_id: UUID) -> Response:
    """Stop fetching. What was stored stays."""
    await service.remove_source(session, caller, source_id)
    return Response(status_code=status.HTTP_204_NO_CONTENT)


@router.post("/{source_id}/test", responses=problems(UnknownSource))
async def test_metric_source(caller: Writer, source_id: UUID) -> SourceTestRead:
    """Try a source and store nothing. What fails is told in the answer."""
    return SourceTestRead.model_validate(await service.test_source(caller.organization_id, source_id))


@router.get("/{source_id}/samples", responses=problems(UnknownSource))
async def list_metric_source_samples(
    session: DbSession,
    caller: Reader,
    source_id: UUID,
    limit: Annotated[int, Query(ge=1, le=500, description="Series at most.")] = 50,
) -> Page[SourceSampleRead]:
    """The newest samples of a polled source."""
    require_whole(caller.scope, WHOLE)
    found = await service.list_source_samples(session, caller.organization_id, source_id, limit=limit)
    return Page(items=[SourceSampleRead.model_validate(one, from_attributes=True) for one in found])


@router.get("/{source_id}/query", responses=problems(UnknownSource, InvalidSelector, QueryTooLarge, SourceFailed))
async def query_metric_source(
    caller: Reader,
    source_id: UUID,
    selector: Annotated[str, Query(min_length=1, max_length=4_000, description="As in PromQL.")],
    from_: From = None,
    to: To = None,
    step: Step = None,
    function: Annotated[Function, Query(description="What the samples of a step come to.")] = "avg",
    limit: Annotated[int, Query(ge=1, le=500, description="Series at most.")] = 100,
) -> PointsRead:
    """Points of a Prometheus-compatible server's series, in the form of our own."""
    require_whole(caller.scope, WHOLE)
    found = await service.query_server(
        caller.organization_id,
        source_id,
        selector,
        from_at=from_,
        to_at=to,
        step_seconds=step,
        function=function,
        limit=limit,
    )
    return PointsRead.model_validate(found)


def _key(cursor: str | None) -> tuple[str, UUID] | None:
    key = decode_cursor(cursor, 2)
    if key is None:
        return None
    name, source_id = key
    if not isinstance(name, str) or not isinstance(source_id, str) or "\x00" in name:
        raise invalid_cursor()
    try:
        return name, UUID(source_id)
    except ValueError:
        raise invalid_cursor() from None
