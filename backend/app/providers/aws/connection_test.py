"""The connection test: every read that a sync needs, tried once on as little as possible."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.providers.aws.catalogue import calls_of
from app.providers.aws.catalogue.model import Service
from app.providers.aws.credentials import assume_role, platform_sts
from app.providers.aws.errors import AwsError
from app.providers.aws.permissions import permission_for
from app.providers.aws.reader import Attempt
from app.providers.base import Connection, ErrorKind, PermissionCheck

MISSING = "missing permission"
_NOT_TRIED = "not tried: there is nothing yet to read it from"
_WRONG_EXTERNAL_ID = "cloudops-deliberately-wrong"
OPEN_TRUST_WARNING = (
    "The role can be assumed with a wrong or without an external id. On AWS itself this connection would be refused."
)


def checks_of(service: Service, attempts: Sequence[Attempt]) -> list[PermissionCheck]:
    """One line per call that the service's types need. One refusal counts, however many calls went well."""
    outcomes: dict[tuple[str, str], AwsError | None] = {}
    for attempt in attempts:
        key = attempt.client, attempt.operation
        before = outcomes.get(key)
        if before is None or before.kind is not ErrorKind.ACCESS_DENIED:
            outcomes[key] = attempt.error
    needed = dict.fromkeys(call for entry in service.types for call in calls_of(service, entry))
    fallbacks = {
        extra.fallback.operation: (extra.client or service.name, extra.operation)
        for entry in service.types
        for extra in entry.extras
        if extra.fallback is not None
    }
    checks = []
    for client, operation in needed:
        if operation in fallbacks and (client, operation) not in outcomes:
            continue  # only asked for where the endpoint does not know the first choice
        checks.append(_check(service, client, operation, outcomes))
    return [check for check in checks if not _is_replaced(check, fallbacks, outcomes)]


def _check(
    service: Service, client: str, operation: str, outcomes: Mapping[tuple[str, str], AwsError | None]
) -> PermissionCheck:
    permission = permission_for(client, operation)
    call = f"{permission.partition(':')[0]}:{operation}"
    if (client, operation) not in outcomes:
        return PermissionCheck(service=service.name, call=call, permission=permission, ok=True, detail=_NOT_TRIED)
    error = outcomes[client, operation]
    ok = error is None or _says_absent(service, operation, error)
    return PermissionCheck(
        service=service.name,
        call=call,
        permission=permission,
        ok=ok,
        detail="" if ok or error is None else error.reason,
    )


def _is_replaced(
    check: PermissionCheck,
    fallbacks: Mapping[str, tuple[str, str]],
    outcomes: Mapping[tuple[str, str], AwsError | None],
) -> bool:
    """A first choice that the endpoint does not know, where the second one was asked."""
    return not check.ok and any(
        permission_for(*first) == check.permission and any(done == operation for _, done in outcomes)
        for operation, first in fallbacks.items()
    )


def _says_absent(service: Service, operation: str, error: AwsError) -> bool:
    if any(
        entry.listing is not None and entry.listing.operation == operation and error.code in entry.listing.absent
        for entry in service.types
    ):
        return True
    return any(
        extra.operation == operation and error.code in extra.absent
        for entry in service.types
        for first in entry.extras
        for extra in (first, first.fallback)
        if extra is not None
    )


def check_trust_policy(connection: Connection, region: str, client_options: Mapping[str, Any]) -> list[str]:
    """Try the role with a wrong and with no external id; both must be refused.

    Raises AwsError (kind OPEN_TRUST_POLICY) when one works. With an endpoint of the operator's own, which may accept
    anything, it is a warning instead.
    """
    sts = platform_sts(region, client_options)
    for external_id in (_WRONG_EXTERNAL_ID, None):
        try:
            assume_role(sts, connection, external_id=external_id)
        except AwsError as error:
            if error.kind is ErrorKind.ACCESS_DENIED:
                continue
            raise
        if connection.endpoint_url:
            return [OPEN_TRUST_WARNING]
        raise AwsError(
            ErrorKind.OPEN_TRUST_POLICY,
            "The role's trust policy does not require the external id, so anyone who may call us could use it. "
            "Add the condition sts:ExternalId to the trust policy.",
            call="sts:AssumeRole",
        )
    return []
