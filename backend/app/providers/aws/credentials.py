"""The three kinds of credentials, as the SDK's own credential objects."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from botocore.credentials import Credentials, RefreshableCredentials
from botocore.session import Session

from app.providers.aws.errors import AwsError, translate
from app.providers.aws.policies import session_policy
from app.providers.base import Connection, ErrorKind

_SESSION_SECONDS = 900
_REFRESH_WHEN_LEFT_SECONDS, _BLOCK_WHEN_LEFT_SECONDS = 240, 90


def role_session_name(connection_id: str) -> str:
    """Carries our connection id into the customer's own audit log; at most 64 of the allowed characters."""
    return re.sub(r"[^\w+=,.@-]", "-", f"cloudops-{connection_id}")[:64]


def install_credentials(
    session: Session, connection: Connection, region: str, client_options: Mapping[str, Any]
) -> None:
    """Give the SDK session the connection's credentials. Raises AwsError when they are unusable on their face."""
    credentials = connection.credentials
    match credentials.get("kind"):
        case "access_key":
            _require(credentials, "access_key_id", "secret_access_key")
            chosen: Credentials = Credentials(
                credentials["access_key_id"], credentials["secret_access_key"], credentials.get("session_token")
            )
        case "assume_role":
            _require(credentials, "role_arn", "external_id")
            platform = platform_sts(region, client_options)

            def refresh() -> dict[str, str]:
                return assume_role(platform, connection, external_id=credentials["external_id"])

            chosen = RefreshableCredentials.create_from_metadata(
                metadata=refresh(),
                refresh_using=refresh,
                method="assume-role",
                advisory_timeout=_REFRESH_WHEN_LEFT_SECONDS,
                mandatory_timeout=_BLOCK_WHEN_LEFT_SECONDS,
            )
        case "ambient":
            return
        case unknown:
            raise AwsError(ErrorKind.BAD_CREDENTIALS, f"unknown kind of credentials {unknown!r}")
    # Replaces the whole chain, so that nothing of the machine's own can step in.
    session.register_component("credential_provider", _Only(chosen))


class _Only:
    """A credential chain of one link."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def load_credentials(self) -> Credentials:
        return self._credentials


def platform_sts(region: str, client_options: Mapping[str, Any]) -> Any:
    """STS in the region, called as the platform itself (the ambient identity)."""
    return Session().create_client("sts", region_name=region, **client_options)


def assume_role(sts: Any, connection: Connection, *, external_id: str | None) -> dict[str, str]:
    """A 15-minute session, narrowed to our reads. `external_id` None leaves it out. Raises AwsError."""
    arguments: dict[str, Any] = {
        "RoleArn": connection.credentials["role_arn"],
        "RoleSessionName": role_session_name(connection.connection_id),
        "DurationSeconds": _SESSION_SECONDS,
        "Policy": json.dumps(session_policy(), separators=(",", ":")),
    }
    if external_id is not None:
        arguments["ExternalId"] = external_id
    try:
        answer = sts.assume_role(**arguments)["Credentials"]
    except Exception as error:
        raise translate(error, "sts", "AssumeRole") from error
    expires = answer["Expiration"]
    return {
        "access_key": answer["AccessKeyId"],
        "secret_key": answer["SecretAccessKey"],
        "token": answer["SessionToken"],
        "expiry_time": expires.isoformat() if isinstance(expires, datetime) else str(expires),
    }


def _require(credentials: Mapping[str, Any], *names: str) -> None:
    for name in names:
        if not credentials.get(name):
            raise AwsError(ErrorKind.BAD_CREDENTIALS, f"{name} is missing")
