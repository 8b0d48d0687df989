"""Handlers: which facts of other domains become alerts."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import utc_now
from app.core.events import handles
from app.domains.alerts import service
from app.domains.compliance.events import FindingOpened, FindingResolved

ALERTING_SEVERITIES = frozenset({"critical"})


def _labels(issue_id: object) -> dict[str, str]:
    return {"source": "compliance", "finding_id": str(issue_id)}


@handles(FindingOpened)
async def alert_on_finding(session: AsyncSession, event: FindingOpened) -> None:
    """A new critical finding is an alert; lesser ones stay on the compliance page."""
    if event.severity not in ALERTING_SEVERITIES:
        return
    await service.fire(
        session,
        event.organization_id,
        service.IncomingAlert(
            source="compliance",
            title=event.title,
            description=event.description,
            severity=event.severity,
            labels=_labels(event.issue_id) | {"control_id": event.control_id, "native_id": event.native_id},
            started_at=utc_now(),
            resource_id=event.resource_id,
            link=f"/compliance?id={event.issue_id}",
        ),
    )


@handles(FindingResolved)
async def end_alert_of_finding(session: AsyncSession, event: FindingResolved) -> None:
    """A finding that is gone ends its alert."""
    await service.end_by_label(session, event.organization_id, "finding_id", str(event.issue_id))
