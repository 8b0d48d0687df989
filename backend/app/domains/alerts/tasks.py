"""Handlers: which facts of other domains become alerts; and the evaluation of rules."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import utc_now
from app.core.database import tenant_session
from app.core.events import handles_all
from app.core.tasks import TaskContext, schedule, task
from app.domains.alerts import service
from app.domains.alerts.service import IncomingAlert
from app.domains.compliance.events import FindingChanged, FindingOpened, FindingResolved

ALERTING_SEVERITIES = frozenset({"critical"})


@schedule("alerts.forget_old", cron="57 2 * * *")
async def forget_old_alerts(session: AsyncSession, organization_id: UUID) -> None:
    """Every night: alerts go when the organization's retention says so."""
    await service.forget_old_alerts(session, organization_id)


@schedule("alerts.evaluate_rules", cron="* * * * *")
async def evaluate_each_minute(session: AsyncSession, organization_id: UUID) -> None:
    """Queue the evaluation of the organization's rules."""
    await service.enqueue_evaluation(session, organization_id)


@schedule("alerts.evaluate_quick_rules", cron="* * * * * 15,30,45")
async def evaluate_within_the_minute(session: AsyncSession, organization_id: UUID) -> None:
    """Queue the evaluation where rules have intervals of less than a minute."""
    await service.enqueue_evaluation(session, organization_id, quick=True)


@task("alerts.evaluate_rules", retries=1, timeout_seconds=300, per_organization=1, announce=False)
async def evaluate_rules(context: TaskContext) -> None:
    """Evaluate the rules that are due. Safe to repeat and be killed: one transaction, and an interval is done once.

    Servers and other data are asked before it, with no transaction open.
    """
    now = utc_now()
    servers = await service.ask_servers(context.organization_id, now)
    answers = {**servers, **await service.ask_facts(context.organization_id, now)}
    async with tenant_session(context.organization_id) as session:
        await service.evaluate_rules(session, context.organization_id, now, answers)


@task("alerts.backtest", retries=1, timeout_seconds=1_800, per_organization=1)
async def work_on_backtest(context: TaskContext, backtest_id: UUID) -> None:
    """A backtest that takes long. Safe to repeat: it only reads, and its result is written once at the end."""
    await service.work_on_backtest(context, backtest_id)


@handles_all(FindingOpened)
async def alert_on_findings(session: AsyncSession, events: Sequence[FindingOpened]) -> None:
    """A new critical finding is an alert; lesser ones stay on the compliance page."""
    await _fire(session, events)


@handles_all(FindingChanged)
async def follow_findings(session: AsyncSession, events: Sequence[FindingChanged]) -> None:
    """A finding that became critical is an alert now; one that is no longer critical ends its alert."""
    await _fire(session, events)
    await _end(session, [event for event in events if event.severity not in ALERTING_SEVERITIES])


@handles_all(FindingResolved)
async def end_alerts_of_findings(session: AsyncSession, events: Sequence[FindingResolved]) -> None:
    """A finding that is gone ends its alert."""
    await _end(session, events)


async def _fire(session: AsyncSession, events: Sequence[FindingOpened]) -> None:
    now = utc_now()
    incoming = [
        IncomingAlert(
            source="compliance",
            title=event.title,
            description=event.description,
            severity=event.severity,
            labels=_labels(event),
            started_at=now,
            resource_id=event.resource_id,
            link=f"/compliance?tab=findings&id={event.issue_id}",
        )
        for event in events
        if event.severity in ALERTING_SEVERITIES
    ]
    if incoming:
        await service.fire_all(session, events[0].organization_id, incoming)


async def _end(session: AsyncSession, events: Sequence[FindingOpened | FindingResolved]) -> None:
    if events:
        await service.end_all(session, events[0].organization_id, [_labels(event) for event in events])


def _labels(event: FindingOpened | FindingResolved) -> dict[str, str]:
    """The alert's identity: the same when the finding opens and when it ends."""
    return {
        "source": "compliance",
        "finding_id": str(event.issue_id),
        "control_id": event.control_id,
        "native_id": event.native_id,
    }
