"""How the organization's samples are taken."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends

from app.core.http import Caller, DbSession, allow
from app.domains.metrics import service
from app.domains.metrics.rules.limits import IntakeRules
from app.domains.metrics.schemas import MetricSettingsRead, MetricSettingsUpdate

router = APIRouter(prefix="/metrics", tags=["metrics"])


@router.get("/settings")
async def read_metric_settings(
    session: DbSession, caller: Annotated[Caller, Depends(allow("metrics:read"))]
) -> MetricSettingsRead:
    """How late samples may come, and whether they may replace others."""
    return _read(await service.read_settings(session, caller.organization_id))


@router.put("/settings")
async def replace_metric_settings(
    body: MetricSettingsUpdate, session: DbSession, caller: Annotated[Caller, Depends(allow("organization:write"))]
) -> MetricSettingsRead:
    """Replace these choices; every process goes by them within a minute."""
    chosen = IntakeRules(
        last_write_wins=body.last_write_wins, out_of_order=timedelta(minutes=body.out_of_order_minutes)
    )
    return _read(await service.replace_settings(session, caller.organization_id, caller.user_id, chosen))


def _read(rules: IntakeRules) -> MetricSettingsRead:
    minutes = int(rules.out_of_order.total_seconds()) // 60
    return MetricSettingsRead(last_write_wins=rules.last_write_wins, out_of_order_minutes=minutes)
