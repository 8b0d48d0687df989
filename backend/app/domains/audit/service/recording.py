"""Writing an act down, in the transaction that does it."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any
from uuid import UUID

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession
from structlog.contextvars import get_contextvars

from app.core.database import tenant_session
from app.core.events import Event
from app.core.http import Caller
from app.core.ids import new_id
from app.domains.audit import rules
from app.domains.audit.models import AuditEvent

# Who and where: columns of the log, not part of what changed.
_TRACE_FIELDS = frozenset({"organization_id", "actor_id", "by", "actor_kind", "client_address", "user_agent"})
# What an event is about: the first of these fields that it has.
_SUBJECT_FIELDS = (
    "session_id", "alert_id", "finding_id", "issue_id", "account_id", "channel_id", "receiver_id",
    "import_id", "job_id", "resource_id", "rule_id", "rule_file_id", "api_key_id",
    "service_identity_id", "invitation_id", "role_id",
    "user_id", "anomaly_id",
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
            actor_kind=actor_kind or (caller.kind if caller else "system"),
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
            actor_kind=_kind_of(actor_id, str(getattr(event, "actor_kind", "user" if actor_id else "system"))),
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


def _kind_of(actor_id: UUID | None, told: str) -> str:
    """The actor's kind; a machine's request shows in the log's context, which whoever published need not know of."""
    context = get_contextvars()
    is_machine = context.get("principal_kind") == "api_key" and context.get("principal") == str(actor_id)
    return "api_key" if told == "user" and is_machine else told


def _request_id() -> str:
    return rules.clean(str(get_contextvars().get("request_id", "")), 100)
