"""Prometheus' API for reading rules and alerts, under `/prometheus`: what Grafana and others ask a data source for.

Its envelope and its errors are Prometheus', but for who may read: those are our own.
"""

from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, Query, Response
from pydantic import StringConstraints

from app.core.http import Caller, DbSession, allow
from app.core.scope import require_whole
from app.domains.alerts import service
from app.domains.alerts.service import RuleWish

router = APIRouter(prefix="/prometheus/api/v1", tags=["prometheus"])
Reader = Annotated[Caller, Depends(allow("alerts:read"))]
_KINDS: dict[str, Literal["alert", "record"]] = {"alert": "alert", "record": "record"}
_TRUTHS = {"1": True, "t": True, "true": True, "0": False, "f": False, "false": False, "": False}
_Word = Annotated[str, StringConstraints(max_length=100)]
_Name = Annotated[str, StringConstraints(max_length=1000)]
_MOST_NAMES = 100
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "As Prometheus answers.", "content": {"application/json": {"schema": {"type": "object"}}}},
    400: {"description": "As Prometheus refuses.", "content": {"application/json": {"schema": {"type": "object"}}}},
}


@router.get("/rules", response_class=Response, responses=_ANSWERS)
async def list_rules_as_prometheus(
    session: DbSession,
    caller: Reader,
    kind: Annotated[_Word, Query(alias="type", description="alert or record")] = "",
    names: Annotated[list[_Name] | None, Query(alias="rule_name[]", max_length=_MOST_NAMES)] = None,
    groups: Annotated[list[_Name] | None, Query(alias="rule_group[]", max_length=_MOST_NAMES)] = None,
    files: Annotated[list[_Name] | None, Query(alias="file[]", max_length=_MOST_NAMES)] = None,
    exclude_alerts: Annotated[_Word, Query()] = "",
    group_limit: Annotated[_Word, Query()] = "",
    group_next_token: Annotated[_Name, Query()] = "",
) -> Response:
    """Groups of alert rules with their alerts."""
    _require_whole(caller)
    if kind.lower() not in ("", *_KINDS):
        return _refused(f'not supported value "{kind}"')
    without = _TRUTHS.get(exclude_alerts.lower())
    if without is None:
        return _refused(
            f'error converting exclude_alerts: strconv.ParseBool: parsing "{exclude_alerts}": invalid syntax'
        )
    if group_limit and not (group_limit.isascii() and group_limit.isdigit() and int(group_limit[:10]) > 0):
        return _refused("group_limit needs to be a positive number")
    if group_next_token and not group_limit:
        return _refused("group_limit needs to be set in order to paginate over the groups")
    wanted = RuleWish(
        kind=_KINDS.get(kind.lower()),
        names=names or (),
        groups=groups or (),
        files=files or (),
        without_alerts=without,
        group_limit=int(group_limit[:10]) if group_limit else None,
        after=group_next_token or None,
    )
    return _told(await service.list_prometheus_rules(session, caller.organization_id, wanted))


@router.get("/alerts", response_class=Response, responses=_ANSWERS)
async def list_alerts_as_prometheus(session: DbSession, caller: Reader) -> Response:
    """What is pending or firing."""
    _require_whole(caller)
    return _told(await service.list_prometheus_alerts(session, caller.organization_id))


def _require_whole(caller: Caller) -> None:
    require_whole(caller.scope, "Rules read the series of the whole organization.")


def _told(document: dict[str, Any]) -> Response:
    return Response(orjson.dumps({"status": "success", "data": document}), media_type="application/json")


def _refused(error: str) -> Response:
    document = {"status": "error", "errorType": "bad_data", "error": error}
    return Response(orjson.dumps(document), status_code=400, media_type="application/json")
