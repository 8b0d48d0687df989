"""Facts that domains publish. Handlers run in the publisher's transaction; rows of `events` keep the order.

A fact carries ids, never secrets. After the commit a hint goes through Redis so that live listeners look at the
table at once; losing the hint costs them only their poll interval.
"""

import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, func, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Base

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Event:
    """Base of all facts. `name` is stable and past tense (`alert.fired`); `topic` is what a listener subscribes to."""

    name: ClassVar[str]
    topic: ClassVar[str | None] = None  # None: of no interest to live listeners
    organization_id: UUID


class EventRow(Base):
    """One published fact. `position` grows; a reader must wait for older transactions: see `core/stream.py`."""

    __tablename__ = "events"
    __table_args__ = (Index(None, "organization_id", "transaction_id", "position"), Index(None, "at"))

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    transaction_id: Mapped[int] = mapped_column(BigInteger, server_default=func.txid_current())
    name: Mapped[str]
    topic: Mapped[str | None]
    payload: Mapped[dict[str, Any]]
    at: Mapped[datetime] = mapped_column(server_default=func.now())


E = TypeVar("E", bound=Event)
Handler = Callable[[AsyncSession, Any], Awaitable[None]]
_handlers: dict[type[Event], list[Handler]] = defaultdict(list)
_batch_handlers: dict[type[Event], list[Handler]] = defaultdict(list)
_any_handlers: list[Handler] = []


def handles(event_type: type[E]) -> Callable[[Callable[[AsyncSession, E], Awaitable[None]]], Any]:
    """Register a handler of a fact; it runs in the publisher's transaction and may enqueue tasks."""

    def register(handler: Callable[[AsyncSession, E], Awaitable[None]]) -> Callable[[AsyncSession, E], Awaitable[None]]:
        handlers = _any_handlers if event_type is Event else _handlers[event_type]
        if handler not in handlers:
            handlers.append(handler)
        return handler

    return register


def handles_all(event_type: type[E]) -> Callable[[Callable[[AsyncSession, Sequence[E]], Awaitable[None]]], Any]:
    """Like `handles`, for a handler that takes all facts of the type that were published together."""

    def register(
        handler: Callable[[AsyncSession, Sequence[E]], Awaitable[None]],
    ) -> Callable[[AsyncSession, Sequence[E]], Awaitable[None]]:
        if handler not in _batch_handlers[event_type]:
            _batch_handlers[event_type].append(handler)
        return handler

    return register


async def publish(session: AsyncSession, event: Event) -> None:
    """Append the fact and let the domains above react, all in the caller's transaction."""
    await publish_all(session, (event,))


async def publish_all(session: AsyncSession, events: Sequence[Event]) -> None:
    """Append many facts, in their order, for little more than the price of one."""
    rows = [
        {
            "organization_id": event.organization_id,
            "name": event.name,
            "topic": event.topic,
            "payload": _payload(event),
        }
        for event in events
    ]
    if len(rows) == 1:
        session.add(EventRow(**rows[0]))
    elif rows:
        await session.flush()  # facts published before come before
        await session.execute(insert(EventRow), rows)
    live = {event.organization_id for event in events if event.topic is not None}
    if live:
        session.info.setdefault("event_hints", set()).update(live)
    by_type: dict[type[Event], list[Event]] = defaultdict(list)
    for event in events:
        by_type[type(event)].append(event)
    for event_type, group in by_type.items():
        for handler in _batch_handlers.get(event_type, ()):
            await handler(session, group)
    for event in events:
        for handler in [*_handlers.get(type(event), ()), *_any_handlers]:
            await handler(session, event)


def _payload(event: Event) -> dict[str, Any]:
    return {
        field.name: _plain(getattr(event, field.name)) for field in fields(event) if field.name != "organization_id"
    }


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if isinstance(value, str | int | float | bool | None):
        return value
    return value.isoformat() if isinstance(value, datetime) else str(value)
