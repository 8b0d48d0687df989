"""The connection test: every read that the product makes, tried once on as little as possible."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from app.providers.base import ConnectionReport, ErrorKind, PermissionCheck
from app.providers.gcp.errors import GcpError
from app.providers.gcp.grants import grant_for
from app.providers.gcp.listing import pages
from app.providers.gcp.projects import tree_of
from app.providers.gcp.scope import account_of, parents_of, report_account
from app.providers.gcp.session import (
    LIST_ASSETS,
    LIST_KEYS,
    LIST_LOGS,
    LIST_POLICIES,
    READ_ASSET,
    READ_POLICY,
    GcpSession,
    Method,
    Reads,
)

_BUDGET_SECONDS = 60
_MISSING, _OFF = "missing permission", "not enabled:"
_MANAGER = "//cloudresourcemanager.googleapis.com/"
KEY_WARNING = "Keys of service accounts can leak. Workload identity federation is safer."


def report_on(session: GcpSession) -> ConnectionReport:
    """Try everything. Raises GcpError when no token is given, or nothing answers at all."""
    parents = parents_of(session.connection, session)
    reads = Reads(deadline=time.monotonic() + _BUDGET_SECONDS, attempts=2)
    checks: list[PermissionCheck] = []
    for parent in parents:
        checks.append(_try(LIST_ASSETS, parent, partial(_first_page, session, parent, "RESOURCE", reads)))
        checks.append(_try(LIST_POLICIES, parent, partial(_first_page, session, parent, "IAM_POLICY", reads)))
    project = _some_project(session, parents, reads)
    for content, method in (("RESOURCE", READ_ASSET), ("IAM_POLICY", READ_POLICY)):
        read = partial(_read_one, session, method, content, parents[0], project, reads)
        checks.append(_try(method, parents[0], read))
    if project:
        path, query = f"/v2/projects/{project}/locations/global/keys", [("pageSize", "1")]
        checks.append(_try(LIST_KEYS, project, partial(session.call, LIST_KEYS, path, reads, query=query)))
        body = {"resourceNames": [f"projects/{project}"], "pageSize": 1}
        checks.append(_try(LIST_LOGS, project, partial(session.call, LIST_LOGS, "/v2/entries:list", reads, body=body)))
    missing = [check.permission for check in checks if not check.ok and check.detail.startswith(_MISSING)]
    services = {check.service for check in checks if not check.ok and check.detail.startswith(_OFF)}
    kind = session.connection.credentials.get("kind")
    return ConnectionReport(
        ok=all(check.ok for check in checks),
        account=report_account(parents),
        identity=session.identity,
        regions=(),
        checks=_merged(checks),
        warnings=[KEY_WARNING] if kind == "service_account" else [],
        grant=grant_for(missing, parents, session.identity, services=services, project=session.home_project),
    )


def _first_page(session: GcpSession, parent: str, content: str, reads: Reads) -> None:
    next(pages(session, reads, parent, content, (), size=1), None)


def _try(method: Method, where: str, call: Callable[[], Any]) -> PermissionCheck:
    """Raises GcpError for what is no matter of permissions: nothing else would go better."""
    service, _, rest = method.name.partition(".")
    try:
        call()
    except GcpError as error:
        if error.kind in (ErrorKind.BAD_CREDENTIALS, ErrorKind.UNREACHABLE, ErrorKind.TIMED_OUT):
            raise
        permission = error.permission or method.permission
        detail = f"{error.told} on {where}" if error.kind is ErrorKind.ACCESS_DENIED else error.told
        if error.kind is ErrorKind.NOT_ENABLED:
            detail = f"{_OFF} {error.message}"
        return PermissionCheck(
            service=service,
            call=f"{service}:{rest}",
            permission=permission,
            ok=error.kind is ErrorKind.NOT_ENABLED and method in (LIST_KEYS, LIST_LOGS),
            detail=detail,
        )
    return PermissionCheck(service=service, call=f"{service}:{rest}", permission=method.permission, ok=True)


def _some_project(session: GcpSession, parents: list[str], reads: Reads) -> str:
    """A project to try project-wide reads on; empty when none is to be seen."""
    try:
        tree = tree_of(session, parents, reads, fresh=True)
    except GcpError:
        tree = None
    if tree is not None and tree.accounts:
        return tree.accounts[0].native_account
    return account_of(parents[0]) if parents[0].startswith("projects/") else ""


def _read_one(session: GcpSession, method: Method, content: str, parent: str, project: str, reads: Reads) -> Any:
    where = f"projects/{project}" if parent.startswith("folders/") and project else parent
    since = datetime.now(UTC) - timedelta(minutes=1)
    query = [
        ("assetNames", f"{_MANAGER}{where}"),
        ("contentType", content),
        ("readTimeWindow.startTime", since.isoformat().replace("+00:00", "Z")),
    ]
    return session.call(method, f"/v1/{where}:batchGetAssetsHistory", reads, query=query)


def _merged(checks: list[PermissionCheck]) -> list[PermissionCheck]:
    """One line per call and permission: of several parents the one that failed."""
    merged: dict[tuple[str, str], PermissionCheck] = {}
    for check in checks:
        key = check.call, check.permission
        if key not in merged or not check.ok:
            merged[key] = check
    return list(merged.values())
