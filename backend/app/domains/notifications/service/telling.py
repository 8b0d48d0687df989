"""From a fact worth telling to one delivery per recipient, in the transaction of the fact (outbox)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.config import get_settings
from app.core.http import Caller
from app.core.ids import new_id
from app.domains.notifications import queries, rules
from app.domains.notifications.errors import MailNotConfigured
from app.domains.notifications.models import NotificationChannel, NotificationDelivery, NotificationRow
from app.domains.notifications.service.delivering import enqueue_delivery

INSERT_ROWS = 1_000


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


async def notify_all(session: AsyncSession, organization_id: UUID, notifications: Sequence[Notification]) -> int:
    """Write the notifications, one delivery per recipient, and the job for each; the number of deliveries.

    Safe to repeat: the key of a notification that exists drops the new one.
    """
    new = await _insert(session, organization_id, notifications)
    routes = await queries.list_live_routes(session, organization_id) if new else ()
    recipients: dict[UUID, list[str]] = {}
    deliveries: list[NotificationDelivery] = []
    for row_id, notification in new:
        targets: dict[tuple[str, str], tuple[str, UUID]] = {}  # one message a person, however many routes match
        for route, channel in routes:
            wanted = rules.RouteMatch(minimum_severity=route.minimum_severity, kinds=route.kinds, labels=route.labels)
            if not rules.matches(
                wanted, severity=notification.severity, kind=notification.kind, labels=notification.labels
            ):
                continue
            if channel.id not in recipients:
                recipients[channel.id] = await _recipients(session, organization_id, channel)
            for recipient in recipients[channel.id]:
                targets.setdefault((channel.kind, recipient.lower()), (recipient, channel.id))
        deliveries += [
            _delivery(organization_id, row_id, channel_id, kind, recipient)
            for (kind, _), (recipient, channel_id) in targets.items()
        ]
    await _queue(session, deliveries)
    return len(deliveries)


async def send_test(session: AsyncSession, caller: Caller, channel_id: UUID) -> tuple[UUID, int]:
    """Send a test message through one channel, whatever the routes say: (notification id, deliveries).

    Raises ChannelNotFound and MailNotConfigured.
    """
    channel = await queries.get_channel(session, caller.organization_id, channel_id)
    if get_settings().smtp_url is None:
        raise MailNotConfigured("Set CLOUDOPS_SMTP_URL to a mail server's address.")
    test = Notification(
        key=f"test:{new_id()}",
        kind="test",
        severity="info",
        title=f"Test of the channel {channel.name}",
        body=f"{caller.email} sent this to see that messages arrive.",
        link="/",
        subject_type="channel",
        subject_id=channel.id,
    )
    [(row_id, _)] = await _insert(session, caller.organization_id, [test])
    recipients = await _recipients(session, caller.organization_id, channel)
    deliveries = [
        _delivery(caller.organization_id, row_id, channel.id, channel.kind, recipient) for recipient in recipients
    ]
    await _queue(session, deliveries)
    return row_id, len(deliveries)


async def _insert(
    session: AsyncSession, organization_id: UUID, notifications: Sequence[Notification]
) -> list[tuple[UUID, Notification]]:
    """The notifications that are new, with their ids."""
    by_key = {notification.key: notification for notification in notifications}
    rows = [
        {"organization_id": organization_id, "id": new_id()}
        | vars(notification)
        | {"labels": dict(notification.labels)}
        for _, notification in sorted(by_key.items())
    ]
    new: list[tuple[UUID, Notification]] = []
    for start in range(0, len(rows), INSERT_ROWS):
        statement = insert(NotificationRow).values(rows[start : start + INSERT_ROWS])
        statement = statement.on_conflict_do_nothing(index_elements=["organization_id", "key"])
        found = await session.execute(statement.returning(NotificationRow.id, NotificationRow.key))
        new += [(row_id, by_key[key]) for row_id, key in found]
    return new


async def _recipients(session: AsyncSession, organization_id: UUID, channel: NotificationChannel) -> list[str]:
    addresses: list[str] = list(channel.config.get("to", []))
    roles: list[str] = channel.config.get("roles", [])
    if roles:
        addresses += await queries.list_role_emails(session, organization_id, roles)
    return sorted({address.lower(): address for address in addresses}.values())


def _delivery(
    organization_id: UUID, notification_id: UUID, channel_id: UUID, kind: str, recipient: str
) -> NotificationDelivery:
    return NotificationDelivery(
        organization_id=organization_id,
        id=new_id(),
        notification_id=notification_id,
        channel_id=channel_id,
        channel_kind=kind,
        recipient=recipient,
        state="queued",
    )


async def _queue(session: AsyncSession, deliveries: Sequence[NotificationDelivery]) -> None:
    session.add_all(deliveries)
    await session.flush()
    for delivery in deliveries:
        await enqueue_delivery(session, delivery.organization_id, delivery.id)
