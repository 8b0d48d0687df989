"""Routes that try rules before they are switched on. They read stored samples and write nothing that lasts."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response, status

from app.core.http import Caller, DbSession, allow
from app.domains.alerts import service
from app.domains.alerts.schemas import (
    BacktestAsk,
    BacktestRead,
    PreviewAsk,
    PreviewRead,
    UnitTestAsk,
    UnitTestRead,
)

router = APIRouter(prefix="/alerts/rules", tags=["alert rules"])
Reader = Annotated[Caller, Depends(allow("alerts:read"))]
Writer = Annotated[Caller, Depends(allow("rules:write"))]


@router.post("/preview")
async def preview_alert_rule(body: PreviewAsk, session: DbSession, caller: Writer) -> PreviewRead:
    """What a rule comes to now: the values, and which label sets would be pending or firing."""
    return PreviewRead.model_validate(await service.preview_rule(session, caller, body))


@router.post("/backtest", responses={status.HTTP_202_ACCEPTED: {"model": BacktestRead}})
async def backtest_alert_rule(
    body: BacktestAsk, session: DbSession, caller: Writer, response: Response
) -> BacktestRead:
    """What a rule would have done over stored history, and how that differs from the rule in force.

    What would take longer than a few seconds is done by a job: then the answer is 202 and has the job's id.
    """
    told = await service.start_backtest(session, caller, body)
    if told["state"] == "running":
        response.status_code = status.HTTP_202_ACCEPTED
    return BacktestRead.model_validate(told)


@router.get("/backtests/{backtest_id}")
async def read_alert_rule_backtest(backtest_id: UUID, session: DbSession, caller: Reader) -> BacktestRead:
    """A backtest that a job works on, with its result once there is one; kept for a week."""
    return BacktestRead.model_validate(await service.read_backtest(session, caller, backtest_id))


@router.post("/unit-tests")
async def run_alert_rule_tests(body: UnitTestAsk, session: DbSession, caller: Writer) -> UnitTestRead:
    """Run unit tests in promtool's shape against rules of the request, of a group, or stored ones."""
    return UnitTestRead.model_validate(await service.run_unit_tests(session, caller, body))
