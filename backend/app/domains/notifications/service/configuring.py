"""Channels and routes: where messages go."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.events import publish
from app.core.http import Caller
from app.core.ids import new_id
from app.domains.notifications import queries
from app.domains.notifications.errors import ChannelInUse
from app.domains.notifications.events import ChannelChanged
from app.domains.notifications.models import NotificationChannel, NotificationRoute
from app.domains.notifications.schemas import ChannelCreate, ChannelUpdate, RouteCreate, RouteUpdate


async def create_default_channel(session: AsyncSession, organization_id: UUID) -> None:
    """A new organization hears of critical and high matters by mail to its owners and admins."""
    channel = NotificationChannel(
        organization_id=organization_id,
        id=new_id(),
        name="Owners and admins",
        kind="email",
        config={"to": [], "roles": ["owner", "admin"]},
    )
    session.add(channel)
    await session.flush()
    session.add(
        NotificationRoute(
            organization_id=organization_id,
            name="Critical and high",
            channel_id=channel.id,
            minimum_severity="high",
            kinds=[],
            labels={},
        )
    )
    await session.flush()


async def create_channel(session: AsyncSession, caller: Caller, body: ChannelCreate) -> NotificationChannel:
    """Add a channel; nothing goes to it until a route does."""
    channel = NotificationChannel(
        organization_id=caller.organization_id,
        id=new_id(),
        name=body.name,
        kind=body.kind,
        config=body.config.model_dump(),
        enabled=body.enabled,
    )
    session.add(channel)
    await session.flush()
    await _announce(session, caller, channel.id, "created", ("name", "config", "enabled"))
    await session.refresh(channel)
    return channel


async def update_channel(
    session: AsyncSession, caller: Caller, channel_id: UUID, body: ChannelUpdate
) -> NotificationChannel:
    """Change the given fields. Raises ChannelNotFound."""
    channel = await queries.get_channel(session, caller.organization_id, channel_id, lock="change")
    changes = _changes(body)
    for name, value in changes.items():
        setattr(channel, name, value)
    await session.flush()
    await _announce(session, caller, channel.id, "updated", tuple(changes))
    await session.refresh(channel)
    return channel


async def delete_channel(session: AsyncSession, caller: Caller, channel_id: UUID) -> None:
    """Remove a channel that no route uses. Raises ChannelNotFound and ChannelInUse."""
    channel = await queries.get_channel(session, caller.organization_id, channel_id, lock="change")
    if any(route.channel_id == channel_id for route in await queries.list_routes(session, caller.organization_id)):
        raise ChannelInUse("Remove the routes that send to it first.")
    await session.delete(channel)
    await session.flush()
    await _announce(session, caller, channel_id, "deleted", ())


async def create_route(session: AsyncSession, caller: Caller, body: RouteCreate) -> NotificationRoute:
    """Add a route to a channel. Raises ChannelNotFound."""
    await queries.get_channel(session, caller.organization_id, body.channel_id, lock="use")
    route = NotificationRoute(organization_id=caller.organization_id, id=new_id(), **body.model_dump())
    session.add(route)
    await session.flush()
    await session.refresh(route)
    await _announce(session, caller, route.channel_id, "route created", ("name", "minimum_severity"))
    return route


async def update_route(session: AsyncSession, caller: Caller, route_id: UUID, body: RouteUpdate) -> NotificationRoute:
    """Change the given fields. Raises RouteNotFound and ChannelNotFound."""
    route = await queries.get_route(session, caller.organization_id, route_id)
    changes = _changes(body)
    if body.channel_id is not None:
        await queries.get_channel(session, caller.organization_id, body.channel_id, lock="use")
    for name, value in changes.items():
        setattr(route, name, value)
    await session.flush()
    await session.refresh(route)
    await _announce(session, caller, route.channel_id, "route updated", tuple(changes))
    return route


async def delete_route(session: AsyncSession, caller: Caller, route_id: UUID) -> None:
    """Remove a route. Raises RouteNotFound."""
    route = await queries.get_route(session, caller.organization_id, route_id)
    channel_id = route.channel_id
    await session.delete(route)
    await session.flush()
    await _announce(session, caller, channel_id, "route deleted", ())


def _changes(body: ChannelUpdate | RouteUpdate) -> dict[str, Any]:
    """The fields that were sent with a value, whole: defaults inside of them count."""
    whole = body.model_dump()
    return {name: whole[name] for name in body.model_fields_set if whole[name] is not None}


async def _announce(
    session: AsyncSession, caller: Caller, channel_id: UUID, action: str, changed: Sequence[str]
) -> None:
    await publish(
        session,
        ChannelChanged(
            organization_id=caller.organization_id,
            actor_id=caller.user_id,
            channel_id=channel_id,
            action=action,
            fields=tuple(changed),
        ),
    )
