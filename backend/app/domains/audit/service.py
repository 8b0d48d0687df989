"""Writing, sealing and checking the audit log."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any
from uuid import UUID

from fastapi import Request
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from structlog.contextvars import get_contextvars

from app.core import clock
from app.core.database import tenant_session
from app.core.events import Event
from app.core.http import Caller
from app.core.ids import new_id
from app.domains.audit import queries, rules
from app.domains.audit.models import AuditEvent, AuditSeal
from app.domains.audit.queries import AuditFilter, list_events

__all__ = [
    "AuditFilter",
    "Verification",
    "list_events",
    "record",
    "record_event",
    "record_refusal",
    "seal_new_events",
    "verify",
]

SEAL_BATCH = 5_000
VERIFY_BATCH = 2_000
LATE = timedelta(days=1)  # no transaction lasts longer, so older unsealed rows were not written by us
_SEAL_LOCK = 0x636F_7003

# Who and where: columns of the log, not part of what changed.
_TRACE_FIELDS = frozenset({"organization_id", "actor_id", "by", "actor_kind", "client_address", "user_agent"})
# What an event is about: the first of these fields that it has.
_SUBJECT_FIELDS = (
    "session_id", "alert_id", "finding_id", "issue_id", "account_id", "channel_id", "receiver_id",
    "import_id", "job_id", "resource_id", "rule_id", "user_id",
)  # fmt: skip


async def record(
    session: AsyncSession,
    by: Caller | UUID,
    action: str,
    *,
    subject_type: str,
    subject_id: UUID | str = "",
    changes: Mapping[str, Any] | None = None,
    outcome: str = "success",
    actor_kind: str | None = None,
) -> None:
    """Write one act down in the caller's transaction: without the row there is no act, and the other way round.

    `by` is the caller, or the organization when the product itself acts. `action` is `subject.verb_past`
    (`account.removed`). Values of `changes` are masked by their names and cut; secrets do not belong there even so.
    """
    caller = by if isinstance(by, Caller) else None
    organization_id = by.organization_id if isinstance(by, Caller) else by
    session.add(
        AuditEvent(
            organization_id=organization_id,
            id=new_id(),
            actor_id=caller.user_id if caller else None,
            actor_kind=actor_kind or ("user" if caller else "system"),
            action=action,
            subject_type=subject_type,
            subject_id=rules.clean(str(subject_id)),
            client_address=rules.clean(caller.client_address if caller else ""),
            user_agent=rules.clean(caller.user_agent if caller else ""),
            request_id=_request_id(),
            changes=rules.mask(changes or {}),
            outcome=outcome,
        )
    )
    await session.flush()


async def record_event(session: AsyncSession, event: Event) -> None:
    """Write down a fact with an actor (`actor_id` or `by`) or an `actor_kind`; facts of the machinery are left out."""
    names = {field.name for field in fields(event)}
    actor_id = getattr(event, "actor_id", None) or getattr(event, "by", None)
    actor_id = actor_id if isinstance(actor_id, UUID) else None
    if actor_id is None and "actor_kind" not in names:
        return
    subject_field = next((name for name in _SUBJECT_FIELDS if name in names), "organization_id")
    session.add(
        AuditEvent(
            organization_id=event.organization_id,
            id=new_id(),
            actor_id=actor_id,
            actor_kind=str(getattr(event, "actor_kind", "user" if actor_id else "system")),
            action=event.name,
            subject_type=subject_field.removesuffix("_id"),
            subject_id=rules.clean(str(getattr(event, subject_field))),
            client_address=rules.clean(str(getattr(event, "client_address", ""))),
            user_agent=rules.clean(str(getattr(event, "user_agent", ""))),
            request_id=_request_id(),
            changes=rules.mask({name: getattr(event, name) for name in sorted(names - _TRACE_FIELDS)}),
            outcome=str(getattr(event, "outcome", "success")),
        )
    )
    await session.flush()


async def record_refusal(request: Request, permission: str) -> None:
    """Write down that somebody asked for what their role does not allow. Own transaction: the request's rolls back."""
    caller: Caller | None = getattr(request.state, "caller", None)
    if caller is None:
        return
    route = getattr(request.scope.get("route"), "path", "")
    async with tenant_session(caller.organization_id) as session:
        await record(
            session,
            caller,
            "authorization.refused",
            subject_type="route",
            subject_id=f"{request.method} {route}",
            changes={"permission": permission},
            outcome="refused",
        )


def _request_id() -> str:
    return rules.clean(str(get_contextvars().get("request_id", "")), 100)


async def seal_new_events(session: AsyncSession, organization_id: UUID) -> int:
    """Number the rows that have none and link each to the one before; returns how many. Safe to run twice at once."""
    await session.execute(
        text("SELECT pg_advisory_xact_lock(:kind, hashtext(:org))"), {"kind": _SEAL_LOCK, "org": str(organization_id)}
    )
    head = await queries.get_last_seal(session, organization_id)
    since = head.sealed_at - LATE if head else None
    records = await queries.list_unsealed(session, organization_id, since, SEAL_BATCH)
    number, previous_hash = (head.number, head.hash) if head else (0, rules.GENESIS)
    for item in records:
        link = rules.seal(number + 1, previous_hash, item)
        number, previous_hash = link.number, link.hash
        session.add(
            AuditSeal(
                organization_id=organization_id,
                number=link.number,
                event_id=link.event_id,
                hash=link.hash,
                previous_hash=link.previous_hash,
            )
        )
    await session.flush()
    return len(records)


@dataclass(frozen=True, kw_only=True)
class Verification:
    """How far the chain was walked and the first thing found wrong; `head` is the last good hash."""

    ok: bool
    checked: int
    problem: str | None
    head: str


async def verify(session: AsyncSession, organization_id: UUID) -> Verification:
    """Walk the whole chain. Finds edits, removals, insertions and reorderings of events and of seals.

    Removing the newest links together with their events shows only against a copy of `head` kept elsewhere.
    """
    number, previous_hash = 0, rules.GENESIS
    while links := await queries.list_links(session, organization_id, number, VERIFY_BATCH):
        for link, item in links:
            problem = rules.find_break(number + 1, previous_hash, link, item)
            if problem is not None:
                return Verification(ok=False, checked=number, problem=problem, head=previous_hash.hex())
            number, previous_hash = link.number, link.hash
    unsealed = await queries.count_unsealed_before(session, organization_id, clock.utc_now() - LATE)
    problem = f"{unsealed} old events are not part of the chain" if unsealed else None
    return Verification(ok=problem is None, checked=number, problem=problem, head=previous_hash.hex())
