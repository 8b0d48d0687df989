"""Facts about connected clouds."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from app.core.events import Event


@dataclass(frozen=True, kw_only=True)
class AccountConnected(Event):
    """An account passed its connection test and may be read. `by` is the person who connected it."""

    name: ClassVar[str] = "account.connected"
    topic: ClassVar[str | None] = "inventory"
    account_id: UUID
    by: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class AccountChanged(Event):
    """Settings of an account changed; `fields` names them, never their values."""

    name: ClassVar[str] = "account.changed"
    topic: ClassVar[str | None] = "inventory"
    account_id: UUID
    fields: list[str]
    by: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class AccountRemoved(Event):
    """An account is no longer read; its credentials are gone and its rows follow in the background."""

    name: ClassVar[str] = "account.removed"
    topic: ClassVar[str | None] = "inventory"
    account_id: UUID
    by: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class AccountsDiscovered(Event):
    """A connection to an organization found accounts that were not there before, or no longer finds some."""

    name: ClassVar[str] = "accounts.discovered"
    topic: ClassVar[str | None] = "inventory"
    account_id: UUID
    created: int
    vanished: int
