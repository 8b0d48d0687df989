"""Sending the log to a sink: at least once, in order, from the position that the sink has reached.

A worker holds a lease on the sink while it sends, and a batch counts only once the receiver has taken all of it. So a
worker that dies leaves the position where it was, and the next one repeats at most one batch.
"""

import socket
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.config import get_settings
from app.core.database import tenant_session
from app.core.egress import AddressNotAllowed, RequestFailed, fetch
from app.core.egress_stream import check_stream_address, send_stream
from app.core.http import Caller
from app.core.ids import new_id
from app.core.secrets import Secret, open_sealed
from app.core.standard_webhooks import secret_bytes, signature_headers
from app.core.tasks import run_in_thread
from app.domains.audit import queries, rules
from app.domains.audit.errors import SinkSecretMissing
from app.domains.audit.models import AuditSink
from app.domains.audit.service.recording import record

BATCH = 100
SEND_SECONDS = 15.0
LEASE = timedelta(seconds=60)  # longer than resolving, connecting and sending one batch may last
REASONS = {
    "unreachable": "The receiver cannot be reached, or it broke off.",
    "timed_out": f"The receiver did not take it within {SEND_SECONDS:.0f} s.",
    "tls_failed": "The receiver's certificate was not accepted.",
    "invalid_answer": "The receiver's answer was not HTTP.",
}


class SinkFailed(Exception):
    """A batch did not arrive; the text is shown on the sink."""


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What one transaction read: where to send which events, and the position they lead to."""

    sink_id: UUID
    kind: str
    url: str
    secret: Secret | None
    events: list[dict[str, Any]]
    position: int


async def stream_sink(organization_id: UUID, sink_id: UUID) -> int:
    """Send all that is sealed; returns how many events arrived. A failure is kept on the sink with its next try."""
    lease, sent = new_id(), 0
    if not await _take(organization_id, sink_id, lease):
        return 0
    error: str | None = None
    try:
        while (batch := await _read(organization_id, sink_id, lease)) is not None:
            await send(batch)
            if not await _advance(organization_id, batch, lease):
                break  # somebody else has the sink now
            sent += len(batch.events)
    except SinkFailed as failure:
        error = str(failure)
    await _release(organization_id, sink_id, lease, error)
    return sent


async def send(batch: Batch) -> None:
    """One batch to its receiver. Raises SinkFailed unless the receiver has taken all of it."""
    try:
        if batch.kind == "webhook":
            await _send_webhook(batch)
        else:
            await _send_syslog(batch)
    except AddressNotAllowed:
        raise SinkFailed("The address is no longer allowed.") from None
    except RequestFailed as failure:
        raise SinkFailed(REASONS[failure.reason]) from None


async def send_test_message(caller: Caller, sink_id: UUID) -> tuple[bool, str]:
    """Send one made-up event. Raises NotFound and SinkSecretMissing."""
    async with tenant_session(caller.organization_id) as session:
        sink = await queries.get_sink(session, caller.organization_id, sink_id)
        secret = await _open_secret(session, sink)
        await record(session, caller, "audit_sink.tested", subject_type="audit_sink", subject_id=sink_id)
    if sink.kind == "webhook" and secret is None:
        raise SinkSecretMissing("Give it one, then test again.")
    event = {
        "number": None, "id": str(new_id()), "organization_id": str(caller.organization_id),
        "at": clock.utc_now().astimezone(UTC).isoformat(timespec="microseconds"), "action": "audit.test",
        "outcome": "success",
    }  # fmt: skip
    batch = Batch(sink_id=sink_id, kind=sink.kind, url=sink.url, secret=secret, events=[event], position=0)
    try:
        await send(batch)
    except SinkFailed as failure:
        return False, str(failure)
    return True, "The test message arrived."


async def _send_webhook(batch: Batch) -> None:
    assert batch.secret is not None  # noqa: S101  # checked where the batch was read
    now = clock.utc_now()
    body = orjson.dumps({"type": "audit.events", "timestamp": now.isoformat(), "data": {"events": batch.events}})
    message_id = f"{batch.sink_id}.{batch.events[0]['number'] or batch.events[0]['id']}.{len(batch.events)}"
    headers = signature_headers(message_id, now, body, [secret_bytes(batch.secret.reveal())])
    answer = await fetch(
        "POST",
        batch.url,
        get_settings(),
        headers={**headers, "Content-Type": "application/json"},
        content=body,
        timeout_seconds=SEND_SECONDS,
        kept_bytes=1_024,
    )
    if not 200 <= answer.status < 300:
        raise SinkFailed(f"The receiver answered {answer.status}.")


async def _send_syslog(batch: Batch) -> None:
    settings = get_settings()
    target = await check_stream_address(batch.url, settings)
    host = socket.gethostname()
    messages = [rules.syslog_message(event, host) for event in batch.events]
    await run_in_thread(send_stream, target, messages, settings, SEND_SECONDS)


async def _take(organization_id: UUID, sink_id: UUID, lease: UUID) -> bool:
    async with tenant_session(organization_id) as session:
        now = clock.utc_now()
        free = AuditSink.lease_ends_at.is_(None) | (AuditSink.lease_ends_at < now)
        taken = await session.execute(
            update(AuditSink)
            .where(AuditSink.organization_id == organization_id, AuditSink.id == sink_id, free)
            .values(lease=lease, lease_ends_at=now + LEASE)
            .returning(AuditSink.id)
        )
        return taken.first() is not None


async def _read(organization_id: UUID, sink_id: UUID, lease: UUID) -> Batch | None:
    """The next batch; None when nothing is left, or the sink is gone, switched off, without secret, or not ours."""
    async with tenant_session(organization_id) as session:
        sink = await session.get(AuditSink, (organization_id, sink_id), with_for_update=True)
        if sink is None or sink.lease != lease or not sink.enabled:
            return None
        secret = await _open_secret(session, sink)
        if sink.kind == "webhook" and secret is None:
            return None
        links = await queries.list_links(session, organization_id, sink.position, BATCH)
        if not links:
            return None
        sink.lease_ends_at = clock.utc_now() + LEASE
        events = [_plain(link, event) for link, event in links]
        return Batch(
            sink_id=sink_id, kind=sink.kind, url=sink.url, secret=secret, events=events, position=links[-1][0].number
        )


def _plain(link: rules.Seal, event: rules.AuditRecord | None) -> dict[str, Any]:
    """An event as receivers get it. Of one that was removed from the log the link is left: the receiver shall see."""
    if event is None:
        missing = {"number": link.number, "id": str(link.event_id), "action": "audit.event_missing"}
        return missing | {"at": clock.utc_now().isoformat(), "organization_id": "", "outcome": "failure"}
    content: dict[str, Any] = orjson.loads(rules.canonical(event))
    return content | {"number": link.number, "hash": link.hash.hex()}


async def _advance(organization_id: UUID, batch: Batch, lease: UUID) -> bool:
    async with tenant_session(organization_id) as session:
        now = clock.utc_now()
        moved = await session.execute(
            update(AuditSink)
            .where(
                AuditSink.organization_id == organization_id, AuditSink.id == batch.sink_id, AuditSink.lease == lease
            )
            .values(position=batch.position, last_sent_at=now, failures=0, error=None, next_try_at=None)
            .returning(AuditSink.id)
        )
        return moved.first() is not None


async def _release(organization_id: UUID, sink_id: UUID, lease: UUID, error: str | None) -> None:
    async with tenant_session(organization_id) as session:
        sink = await session.get(AuditSink, (organization_id, sink_id), with_for_update=True)
        if sink is None or sink.lease != lease:
            return
        sink.lease = sink.lease_ends_at = None
        if error is not None:
            sink.failures += 1
            sink.error = error
            sink.next_try_at = clock.utc_now() + rules.retry_delay(sink.failures)


async def _open_secret(session: AsyncSession, sink: AuditSink) -> Secret | None:
    if sink.secret is None:
        return None
    return await open_sealed(session, sink.organization_id, "audit_sinks", "secret", sink.id, sink.secret)
