"""The accounts of an organization: who they are, where they stand in it, and how each is read."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.providers.aws.errors import AwsError, translate
from app.providers.aws.session import AwsSession
from app.providers.base import Connection, DiscoveredAccount, ErrorKind

DEFAULT_ROLE = "CloudOpsReader"
_PARTITIONS = {"cn": "aws-cn", "us-gov": "aws-us-gov"}


def discover(session: AwsSession, scope: Mapping[str, Any]) -> list[DiscoveredAccount]:
    """Every account, those excluded aside. `path` is the root's name, then the units' from above. Raises AwsError."""
    if not scope.get("organization"):
        return []
    excluded = {str(one) for one in scope.get("exclude_accounts") or ()}
    organization = _Organization(session)
    names = organization.paths()
    found = []
    for account in organization.pages("list_accounts", "Accounts"):
        number = _id_of(account, "ListAccounts")
        if number not in excluded:
            status = account.get("State") or account.get("Status")
            found.append(
                DiscoveredAccount(
                    native_account=number,
                    name=str(account.get("Name") or number),
                    kind="account",
                    path=names.get(number, ()),
                    is_active=status == "ACTIVE",
                )
            )
    return found


def connect_child(connection: Connection, native_account: str) -> Connection:
    """By `scope.role_name` in the account, from the connection's identity. Regions are the child's own to find."""
    scope = connection.scope
    role = str(scope.get("role_name") or DEFAULT_ROLE)
    credentials: dict[str, Any] = {
        "kind": "child_role",
        "role_arn": f"arn:{_partition(connection)}:iam::{native_account}:role/{role.removeprefix('/')}",
        "parent": dict(connection.credentials),
    }
    if scope.get("external_id"):
        credentials["external_id"] = str(scope["external_id"])
    kept: Mapping[str, Any] = {
        name: value
        for name, value in scope.items()
        if name not in ("organization", "role_name", "exclude_accounts", "external_id")
    }
    return replace(
        connection,
        connection_id=f"{connection.connection_id}/{native_account}",
        credentials=credentials,
        scope=kept,
    )


def _partition(connection: Connection) -> str:
    """Of the role that is known, else of the region."""
    role = str(connection.credentials.get("role_arn") or "")
    if role.count(":") >= 5:
        return role.split(":")[1]
    region = str(next(iter(connection.regions), None) or connection.credentials.get("region") or "")
    return next((name for prefix, name in _PARTITIONS.items() if region.startswith(f"{prefix}-")), "aws")


def _id_of(thing: Mapping[str, Any], operation: str) -> str:
    """Raises AwsError: a thing without an id would make an account, or all below a unit, disappear."""
    number = str(thing.get("Id") or "")
    if not number:
        raise AwsError(ErrorKind.INVALID_ANSWER, "an item has no id", call=f"organizations:{operation}")
    return number


class _Organization:
    """Reads of one organization, from its management account or one that it delegates to."""

    def __init__(self, session: AwsSession) -> None:
        self._client = session.client("organizations", session.home_region)

    def pages(self, method: str, key: str, **arguments: str) -> list[Mapping[str, Any]]:
        """Every item of a listing. Raises AwsError."""
        operation = "".join(word.capitalize() for word in method.split("_"))
        try:
            pages = list(self._client.get_paginator(method).paginate(**arguments))
        except Exception as error:
            raise translate(error, "organizations", operation) from error
        if any(page.get(key) is None for page in pages):
            raise AwsError(ErrorKind.INVALID_ANSWER, f"the answer has no {key}", call=f"organizations:{operation}")
        return [item for page in pages for item in page[key]]

    def paths(self) -> dict[str, tuple[str, ...]]:
        """Account number → names from the root down. Two calls a unit, where asking each account takes one each."""
        paths: dict[str, tuple[str, ...]] = {}
        waiting: list[tuple[str, tuple[str, ...]]] = [
            (number, (str(root.get("Name") or number),))
            for root in self.pages("list_roots", "Roots")
            if (number := _id_of(root, "ListRoots"))
        ]
        while waiting:
            parent, path = waiting.pop()
            for account in self.pages("list_accounts_for_parent", "Accounts", ParentId=parent):
                paths[_id_of(account, "ListAccountsForParent")] = path
            for unit in self.pages("list_organizational_units_for_parent", "OrganizationalUnits", ParentId=parent):
                number = _id_of(unit, "ListOrganizationalUnitsForParent")
                waiting.append((number, (*path, str(unit.get("Name") or number))))
        return paths
