"""HTTP routes of compliance."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from app.core.errors import NotFound, problems
from app.core.http import Caller, DbSession, allow
from app.core.pagination import Cursor, Limit, Page, cursor_instant, cursor_uuid, decode_cursor, encode_cursor
from app.core.schemas import one_of
from app.core.scope import require_whole
from app.core.tasks import enqueue
from app.domains.accounts import service as accounts
from app.domains.compliance import service
from app.domains.compliance.queries import IssueFilter
from app.domains.compliance.rules.catalogue import CONTROLS
from app.domains.compliance.rules.model import SEVERITIES
from app.domains.compliance.schemas import (
    ComplianceSummary,
    ControlRead,
    EvaluateRequest,
    EvaluationAccepted,
    IssueRead,
    ResultRead,
    StandardDetail,
    StandardRead,
)

router = APIRouter(prefix="/compliance", tags=["compliance"])
Reader = Annotated[Caller, Depends(allow("compliance:read"))]
Writer = Annotated[Caller, Depends(allow("compliance:write"))]
ISSUE_STATUSES = ("open", "excepted", "resolved")


@router.get("/summary")
async def read_compliance_summary(session: DbSession, caller: Reader) -> ComplianceSummary:
    """The score over all controls with its coverage, and open findings by severity."""
    return ComplianceSummary.model_validate(await service.summarise(session, caller.organization_id))


@router.get("/standards")
async def list_standards(session: DbSession, caller: Reader) -> Page[StandardRead]:
    """Every standard with its score."""
    items = await service.list_standards(session, caller.organization_id)
    return Page(items=[StandardRead.model_validate(item) for item in items], total=len(items))


@router.get("/standards/{standard_id}")
async def read_standard(session: DbSession, caller: Reader, standard_id: UUID) -> StandardDetail:
    """One standard with its requirements and the controls that support them."""
    return StandardDetail.model_validate(await service.get_standard(session, caller.organization_id, standard_id))


@router.get("/controls")
async def list_controls(session: DbSession, caller: Reader) -> Page[ControlRead]:
    """Every control with its results, most failing resources first."""
    items = await service.list_controls(session, caller.organization_id)
    return Page(items=[ControlRead.model_validate(item) for item in items], total=len(items))


@router.get("/issues")
async def list_issues(
    session: DbSession,
    caller: Reader,
    status: Annotated[str | None, Query(max_length=100, description="One or more, comma-separated.")] = None,
    severity: Annotated[str | None, Query(max_length=100, description="One or more, comma-separated.")] = None,
    control_id: Annotated[str | None, Query(max_length=2_000, description="One or more, comma-separated.")] = None,
    account_id: Annotated[UUID | None, Query()] = None,
    resource_id: Annotated[UUID | None, Query()] = None,
    q: Annotated[str | None, Query(max_length=200, description="Text in title, control or native id.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[IssueRead]:
    """Findings, newest first."""
    wanted = IssueFilter(
        statuses=one_of("query/status", status, ISSUE_STATUSES),
        severities=one_of("query/severity", severity, SEVERITIES),
        controls=one_of("query/control_id", control_id, tuple(CONTROLS)),
        account_ids=(account_id,) if account_id else (),
        resource_id=resource_id,
        text=q,
    )
    key = decode_cursor(cursor, 2)
    rows, total = await service.list_issues(
        session,
        caller.organization_id,
        wanted,
        limit=limit + 1,
        after=(cursor_instant(key[0]), cursor_uuid(key[1])) if key else None,
    )
    more = len(rows) > limit
    rows = rows[:limit]
    next_cursor = encode_cursor(rows[-1]["last_opened_at"], rows[-1]["id"]) if more else None
    return Page(items=[IssueRead.model_validate(row) for row in rows], next_cursor=next_cursor, total=total)


@router.get("/issues/{issue_id}")
async def read_issue(session: DbSession, caller: Reader, issue_id: UUID) -> IssueRead:
    """One finding with its evidence."""
    return IssueRead.model_validate(await service.read_issue(session, caller.organization_id, issue_id))


@router.get("/resources/{resource_id}")
async def list_resource_results(session: DbSession, caller: Reader, resource_id: UUID) -> Page[ResultRead]:
    """What every control says of one resource; empty for a resource that no control concerns."""
    items = await service.list_results(session, caller.organization_id, resource_id)
    return Page(items=[ResultRead.model_validate(item) for item in items], total=len(items))


@router.post("/evaluate", status_code=202, responses=problems(NotFound))
async def evaluate_compliance(session: DbSession, caller: Writer, body: EvaluateRequest) -> EvaluationAccepted:
    """Evaluate an account, or all of them, anew."""
    if body.account_id is None:
        require_whole(caller.scope, "Name an account to evaluate.")
        job_id = await enqueue(
            session,
            "compliance.evaluate",
            organization_id=caller.organization_id,
            dedupe="asked",
            requested_by=caller.user_id,
        )
    else:
        await accounts.read_account(session, caller.organization_id, body.account_id)
        job_id = await enqueue(
            session,
            "compliance.evaluate_account",
            {"account_id": body.account_id},
            organization_id=caller.organization_id,
            dedupe=str(body.account_id),
            requested_by=caller.user_id,
        )
    return EvaluationAccepted(job_id=job_id)
