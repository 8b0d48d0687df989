"""HTTP routes of notifications."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from app.core.errors import problems
from app.core.http import Caller, DbSession, allow
from app.core.pagination import Cursor, Limit, Page, cursor_instant, cursor_uuid, decode_cursor, encode_cursor
from app.core.scope import require_whole
from app.domains.notifications import service
from app.domains.notifications.errors import ChannelInUse, ChannelNotFound, DeliveryNotFailed, MailNotConfigured
from app.domains.notifications.schemas import (
    ChannelCreate,
    ChannelRead,
    ChannelUpdate,
    DeliveryRead,
    DeliveryState,
    RouteCreate,
    RouteRead,
    RouteUpdate,
    TestSent,
)

router = APIRouter(prefix="/notifications", tags=["notifications"])
Reader = Annotated[Caller, Depends(allow("notifications:read"))]
Writer = Annotated[Caller, Depends(allow("notifications:write"))]


@router.get("/channels")
async def list_channels(session: DbSession, caller: Reader) -> Page[ChannelRead]:
    """Where messages can go."""
    channels = await service.list_channels(session, caller.organization_id)
    return Page(items=[ChannelRead.model_validate(channel) for channel in channels], total=len(channels))


@router.post("/channels", status_code=201)
async def create_channel(session: DbSession, caller: Writer, body: ChannelCreate) -> ChannelRead:
    """Add a channel."""
    return ChannelRead.model_validate(await service.create_channel(session, caller, body))


@router.patch("/channels/{channel_id}")
async def update_channel(session: DbSession, caller: Writer, channel_id: UUID, body: ChannelUpdate) -> ChannelRead:
    """Change a channel."""
    return ChannelRead.model_validate(await service.update_channel(session, caller, channel_id, body))


@router.delete("/channels/{channel_id}", status_code=204, responses=problems(ChannelInUse))
async def delete_channel(session: DbSession, caller: Writer, channel_id: UUID) -> None:
    """Remove a channel that no route uses."""
    await service.delete_channel(session, caller, channel_id)


@router.post("/channels/{channel_id}/test", status_code=202, responses=problems(MailNotConfigured))
async def test_channel(session: DbSession, caller: Writer, channel_id: UUID) -> TestSent:
    """Send a test message through a channel."""
    notification_id, deliveries = await service.send_test(session, caller, channel_id)
    return TestSent(notification_id=notification_id, deliveries=deliveries)


@router.get("/routes")
async def list_routes(session: DbSession, caller: Reader) -> Page[RouteRead]:
    """Which notifications go to which channel."""
    routes = await service.list_routes(session, caller.organization_id)
    return Page(items=[RouteRead.model_validate(route) for route in routes], total=len(routes))


@router.post("/routes", status_code=201, responses=problems(ChannelNotFound))
async def create_route(session: DbSession, caller: Writer, body: RouteCreate) -> RouteRead:
    """Add a route."""
    return RouteRead.model_validate(await service.create_route(session, caller, body))


@router.patch("/routes/{route_id}")
async def update_route(session: DbSession, caller: Writer, route_id: UUID, body: RouteUpdate) -> RouteRead:
    """Change a route."""
    return RouteRead.model_validate(await service.update_route(session, caller, route_id, body))


@router.delete("/routes/{route_id}", status_code=204)
async def delete_route(session: DbSession, caller: Writer, route_id: UUID) -> None:
    """Remove a route."""
    await service.delete_route(session, caller, route_id)


@router.get("/deliveries")
async def list_deliveries(
    session: DbSession,
    caller: Reader,
    state: Annotated[DeliveryState | None, Query()] = None,
    subject_id: Annotated[UUID | None, Query()] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[DeliveryRead]:
    """The ledger of messages, newest first."""
    require_whole(caller.scope, "Messages are told of the whole organization.")
    key = decode_cursor(cursor, 2)
    rows = await service.list_deliveries(
        session,
        caller.organization_id,
        limit=limit + 1,
        after=(cursor_instant(key[0]), cursor_uuid(key[1])) if key else None,
        state=state,
        subject_id=subject_id,
    )
    more = len(rows) > limit
    rows = rows[:limit]
    next_cursor = encode_cursor(rows[-1]["created_at"], rows[-1]["id"]) if more else None
    return Page(items=[DeliveryRead.model_validate(row) for row in rows], next_cursor=next_cursor)


@router.post("/deliveries/{delivery_id}/retry", status_code=202, responses=problems(DeliveryNotFailed))
async def retry_delivery(session: DbSession, caller: Writer, delivery_id: UUID) -> DeliveryRead:
    """Send a message again that was given up."""
    require_whole(caller.scope, "Messages are told of the whole organization.")
    return DeliveryRead.model_validate(await service.retry_delivery(session, caller, delivery_id))
