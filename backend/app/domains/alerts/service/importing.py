"""Prometheus' rule files: imported, told rule by rule what became of them, kept as they were."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import utc_now
from app.core.errors import FieldProblem
from app.core.events import publish, publish_all
from app.core.http import Caller
from app.core.ids import new_id
from app.domains.alerts import queries
from app.domains.alerts.errors import InvalidRuleFile
from app.domains.alerts.events import RuleFileImported, RuleFileRemoved
from app.domains.alerts.models import AlertRule, AlertRuleFile
from app.domains.alerts.rules.changing import changed_fields, first_threshold
from app.domains.alerts.rules.form import Promql
from app.domains.alerts.rules.promql_files import FileError, FileGroup, read_rule_file
from app.domains.alerts.rules.promql_import import PlannedRule, plan_file
from app.domains.alerts.schemas import RuleImport
from app.domains.alerts.service.evaluating import GRAIN_SECONDS
from app.domains.alerts.service.rule_checks import plain_condition
from app.domains.alerts.service.ruling import (
    change_rule,
    check_room,
    created,
    drop_rules,
    require_whole_organization,
    written,
)
from app.domains.metrics import service as metrics

list_rule_files = queries.list_rule_files


async def import_rules(session: AsyncSession, caller: Caller, body: RuleImport) -> dict[str, Any]:
    """Make the file's rules the organization's, and tell of each what became of it; see `schemas.RuleImportReport`.

    Safe to repeat: what did not change keeps its version and states. Raises InvalidRuleFile, UnknownSource,
    InvalidInput, TooManyRules and OutsideScope.
    """
    require_whole_organization(caller)
    if body.source_id is not None:
        await metrics.connect_server(session, caller.organization_id, body.source_id)
    groups, planned = await asyncio.to_thread(_plan, body)
    if not body.dry_run:
        await queries.lock_evaluation(session, caller.organization_id)
    file = await queries.find_rule_file(session, caller.organization_id, body.name)
    old: Sequence[AlertRule] = []
    if file is not None:
        old = await queries.list_rules_of_file(session, caller.organization_id, file.id, lock=not body.dry_run)
    partners = _pair(old, planned)
    stored = {place: _columns(one, partners.get(place)) for place, one in enumerate(planned) if one.condition}
    kept = {rule.id for rule in partners.values()}
    gone = [rule for rule in old if rule.id not in kept]
    await check_room(session, caller.organization_id, len(stored) - len(old))
    entries = [_entry(place, one, stored, partners) for place, one in enumerate(planned)]
    if not body.dry_run:
        file = file or _new_file(session, caller, body)
        await session.flush()
        await drop_rules(session, caller, gone)
        await _store(session, caller, file, planned, stored, partners, entries)
        _describe(file, caller, body, groups, entries)
        await session.flush()
        await publish(session, _imported(caller, file, entries, len(gone)))
    return {
        "file_id": file.id if file else None,
        "name": body.name,
        "dry_run": body.dry_run,
        "rules": entries,
        "removed": [{"group": rule.group_name, "name": rule.name, "rule_id": rule.id} for rule in gone],
    }


async def read_rule_file_of(session: AsyncSession, organization_id: UUID, file_id: UUID) -> dict[str, Any]:
    """An imported file with its text; see `schemas.RuleFileDetail`. Raises RuleFileNotFound."""
    file = await queries.get_rule_file(session, organization_id, file_id)
    return {
        "id": file.id,
        "name": file.name,
        "source_id": file.source_id,
        "groups": [group["name"] for group in file.groups],
        "rules": len(await queries.list_rules_of_file(session, organization_id, file_id)),
        "created_at": file.created_at,
        "updated_at": file.updated_at,
        "content": file.content,
        "report": file.report,
    }


async def remove_rule_file(session: AsyncSession, caller: Caller, file_id: UUID) -> None:
    """Remove a file with its rules and end their alerts. Raises RuleFileNotFound and OutsideScope."""
    require_whole_organization(caller)
    await queries.lock_evaluation(session, caller.organization_id)
    file = await queries.get_rule_file(session, caller.organization_id, file_id)
    await drop_rules(
        session, caller, await queries.list_rules_of_file(session, caller.organization_id, file_id, lock=True)
    )
    await session.delete(file)
    await session.flush()
    await publish(
        session,
        RuleFileRemoved(
            organization_id=caller.organization_id, rule_file_id=file.id, actor_id=caller.user_id, file_name=file.name
        ),
    )


def _plan(body: RuleImport) -> tuple[list[FileGroup], list[PlannedRule]]:
    try:
        groups = read_rule_file(body.content)
    except FileError as failure:
        raise InvalidRuleFile(errors=[FieldProblem(pointer="#/content", detail=str(failure))]) from None
    # The query is not asked for: only who would answer.
    server = Promql("promql", "", body.source_id) if body.source_id is not None else None
    planned = plan_file(
        groups, server, default_interval_seconds=body.default_interval_seconds, grain_seconds=GRAIN_SECONDS
    )
    return groups, planned


def _pair(old: Sequence[AlertRule], planned: Sequence[PlannedRule]) -> dict[int, AlertRule]:
    """The stored rule of each planned one: of its group and name, the one at its position before any other."""
    left = list(old)
    partners: dict[int, AlertRule] = {}
    for exactly in (True, False):
        for place, one in enumerate(planned):
            if place in partners or one.condition is None:
                continue
            found = next((rule for rule in left if _is_same(rule, one, exactly=exactly)), None)
            if found is not None:
                partners[place] = found
                left.remove(found)
    return partners


def _is_same(rule: AlertRule, one: PlannedRule, *, exactly: bool) -> bool:
    same = rule.group_name == one.group and rule.name == one.rule.name
    return same and (not exactly or rule.position == one.rule.position)


def _columns(one: PlannedRule, old: AlertRule | None) -> dict[str, Any]:
    """Of the stored rule. Whether it is enabled is people's to say, but for one that waited for a server."""
    assert one.condition is not None  # noqa: S101  # asked by the caller
    condition = plain_condition(one.condition)
    waited = old is not None and old.condition.get("kind") == "promql" and not old.condition.get("source_id")
    return {
        "name": one.rule.name,
        "condition": condition,
        "threshold": first_threshold(condition),
        "enabled": not one.waits_for_server and (old is None or old.enabled or waited),
        "severity": one.severity,
        "interval_seconds": one.interval_seconds,
        "for_seconds": one.for_seconds,
        "keep_firing_seconds": one.keep_firing_seconds,
        "no_data": "resolve",
        "on_error": "keep",
        "instance_limit": one.limit,
        "labels": one.rule.labels,
        "annotations": one.rule.annotations,
    }


def _entry(
    place: int, one: PlannedRule, stored: Mapping[int, dict[str, Any]], partners: Mapping[int, AlertRule]
) -> dict[str, Any]:
    old = partners.get(place)
    change = None
    if place in stored:
        change = "added" if old is None else "changed" if changed_fields(written(old), stored[place]) else "unchanged"
    return {
        "group": one.group,
        "name": one.rule.name,
        "kind": one.rule.kind,
        "line": one.rule.line,
        "outcome": one.outcome,
        "reasons": list(one.reasons),
        "change": change,
        "enabled": place in stored and stored[place]["enabled"],
        "rule_id": old.id if old is not None else None,
    }


async def _store(
    session: AsyncSession,
    caller: Caller,
    file: AlertRuleFile,
    planned: Sequence[PlannedRule],
    stored: Mapping[int, dict[str, Any]],
    partners: Mapping[int, AlertRule],
    entries: Sequence[dict[str, Any]],
) -> None:
    added = []
    for place, columns in stored.items():
        one, rule = planned[place], partners.get(place)
        if rule is None:
            rule = AlertRule(
                organization_id=caller.organization_id,
                id=new_id(),
                version=1,
                file_id=file.id,
                group_name=one.group,
                health="unknown",
                **columns,
            )
            added.append(rule)
        else:
            await change_rule(session, caller, rule, columns)
        rule.position, rule.expression = one.rule.position, one.expression
        rule.query_offset_seconds = one.query_offset_seconds
        if one.waits_for_server:
            rule.last_error = " ".join(one.reasons)
        entries[place]["rule_id"] = rule.id
    session.add_all(added)
    await session.flush()
    await publish_all(session, [created(caller, rule) for rule in added])


def _new_file(session: AsyncSession, caller: Caller, body: RuleImport) -> AlertRuleFile:
    file = AlertRuleFile(
        organization_id=caller.organization_id, id=new_id(), name=body.name, content="", groups=[], report=[]
    )
    session.add(file)
    return file


def _describe(
    file: AlertRuleFile, caller: Caller, body: RuleImport, groups: Sequence[FileGroup], entries: Sequence[Any]
) -> None:
    file.content, file.source_id = body.content, body.source_id
    file.imported_by, file.updated_at = caller.user_id, utc_now()
    file.groups = [
        {
            "name": group.name,
            "interval_seconds": (group.interval_ms or body.default_interval_seconds * 1000) / 1000,
            "limit": group.limit,
            "query_offset_seconds": group.query_offset_ms / 1000,
        }
        for group in groups
    ]
    file.report = [entry | {"rule_id": str(entry["rule_id"]) if entry["rule_id"] else None} for entry in entries]


def _imported(caller: Caller, file: AlertRuleFile, entries: Sequence[dict[str, Any]], gone: int) -> RuleFileImported:
    counts = {"removed": gone}
    for entry in entries:
        for word in (entry["outcome"], entry["change"]):
            if word is not None:
                counts[word] = counts.get(word, 0) + 1
    return RuleFileImported(
        organization_id=caller.organization_id,
        rule_file_id=file.id,
        actor_id=caller.user_id,
        file_name=file.name,
        counts=counts,
    )
