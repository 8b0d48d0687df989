"""What gives the permissions that units lacked, in the cloud's own form."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.domains.accounts import service as accounts
from app.domains.accounts.errors import ProviderNotAvailable
from app.domains.inventory import rules
from app.domains.inventory.schemas.collecting import Grant
from app.domains.inventory.service.coverage import list_missing_permissions


async def read_grant(session: AsyncSession, organization_id: UUID, account_id: UUID) -> Grant:
    """The permissions that are missing and what grants them; without a document where none is. Raises NotFound."""
    account = await accounts.read_account(session, organization_id, account_id)
    permissions = await list_missing_permissions(session, organization_id, account_id)
    document = _document(account.provider, permissions, account.scope) if permissions else None
    return Grant.model_validate(
        {
            "provider": account.provider,
            "format": "text" if isinstance(document, str) else "json",
            "document": document,
            "permissions": permissions,
        }
    )


def _document(provider: str, permissions: Sequence[str], scope: Mapping[str, Any]) -> Mapping[str, Any] | str | None:
    """The adapter's own text where it has one, the same that its connection reports carry; else the plain role."""
    try:
        make = getattr(accounts.get_provider(provider), "grant_for", None)
    except ProviderNotAvailable:
        make = None
    made: Mapping[str, Any] | str | None = make(permissions) if make is not None else None
    return made if made is not None else rules.role_document(provider, permissions, scope)
