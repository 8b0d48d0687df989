"""Whose a resource is: the account row that it belongs to, and what another connection reads already."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.domains.accounts import service as accounts
from app.domains.inventory import rules
from app.domains.inventory.rules import PreparedResource
from app.providers.base import CollectedResource, Unit

NAMED_ACCOUNTS = 5


@dataclass(frozen=True, kw_only=True)
class Placed:
    """What is stored, by native key. `owners` as in `Destination`; `left_out`: ids and aliases of others' resources.

    `note` names accounts that are not known here, whose resources the reading account keeps.
    """

    resources: Mapping[str, PreparedResource]
    owners: Mapping[str, UUID]
    left_out: frozenset[str] = frozenset()
    note: str | None = None


async def place_resources(
    session: AsyncSession,
    organization_id: UUID,
    account_id: UUID,
    provider: str,
    unit: Unit,
    resources: Sequence[CollectedResource],
) -> Placed:
    """Prepare what was read and find each resource's account, in one read for all. The last of equal ids counts."""
    unit_account = rules.clean_text(unit.account)
    prepared = {
        made.native_key: made
        for made in (
            rules.prepare_resource(resource, provider=provider, native_account=unit_account) for resource in resources
        )
    }
    named = {made.native_account for made in prepared.values()} - {unit_account}
    if not named:
        return Placed(resources=prepared, owners={})
    found = await accounts.read_owners(session, organization_id, account_id, provider)
    owners = {rules.native_key(provider, number): id_ for number, id_ in found.own.items()}
    owners.setdefault(rules.native_key(provider, unit_account), account_id)
    others = {rules.native_key(provider, number) for number in found.others}
    keys = {number: rules.native_key(provider, number) for number in named}
    foreign = {number for number, key in keys.items() if key in others}
    unknown = sorted(number for number, key in keys.items() if key not in owners and number not in foreign)
    kept = {key: made for key, made in prepared.items() if made.native_account not in foreign}
    left_out = {
        text for made in prepared.values() if made.native_account in foreign for text in (made.native_id, *made.aliases)
    }
    return Placed(resources=kept, owners=owners, left_out=frozenset(left_out), note=_note(unknown))


def _note(unknown: Sequence[str]) -> str | None:
    if not unknown:
        return None
    named = ", ".join(unknown[:NAMED_ACCOUNTS])
    rest = f" and {len(unknown) - NAMED_ACCOUNTS} more" if len(unknown) > NAMED_ACCOUNTS else ""
    return f"Resources of accounts that this connection did not find are kept under the connection: {named}{rest}."
