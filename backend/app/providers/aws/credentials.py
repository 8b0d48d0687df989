"""The kinds of credentials, as the SDK's own credential objects."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from botocore.credentials import Credentials, RefreshableCredentials
from botocore.session import Session

from app.providers.aws.errors import AwsError, translate
from app.providers.aws.policies import narrow_policy, session_policy, session_policy_arns
from app.providers.base import Connection, ErrorKind

_SESSION_SECONDS = 900
_REFRESH_WHEN_LEFT_SECONDS, _BLOCK_WHEN_LEFT_SECONDS = 240, 90


class Limit(NamedTuple):
    """What a session may do at most: a policy, and names of policies that the account's cloud keeps."""

    policy: Mapping[str, Any]
    policy_arns: tuple[str, ...] = ()


def role_session_name(connection_id: str) -> str:
    """Carries our connection id into the customer's own audit log; at most 64 of the allowed characters."""
    return re.sub(r"[^\w+=,.@-]", "-", f"cloudops-{connection_id}")[:64]


def install_credentials(
    session: Session, connection: Connection, region: str, client_options: Mapping[str, Any], limit: Limit | None = None
) -> None:
    """Give the SDK session the connection's credentials. Raises AwsError when they are unusable on their face.

    `limit` is what a session with an assumed role may do; by default our reads.
    """
    credentials = connection.credentials
    match credentials.get("kind"):
        case "access_key":
            _require(credentials, "access_key_id", "secret_access_key")
            chosen: Credentials = Credentials(
                credentials["access_key_id"], credentials["secret_access_key"], credentials.get("session_token")
            )
        case "assume_role":
            _require(credentials, "role_arn", "external_id")
            chosen = _of_role(platform_sts(region, client_options), connection, limit)
        case "child_role":
            _require(credentials, "role_arn", "parent")
            chosen = _of_child(connection, region, client_options, limit)
        case "ambient":
            return
        case unknown:
            raise AwsError(ErrorKind.BAD_CREDENTIALS, f"unknown kind of credentials {unknown!r}")
    # Replaces the whole chain, so that nothing of the machine's own can step in.
    session.register_component("credential_provider", _Only(chosen))


def _of_role(sts: Any, connection: Connection, limit: Limit | None) -> RefreshableCredentials:
    def refresh() -> dict[str, str]:
        return assume_role(sts, connection, external_id=connection.credentials.get("external_id"), limit=limit)

    made: RefreshableCredentials = RefreshableCredentials.create_from_metadata(
        metadata=refresh(),
        refresh_using=refresh,
        method="assume-role",
        advisory_timeout=_REFRESH_WHEN_LEFT_SECONDS,
        mandatory_timeout=_BLOCK_WHEN_LEFT_SECONDS,
    )
    return made


def _of_child(
    connection: Connection, region: str, client_options: Mapping[str, Any], limit: Limit | None
) -> Credentials:
    """A role in another account, assumed as the parent connection. The parent's own account needs no role.

    The session by which the parent assumes it may do nothing else.
    """
    role_arn = str(connection.credentials["role_arn"])
    parent = replace(connection, credentials=connection.credentials["parent"])
    core = Session()
    install_credentials(core, parent, region, client_options, Limit(narrow_policy(["sts:AssumeRole"], role_arn)))
    sts: Any = core.create_client("sts", region_name=region, **client_options)
    try:
        account = str(sts.get_caller_identity()["Account"])
    except Exception as error:
        raise translate(error, "sts", "GetCallerIdentity") from error
    if account != role_arn.split(":")[4]:
        return _of_role(sts, connection, limit)
    own = Session()
    install_credentials(own, parent, region, client_options, limit)
    found: Credentials | None = own.get_credentials()
    if found is None:
        raise AwsError(ErrorKind.BAD_CREDENTIALS, "no usable AWS credentials")
    return found


class _Only:
    """A credential chain of one link."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def load_credentials(self) -> Credentials:
        return self._credentials


def platform_sts(region: str, client_options: Mapping[str, Any]) -> Any:
    """STS in the region, called as the platform itself (the ambient identity)."""
    return Session().create_client("sts", region_name=region, **client_options)


def assume_role(
    sts: Any, connection: Connection, *, external_id: str | None, limit: Limit | None = None
) -> dict[str, str]:
    """A 15-minute session, narrowed to our reads or to `limit`. `external_id` None leaves it out. Raises AwsError."""
    role_arn = str(connection.credentials["role_arn"])
    partition = role_arn.split(":")[1] if role_arn.count(":") >= 5 else "aws"
    chosen = limit or Limit(session_policy(), tuple(session_policy_arns(partition)))
    arguments: dict[str, Any] = {
        "RoleArn": role_arn,
        "RoleSessionName": role_session_name(connection.connection_id),
        "DurationSeconds": _SESSION_SECONDS,
        "Policy": json.dumps(chosen.policy, separators=(",", ":")),
    }
    if chosen.policy_arns:
        arguments["PolicyArns"] = [{"arn": arn} for arn in chosen.policy_arns]
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
