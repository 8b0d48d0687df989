"""One asset read again, by its history of the last minute: Cloud Asset has no other way to ask for one by name."""

from datetime import UTC, datetime, timedelta
from typing import Any

from app.providers.base import CallError, ErrorKind, ReadBack, ResourceTarget, Unit
from app.providers.gcp.api_keys import fill_restrictions
from app.providers.gcp.catalogue import OTHER, TYPES, group_of
from app.providers.gcp.convert import convert
from app.providers.gcp.errors import GcpError
from app.providers.gcp.names import project_of
from app.providers.gcp.projects import tree_of
from app.providers.gcp.scope import account_of, is_chosen, parents_of
from app.providers.gcp.session import READ_ASSET, READ_POLICY, GcpSession, Method, Reads
from app.providers.gcp.values import parse_instant

_WINDOW = timedelta(seconds=60)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
Asset = dict[str, Any]


def read_again(session: GcpSession, target: ResourceTarget, reads: Reads) -> ReadBack:
    """Never raises for a failed call."""
    service = group_of(target.native_type) if target.native_type else OTHER
    errors: list[GcpError] = []
    asset: Asset | None = None
    gone = False
    try:
        parents = parents_of(session.connection, session)
    except GcpError as error:
        return _result(Unit(account="", region="global", service=service), reads, [error])
    account = account_of(_parent_for(parents, target))
    try:
        where = _asked_parent(parents, target)
        asset, gone = _latest(session, READ_ASSET, "RESOURCE", where, target.native_id, reads)
    except GcpError as error:
        errors.append(error)
    if gone or (asset is None and errors):
        unit = Unit(account=account, region="global", service=service)
        return _result(unit, reads, errors, gone=frozenset({target.native_id}) if gone else frozenset())
    unread: dict[str, str] = {}
    try:
        policy, _ = _latest(session, READ_POLICY, "IAM_POLICY", where, target.native_id, reads)
        if policy is not None and asset is None and target.native_type not in TYPES:
            asset = policy  # of a type that has nothing but policies
        elif policy is not None and asset is not None and "iamPolicy" in policy:
            asset["iamPolicy"] = policy["iamPolicy"]
    except GcpError as error:
        errors.append(error)
        unread = {"iamPolicy": error.told}
    if asset is None:
        return _result(Unit(account=account, region="global", service=service), reads, errors)
    service = group_of(str(asset.get("assetType") or target.native_type))
    unit = Unit(account=account, region="global", service=service)
    try:
        ids = tree_of(session, parents, reads).ids
    except GcpError as error:
        errors.append(error)
        ids = {}
    unread_keys, key_errors = fill_restrictions(session, reads, [asset], ids)
    errors += key_errors
    if unread_keys:
        unread["restrictions"] = unread_keys[target.native_id]
    made = convert(asset, ids, account, unread)
    if made is None or not is_chosen(session.connection, made[0].region):
        return _result(unit, reads, errors)
    return ReadBack(
        unit=unit,
        resources=(made[0],),
        relations=made[1],
        errors=_told(errors),
        call_count=reads.call_count,
    )


def _latest(
    session: GcpSession, method: Method, content: str, parent: str, name: str, reads: Reads
) -> tuple[Asset | None, bool]:
    """The newest state, and whether it is that the asset is no more. Raises GcpError."""
    since = datetime.now(UTC) - _WINDOW
    query = [
        ("assetNames", name),
        ("contentType", content),
        ("readTimeWindow.startTime", since.isoformat().replace("+00:00", "Z")),
    ]
    answer = session.call(method, f"/v1/{parent}:batchGetAssetsHistory", reads, query=query)
    states = answer.get("assets")
    if not isinstance(states, list) and (states is not None or answer.keys() - {"assets"}):
        raise GcpError(ErrorKind.INVALID_ANSWER, "assets is no list", call=method.name)
    own = [state for state in states or () if isinstance(state, dict) and _name_of(state) == name]
    if not own:
        return None, False
    newest = own[-1]
    for state in own:
        if _begun(state) > _begun(newest):
            newest = state
    if newest.get("deleted") is True:
        return None, True
    asset = newest.get("asset")
    return (asset, False) if isinstance(asset, dict) else (None, False)


def _name_of(state: Asset) -> str:
    asset = state.get("asset")
    return str(asset.get("name") or "") if isinstance(asset, dict) else ""


def _begun(state: Asset) -> datetime:
    window = state.get("window")
    return (parse_instant(window.get("startTime")) if isinstance(window, dict) else None) or _LONG_AGO


def _parent_for(parents: list[str], target: ResourceTarget) -> str:
    """The parent whose unit the asset belongs to: of several projects its own."""
    for name in (target.account, project_of(target.native_id)):
        if f"projects/{name}" in parents:
            return f"projects/{name}"
    return parents[0]


def _asked_parent(parents: list[str], target: ResourceTarget) -> str:
    """Histories are asked of organizations and projects; of a folder, by the asset's own project."""
    parent = _parent_for(parents, target)
    if not parent.startswith("folders/"):
        return parent
    project = target.account or project_of(target.native_id)
    if not project or "/" in project:
        raise GcpError(ErrorKind.INVALID_ANSWER, "the asset's project is not known", call=READ_ASSET.name)
    return f"projects/{project}"


def _result(unit: Unit, reads: Reads, errors: list[GcpError], *, gone: frozenset[str] = frozenset()) -> ReadBack:
    return ReadBack(unit=unit, gone=gone, errors=_told(errors), call_count=reads.call_count)


def _told(errors: list[GcpError]) -> list[CallError]:
    return [
        CallError(kind=error.kind, call=error.call, message=error.message, permission=error.permission)
        for error in errors
    ]
