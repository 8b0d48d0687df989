"""What part of an organization somebody sees: some accounts, some tags, or both. `queries.py` of every domain apply it.

A scope is bound to the request's session like the organization is, so a use case that reads through several domains
is narrowed in all of them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Forbidden


class OutsideScope(Forbidden):
    """What was asked for is of the whole organization and cannot be narrowed to the caller's part of it."""

    title = "Your access covers a part of the organization only"


@dataclass(frozen=True, slots=True)
class Scope:
    """A resource is visible when its account is in `accounts` (if any) and it has at least one of `tags` (if any).

    `tags` are exact (key, value) pairs. `within` is a second scope that must let the resource through as well: a key
    narrows its creator's scope and never widens it.
    """

    accounts: frozenset[UUID] = frozenset()
    tags: tuple[tuple[str, str], ...] = ()
    within: "Scope | None" = None

    def parts(self) -> Iterator["Scope"]:
        """Every scope of the chain; all of them must let a resource through."""
        part: Scope | None = self
        while part is not None:
            yield part
            part = part.within

    def has_account(self, account_id: UUID) -> bool:
        """Whether the account may be seen. Tags are of resources, so they do not hide accounts."""
        return all(not part.accounts or account_id in part.accounts for part in self.parts())

    def has_resource(self, account_id: UUID, tags: Mapping[str, Any]) -> bool:
        """Whether a resource of this account with these tags may be seen."""
        return self.has_account(account_id) and all(
            not part.tags or any(tags.get(key) == value for key, value in part.tags) for part in self.parts()
        )

    @property
    def has_tags(self) -> bool:
        """Whether tags narrow it, so that figures of a whole account are too much."""
        return any(part.tags for part in self.parts())

    @property
    def account_ids(self) -> frozenset[UUID] | None:
        """The accounts that may be seen; None when accounts do not narrow it."""
        named = [part.accounts for part in self.parts() if part.accounts]
        return frozenset.intersection(*named) if named else None

    def to_json(self) -> dict[str, Any]:
        """The form of the contract and of the database, without `within`."""
        return {
            "accounts": sorted(str(account_id) for account_id in self.accounts),
            "tags": [{"key": key, "value": value} for key, value in self.tags],
        }


def read_scope(stored: Mapping[str, Any] | None) -> Scope | None:
    """The scope of a stored value."""
    if not stored:
        return None
    accounts = frozenset(UUID(text) for text in stored.get("accounts", ()))
    return Scope(accounts, tuple((tag["key"], tag["value"]) for tag in stored.get("tags", ())))


def intersect(inner: Scope | None, outer: Scope | None) -> Scope | None:
    """What both let through; None is everything."""
    if inner is None or outer is None:
        return inner or outer
    *rest, last = [*inner.parts()]
    made = Scope(last.accounts, last.tags, outer)
    for part in reversed(rest):
        made = Scope(part.accounts, part.tags, made)
    return made


def covers(outer: Scope | None, inner: Scope | None) -> bool:
    """Whether everything that `inner` lets through is surely let through by `outer`: who may hand it out."""
    if outer is None:
        return True
    if inner is None:
        return False
    return all(_covers(part, inner) for part in outer.parts())


def _covers(outer: Scope, inner: Scope) -> bool:
    accounts, tags = inner.account_ids, [set(part.tags) for part in inner.parts() if part.tags]
    if outer.accounts and (accounts is None or not accounts <= outer.accounts):
        return False
    return not outer.tags or any(given <= set(outer.tags) for given in tags)


def bind_scope(session: AsyncSession, scope: Scope | None) -> None:
    """Narrow what queries of this session show."""
    session.info["scope"] = scope


def scope_of(session: AsyncSession) -> Scope | None:
    """What the session's queries have to keep to; None is the whole organization."""
    found: Scope | None = session.info.get("scope")
    return found


def require_whole(scope: Scope | None, detail: str) -> None:
    """Raises OutsideScope for a scoped caller: what follows is of the whole organization."""
    if scope is not None:
        raise OutsideScope(detail)


# What these allow is of the whole organization, so a scoped caller is told so instead of being shown a part as all.
WHOLE_ORGANIZATION: dict[str, str] = {
    "audit:read": "The audit log is of the whole organization.",
    "audit:export": "The audit log is of the whole organization.",
    "imports:write": "Bills are imported for the whole organization.",
    "organization:write": "Settings are of the whole organization.",
}


def check_reach(scope: Scope | None, permission: str) -> None:
    """Raises OutsideScope for a scoped caller whose permission has no meaning in a part of the organization."""
    if scope is not None and permission in WHOLE_ORGANIZATION:
        raise OutsideScope(WHOLE_ORGANIZATION[permission])


def account_conditions(scope: Scope | None, account_id: Any) -> list[ColumnElement[bool]]:
    """Conditions on a column that holds an account's id."""
    accounts = scope.account_ids if scope else None
    return [] if accounts is None else [account_id.in_(sorted(accounts))]


def resource_conditions(scope: Scope | None, account_id: Any, tags: Any) -> list[ColumnElement[bool]]:
    """Conditions on a resource's columns: its account's id and its JSON object of tags."""
    made = account_conditions(scope, account_id)
    for part in scope.parts() if scope else ():
        if part.tags:
            made.append(or_(*(tags[key].astext == value for key, value in part.tags)))
    return made
