"""Rows and reports as bodies."""

from typing import Any

from app.domains.accounts.models import Account
from app.domains.accounts.schemas import AccountRead, ConnectionReportRead, PermissionCheckRead
from app.providers.base import ConnectionReport


def describe_account(account: Account) -> AccountRead:
    """The account without its credentials."""
    fields: dict[str, Any] = {
        name: getattr(account, name) for name in AccountRead.model_fields if name != "credentials"
    }
    fields["credentials"] = {
        "kind": account.credentials_kind,
        # A found account is reached by its parent's.
        "set": account.credentials is not None or account.parent_id is not None,
        "hint": account.credentials_hint,
        "updated_at": account.credentials_updated_at,
    }
    return AccountRead.model_validate(fields)


def describe_report(report: ConnectionReport) -> ConnectionReportRead:
    """The adapter's report as a body."""
    return ConnectionReportRead(
        ok=report.ok,
        account=report.account,
        identity=report.identity,
        regions=list(report.regions),
        checks=[PermissionCheckRead.model_validate(check) for check in report.checks],
        warnings=list(report.warnings),
        grant=dict(report.grant) if report.grant is not None else None,
    )
