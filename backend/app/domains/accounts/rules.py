"""Decisions about connections."""

from collections.abc import Mapping
from typing import Any

from app.core.secrets import Secret
from app.providers.base import ConnectionReport, ErrorKind

PROVIDER_NAMES = {"aws": "AWS", "gcp": "Google Cloud", "azure": "Azure"}

CREDENTIAL_KINDS = {
    "aws": frozenset({"access_key", "assume_role", "ambient"}),
    "gcp": frozenset({"service_account", "ambient"}),
    "azure": frozenset({"client_secret", "ambient"}),
}
# What the cloud refuses for good; anything else that fails may work later.
REFUSALS = frozenset({ErrorKind.BAD_CREDENTIALS, ErrorKind.ACCESS_DENIED})


def connection_status(report: ConnectionReport) -> tuple[str, str | None]:
    """An account's status after a test that reached its identity, with what is wrong in words.

    A missing read permission only lowers the status: the rest can be read.
    """
    failed = [check for check in report.checks if not check.ok]
    if not failed:
        return "connected", None
    named = list(dict.fromkeys(check.permission for check in failed))
    rest = f" and {len(named) - 5} more" if len(named) > 5 else ""
    return "degraded", f"Missing permissions: {', '.join(named[:5])}{rest}."


def credentials_hint(credentials: Mapping[str, Any]) -> str:
    """What lets a person recognise the credentials: never a secret part."""
    match credentials["kind"]:
        case "access_key":
            return f"…{credentials['access_key_id'][-4:]}"
        case "assume_role":
            return str(credentials["role_arn"])
        case "service_account":
            return str(credentials["key"].get("client_email", ""))[:200]
        case "client_secret":
            return f"…{credentials['client_id'][-4:]}"
        case _:
            return "the worker's own identity"


def reveal_credentials(credentials: Mapping[str, Any]) -> dict[str, Any]:
    """The plain values of validated credentials, for sealing and for the adapter; absent ones are left out."""
    return {
        name: value.reveal() if isinstance(value, Secret) else value
        for name, value in credentials.items()
        if value is not None
    }


def trust_policy(principal_arn: str | None, external_id: str) -> dict[str, Any]:
    """The trust policy of an AWS role for one external id.

    Without a known principal the text names the gap; AWS refuses such a policy, so it cannot trust anyone by mistake.
    """
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": principal_arn or "PUT-THE-ARN-OF-THE-IDENTITY-THAT-CLOUDOPS-RUNS-AS-HERE"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": external_id}},
            }
        ],
    }
