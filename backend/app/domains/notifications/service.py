"""Use cases of notifications. Other domains call `notify` inside the transaction that decides to tell somebody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import utc_now
from app.core.events import publish
from app.core.http import Caller
from app.core.ids import new_id
from app.core.tasks import enqueue
from app.domains.notifications import queries, rules
from app.domains.notifications.errors import ChannelInUse
from app.domains.notifications.events import ChannelChanged, DeliveryEnded
from app.domains.notifications.models import (
    NotificationChannel,
    NotificationDelivery,
    NotificationRoute,
    NotificationRow,
)
from app.domains.notifications.schemas import ChannelCreate, ChannelUpdate, RouteCreate

list_channels = queries.list_channels
list_routes = queries.list_routes
list_deliveries = queries.list_deliveries


@dataclass(frozen=True, kw_only=True)
class Notification:
    """Something people should hear of. `key` names the telling (incident, reason, sequence): a repeat is dropped."""

    key: str
    kind: str  # alert.fired, alert.resolved, …
    severity: str
    title: str
    body: str
    link: str  # path within the web app
    subject_type: str
    subject_id: UUID
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Message:
    """What a delivery sends, read back in the transaction that claimed it."""

    delivery_id: UUID
    recipient: str
    title: str
    severity: str
    body: str
    link: str
    attempts: int


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


async def notify(session: AsyncSession, organization_id: UUID, notification: Notification) -> int:
    """Write the notification, one delivery per recipient, and the job for each; the number of deliveries.

    Safe to repeat: the key of a notification that exists drops the new one.
    """
    row_id = new_id()
    statement = (
        insert(NotificationRow)
        .values(
            organization_id=organization_id,
            id=row_id,
            key=notification.key,
            kind=notification.kind,
            severity=notification.severity,
            title=notification.title,
            body=notification.body,
            link=notification.link,
            subject_type=notification.subject_type,
            subject_id=notification.subject_id,
            labels=dict(notification.labels),
        )
        .on_conflict_do_nothing(index_elements=["organization_id", "key"])
        .returning(NotificationRow.id)
    )
    if (await session.execute(statement)).scalar_one_or_none() is None:
        return 0
    targets: dict[tuple[str, str], UUID] = {}
    for route, channel in await queries.list_live_routes(session, organization_id):
        wanted = rules.RouteMatch(minimum_severity=route.minimum_severity, kinds=route.kinds, labels=route.labels)
        if rules.matches(wanted, severity=notification.severity, kind=notification.kind, labels=notification.labels):
            for recipient in await _recipients(session, organization_id, channel):
                targets.setdefault((channel.kind, recipient), channel.id)
    for (channel_kind, recipient), channel_id in targets.items():
        await _queue_delivery(session, organization_id, row_id, channel_id, channel_kind, recipient)
    return len(targets)


async def send_test(session: AsyncSession, caller: Caller, channel_id: UUID) -> tuple[UUID, int]:
    """Send a test message through one channel, whatever the routes say: (notification id, deliveries)."""
    channel = await queries.get_channel(session, caller.organization_id, channel_id)
    row = NotificationRow(
        organization_id=caller.organization_id,
        id=new_id(),
        key=f"test:{new_id()}",
        kind="test",
        severity="info",
        title=f"Test of the channel {channel.name}",
        body=f"{caller.email} sent this to see that messages arrive.",
        link="/",
        subject_type="channel",
        subject_id=channel.id,
        labels={},
    )
    session.add(row)
    await session.flush()
    recipients = await _recipients(session, caller.organization_id, channel)
    for recipient in recipients:
        await _queue_delivery(session, caller.organization_id, row.id, channel.id, channel.kind, recipient)
    return row.id, len(recipients)


async def _recipients(session: AsyncSession, organization_id: UUID, channel: NotificationChannel) -> list[str]:
    addresses: list[str] = list(channel.config.get("to", []))
    roles: list[str] = channel.config.get("roles", [])
    if roles:
        addresses += await queries.list_role_emails(session, organization_id, roles)
    return sorted({address.lower(): address for address in addresses}.values())


async def _queue_delivery(
    session: AsyncSession, organization_id: UUID, notification_id: UUID, channel_id: UUID, kind: str, recipient: str
) -> None:
    delivery = NotificationDelivery(
        organization_id=organization_id,
        id=new_id(),
        notification_id=notification_id,
        channel_id=channel_id,
        channel_kind=kind,
        recipient=recipient,
        state="queued",
    )
    session.add(delivery)
    await session.flush()
    await enqueue(
        session, "notifications.deliver", {"delivery_id": str(delivery.id)}, organization_id=organization_id, priority=5
    )


async def claim_delivery(session: AsyncSession, organization_id: UUID, delivery_id: UUID) -> Message | None:
    """Mark a delivery as being sent and read its message; None when it has ended already."""
    delivery = await session.get(NotificationDelivery, (organization_id, delivery_id), with_for_update=True)
    if delivery is None or delivery.state in ("sent", "failed"):
        return None
    delivery.state, delivery.attempts, delivery.attempted_at = "sending", delivery.attempts + 1, utc_now()
    row = await session.get_one(NotificationRow, (organization_id, delivery.notification_id))
    return Message(
        delivery_id=delivery.id,
        recipient=delivery.recipient,
        title=row.title,
        severity=row.severity,
        body=row.body,
        link=row.link,
        attempts=delivery.attempts,
    )


async def end_delivery(
    session: AsyncSession, organization_id: UUID, delivery_id: UUID, *, error: str | None, permanent: bool = False
) -> None:
    """Record how an attempt ended. A temporary failure queues the next attempt, up to rules.DELIVERY_ATTEMPTS."""
    delivery = await session.get_one(NotificationDelivery, (organization_id, delivery_id), with_for_update=True)
    if delivery.state in ("sent", "failed"):
        return
    if error is not None and not permanent and delivery.attempts < rules.DELIVERY_ATTEMPTS:
        delivery.state, delivery.error = "queued", error
        await enqueue(
            session,
            "notifications.deliver",
            {"delivery_id": str(delivery_id)},
            organization_id=organization_id,
            priority=5,
            delay=rules.retry_delay(delivery.attempts),
        )
        return
    delivery.state, delivery.error, delivery.ended_at = ("sent" if error is None else "failed"), error, utc_now()
    row = await session.get_one(NotificationRow, (organization_id, delivery.notification_id))
    await publish(
        session,
        DeliveryEnded(
            organization_id=organization_id,
            delivery_id=delivery_id,
            subject_type=row.subject_type,
            subject_id=row.subject_id,
            state=delivery.state,
        ),
    )


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
    channel = await queries.get_channel(session, caller.organization_id, channel_id)
    changes = {name: value for name, value in body.model_dump(exclude_unset=True).items() if value is not None}
    for name, value in changes.items():
        setattr(channel, name, value)
    await session.flush()
    await _announce(session, caller, channel.id, "updated", tuple(changes))
    await session.refresh(channel)
    return channel


async def delete_channel(session: AsyncSession, caller: Caller, channel_id: UUID) -> None:
    """Remove a channel that no route uses. Raises ChannelNotFound and ChannelInUse."""
    channel = await queries.get_channel(session, caller.organization_id, channel_id)
    if any(route.channel_id == channel_id for route in await queries.list_routes(session, caller.organization_id)):
        raise ChannelInUse("Remove the routes that send to it first.")
    await session.delete(channel)
    await session.flush()
    await _announce(session, caller, channel_id, "deleted", ())


async def create_route(session: AsyncSession, caller: Caller, body: RouteCreate) -> NotificationRoute:
    """Add a route to a channel. Raises ChannelNotFound."""
    await queries.get_channel(session, caller.organization_id, body.channel_id)
    route = NotificationRoute(organization_id=caller.organization_id, id=new_id(), **body.model_dump())
    session.add(route)
    await session.flush()
    await session.refresh(route)
    await _announce(session, caller, route.channel_id, "route created", ("name", "minimum_severity"))
    return route


async def delete_route(session: AsyncSession, caller: Caller, route_id: UUID) -> None:
    """Remove a route. Raises RouteNotFound."""
    route = await queries.get_route(session, caller.organization_id, route_id)
    channel_id = route.channel_id
    await session.delete(route)
    await session.flush()
    await _announce(session, caller, channel_id, "route deleted", ())


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
