"""Rules as code: a group is replaced whole, and what does not change keeps its version, states and alerts."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.events import publish_all
from app.core.http import Caller
from app.domains.alerts import queries
from app.domains.alerts.errors import RuleGroupNotFound
from app.domains.alerts.rules.changing import GroupChange, compare_groups, keeps_states
from app.domains.alerts.schemas import RuleGroupWrite
from app.domains.alerts.service.rule_checks import check_draft, columns_of
from app.domains.alerts.service.ruling import (
    change_rule,
    check_room,
    created,
    drop_rules,
    new_rule,
    require_whole_organization,
    written,
)


async def read_group(session: AsyncSession, organization_id: UUID, group: str) -> dict[str, Any]:
    """The rules of a group in their order. Raises RuleGroupNotFound."""
    rules = await queries.list_group(session, organization_id, group, lock=False)
    if not rules:
        raise RuleGroupNotFound
    return {"group": group, "rules": [await queries.read_rule(session, organization_id, rule.id) for rule in rules]}


async def replace_group(
    session: AsyncSession, caller: Caller, group: str, body: RuleGroupWrite, *, dry_run: bool
) -> dict[str, Any]:
    """Make the group's rules these, and tell the difference; a dry run only tells it. Safe to repeat.

    Raises InvalidInput, TooManyRules and OutsideScope.
    """
    require_whole_organization(caller)
    for place, draft in enumerate(body.rules):
        check_draft(draft, f"#/rules/{place}")
    if not dry_run:
        await queries.lock_evaluation(session, caller.organization_id)
    old = await queries.list_group(session, caller.organization_id, group, lock=not dry_run)
    old_fields, new_fields = [written(rule) for rule in old], [columns_of(draft) for draft in body.rules]
    changes = compare_groups(old_fields, new_fields)
    await check_room(session, caller.organization_id, len(body.rules) - len(old))
    ids: dict[int, UUID] = {}
    if not dry_run:
        added = []
        for one in changes:
            if one.new is None:
                continue
            if one.old is None:
                ids[one.new] = (rule := new_rule(caller, body.rules[one.new], group=group, position=one.new)).id
                added.append(rule)
                continue
            old[one.old].position = one.new
            await change_rule(session, caller, old[one.old], new_fields[one.new])
        await drop_rules(session, caller, [old[one.old] for one in changes if one.new is None and one.old is not None])
        session.add_all(added)
        await session.flush()
        await publish_all(session, [created(caller, rule) for rule in added])

    def differ(one: GroupChange) -> dict[str, Any]:
        before = None if one.old is None else old_fields[one.old]
        after = None if one.new is None else new_fields[one.new]
        kept = before is None or (after is not None and (not before["enabled"] or keeps_states(before, after)))
        return {
            "change": one.kind,
            "id": old[one.old].id if one.old is not None else ids.get(one.new or 0),
            "name": (after or before or {})["name"],
            "fields": one.fields,
            "resets_states": not kept,
        }

    return {
        "group": group,
        "dry_run": dry_run,
        "unchanged": sum(one.kind == "unchanged" for one in changes),
        "differences": [differ(one) for one in changes if one.kind != "unchanged"],
    }


async def remove_group(session: AsyncSession, caller: Caller, group: str) -> None:
    """Remove a group with its rules and end their alerts. Raises RuleGroupNotFound."""
    require_whole_organization(caller)
    await queries.lock_evaluation(session, caller.organization_id)
    rules = await queries.list_group(session, caller.organization_id, group, lock=True)
    if not rules:
        raise RuleGroupNotFound
    await drop_rules(session, caller, rules)
