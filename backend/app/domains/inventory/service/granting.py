"""What gives the permissions that units lacked, in the cloud's own form: the adapter's text of connection reports."""

import importlib
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.domains.accounts import service as accounts
from app.domains.inventory import rules
from app.domains.inventory.schemas.collecting import Grant
from app.domains.inventory.service.coverage import list_missing_permissions

# Imported at first use, as adapters are.
_MAKERS = {
    "aws": "app.providers.aws.policies",
    "gcp": "app.providers.gcp.grants",
    "azure": "app.providers.azure.permissions",
}


async def read_grant(session: AsyncSession, organization_id: UUID, account_id: UUID) -> Grant:
    """The permissions that are missing and what grants them; without a document where none is. Raises NotFound."""
    account = await accounts.read_account(session, organization_id, account_id)
    permissions = await list_missing_permissions(session, organization_id, account_id)
    found = account.parent_id is not None
    places = rules.grant_places(account.provider, account.scope, account.native_account_id, found=found)
    hint = account.credentials.hint if account.credentials.kind == "service_account" else None
    document = make_document(account.provider, permissions, places, hint or "") if permissions else None
    return Grant.model_validate(
        {"provider": account.provider, "format": "json", "document": document, "permissions": permissions}
    )


def make_document(
    provider: str, permissions: Sequence[str], places: Sequence[str], identity: str
) -> Mapping[str, Any] | None:
    """A policy or role with these permissions. `places`: where it is to hold; AWS's holds in its account."""
    make = importlib.import_module(_MAKERS[provider]).grant_for
    arguments = {"aws": (), "gcp": (places, identity), "azure": (places,)}[provider]
    made: Mapping[str, Any] | None = make(permissions, *arguments)
    return made
