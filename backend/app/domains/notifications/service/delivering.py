"""One delivery's way from queued to sent or failed."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import utc_now
from app.core.events import publish
from app.core.http import Caller
from app.core.tasks import enqueue
from app.domains.notifications import queries, rules
from app.domains.notifications.errors import DeliveryNotFailed, DeliveryNotFound
from app.domains.notifications.events import DeliveryEnded, DeliveryRetried
from app.domains.notifications.models import NotificationDelivery, NotificationRow

LOST_AFTER = timedelta(minutes=5)  # an attempt lasts at most a minute


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


async def claim_delivery(session: AsyncSession, organization_id: UUID, delivery_id: UUID) -> Message | None:
    """Mark a delivery as being sent and read its message; None when it has ended already."""
    delivery = await session.get(NotificationDelivery, (organization_id, delivery_id), with_for_update=True)
    if delivery is None or delivery.state in ("sent", "failed"):
        return None
    if delivery.attempts >= rules.DELIVERY_ATTEMPTS:  # the worker died each time after it had claimed it
        await _end(session, delivery, delivery.error or "Every attempt to send it was interrupted.")
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
        await enqueue_delivery(session, organization_id, delivery_id, delay=rules.retry_delay(delivery.attempts))
        return
    await _end(session, delivery, error)


async def retry_delivery(session: AsyncSession, caller: Caller, delivery_id: UUID) -> dict[str, Any]:
    """Send a message again that was given up. Raises DeliveryNotFound and DeliveryNotFailed."""
    delivery = await session.get(
        NotificationDelivery, (caller.organization_id, delivery_id), with_for_update=True, populate_existing=True
    )
    if delivery is None:
        raise DeliveryNotFound
    if delivery.state != "failed":
        raise DeliveryNotFailed
    delivery.state, delivery.attempts, delivery.ended_at = "queued", 0, None
    await session.flush()
    await enqueue_delivery(session, caller.organization_id, delivery_id)
    await publish(
        session,
        DeliveryRetried(
            organization_id=caller.organization_id,
            actor_id=caller.user_id,
            delivery_id=delivery_id,
            channel_id=delivery.channel_id,
        ),
    )
    rows = await queries.list_deliveries(session, caller.organization_id, limit=1, delivery_id=delivery_id)
    return rows[0]


async def enqueue_lost(session: AsyncSession, organization_id: UUID) -> int:
    """Queue deliveries whose job is gone (its worker died too often); the number looked at. Waiting ones are kept."""
    lost = await queries.list_unended(session, organization_id, before=utc_now() - LOST_AFTER, limit=500)
    for delivery_id in lost:
        await enqueue_delivery(session, organization_id, delivery_id)
    return len(lost)


async def enqueue_delivery(
    session: AsyncSession, organization_id: UUID, delivery_id: UUID, *, delay: timedelta | None = None
) -> None:
    """Queue the job that sends a delivery, unless it waits already."""
    await enqueue(
        session,
        "notifications.deliver",
        {"delivery_id": delivery_id},
        organization_id=organization_id,
        dedupe=str(delivery_id),
        priority=5,
        delay=delay,
    )


async def _end(session: AsyncSession, delivery: NotificationDelivery, error: str | None) -> None:
    delivery.state, delivery.error, delivery.ended_at = ("sent" if error is None else "failed"), error, utc_now()
    row = await session.get_one(NotificationRow, (delivery.organization_id, delivery.notification_id))
    await publish(
        session,
        DeliveryEnded(
            organization_id=delivery.organization_id,
            delivery_id=delivery.id,
            subject_type=row.subject_type,
            subject_id=row.subject_id,
            state=delivery.state,
        ),
    )
