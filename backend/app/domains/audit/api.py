"""The audit log: reading, exporting, checking, and sending it elsewhere."""

import base64
from collections.abc import Iterable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from app.core.egress import AddressNotAllowed
from app.core.errors import StepUpRequired, problems
from app.core.http import Caller, DbSession, allow, allow_detached
from app.core.pagination import Cursor, Limit, Page
from app.core.schemas import Instant, ShortText
from app.domains.audit import service
from app.domains.audit.errors import SinkLimit, SinkSecretMissing
from app.domains.audit.schemas import (
    AuditEventRead,
    AuditHeadRead,
    AuditHeadReference,
    AuditHeadsRead,
    AuditKeyRead,
    AuditPruningRead,
    AuditSinkCreate,
    AuditSinkMade,
    AuditSinkNewSecret,
    AuditSinkRead,
    AuditSinkTested,
    AuditSinkUpdate,
    AuditVerificationRead,
    AuditVerify,
    ExportFormat,
    Outcome,
    SinkSecretRead,
)
from app.domains.audit.service import AuditFilter
from app.domains.identity.service import get_user_names

router = APIRouter(prefix="/audit-log", tags=["audit"])

Reader = Annotated[Caller, Depends(allow("audit:read"))]
SinkKeeper = Annotated[Caller, Depends(allow("organization:write", step_up=True))]
DetachedSinkKeeper = Annotated[Caller, Depends(allow_detached("organization:write", step_up=True))]


def wanted_events(
    action: ShortText | None = None,
    actor_id: UUID | None = None,
    subject_type: ShortText | None = None,
    subject_id: ShortText | None = None,
    outcome: Outcome | None = None,
    start: Annotated[Instant | None, Query(alias="from", description="Inclusive.")] = None,
    end: Annotated[Instant | None, Query(alias="to", description="Exclusive.")] = None,
    q: Annotated[ShortText | None, Query(description="Text in the action, subject, address or changes.")] = None,
) -> AuditFilter:
    """The filters that the list and the export share."""
    return AuditFilter(
        action=action, actor_id=actor_id, subject_type=subject_type, subject_id=subject_id, outcome=outcome,
        start=start, end=end, text=q,
    )  # fmt: skip


Wanted = Annotated[AuditFilter, Depends(wanted_events)]


@router.get("")
async def list_audit_events(
    session: DbSession, caller: Reader, wanted: Wanted, limit: Limit = 50, cursor: Cursor = None
) -> Page[AuditEventRead]:
    """What was done in the organization, newest first."""
    rows, next_cursor = await service.list_events(session, caller.organization_id, wanted, limit, cursor)
    names = await get_user_names(session, caller.organization_id, _actors(rows))
    items = [AuditEventRead.model_validate({**row._mapping, "actor_name": names.get(row.actor_id)}) for row in rows]
    return Page(items=items, next_cursor=next_cursor)


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"text/csv": {"schema": {"type": "string"}}, "application/jsonl": {"schema": {}}}},
        **problems(StepUpRequired),
    },
)
async def export_audit_log(
    caller: Annotated[Caller, Depends(allow_detached("audit:export", step_up=True))],
    wanted: Wanted,
    file_format: Annotated[ExportFormat, Query(alias="format")] = "csv",
) -> StreamingResponse:
    """All matching events, oldest first, as CSV or JSON lines; the export itself is on record."""
    content = await service.start_export(caller, wanted, file_format)
    media_type = "text/csv; charset=utf-8" if file_format == "csv" else "application/jsonl"
    headers = {"Content-Disposition": f'attachment; filename="audit-log.{file_format}"', "Cache-Control": "no-store"}
    return StreamingResponse(content, media_type=media_type, headers=headers)


@router.post("/verify")
async def verify_audit_log(
    session: DbSession, caller: Reader, body: AuditVerify | None = None
) -> AuditVerificationRead:
    """Walk the whole chain and compare it with the signed heads."""
    known = body.known_head if body else None
    found = await service.verify(
        session, caller.organization_id, known_head=(known.number, known.hash) if known else None
    )
    head = AuditHeadReference(number=found.head_number, hash=found.head, signed_at=found.signed_at)
    pruned = AuditPruningRead.model_validate(found.pruned) if found.pruned else None
    return AuditVerificationRead(ok=found.ok, checked=found.checked, problems=found.problems, head=head, pruned=pruned)


@router.get("/heads")
async def list_audit_heads(
    session: DbSession, caller: Reader, limit: Limit = 50, cursor: Cursor = None
) -> AuditHeadsRead:
    """Signed states of the chain, newest first, and the public keys that they are checked with."""
    rows, next_cursor = await service.list_heads(session, caller.organization_id, limit, cursor)
    items = [
        AuditHeadRead(
            position=row.position, number=row.number, hash=row.hash.hex(), signed_at=row.signed_at, key_id=row.key_id,
            signature=base64.b64encode(row.signature).decode(),
        )
        for row in rows
    ]  # fmt: skip
    keys = [
        AuditKeyRead(id=key.id, public_key=base64.b64encode(key.public_key).decode(), created_at=key.created_at)
        for key in await service.list_signing_keys(session)
    ]
    return AuditHeadsRead(items=items, next_cursor=next_cursor, keys=keys)


@router.get("/sinks")
async def list_audit_sinks(session: DbSession, caller: Reader) -> Page[AuditSinkRead]:
    """Where the log is sent; never more than ten places."""
    views = await service.list_sinks(session, caller.organization_id)
    return Page(items=[AuditSinkRead(**_sink(view)) for view in views], total=len(views))


@router.post("/sinks", status_code=201, responses=problems(AddressNotAllowed, SinkLimit, StepUpRequired))
async def create_audit_sink(body: AuditSinkCreate, caller: DetachedSinkKeeper) -> AuditSinkMade:
    """Send the log to one more place."""
    view, secret = await service.create_sink(
        caller, name=body.name, kind=body.kind, url=body.url, secret=body.secret, from_start=body.from_start
    )
    return AuditSinkMade(**_sink(view), new_secret=secret)


@router.get("/sinks/{sink_id}")
async def read_audit_sink(sink_id: UUID, session: DbSession, caller: Reader) -> AuditSinkRead:
    """One place and how far it has come."""
    return AuditSinkRead(**_sink(await service.get_sink(session, caller.organization_id, sink_id)))


@router.patch("/sinks/{sink_id}", responses=problems(AddressNotAllowed, StepUpRequired))
async def update_audit_sink(sink_id: UUID, body: AuditSinkUpdate, caller: DetachedSinkKeeper) -> AuditSinkRead:
    """Change a place. The next try comes at once."""
    view = await service.update_sink(
        caller, sink_id, name=body.name, url=body.url, secret=body.secret, enabled=body.enabled
    )
    return AuditSinkRead(**_sink(view))


@router.post("/sinks/{sink_id}/secret", responses=problems(StepUpRequired))
async def renew_audit_sink_secret(sink_id: UUID, session: DbSession, caller: SinkKeeper) -> AuditSinkNewSecret:
    """Replace a webhook's secret by one of ours."""
    return AuditSinkNewSecret(new_secret=await service.renew_sink_secret(session, caller, sink_id))


@router.post("/sinks/{sink_id}/test", responses=problems(SinkSecretMissing, StepUpRequired))
async def send_audit_sink_test(sink_id: UUID, caller: DetachedSinkKeeper) -> AuditSinkTested:
    """Send one test message and say whether it arrived."""
    ok, detail = await service.send_test_message(caller, sink_id)
    return AuditSinkTested(ok=ok, detail=detail)


@router.delete("/sinks/{sink_id}", status_code=204, responses=problems(StepUpRequired))
async def remove_audit_sink(sink_id: UUID, session: DbSession, caller: SinkKeeper) -> None:
    """Stop sending the log there."""
    await service.remove_sink(session, caller, sink_id)


def _actors(rows: Iterable[Any]) -> list[UUID]:
    return [row.actor_id for row in rows if row.actor_id]


def _sink(view: service.SinkView) -> dict[str, Any]:
    row = view.sink
    secret = SinkSecretRead(set=row.secret is not None, updated_at=row.secret_updated_at)
    names = ("id", "name", "kind", "url", "enabled", "position", "error", "next_try_at", "last_sent_at", "created_at",
             "updated_at")  # fmt: skip
    return {name: getattr(row, name) for name in names} | {"secret": secret, "behind": view.behind}
