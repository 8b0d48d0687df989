"""Reads of notifications, organization first."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.domains.identity.models import Membership, User
from app.domains.notifications.errors import ChannelNotFound, RouteNotFound
from app.domains.notifications.models import (
    NotificationChannel,
    NotificationDelivery,
    NotificationRoute,
    NotificationRow,
    PersonalMail,
)


async def list_channels(session: AsyncSession, organization_id: UUID) -> Sequence[NotificationChannel]:
    """All channels by name."""
    statement = select(NotificationChannel).where(NotificationChannel.organization_id == organization_id)
    return (await session.scalars(statement.order_by(NotificationChannel.name, NotificationChannel.id))).all()


async def get_channel(
    session: AsyncSession, organization_id: UUID, channel_id: UUID, *, lock: Literal["change", "use"] | None = None
) -> NotificationChannel:
    """One channel, locked to change it or to point at it. Raises ChannelNotFound."""
    channel = await session.get(
        NotificationChannel,
        (organization_id, channel_id),
        with_for_update={"read": lock == "use"} if lock else None,
        populate_existing=lock is not None,
    )
    if channel is None:
        raise ChannelNotFound
    return channel


async def list_routes(session: AsyncSession, organization_id: UUID) -> Sequence[NotificationRoute]:
    """All routes by name."""
    statement = select(NotificationRoute).where(NotificationRoute.organization_id == organization_id)
    return (await session.scalars(statement.order_by(NotificationRoute.name, NotificationRoute.id))).all()


async def get_route(session: AsyncSession, organization_id: UUID, route_id: UUID) -> NotificationRoute:
    """One route, locked to change it. Raises RouteNotFound."""
    route = await session.get(
        NotificationRoute, (organization_id, route_id), with_for_update=True, populate_existing=True
    )
    if route is None:
        raise RouteNotFound
    return route


async def list_live_routes(
    session: AsyncSession, organization_id: UUID
) -> Sequence[tuple[NotificationRoute, NotificationChannel]]:
    """Routes in use with their channels in use."""
    statement = (
        select(NotificationRoute, NotificationChannel)
        .join(
            NotificationChannel,
            (NotificationChannel.organization_id == NotificationRoute.organization_id)
            & (NotificationChannel.id == NotificationRoute.channel_id),
        )
        .where(NotificationRoute.organization_id == organization_id)
        .where(NotificationRoute.enabled, NotificationChannel.enabled)
    )
    return [(route, channel) for route, channel in await session.execute(statement)]


async def list_deliveries(
    session: AsyncSession,
    organization_id: UUID,
    *,
    limit: int,
    after: tuple[datetime, UUID] | None = None,
    state: str | None = None,
    subject_id: UUID | None = None,
    delivery_id: UUID | None = None,
) -> list[dict[str, Any]]:
    """Deliveries with what they were about, newest first; `after` is the last row's (created_at, id)."""
    delivery = NotificationDelivery
    statement = (
        select(
            *delivery.__table__.c,
            NotificationRow.title,
            NotificationRow.severity,
            NotificationRow.subject_type,
            NotificationRow.subject_id,
        )
        .join(
            NotificationRow,
            (NotificationRow.organization_id == delivery.organization_id)
            & (NotificationRow.id == delivery.notification_id),
        )
        .where(delivery.organization_id == organization_id)
        .order_by(delivery.created_at.desc(), delivery.id.desc())
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(tuple_(delivery.created_at, delivery.id) < after)
    if state is not None:
        statement = statement.where(delivery.state == state)
    if delivery_id is not None:
        statement = statement.where(delivery.id == delivery_id)
    if subject_id is not None:
        statement = statement.where(NotificationRow.subject_id == subject_id)
    return [dict(row) for row in (await session.execute(statement)).mappings()]


async def list_unended(session: AsyncSession, organization_id: UUID, *, before: datetime, limit: int) -> Sequence[UUID]:
    """Deliveries that have not ended and whose last step was before an instant, the oldest first."""
    delivery = NotificationDelivery
    statement = (
        select(delivery.id)
        .where(delivery.organization_id == organization_id, delivery.ended_at.is_(None))
        .where(func.coalesce(delivery.attempted_at, delivery.created_at) < before)
        .order_by(delivery.created_at)
        .limit(limit)
    )
    return (await session.scalars(statement)).all()


async def list_unended_mails(
    session: AsyncSession, organization_id: UUID, *, before: datetime, limit: int
) -> Sequence[UUID]:
    """Mails to one person that have not ended and whose last step was before an instant, the oldest first."""
    statement = (
        select(PersonalMail.id)
        .where(PersonalMail.organization_id == organization_id, PersonalMail.ended_at.is_(None))
        .where(func.coalesce(PersonalMail.attempted_at, PersonalMail.created_at) < before)
        .order_by(PersonalMail.created_at)
        .limit(limit)
    )
    return (await session.scalars(statement)).all()


async def list_role_emails(session: AsyncSession, organization_id: UUID, roles: Sequence[str]) -> Sequence[str]:
    """Addresses of the enabled members with these roles."""
    statement = (
        select(User.email)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.organization_id == organization_id, Membership.role.in_(roles))
        .where(Membership.disabled_at.is_(None), User.disabled_at.is_(None))
        .order_by(User.email)
    )
    return (await session.scalars(statement)).all()


async def list_owner_ids(session: AsyncSession, organization_id: UUID) -> Sequence[UUID]:
    """The enabled owners."""
    statement = (
        select(Membership.user_id)
        .where(Membership.organization_id == organization_id, Membership.role == "owner")
        .where(Membership.disabled_at.is_(None))
        .order_by(Membership.user_id)
    )
    return (await session.scalars(statement)).all()


async def get_member_email(session: AsyncSession, organization_id: UUID, user_id: UUID) -> str | None:
    """The address of one member."""
    statement = (
        select(User.email)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.organization_id == organization_id, User.id == user_id)
    )
    return (await session.scalars(statement)).one_or_none()
