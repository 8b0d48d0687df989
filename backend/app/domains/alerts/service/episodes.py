"""Use cases of alerts: sources fire and end episodes; people acknowledge, snooze, assign and resolve them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import utc_now
from app.core.errors import FieldProblem, InvalidInput
from app.core.events import publish, publish_all
from app.core.http import Caller
from app.core.ids import new_id
from app.core.keeping import kept_for
from app.domains.alerts import queries, rules
from app.domains.alerts.errors import AlertAlreadyResolved, UnknownAssignee
from app.domains.alerts.events import AlertAcknowledged, AlertChanged, AlertFired, AlertResolved
from app.domains.alerts.models import Alert, AlertTimelineEntry, AlertUserState
from app.domains.identity import service as identity
from app.domains.notifications import service as notifications

MAX_SNOOZE = timedelta(days=30)
INSERT_ROWS = 500
FORGET_ROWS = 5_000

list_alerts = queries.list_alerts
count_alerts = queries.count_alerts
summarise = queries.summarise


@dataclass(frozen=True, kw_only=True)
class IncomingAlert:
    """What a source says. The labels are the identity: equal labels are one alert, told again."""

    source: str
    title: str
    description: str
    severity: str
    labels: Mapping[str, str]
    started_at: datetime
    resource_id: UUID | None = None
    link: str | None = None


async def fire_all(session: AsyncSession, organization_id: UUID, incoming: Sequence[IncomingAlert]) -> list[UUID]:
    """Begin episodes and tell people of them, or count repeats of open ones; the ids of the new. Safe to repeat."""
    rows: dict[str, dict[str, Any]] = {}
    for told in incoming:
        key = rules.fingerprint(told.labels)
        count = rows[key]["count"] + 1 if key in rows else 1
        rows[key] = {"id": new_id(), "fingerprint": key, "labels": dict(told.labels), "count": count} | {
            name: getattr(told, name)
            for name in ("source", "title", "description", "severity", "resource_id", "link", "started_at")
        }
    ordered = [rows[key] for key in sorted(rows)]
    begun: list[Alert] = []
    for start in range(0, len(ordered), INSERT_ROWS):
        part = ordered[start : start + INSERT_ROWS]
        mine = {values["id"] for values in part}
        begun += [alert for alert in await queries.begin_or_repeat(session, organization_id, part) if alert.id in mine]
    if not begun:
        return []
    for alert in begun:
        _note(session, alert, "fired")
    await publish_all(
        session,
        [
            AlertFired(
                organization_id=organization_id,
                alert_id=alert.id,
                title=alert.title,
                severity=alert.severity,
                resource_id=alert.resource_id,
            )
            for alert in begun
        ],
    )
    await _tell(session, organization_id, begun, "alert.fired")
    return [alert.id for alert in begun]


async def end_all(session: AsyncSession, organization_id: UUID, labels: Sequence[Mapping[str, str]]) -> int:
    """The source says these are over: end the open episodes of these labels. Safe to repeat; the number ended."""
    alerts = await queries.list_open_episodes(session, organization_id, [rules.fingerprint(item) for item in labels])
    await _close(session, organization_id, alerts, actor_id=None, note="")
    return len(alerts)


async def end_of_rules(
    session: AsyncSession, organization_id: UUID, rule_ids: Sequence[UUID], *, actor_id: UUID, note: str
) -> int:
    """A person took rules away: end the open episodes that they began, with the reason; the number ended."""
    alerts = await queries.list_open_alerts_of_rules(session, organization_id, rule_ids)
    await _close(session, organization_id, alerts, actor_id=actor_id, note=note)
    return len(alerts)


async def read_alert(session: AsyncSession, organization_id: UUID, alert_id: UUID) -> dict[str, Any]:
    """An alert with its timeline (`by` is a name) and deliveries. Raises AlertNotFound."""
    row = await queries.read_alert(session, organization_id, alert_id)
    entries = await queries.list_timeline(session, organization_id, alert_id)
    actors = {entry.actor_id for entry in entries if entry.actor_id is not None}
    names = await identity.get_user_names(session, organization_id, sorted(actors))
    row["timeline"] = [
        {
            "at": entry.at,
            "kind": entry.kind,
            "by": names.get(entry.actor_id) if entry.actor_id else None,
            "note": entry.note,
        }
        for entry in entries
    ]
    row["deliveries"] = await notifications.list_deliveries(session, organization_id, limit=50, subject_id=alert_id)
    return row


async def acknowledge(session: AsyncSession, caller: Caller, alert_id: UUID, *, note: str) -> dict[str, Any]:
    """Record that a person has seen the alert. Safe to repeat: the last note wins.

    Raises AlertNotFound (also for another organization's alert) and AlertAlreadyResolved.
    """
    alert, state = await _open_alert(session, caller, alert_id)
    state.acknowledged_at, state.acknowledged_by, state.note = utc_now(), caller.user_id, note or None
    state.snoozed_until = None
    _note(session, alert, "acknowledged", caller.user_id, note)
    await publish(
        session,
        AlertAcknowledged(
            organization_id=alert.organization_id, alert_id=alert.id, actor_id=caller.user_id, action="acknowledged"
        ),
    )
    return await _read_back(session, alert)


async def snooze(
    session: AsyncSession, caller: Caller, alert_id: UUID, *, until: datetime, note: str
) -> dict[str, Any]:
    """Keep the alert quiet for at most 30 days. Raises AlertNotFound, AlertAlreadyResolved and InvalidInput."""
    now = utc_now()
    if not now < until <= now + MAX_SNOOZE:
        raise InvalidInput(errors=[FieldProblem(pointer="#/until", detail="must lie within the next 30 days")])
    alert, state = await _open_alert(session, caller, alert_id)
    state.snoozed_until, state.note = until, note or state.note
    _note(session, alert, "snoozed", caller.user_id, note)
    await _announce(session, alert, caller, "snoozed")
    return await _read_back(session, alert)


async def assign(
    session: AsyncSession, caller: Caller, alert_id: UUID, *, assignee_id: UUID | None, note: str
) -> dict[str, Any]:
    """Give the alert to a member, or to nobody. Raises AlertNotFound, AlertAlreadyResolved, UnknownAssignee."""
    wanted = [] if assignee_id is None else [assignee_id]
    if len(await identity.get_user_names(session, caller.organization_id, wanted)) < len(wanted):
        raise UnknownAssignee(errors=[FieldProblem(pointer="#/assignee_id", detail="is not a member's id")])
    alert, state = await _open_alert(session, caller, alert_id)
    state.assignee_id = assignee_id
    _note(session, alert, "assigned" if assignee_id else "unassigned", caller.user_id, note)
    await _announce(session, alert, caller, "assigned")
    return await _read_back(session, alert)


async def resolve(session: AsyncSession, caller: Caller, alert_id: UUID, *, note: str) -> dict[str, Any]:
    """End the episode by hand; the source may begin a new one. Raises AlertNotFound and AlertAlreadyResolved."""
    alert, _ = await _open_alert(session, caller, alert_id)
    await _close(session, caller.organization_id, [alert], actor_id=caller.user_id, note=note)
    return await _read_back(session, alert)


async def _open_alert(session: AsyncSession, caller: Caller, alert_id: UUID) -> tuple[Alert, AlertUserState]:
    alert = await queries.get_alert(session, caller.organization_id, alert_id, lock=True)
    if alert.ended_at is not None:
        raise AlertAlreadyResolved("Only an open alert can be changed.")
    state = await session.get(AlertUserState, (caller.organization_id, alert_id))
    if state is None:
        state = AlertUserState(organization_id=caller.organization_id, id=alert_id)
        session.add(state)
    return alert, state


async def _close(
    session: AsyncSession, organization_id: UUID, alerts: Sequence[Alert], *, actor_id: UUID | None, note: str
) -> None:
    if not alerts:
        return
    now = utc_now()
    for alert in alerts:
        alert.ended_at = now
        _note(session, alert, "resolved", actor_id, note)
    await session.flush()
    await publish_all(
        session,
        [AlertResolved(organization_id=organization_id, alert_id=alert.id, actor_id=actor_id) for alert in alerts],
    )
    await _tell(session, organization_id, alerts, "alert.resolved")


async def _tell(session: AsyncSession, organization_id: UUID, alerts: Sequence[Alert], kind: str) -> None:
    word = "Resolved: " if kind == "alert.resolved" else ""
    await notifications.notify_all(
        session,
        organization_id,
        [
            notifications.Notification(
                key=f"{kind}:{alert.id}",
                kind=kind,
                severity=alert.severity,
                title=word + alert.title,
                body=alert.description,
                link=f"/alerts?id={alert.id}",
                subject_type="alert",
                subject_id=alert.id,
                labels={name: str(value) for name, value in alert.labels.items()},
            )
            for alert in alerts
        ],
    )


async def forget_old_alerts(session: AsyncSession, organization_id: UUID) -> int:
    """Delete alerts that ended longer ago than the organization keeps them; a bounded batch, and how many."""
    before = utc_now() - await kept_for(session, organization_id, "alerts")
    return await queries.delete_ended(session, organization_id, before, limit=FORGET_ROWS)


def _note(session: AsyncSession, alert: Alert, kind: str, actor_id: UUID | None = None, note: str = "") -> None:
    session.add(
        AlertTimelineEntry(
            organization_id=alert.organization_id,
            alert_id=alert.id,
            kind=kind,
            actor_id=actor_id,
            note=note or None,
        )
    )


async def _announce(session: AsyncSession, alert: Alert, caller: Caller, action: str) -> None:
    await publish(
        session,
        AlertChanged(organization_id=alert.organization_id, alert_id=alert.id, actor_id=caller.user_id, action=action),
    )


async def _read_back(session: AsyncSession, alert: Alert) -> dict[str, Any]:
    await session.flush()
    return await queries.read_alert(session, alert.organization_id, alert.id)
