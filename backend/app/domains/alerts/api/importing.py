"""Routes of imported Prometheus rule files."""

from uuid import UUID

from fastapi import APIRouter, status

from app.core.errors import problems
from app.core.http import DbSession
from app.core.idempotency import IdempotencyKeyReused, Once
from app.domains.alerts import service
from app.domains.alerts.api.rules import Reader, Writer
from app.domains.alerts.errors import InvalidRuleFile, TooManyRules
from app.domains.alerts.schemas import RuleFileDetail, RuleFileRead, RuleImport, RuleImportReport

router = APIRouter(prefix="/alerts/rules", tags=["alert rules"])


@router.post("/import", responses=problems(InvalidRuleFile, TooManyRules, IdempotencyKeyReused))
async def import_alert_rules(body: RuleImport, session: DbSession, caller: Writer, once: Once) -> RuleImportReport:
    """Import a Prometheus rule file, or only tell what would become of it."""
    return await once(lambda: service.import_rules(session, caller, body), RuleImportReport)


@router.get("/files")
async def list_alert_rule_files(session: DbSession, caller: Reader) -> list[RuleFileRead]:
    """Imported rule files by name."""
    rows = await service.list_rule_files(session, caller.organization_id)
    return [RuleFileRead.model_validate(row) for row in rows]


@router.get("/files/{file_id}")
async def read_alert_rule_file(file_id: UUID, session: DbSession, caller: Reader) -> RuleFileDetail:
    """An imported file as it was, and what was said of its rules."""
    return RuleFileDetail.model_validate(await service.read_rule_file_of(session, caller.organization_id, file_id))


@router.delete("/files/{file_id}", status_code=status.HTTP_204_NO_CONTENT)
async def remove_alert_rule_file(file_id: UUID, session: DbSession, caller: Writer) -> None:
    """Remove an imported file with its rules; their alerts end."""
    await service.remove_rule_file(session, caller, file_id)
