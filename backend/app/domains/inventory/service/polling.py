"""Asking queues for events, for clouds that do not call us."""

import asyncio
import logging
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.database import get_database, tenant_session
from app.core.errors import AppError, NotFound
from app.core.tasks import TaskContext, enqueue
from app.domains.accounts import service as accounts
from app.domains.inventory import rules
from app.domains.inventory.models import EventSource
from app.domains.inventory.service.collecting import words_of
from app.domains.inventory.service.listening import store_events
from app.providers.base import CloudEvent, ProviderError

logger = logging.getLogger(__name__)

WAIT_SECONDS = 10.0
POLL_SECONDS = 50.0
PAUSE_SECONDS = 5.0  # after a failure
_NOT_UNDERSTOOD = "Messages not understood: {}. What they told of is seen with the next sync; the log says more."


async def enqueue_polls(session: AsyncSession, organization_id: UUID) -> None:
    """See to it that the organization's queues are asked."""
    query = select(EventSource.id).where(
        EventSource.organization_id == organization_id, EventSource.settings.has_key("queue_url")
    )
    if (await session.execute(query.limit(1))).first() is not None:
        await start_polls(session, organization_id)


async def start_polls(session: AsyncSession, organization_id: UUID) -> None:
    """Queue the asking; one job that waits is enough."""
    await enqueue(session, "inventory.poll_events", {}, organization_id=organization_id, dedupe="poll", priority=5)


async def poll_events(context: TaskContext) -> None:
    """Ask every queue of the organization for a while, then make room for other jobs and go on in a new one."""
    async with get_database().engine.connect() as connection:
        lock = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:key, 0))")
        if not (await connection.execute(lock, {"key": f"poll:{context.organization_id}"})).scalar_one():
            return
        deadline = asyncio.get_running_loop().time() + POLL_SECONDS
        while asyncio.get_running_loop().time() < deadline:
            await context.raise_if_cancelled()
            sources = await _list_sources(context.organization_id)
            if not sources:
                return
            await asyncio.gather(*(_poll(context.organization_id, source) for source in sources))
    async with tenant_session(context.organization_id) as session:
        await start_polls(session, context.organization_id)


async def _list_sources(organization_id: UUID) -> Sequence[EventSource]:
    async with tenant_session(organization_id) as session:
        query = select(EventSource).where(
            EventSource.organization_id == organization_id, EventSource.settings.has_key("queue_url")
        )
        return (await session.execute(query)).scalars().all()


async def _poll(organization_id: UUID, source: EventSource) -> None:
    """One question. Messages leave the queue only after what they say is committed."""
    try:
        async with tenant_session(organization_id) as session:
            opened = await accounts.open_account(session, organization_id, source.account_id)
        provider = accounts.get_provider(opened.provider)
        messages = await provider.receive_events(opened.connection, source.settings, wait_seconds=WAIT_SECONDS)
        if not messages:
            return
        events: list[CloudEvent] = []
        not_understood = 0
        for _, message in messages:
            try:
                events += provider.parse_events(message)
            except ProviderError as failure:  # it will not become better by being read again
                logger.warning("a message of the queue of account %s is no event: %s", source.account_id, failure)
            except Exception:  # a defect of ours must not hold up the messages behind it, nor other queues
                not_understood += 1
                logger.exception("a message of the queue of account %s could not be understood", source.account_id)
        async with tenant_session(organization_id) as session:
            await store_events(session, organization_id, source, events)
        await provider.confirm_events(opened.connection, source.settings, [receipt for receipt, _ in messages])
        if not_understood:
            await _note_error(organization_id, source.id, _NOT_UNDERSTOOD.format(not_understood))
    except NotFound:
        return
    except (ProviderError, AppError) as failure:
        words = rules.failure_text([words_of(failure, "receive")]) if isinstance(failure, ProviderError) else None
        await _note_error(organization_id, source.id, words or str(failure) or "The queue could not be read.")
        await asyncio.sleep(PAUSE_SECONDS)


async def _note_error(organization_id: UUID, source_id: UUID, error: str) -> None:
    async with tenant_session(organization_id) as session:
        await session.execute(
            update(EventSource)
            .where(EventSource.organization_id == organization_id, EventSource.id == source_id)
            .values(error=error)
        )
