"""Use cases of alert rules: people make, change, switch and remove them. Only the evaluation moves their states.

Whoever takes a rule away takes the evaluation's lock first: an evaluation that goes on meanwhile would begin alerts of
a rule that is no more, and nothing would end them.
"""

from collections.abc import Sequence
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.events import publish
from app.core.http import Caller
from app.core.ids import new_id
from app.core.scope import require_whole
from app.domains.alerts import queries
from app.domains.alerts.errors import RuleChangedMeanwhile, TooManyRules
from app.domains.alerts.events import RuleChanged, RuleCreated, RuleDisabled, RuleEnabled, RuleRemoved, RuleUpdated
from app.domains.alerts.models import AlertRule
from app.domains.alerts.rules.changing import changed_fields, keeps_states
from app.domains.alerts.rules.observing import annotate
from app.domains.alerts.rules.states import Instance
from app.domains.alerts.schemas import RuleUpdate, RuleWrite
from app.domains.alerts.service.episodes import end_of_rules
from app.domains.alerts.service.evaluating import wording_of
from app.domains.alerts.service.rule_checks import check_draft, columns_of, plain_condition, read_condition

MAX_RULES = 20_000
SHOWN_INSTANCES = 500
Told = TypeVar("Told", bound=RuleChanged)
_WRITTEN = (
    "name", "condition", "threshold", "enabled", "severity", "interval_seconds", "for_seconds", "keep_firing_seconds",
    "no_data", "on_error", "instance_limit", "labels", "annotations",
)  # fmt: skip

list_rules = queries.list_rules
count_rules = queries.count_rules


async def read_rule(session: AsyncSession, organization_id: UUID, rule_id: UUID) -> dict[str, Any]:
    """A rule with its instances, as `schemas.RuleDetail`. Raises RuleNotFound."""
    row = await queries.read_rule(session, organization_id, rule_id)
    wording = wording_of(await queries.get_rule(session, organization_id, rule_id))
    instances = await queries.list_rule_instances(session, organization_id, rule_id, limit=SHOWN_INSTANCES)
    for one in instances:
        told = Instance(one["key"], one["labels"], one["state"], 0, one["value"])
        one["annotations"] = annotate(told, wording)
    evaluation = await queries.read_evaluation(session, organization_id)
    return row | {
        "instances": instances,
        "instances_total": await queries.count_rule_instances(session, organization_id, rule_id),
        "evaluated_at": evaluation.evaluated_at if evaluation else None,
        "evaluation_seconds": evaluation.took_seconds if evaluation else None,
    }


async def create_rule(session: AsyncSession, caller: Caller, body: RuleWrite) -> dict[str, Any]:
    """Store a rule. Raises InvalidInput, TooManyRules and OutsideScope."""
    require_whole_organization(caller)
    check_draft(body)
    await check_room(session, caller.organization_id, 1)
    rule = new_rule(caller, body)
    session.add(rule)
    await session.flush()
    await publish(session, created(caller, rule))
    return await queries.read_rule(session, caller.organization_id, rule.id)


async def update_rule(session: AsyncSession, caller: Caller, rule_id: UUID, body: RuleUpdate) -> dict[str, Any]:
    """Replace a rule; where its alerts would be others than before, they end and its states begin anew.

    Raises RuleNotFound, RuleChangedMeanwhile, InvalidInput and OutsideScope.
    """
    require_whole_organization(caller)
    check_draft(body)
    await queries.lock_evaluation(session, caller.organization_id)
    rule = await queries.get_rule(session, caller.organization_id, rule_id, lock=True)
    if body.version != rule.version:
        raise RuleChangedMeanwhile(f"Its version is {rule.version} now. Load it again.")
    await change_rule(session, caller, rule, columns_of(body))
    return await queries.read_rule(session, caller.organization_id, rule_id)


async def switch_rule(session: AsyncSession, caller: Caller, rule_id: UUID, *, enabled: bool) -> dict[str, Any]:
    """Evaluate a rule from now on, or no more; then its alerts end. Safe to repeat. Raises RuleNotFound."""
    require_whole_organization(caller)
    await queries.lock_evaluation(session, caller.organization_id)
    rule = await queries.get_rule(session, caller.organization_id, rule_id, lock=True)
    if rule.enabled != enabled:
        rule.enabled, rule.version = enabled, rule.version + 1
        if not enabled:
            rule.health, rule.last_error = "unknown", None
            await end_instances(session, caller, [rule_id], "The rule was disabled.")
        await session.flush()
        kind = RuleEnabled if enabled else RuleDisabled
        await publish(session, _told(kind, caller, rule, {}))
    return await queries.read_rule(session, caller.organization_id, rule_id)


async def remove_rule(session: AsyncSession, caller: Caller, rule_id: UUID) -> None:
    """Remove a rule and end its alerts. Raises RuleNotFound."""
    require_whole_organization(caller)
    await queries.lock_evaluation(session, caller.organization_id)
    rule = await queries.get_rule(session, caller.organization_id, rule_id, lock=True)
    await drop_rules(session, caller, [rule])


def require_whole_organization(caller: Caller) -> None:
    """Raises OutsideScope for a scoped caller: a rule reads every series that its selector means."""
    require_whole(caller.scope, "Rules read the series of the whole organization.")


async def check_room(session: AsyncSession, organization_id: UUID, added: int) -> None:
    """Raises TooManyRules."""
    if await queries.count_rules(session, organization_id) + added > MAX_RULES:
        raise TooManyRules(f"An organization has at most {MAX_RULES:,} rules.")


def new_rule(caller: Caller, body: RuleWrite, *, group: str = "", position: int = 0) -> AlertRule:
    """A rule that is not stored yet."""
    return AlertRule(
        organization_id=caller.organization_id,
        id=new_id(),
        version=1,
        group_name=group,
        position=position,
        health="unknown",
        **columns_of(body),
    )


def written(rule: AlertRule) -> dict[str, Any]:
    """What people decided of a stored rule, comparable with `columns_of`."""
    fields = {name: getattr(rule, name) for name in _WRITTEN}
    return fields | {"condition": plain_condition(read_condition(rule.condition))}


def created(caller: Caller, rule: AlertRule) -> RuleCreated:
    """The fact that a rule came to be."""
    return _told(RuleCreated, caller, rule, {name: {"to": value} for name, value in written(rule).items()})


async def change_rule(session: AsyncSession, caller: Caller, rule: AlertRule, columns: dict[str, Any]) -> None:
    """Write columns that differ, with a new version; the evaluation's lock and the rule's are held."""
    old = written(rule)
    fields = changed_fields(old, columns)
    if not fields:
        return
    if rule.enabled and not keeps_states(old, columns):
        note = (
            "The rule was changed, and its alerts are others now." if columns["enabled"] else "The rule was disabled."
        )
        await end_instances(session, caller, [rule.id], note)
        rule.health, rule.last_error = "unknown", None
    for name in fields:
        setattr(rule, name, columns[name])
    rule.version += 1
    await session.flush()
    changes = {name: {"from": old[name], "to": columns[name]} for name in fields}
    await publish(session, _told(RuleUpdated, caller, rule, changes))


async def drop_rules(session: AsyncSession, caller: Caller, rules: Sequence[AlertRule]) -> None:
    """Remove rules and end their alerts; the evaluation's lock is held."""
    if not rules:
        return
    await end_instances(session, caller, [rule.id for rule in rules], "The rule was removed.")
    for rule in rules:
        await session.delete(rule)
        await publish(session, _told(RuleRemoved, caller, rule, {}))
    await session.flush()


async def end_instances(session: AsyncSession, caller: Caller, rule_ids: Sequence[UUID], note: str) -> None:
    """End the alerts of rules with the reason, and forget their states; the evaluation's lock is held."""
    await end_of_rules(session, caller.organization_id, rule_ids, actor_id=caller.user_id, note=note)
    await queries.forget_instances(session, caller.organization_id, rule_ids)


def _told(kind: type[Told], caller: Caller, rule: AlertRule, changes: dict[str, Any]) -> Told:
    return kind(
        organization_id=rule.organization_id,
        rule_id=rule.id,
        actor_id=caller.user_id,
        rule_name=rule.name,
        group=rule.group_name,
        changes=changes,
    )
