"""The accounts that a connection to an organization finds: made, updated and marked in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import utc_now
from app.core.events import publish
from app.core.ids import new_id
from app.core.quotas import count_used, get_limit, lock_quota
from app.domains.accounts import queries
from app.domains.accounts.events import AccountsDiscovered
from app.domains.accounts.models import Account
from app.providers.base import DiscoveredAccount

INACTIVE_WORDS = {
    "suspended": "The cloud has suspended this account.",
    "vanished": "The connection no longer finds this account.",
}


@dataclass(kw_only=True)
class FoundAccounts:
    """What one complete discovery did, by our ids. `left_out`: accounts that the quota had no room for.

    `gone`: not found for at least the second time in a row. `readable`: active ones that a sync of their own reads.
    """

    created: list[UUID] = field(default_factory=list)
    suspended: list[UUID] = field(default_factory=list)
    vanished: list[UUID] = field(default_factory=list)
    gone: list[UUID] = field(default_factory=list)
    readable: list[UUID] = field(default_factory=list)
    left_out: int = 0


async def store_found_accounts(
    session: AsyncSession,
    organization_id: UUID,
    connection_id: UUID,
    found: Sequence[DiscoveredAccount],
    *,
    reads_alone: bool,
) -> FoundAccounts:
    """Make the connection's accounts those that a complete discovery found. Safe to repeat. Raises NotFound.

    An account that another connection has already stays with it, and this connection says so. One that is not found is
    marked and kept: deleting is for people.
    """
    parent = await queries.get_account(session, organization_id, connection_id, lock=True)
    children = {row.native_account_id: row for row in await queries.list_children(session, organization_id, parent.id)}
    if not found and not children:
        return FoundAccounts()
    now, made = utc_now(), FoundAccounts()
    wanted = {account.native_account: account for account in sorted(found, key=lambda one: one.native_account)}
    if (own := wanted.pop(parent.native_account_id or "", None)) is not None:
        parent.path = list(own.path)
    known = await queries.find_native_accounts(session, organization_id, parent.provider, list(wanted))
    elsewhere = {row.native_account_id: row for row in known if row.parent_id != parent.id}
    parent.accounts_elsewhere = [
        {"native_account": number, "name": wanted[number].name, "connection_id": str(row.parent_id or row.id)}
        for number, row in sorted(elsewhere.items())
        if number is not None
    ]
    new = [one for number, one in wanted.items() if number not in children and number not in elsewhere]
    room = await _room(session, organization_id, len(new))
    made.left_out = len(new) - room
    for one in new[:room]:
        children[one.native_account] = child = _make_child(parent, one, reads_alone, now)
        session.add(child)
        made.created.append(child.id)
    for number, child in children.items():
        _update_child(child, wanted.get(number or ""), made, now, before=parent.discovered_at)
        child.reads_alone = reads_alone
    parent.discovered_at = now
    await session.flush()
    if made.created or made.vanished:
        await publish(
            session,
            AccountsDiscovered(
                organization_id=organization_id,
                account_id=parent.id,
                created=len(made.created),
                vanished=len(made.vanished),
            ),
        )
    return made


async def _room(session: AsyncSession, organization_id: UUID, wanted: int) -> int:
    """How many more accounts fit; the lock lasts until the commit, so others do not take the same room."""
    limit = await get_limit(session, organization_id, "accounts") if wanted else None
    if limit is None:
        return wanted
    await lock_quota(session, organization_id, "accounts")
    return max(0, min(wanted, limit - await count_used(session, organization_id, "accounts")))


def _make_child(parent: Account, found: DiscoveredAccount, reads_alone: bool, now: datetime) -> Account:
    return Account(
        organization_id=parent.organization_id,
        id=new_id(),
        provider=parent.provider,
        name=found.name or found.native_account,
        native_name=found.name or found.native_account,
        native_account_id=found.native_account,
        parent_id=parent.id,
        kind=found.kind,
        path=list(found.path),
        reads_alone=reads_alone,
        status="pending",
        regions=[],
        excluded_regions=[],
        scope={},
        type_groups={},
        accounts_elsewhere=[],
        coverage={},
        credentials_kind="parent",
        created_at=now,
    )


def _update_child(
    child: Account, found: DiscoveredAccount | None, made: FoundAccounts, now: datetime, *, before: datetime | None
) -> None:
    if found is not None:
        if child.name == child.native_name:  # nobody gave it a name of their own
            child.name = found.name or found.native_account
        child.native_name, child.kind, child.path = found.name or found.native_account, found.kind, list(found.path)
    reason = "vanished" if found is None else None if found.is_active else "suspended"
    if reason is None:
        if child.inactive_since is not None:
            child.inactive_since = child.inactive_reason = child.status_detail = None
            child.status = "pending"
        if child.reads_alone:
            made.readable.append(child.id)
        return
    if child.inactive_reason != reason:
        child.inactive_since, child.inactive_reason = now, reason
        child.status, child.status_detail = "degraded", INACTIVE_WORDS[reason]
        (made.vanished if reason == "vanished" else made.suspended).append(child.id)
    elif reason == "vanished" and before is not None and child.inactive_since is not None:
        made.gone.append(child.id)
