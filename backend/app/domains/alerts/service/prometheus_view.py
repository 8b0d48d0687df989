"""Rules and alerts as Prometheus' API serves them, for Grafana and others that read it there."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.domains.alerts import queries
from app.domains.alerts.models import AlertRule
from app.domains.alerts.rules.observing import annotate
from app.domains.alerts.rules.promql_writing import expression_of
from app.domains.alerts.rules.states import Instance
from app.domains.alerts.service.evaluating import read_stored_condition, wording_of

OWN_FILE = "cloudops"
"""Where rules stand that came from no file."""
NEVER = "0001-01-01T00:00:00Z"
_WORST = {"inactive": 0, "pending": 1, "firing": 2}
Document = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class RuleWish:
    """What a list asks for; empty means all. With `group_limit` comes a token for the groups after it."""

    kind: Literal["alert", "record"] | None = None
    names: Sequence[str] = ()
    groups: Sequence[str] = ()
    files: Sequence[str] = ()
    without_alerts: bool = False
    group_limit: int | None = None
    after: str | None = None


async def list_prometheus_rules(session: AsyncSession, organization_id: UUID, wanted: RuleWish) -> Document:
    """The member `data` of `/api/v1/rules`. Disabled rules are none there."""
    if wanted.kind == "record":
        return {"groups": []}
    rules = await queries.list_active_rules(session, organization_id)
    states = await queries.list_instances(session, organization_id)
    row = await queries.read_evaluation(session, organization_id)
    evaluated = {
        "evaluationTime": (row.took_seconds if row else None) or 0,
        "lastEvaluation": _instant(row.evaluated_at) if row and row.evaluated_at else NEVER,
    }
    groups: list[Document] = []
    for (file, name), members in groupby(rules, key=lambda one: (one[1] or OWN_FILE, one[0].group_name)):
        entries = [rule for rule, _ in members if not wanted.names or rule.name in wanted.names]
        if not entries or (wanted.groups and name not in wanted.groups) or (wanted.files and file not in wanted.files):
            continue
        shown = [_rule(rule, states.get(rule.id, {}), evaluated, wanted) for rule in entries]
        groups.append(
            {
                "name": name,
                "file": file,
                "rules": shown,
                "interval": entries[0].interval_seconds,
                "limit": entries[0].instance_limit,
                **evaluated,
            }
        )
    return _page(groups, wanted)


async def list_prometheus_alerts(session: AsyncSession, organization_id: UUID) -> Document:
    """The member `data` of `/api/v1/alerts`: what is pending or firing."""
    states = await queries.list_instances(session, organization_id)
    rules = await queries.list_active_rules(session, organization_id)
    return {"alerts": [alert for rule, _ in rules for alert in _alerts(rule, states.get(rule.id, {}).values())]}


def _page(groups: list[Document], wanted: RuleWish) -> Document:
    if wanted.after is not None:
        groups = [group for group in groups if _token(group) > wanted.after]
    if wanted.group_limit is None or len(groups) <= wanted.group_limit:
        return {"groups": groups}
    groups = groups[: wanted.group_limit]
    return {"groups": groups, "groupNextToken": _token(groups[-1])}


def _token(group: Mapping[str, Any]) -> str:
    return f"{group['file']}\n{group['name']}".encode().hex()


def _rule(rule: AlertRule, states: Mapping[str, Instance], evaluated: Document, wanted: RuleWish) -> Document:
    worst = max((one.state for one in states.values()), key=_WORST.__getitem__, default="inactive")
    made = {
        "state": "unknown" if rule.health == "unknown" and worst == "inactive" else worst,
        "name": rule.name,
        "query": rule.expression or expression_of(read_stored_condition(rule)),
        "duration": rule.for_seconds,
        "keepFiringFor": rule.keep_firing_seconds,
        "labels": dict(sorted(_labels(rule).items())),
        "annotations": dict(sorted(rule.annotations.items())),
        "alerts": [] if wanted.without_alerts else _alerts(rule, states.values()),
        "health": rule.health,
        **evaluated,
        "type": "alerting",
    }
    return made | ({"lastError": rule.last_error} if rule.last_error else {})


def _labels(rule: AlertRule) -> dict[str, str]:
    severity = wording_of(rule).severity
    return ({"severity": severity} if severity else {}) | rule.labels


def _alerts(rule: AlertRule, states: Iterable[Instance]) -> list[Document]:
    wording = wording_of(rule)
    active = sorted((one for one in states if one.state != "inactive"), key=lambda one: sorted(one.labels.items()))
    return [_alert(one, annotate(one, wording)) for one in active]


def _alert(one: Instance, annotations: Mapping[str, str]) -> Document:
    made: Document = {
        "labels": dict(sorted(one.labels.items())),
        "annotations": dict(sorted(annotations.items())),
        "state": one.state,
        "activeAt": _instant_of(one.active_at_ms),
        "value": exponent(float("nan") if one.value is None else one.value),
    }
    return made | ({"keepFiringSince": _instant_of(one.keep_since_ms)} if one.keep_since_ms is not None else {})


def exponent(value: float) -> str:
    """A number as Go's strconv writes it with 'e' and all digits: 1e+00, 1.5e-07, +Inf."""
    if value != value:  # NaN
        return "NaN"
    if abs(value) == float("inf"):
        return "+Inf" if value > 0 else "-Inf"
    digits = repr(abs(value)).partition("e")[0].replace(".", "").strip("0")
    mantissa, _, power = f"{value:.{max(len(digits) - 1, 0)}e}".partition("e")
    return f"{mantissa}e{power}"


def _instant_of(ms: int) -> str:
    return _instant(datetime.fromtimestamp(ms / 1000, UTC))


def _instant(at: datetime) -> str:
    """As Go writes times: the fraction without trailing zeros."""
    text = at.strftime("%Y-%m-%dT%H:%M:%S.%f").rstrip("0").rstrip(".")
    return f"{text}Z"
