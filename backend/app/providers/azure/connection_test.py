"""The connection test: sign in, one query a table, one read a kind of setting, and the caller's rights by type."""

from collections.abc import Iterable
from typing import Any

from app.providers.azure.catalogue import GROUPS
from app.providers.azure.catalogue.model import Group
from app.providers.azure.clouds import is_plain_loopback
from app.providers.azure.engine import GraphQuery, allowed, child_task, queries_of
from app.providers.azure.errors import AzureError
from app.providers.azure.permissions import PERMISSIONS_READ, Rights, grant_for, read_action
from app.providers.azure.reader import GRAPH_CALL, Reader
from app.providers.azure.scope import Scope, read_scope, rights_in, scope_name
from app.providers.base import ConnectionReport, ErrorKind, PermissionCheck

MISSING = "missing permission"
_MANAGEMENT_READ = "Microsoft.Management/managementGroups/read"


def run_test(reader: Reader) -> ConnectionReport:
    """Raises AzureError when nothing can be reached at all."""
    tenant, client = reader.session.identity()
    scope = read_scope(reader)
    rights = rights_in(reader, scope)
    checks = [_of_subscriptions(scope)]
    checks += [_of_problem(problem) for problem in scope.problems]
    checks += _of_rights(scope, rights)
    checks += _try_reads(reader, scope)
    failed = [check for check in checks if not check.ok]
    own = {f"/subscriptions/{one.id}" for one in scope.subscriptions}
    scopes = sorted(own | {problem.scope for problem in scope.problems if problem.scope}) or [_above(reader)]
    return ConnectionReport(
        ok=not failed,
        account=tenant or None,
        identity=client or None,
        checks=_once(checks),
        warnings=_warnings(reader, scope),
        grant=grant_for((check.permission for check in failed if check.detail.startswith(MISSING)), scopes),
    )


def _of_subscriptions(scope: Scope) -> PermissionCheck:
    is_blind = not scope.subscriptions and not scope.problems
    return PermissionCheck(
        service="organization",
        call="Microsoft.Resources/subscriptions/read",
        permission="*/read",
        ok=not is_blind,
        detail=f"{MISSING} */read: no subscription is visible to the caller" if is_blind else "",
    )


def _above(reader: Reader) -> str:
    """The management group that is read, or the tenant's own."""
    return f"/providers/Microsoft.Management/managementGroups/{scope_name(reader)}"


def _of_problem(problem: AzureError) -> PermissionCheck:
    return PermissionCheck(
        service="organization",
        call=problem.call,
        permission=problem.permission or "*/read",
        ok=False,
        detail=f"{MISSING} */read: {problem.message}",
    )


def _of_rights(scope: Scope, rights: Any) -> list[PermissionCheck]:
    """One line a type and a setting, over all subscriptions."""
    checks = []
    unknown = [error for error in rights.values() if isinstance(error, AzureError)]
    if unknown:
        checks.append(
            PermissionCheck(
                service="iam", call=PERMISSIONS_READ, permission=PERMISSIONS_READ, ok=False, detail=_reason(unknown[0])
            )
        )
    known = {number: found for number, found in rights.items() if isinstance(found, Rights)}
    for group in GROUPS.values():
        for action in _actions(group):
            lacking = [number for number, found in known.items() if not allowed(found, action)]
            detail = (
                f"{MISSING} {action} in {len(lacking)} of {len(scope.subscriptions)} subscriptions" if lacking else ""
            )
            checks.append(
                PermissionCheck(service=group.name, call=GRAPH_CALL, permission=action, ok=not lacking, detail=detail)
            )
    return checks


def _actions(group: Group) -> Iterable[str]:
    if group.is_rest:
        return ()
    queried = [entry for entry in group.types if not entry.is_part and not entry.is_listed]
    actions = [read_action(entry.native_type) for entry in queried]
    return dict.fromkeys([*actions, *(child.action for entry in queried for child in entry.children)])


def _try_reads(reader: Reader, scope: Scope) -> list[PermissionCheck]:
    """The first batch of each query with one row, then each setting of that row."""
    batches = scope.batches()
    if not batches:
        return []
    tried: list[tuple[str, GraphQuery]] = [
        (group.name, query) for group in GROUPS.values() for query in queries_of(group)
    ]
    checks = []
    for service, query in tried:
        try:
            rows = [row for page in reader.query(query.text, batches[0], top=1) for row in page.rows]
        except AzureError as error:
            checks.append(
                PermissionCheck(
                    service=service,
                    call=GRAPH_CALL,
                    permission=error.permission or f"{query.table}",
                    ok=False,
                    detail=_reason(error),
                )
            )
            if error.kind in (ErrorKind.BAD_CREDENTIALS, ErrorKind.UNREACHABLE):
                raise
            continue
        checks += _try_settings(reader, service, query, rows)
    try:
        reader.list_all("/providers/Microsoft.Management/managementGroups", "2020-05-01", _MANAGEMENT_READ, pages=1)
    except AzureError as error:
        if not reader.session.connection.scope.get("subscriptions"):
            checks.append(
                PermissionCheck(
                    service="organization",
                    call=error.call,
                    permission=_MANAGEMENT_READ,
                    ok=False,
                    detail=_reason(error),
                )
            )
    return checks


def _try_settings(reader: Reader, service: str, query: GraphQuery, rows: list[Any]) -> list[PermissionCheck]:
    checks = []
    for row in rows[:1]:
        for entry in query.types:
            if str(row.get("type", "")).lower() != entry.key:
                continue
            children = [child for child in entry.children if child.when is None or child.when(row)]
            tasks = [(child.action, child_task(reader, str(row["id"]), child)) for child in children]
            for child, outcome in zip(children, reader.run_all(tasks), strict=True):
                if isinstance(outcome, AzureError) and not outcome.is_gone:
                    checks.append(
                        PermissionCheck(
                            service=service,
                            call=child.action,
                            permission=child.action,
                            ok=False,
                            detail=_reason(outcome),
                        )
                    )
    return checks


def _reason(error: AzureError) -> str:
    if error.kind is ErrorKind.ACCESS_DENIED:
        return f"{MISSING} {error.permission}" if error.permission else error.message
    return error.reason


def _once(checks: Iterable[PermissionCheck]) -> list[PermissionCheck]:
    """One line a permission; a refusal counts, however often it went well."""
    found: dict[tuple[str, str], PermissionCheck] = {}
    for check in checks:
        key = check.service, check.permission
        if key not in found or (found[key].ok and not check.ok):
            found[key] = check
    return list(found.values())


def _warnings(reader: Reader, scope: Scope) -> list[str]:
    warnings = []
    connection = reader.session.connection
    if connection.credentials.get("kind") == "client_secret":
        warnings.append("A client secret can leak. A federated credential is safer.")
    if is_plain_loopback(reader.session.cloud.manager):
        warnings.append("The connection is not encrypted.")
    resting = sum(1 for one in scope.subscriptions if not one.is_active)
    if resting:
        warnings.append(f"{resting} subscriptions are disabled.")
    return warnings
