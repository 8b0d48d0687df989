"""What a connection reads: one organization, folder, or some projects."""

import re

from app.providers.base import Connection, ErrorKind
from app.providers.gcp.errors import GcpError
from app.providers.gcp.session import GcpSession

_REGION = re.compile(r"[a-z]+(-[a-z]+)+\d+")


def parents_of(connection: Connection, session: GcpSession | None = None) -> list[str]:
    """`organizations/1`, `folders/2` or `projects/id` each. Raises GcpError where the scope names nothing."""
    scope = connection.scope
    for kind in ("organization", "folder"):
        value = scope.get(kind)
        if isinstance(value, str | int) and value != "":
            return [f"{kind}s/{str(value).rpartition('/')[2]}"]
    projects = scope.get("projects")
    if isinstance(projects, list) and projects:
        return list(dict.fromkeys(f"projects/{str(project).rpartition('/')[2]}" for project in projects))
    if session is not None and session.home_project:
        return [f"projects/{session.home_project}"]
    raise GcpError(ErrorKind.BAD_CREDENTIALS, "the scope names no organization, folder or project")


def is_chosen(connection: Connection, region: str) -> bool:
    """Whether what is in this place is wanted. What is in no region, or in several, is unless it is excluded."""
    if region in connection.excluded_regions:
        return False
    return not connection.regions or region in connection.regions or _REGION.fullmatch(region) is None


def account_of(parent: str) -> str:
    """A unit's account: a project by its id, what is above projects by its path."""
    return parent.removeprefix("projects/")


def parent_of(account: str) -> str:
    """The other way round."""
    return account if "/" in account else f"projects/{account}"


def report_account(parents: list[str]) -> str:
    """The connection's own account number: that of its only parent, or all its projects in one word."""
    if len(parents) == 1:
        return account_of(parents[0])
    return "projects:" + ",".join(sorted(account_of(parent) for parent in parents))
