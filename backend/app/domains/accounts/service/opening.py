"""From a stored account to a connection that an adapter can use."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.config import get_settings
from app.core.secrets import open_sealed, seal
from app.domains.accounts import queries
from app.domains.accounts.errors import CredentialsMissing
from app.domains.accounts.models import Account
from app.domains.accounts.service.checking import check_connection
from app.domains.accounts.service.registry import get_provider
from app.providers.base import Connection


@dataclass(frozen=True, kw_only=True)
class OpenedAccount:
    """What a sync needs of an account, free of the session that read it.

    `connection_id` is the account whose credentials are used: its own, or its parent's.
    """

    account_id: UUID
    connection_id: UUID
    provider: str
    native_account_id: str | None
    connection: Connection


async def open_connection(session: AsyncSession, organization_id: UUID, account_id: UUID) -> Connection:
    """The account's connection with opened credentials, for memory only.

    Raises NotFound, CredentialsMissing, and AddressNotAllowed when the address is no longer permitted.
    """
    return (await open_account(session, organization_id, account_id)).connection


async def open_account(session: AsyncSession, organization_id: UUID, account_id: UUID) -> OpenedAccount:
    """`open_connection` with the name of the account's provider. A found account is opened by its parent's credentials.

    Raises ProviderError where the parent cannot reach the found account by any connection.
    """
    account = await queries.get_account(session, organization_id, account_id)
    holder = account
    if account.parent_id is not None:
        # A scope may name the found account alone: who may read it may have it read by its parent's credentials.
        holder = await queries.get_parent(session, organization_id, account.parent_id)
    if holder.credentials is None:
        raise CredentialsMissing("The account has no credentials. Give them again, then sync.")
    sealed = holder.credentials
    secret = await open_sealed(session, organization_id, "accounts", "credentials", holder.id, sealed)
    credentials = orjson.loads(secret.reveal_bytes())
    await check_connection(holder.provider, holder.endpoint_url, credentials)
    connection = make_connection(
        holder.id,
        credentials,
        endpoint_url=holder.endpoint_url,
        regions=holder.regions,
        excluded_regions=sorted({*holder.excluded_regions, *account.excluded_regions}),
        scope=holder.scope,
    )
    if holder is not account and account.reads_alone and account.native_account_id is not None:
        connection = get_provider(account.provider).connect_child(connection, account.native_account_id)
    return OpenedAccount(
        account_id=account.id,
        connection_id=holder.id,
        provider=account.provider,
        native_account_id=account.native_account_id,
        connection=connection,
    )


def make_connection(
    account_id: UUID,
    credentials: Mapping[str, Any],
    *,
    endpoint_url: str | None,
    regions: Sequence[str],
    excluded_regions: Sequence[str],
    scope: Mapping[str, Any],
) -> Connection:
    """A connection from plain values; the installation's own certificates come from its settings."""
    extra_ca_file = get_settings().extra_ca_file
    return Connection(
        connection_id=str(account_id),
        credentials=credentials,
        endpoint_url=endpoint_url,
        regions=tuple(regions),
        excluded_regions=tuple(excluded_regions),
        scope=dict(scope),
        extra_ca_file=str(extra_ca_file) if extra_ca_file else None,
    )


async def store_credentials(session: AsyncSession, account: Account, credentials: Mapping[str, Any]) -> None:
    """Seal the credentials into their row; the row's id and organization must be set."""
    plain = orjson.dumps(credentials)
    account.credentials = await seal(session, account.organization_id, "accounts", "credentials", account.id, plain)
