"""Routes that try rules before they are switched on. They read stored samples and write nothing that lasts."""

from typing import Annotated

from fastapi import APIRouter, Depends

from app.core.http import Caller, DbSession, allow
from app.domains.alerts import service
from app.domains.alerts.schemas import (
    BacktestAsk,
    BacktestRead,
    BacktestResult,
    PreviewAsk,
    PreviewRead,
    UnitTestAsk,
    UnitTestRead,
)

router = APIRouter(prefix="/alerts/rules", tags=["alert rules"])
Writer = Annotated[Caller, Depends(allow("rules:write"))]


@router.post("/preview")
async def preview_alert_rule(body: PreviewAsk, session: DbSession, caller: Writer) -> PreviewRead:
    """What a rule comes to now: the values, and which label sets would be pending or firing."""
    return PreviewRead.model_validate(await service.preview_rule(session, caller, body))


@router.post("/backtest")
async def backtest_alert_rule(body: BacktestAsk, session: DbSession, caller: Writer) -> BacktestRead:
    """What a rule would have done over stored history, and how that differs from the rule in force."""
    result = await service.run_backtest(session, caller.organization_id, body)
    return BacktestRead(id=None, job_id=None, state="done", error=None, result=BacktestResult.model_validate(result))


@router.post("/unit-tests")
async def run_alert_rule_tests(body: UnitTestAsk, session: DbSession, caller: Writer) -> UnitTestRead:
    """Run unit tests in promtool's shape against rules of the request, of a group, or stored ones."""
    return UnitTestRead.model_validate(await service.run_unit_tests(session, caller, body))
