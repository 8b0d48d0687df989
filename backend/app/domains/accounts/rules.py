"""Decisions about connections."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from app.core.secrets import Secret
from app.providers.base import ConnectionReport, ErrorKind

PROVIDER_NAMES = {"aws": "AWS", "gcp": "Google Cloud", "azure": "Azure"}

CREDENTIAL_KINDS = {
    "aws": frozenset({"access_key", "assume_role", "ambient"}),
    "gcp": frozenset({"service_account", "workload_identity", "ambient"}),
    "azure": frozenset({"client_secret", "certificate", "federated", "static_token", "ambient"}),
}
SCOPE_FIELDS = {
    "aws": frozenset({"organization", "role_name", "exclude_accounts", "external_id"}),
    "gcp": frozenset({"projects", "organization", "folder"}),
    "azure": frozenset({"subscriptions", "management_group", "cloud"}),
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
        case "workload_identity":
            return str(credentials["config"].get("audience", ""))[:200]
        case "client_secret" | "certificate" | "federated":
            return f"…{credentials['client_id'][-4:]}"
        case "static_token":
            return "a fixed token"
        case _:
            return "the worker's own identity"


def credential_addresses(credentials: Mapping[str, Any]) -> list[str]:
    """Every address that the credentials themselves lead to: token servers, and where a token is read."""
    found: list[Any] = [credentials.get("authority_url")]
    if credentials["kind"] == "service_account":
        found.append(credentials["key"].get("token_uri"))
    if credentials["kind"] == "workload_identity":
        config = credentials["config"]
        found += [config.get(name) for name in ("token_url", "token_info_url", "service_account_impersonation_url")]
        found.append(config["credential_source"].get("url"))
    return [address for address in found if isinstance(address, str) and address]


def token_file(credentials: Mapping[str, Any]) -> str | None:
    """The file of this machine that the credentials read a token from."""
    match credentials["kind"]:
        case "federated":
            return str(credentials["token_file"])
        case "workload_identity":
            path = credentials["config"]["credential_source"].get("file")
            return None if path is None else str(path)
        case _:
            return None


def is_bearer_of_machine(provider: str, credentials: Mapping[str, Any]) -> bool:
    """Whether a token of this machine's own identity is sent as it is; AWS signs requests instead."""
    return credentials["kind"] == "ambient" and provider != "aws"


_VENDOR_HOSTS = frozenset(
    {
        "login.microsoftonline.com",
        "login.microsoftonline.us",
        "login.chinacloudapi.cn",
        "login.partner.microsoftonline.cn",
        "management.azure.com",
        "management.chinacloudapi.cn",
        "management.usgovcloudapi.net",
    }
)


def is_vendor_address(url: str) -> bool:
    """Whether an address is https at a name under which nobody but Google or Microsoft answers."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return parts.scheme == "https" and (host in _VENDOR_HOSTS or host.endswith(".googleapis.com"))


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
