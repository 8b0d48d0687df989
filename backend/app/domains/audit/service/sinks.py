"""Places outside that the log is sent to: made, changed, listed, removed. Each change is itself on record."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.config import get_settings
from app.core.database import tenant_session
from app.core.egress import check_address
from app.core.egress_stream import check_stream_address
from app.core.errors import FieldProblem, InvalidInput
from app.core.http import Caller
from app.core.ids import new_id
from app.core.secrets import Secret, seal
from app.core.standard_webhooks import new_secret, secret_bytes
from app.core.tasks import enqueue
from app.domains.audit import queries
from app.domains.audit.errors import SinkLimit
from app.domains.audit.models import AuditSink
from app.domains.audit.service.recording import record

MAX_SINKS = 10
ADDRESS_CHANGED = "The address changed, so the secret was cleared. Give it again."


@dataclass(frozen=True, kw_only=True)
class SinkView:
    """A sink and how many sealed events it has not been sent."""

    sink: AuditSink
    behind: int


async def list_sinks(session: AsyncSession, organization_id: UUID) -> list[SinkView]:
    """The organization's sinks, oldest first."""
    last = await _last_number(session, organization_id)
    return [_view(sink, last) for sink in await queries.list_sinks(session, organization_id)]


async def get_sink(session: AsyncSession, organization_id: UUID, sink_id: UUID) -> SinkView:
    """One sink. Raises NotFound."""
    return _view(
        await queries.get_sink(session, organization_id, sink_id), await _last_number(session, organization_id)
    )


async def create_sink(
    caller: Caller, *, name: str, kind: str, url: str, secret: Secret | None, from_start: bool
) -> tuple[SinkView, str | None]:
    """A new sink, and the secret if we made it. Raises AddressNotAllowed, InvalidInput and SinkLimit.

    Own transaction, because resolving the address takes its time.
    """
    await _check(kind, url)
    made = new_secret() if kind == "webhook" and secret is None else None
    _check_secret(kind, secret)
    async with tenant_session(caller.organization_id) as session:
        if len(await queries.list_sinks(session, caller.organization_id)) >= MAX_SINKS:
            raise SinkLimit(f"There may be {MAX_SINKS}.")
        last = await _last_number(session, caller.organization_id)
        now = clock.utc_now()
        sink = AuditSink(
            organization_id=caller.organization_id, id=new_id(), name=name, kind=kind, url=url, enabled=True,
            position=0 if from_start else last, failures=0, created_at=now, updated_at=now,
        )  # fmt: skip
        await _set_secret(session, sink, Secret(made) if made else secret)
        session.add(sink)
        await session.flush()
        await record(
            session, caller, "audit_sink.created", subject_type="audit_sink", subject_id=sink.id,
            changes={"name": name, "kind": kind, "url": url, "from_start": from_start},
        )  # fmt: skip
    return _view(sink, last), made


async def update_sink(
    caller: Caller, sink_id: UUID, *, name: str | None, url: str | None, secret: Secret | None, enabled: bool | None
) -> SinkView:
    """Change a sink; a new address without a new secret clears the old one.

    Raises NotFound, AddressNotAllowed and InvalidInput.
    """
    async with tenant_session(caller.organization_id) as session:
        kind = (await queries.get_sink(session, caller.organization_id, sink_id)).kind
    if url is not None:
        await _check(kind, url)
    _check_secret(kind, secret)
    async with tenant_session(caller.organization_id) as session:
        sink = await queries.get_sink(session, caller.organization_id, sink_id, lock=True)
        changes: dict[str, object] = {}
        for field, value in (("name", name), ("url", url), ("enabled", enabled)):
            if value is not None and value != getattr(sink, field):
                changes[field] = {"before": getattr(sink, field), "after": value}
                setattr(sink, field, value)
        sink.error, sink.failures, sink.next_try_at = None, 0, None
        if secret is not None:
            await _set_secret(session, sink, secret)
            changes["secret_changed"] = True
        elif "url" in changes and sink.secret is not None:
            await _set_secret(session, sink, None)
            sink.error = ADDRESS_CHANGED
            changes["secret_cleared"] = True
        sink.updated_at = clock.utc_now()
        await session.flush()
        await record(
            session, caller, "audit_sink.changed", subject_type="audit_sink", subject_id=sink.id, changes=changes
        )
        return _view(sink, await _last_number(session, caller.organization_id))


async def renew_sink_secret(session: AsyncSession, caller: Caller, sink_id: UUID) -> str:
    """A new secret of ours for a webhook. Raises NotFound and InvalidInput."""
    sink = await queries.get_sink(session, caller.organization_id, sink_id, lock=True)
    made = Secret(new_secret())
    _check_secret(sink.kind, made)
    await _set_secret(session, sink, made)
    sink.error, sink.failures, sink.next_try_at, sink.updated_at = None, 0, None, clock.utc_now()
    await session.flush()
    await record(session, caller, "audit_sink.secret_renewed", subject_type="audit_sink", subject_id=sink.id)
    return made.reveal()


async def remove_sink(session: AsyncSession, caller: Caller, sink_id: UUID) -> None:
    """Delete a sink. Raises NotFound."""
    sink = await queries.get_sink(session, caller.organization_id, sink_id, lock=True)
    await session.delete(sink)
    await session.flush()
    await record(
        session, caller, "audit_sink.removed", subject_type="audit_sink", subject_id=sink_id, changes={"url": sink.url}
    )


async def enqueue_sinks(session: AsyncSession, organization_id: UUID) -> int:
    """Queue a job for every sink that has something to get and whose pause is over; returns how many."""
    now, last, count = clock.utc_now(), await _last_number(session, organization_id), 0
    for sink in await queries.list_sinks(session, organization_id):
        is_due = sink.next_try_at is None or sink.next_try_at <= now
        is_free = sink.lease_ends_at is None or sink.lease_ends_at <= now
        if sink.enabled and sink.position < last and is_due and is_free and (sink.secret or sink.kind == "syslog"):
            await enqueue(
                session, "audit.stream_sink", {"sink_id": sink.id}, organization_id=organization_id, dedupe=str(sink.id)
            )
            count += 1
    return count


def _view(sink: AuditSink, last: int) -> SinkView:
    return SinkView(sink=sink, behind=max(0, last - sink.position))


async def _last_number(session: AsyncSession, organization_id: UUID) -> int:
    head = await queries.get_last_seal(session, organization_id)
    return head.number if head else 0


async def _check(kind: str, url: str) -> None:
    await (check_address if kind == "webhook" else check_stream_address)(url, get_settings())


def _check_secret(kind: str, secret: Secret | None) -> None:
    if secret is None:
        return
    if kind != "webhook":
        raise InvalidInput(errors=[FieldProblem(pointer="#/secret", detail="belongs to webhooks only")])
    try:
        secret_bytes(secret.reveal())
    except ValueError as error:
        raise InvalidInput(errors=[FieldProblem(pointer="#/secret", detail=str(error))]) from None


async def _set_secret(session: AsyncSession, sink: AuditSink, secret: Secret | None) -> None:
    sink.secret_updated_at = clock.utc_now() if secret is not None else None
    sink.secret = (
        await seal(session, sink.organization_id, "audit_sinks", "secret", sink.id, secret)
        if secret is not None
        else None
    )
