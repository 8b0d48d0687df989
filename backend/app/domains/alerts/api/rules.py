"""Routes of alert rules and of groups of them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Path, Query, status

from app.core.errors import problems
from app.core.http import Caller, DbSession, allow
from app.core.idempotency import IdempotencyKeyReused, Once
from app.core.pagination import Cursor, Limit, Page, cursor_uuid, decode_cursor, encode_cursor, invalid_cursor
from app.core.schemas import one_of
from app.domains.alerts import service
from app.domains.alerts.api.alerts import SEVERITIES
from app.domains.alerts.errors import RuleChangedMeanwhile, TooManyRules
from app.domains.alerts.queries import RuleFilter
from app.domains.alerts.schemas import (
    RuleDetail,
    RuleGroupRead,
    RuleGroupResult,
    RuleGroupWrite,
    RuleRead,
    RuleUpdate,
    RuleWrite,
)

router = APIRouter(prefix="/alerts/rules", tags=["alert rules"])
Reader = Annotated[Caller, Depends(allow("alerts:read"))]
Writer = Annotated[Caller, Depends(allow("rules:write"))]
GroupName = Annotated[str, Path(min_length=1, max_length=200, pattern=r"^[^/\x00-\x1f]+$")]
_LIST = "One or more, comma-separated."


@router.get("")
async def list_alert_rules(
    session: DbSession,
    caller: Reader,
    q: Annotated[str | None, Query(max_length=200, description="Text in the name.")] = None,
    severity: Annotated[str | None, Query(max_length=100, description=_LIST)] = None,
    state: Annotated[str | None, Query(max_length=100, description=f"firing, pending, inactive. {_LIST}")] = None,
    health: Annotated[str | None, Query(max_length=100, description=f"ok, err, unknown. {_LIST}")] = None,
    enabled: Annotated[bool | None, Query()] = None,
    group: Annotated[str | None, Query(max_length=200)] = None,
    file_id: Annotated[UUID | None, Query(description="Rules that came from this imported file.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[RuleRead]:
    """Alert rules by name."""
    wanted = RuleFilter(
        text=q,
        severities=one_of("query/severity", severity, SEVERITIES),
        states=one_of("query/state", state, ("firing", "pending", "inactive")),
        healths=one_of("query/health", health, ("ok", "err", "unknown")),
        enabled=enabled,
        group=group,
        file_id=file_id,
    )
    key = decode_cursor(cursor, 2)
    if key is not None and (not isinstance(key[0], str) or "\x00" in key[0]):
        raise invalid_cursor()
    after = (key[0], cursor_uuid(key[1])) if key else None
    rows = await service.list_rules(session, caller.organization_id, wanted, limit=limit + 1, after=after)
    total = None if key else await service.count_rules(session, caller.organization_id, wanted)
    more, rows = len(rows) > limit, rows[:limit]
    next_cursor = encode_cursor(rows[-1]["name"], rows[-1]["id"]) if more else None
    return Page(items=[RuleRead.model_validate(row) for row in rows], next_cursor=next_cursor, total=total)


@router.post("", status_code=status.HTTP_201_CREATED, responses=problems(TooManyRules, IdempotencyKeyReused))
async def create_alert_rule(body: RuleWrite, session: DbSession, caller: Writer, once: Once) -> RuleRead:
    """Make a rule; it is evaluated from the next minute on."""
    return await once(lambda: service.create_rule(session, caller, body), RuleRead)


@router.get("/groups/{name}")
async def read_alert_rule_group(name: GroupName, session: DbSession, caller: Reader) -> RuleGroupRead:
    """A group with its rules in their order."""
    return RuleGroupRead.model_validate(await service.read_group(session, caller.organization_id, name))


@router.put("/groups/{name}", responses=problems(TooManyRules))
async def replace_alert_rule_group(
    name: GroupName,
    body: Annotated[RuleGroupWrite, Body()],
    session: DbSession,
    caller: Writer,
    dry_run: Annotated[bool, Query(description="Only tell the difference.")] = False,
) -> RuleGroupResult:
    """Rules as code: make the group's rules these. Rules that do not change keep their version, states and alerts."""
    done = await service.replace_group(session, caller, name, body, dry_run=dry_run)
    return RuleGroupResult.model_validate(done)


@router.delete("/groups/{name}", status_code=status.HTTP_204_NO_CONTENT)
async def remove_alert_rule_group(name: GroupName, session: DbSession, caller: Writer) -> None:
    """Remove a group with its rules; their alerts end."""
    await service.remove_group(session, caller, name)


@router.get("/{rule_id}")
async def read_alert_rule(rule_id: UUID, session: DbSession, caller: Reader) -> RuleDetail:
    """A rule with its instances and when rules were evaluated last."""
    return RuleDetail.model_validate(await service.read_rule(session, caller.organization_id, rule_id))


@router.put("/{rule_id}", responses=problems(RuleChangedMeanwhile))
async def replace_alert_rule(rule_id: UUID, body: RuleUpdate, session: DbSession, caller: Writer) -> RuleRead:
    """Change a rule. Alerts go on where the change leaves them the same labels and series; else they end."""
    return RuleRead.model_validate(await service.update_rule(session, caller, rule_id, body))


@router.delete("/{rule_id}", status_code=status.HTTP_204_NO_CONTENT)
async def remove_alert_rule(rule_id: UUID, session: DbSession, caller: Writer) -> None:
    """Remove a rule; its alerts end."""
    await service.remove_rule(session, caller, rule_id)


@router.post("/{rule_id}/enable")
async def enable_alert_rule(rule_id: UUID, session: DbSession, caller: Writer) -> RuleRead:
    """Evaluate the rule from the next minute on."""
    return RuleRead.model_validate(await service.switch_rule(session, caller, rule_id, enabled=True))


@router.post("/{rule_id}/disable")
async def disable_alert_rule(rule_id: UUID, session: DbSession, caller: Writer) -> RuleRead:
    """Evaluate the rule no more; its alerts end."""
    return RuleRead.model_validate(await service.switch_rule(session, caller, rule_id, enabled=False))
