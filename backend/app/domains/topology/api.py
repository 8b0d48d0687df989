"""Routes of the topology."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response, status

from app.core.errors import NotFound, problems
from app.core.http import Caller, DbSession, allow
from app.core.pagination import Cursor, Limit, Page
from app.domains.topology import service
from app.domains.topology.errors import NotYourView, ViewNameTaken, ViewNotFound
from app.domains.topology.schemas import (
    BlastRadiusRead,
    ExposedRead,
    ExposureDetail,
    MapQuery,
    OrphanRead,
    OrphanReasons,
    PathsRead,
    TopologyRead,
    TopologyViewCreate,
    TopologyViewRead,
    TopologyViewUpdate,
)

router = APIRouter(prefix="/topology", tags=["topology"])
Reader = Annotated[Caller, Depends(allow("topology:read"))]
Reasons = Annotated[str | None, Query(max_length=500, description="One or more, comma-separated.")]


@router.get("", response_model=TopologyRead, responses=problems(NotFound))
async def get_topology(session: DbSession, caller: Reader, query: Annotated[MapQuery, Query()]) -> Response:
    """A map: the neighbourhood of a resource, or an account's, a network's or everybody's resources in groups."""
    body = await service.draw_map(session, caller, query)
    return Response(body, media_type="application/json")


@router.get("/path", responses=problems(NotFound))
async def find_topology_paths(
    session: DbSession,
    caller: Reader,
    from_: Annotated[UUID, Query(alias="from", description="A resource.")],
    to: Annotated[UUID, Query(description="Another resource.")],
    max_length: Annotated[int, Query(ge=1, le=10, description="Edges at most.")] = 6,
    directed: Annotated[bool, Query(description="Follow edges in their direction only.")] = False,
    kind: Annotated[str | None, Query(max_length=500, description="Kinds of edges, comma-separated.")] = None,
) -> PathsRead:
    """The shortest paths between two resources."""
    return await service.find_paths(session, caller, from_, to, max_length=max_length, directed=directed, kinds=kind)


@router.get("/resources/{resource_id}/blast-radius", response_model=BlastRadiusRead)
async def get_blast_radius(
    resource_id: UUID,
    session: DbSession,
    caller: Reader,
    depth: Annotated[int, Query(ge=1, le=10, description="Steps at most.")] = 4,
) -> Response:
    """What depends on a resource."""
    body = await service.measure_blast_radius(session, caller, resource_id, depth=depth)
    return Response(body, media_type="application/json")


@router.get("/resources/{resource_id}/exposure")
async def get_exposure(resource_id: UUID, session: DbSession, caller: Reader) -> ExposureDetail:
    """Whether the internet reaches a resource, with the chain of evidence."""
    return await service.explain_exposure(session, caller.organization_id, resource_id)


@router.get("/exposed")
async def list_exposed_resources(
    session: DbSession,
    caller: Reader,
    account_id: UUID | None = None,
    types: Annotated[str | None, Query(alias="type", max_length=2_000, description="Comma-separated.")] = None,
    port: Annotated[int | None, Query(ge=0, le=65_535, description="Reached on this port.")] = None,
    unknown: Annotated[bool, Query(description="Those of which it is not known, instead.")] = False,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[ExposedRead]:
    """What the internet reaches, newest first."""
    return await service.list_exposed(
        session,
        caller.organization_id,
        account_id=account_id,
        types=types,
        port=port,
        unknown=unknown,
        limit=limit,
        cursor=cursor,
    )


@router.get("/orphans")
async def list_orphans(
    session: DbSession,
    caller: Reader,
    reason: Reasons = None,
    account_id: UUID | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[OrphanRead]:
    """What nothing uses, the most expensive first."""
    return await service.list_orphans(
        session, caller.organization_id, reasons=reason, account_id=account_id, limit=limit, cursor=cursor
    )


@router.get("/orphans/summary")
async def summarize_orphans(session: DbSession, caller: Reader) -> OrphanReasons:
    """Every reason with how many resources it has and their monthly cost."""
    return await service.summarize_orphans(session, caller.organization_id)


@router.get("/views")
async def list_topology_views(
    session: DbSession, caller: Reader, limit: Limit = 50, cursor: Cursor = None
) -> Page[TopologyViewRead]:
    """One's own views and the shared ones, by name."""
    return await service.list_views(session, caller, limit=limit, cursor=cursor)


@router.post("/views", status_code=status.HTTP_201_CREATED, responses=problems(ViewNameTaken))
async def create_topology_view(body: TopologyViewCreate, session: DbSession, caller: Reader) -> TopologyViewRead:
    """Save a question."""
    return await service.create_view(session, caller, body)


@router.get("/views/{view_id}", responses=problems(ViewNotFound))
async def get_topology_view(view_id: UUID, session: DbSession, caller: Reader) -> TopologyViewRead:
    """One view."""
    return await service.read_view(session, caller, view_id)


@router.patch("/views/{view_id}", responses=problems(ViewNotFound, ViewNameTaken, NotYourView))
async def update_topology_view(
    view_id: UUID, body: TopologyViewUpdate, session: DbSession, caller: Reader
) -> TopologyViewRead:
    """Change one's own view."""
    return await service.update_view(session, caller, view_id, body)


@router.delete(
    "/views/{view_id}", status_code=status.HTTP_204_NO_CONTENT, responses=problems(ViewNotFound, NotYourView)
)
async def delete_topology_view(view_id: UUID, session: DbSession, caller: Reader) -> None:
    """Remove one's own view."""
    await service.delete_view(session, caller, view_id)
