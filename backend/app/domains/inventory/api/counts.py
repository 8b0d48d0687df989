"""Routes of counts: summary, facets, trends, tag coverage."""

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response

from app.core.hot_route import HotRoute
from app.core.http import Caller, DbSession, allow_detached
from app.domains.inventory import service
from app.domains.inventory.api.common import Reader
from app.domains.inventory.schemas import Facets, FilterQuery, InventorySummary, TagCoverages, TrendDimension, Trends

hot_router = APIRouter(prefix="/usage", tags=["inventory"], route_class=HotRoute)
router = APIRouter(prefix="/usage", tags=["inventory"])


@router.get("/summary")
async def get_inventory_summary(session: DbSession, caller: Reader) -> InventorySummary:
    """Counts by provider, type, region and account."""
    return await service.summarize(session, caller.organization_id)


@hot_router.get("/facets", response_model=Facets)
async def list_resource_facets(
    caller: Annotated[Caller, Depends(allow_detached("inventory:read"))], query: Annotated[FilterQuery, Query()]
) -> Response:
    """What the filtered resources divide into, for the filter menus."""
    facets = await service.list_facets(caller.organization_id, query.parse(), scope=caller.scope, at=query.at)
    return Response(facets.model_dump_json(), media_type="application/json")


@router.get("/trends")
async def list_resource_trends(
    session: DbSession,
    caller: Reader,
    by: TrendDimension = "type",
    from_: Annotated[date | None, Query(alias="from", description="First day; 30 days back if absent.")] = None,
    to: Annotated[date | None, Query(description="Day after the last; tomorrow if absent.")] = None,
    granularity: Literal["day"] = "day",
) -> Trends:
    """How many resources there were, day by day (UTC)."""
    return await service.list_trends(session, caller.organization_id, by=by, first=from_, end=to)


@router.get("/tags")
async def list_tag_coverage(session: DbSession, caller: Reader) -> TagCoverages:
    """How far each tag key is used."""
    return await service.list_tag_coverage(session, caller.organization_id)
