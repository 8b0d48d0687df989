"""From a stored account to a connection that an adapter can use."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.config import get_settings
from app.core.egress import check_endpoint
from app.core.secrets import open_sealed, seal
from app.domains.accounts import queries
from app.domains.accounts.errors import CredentialsMissing
from app.domains.accounts.models import Account
from app.providers.base import Connection


@dataclass(frozen=True, kw_only=True)
class OpenedAccount:
    """What a sync needs of an account, free of the session that read it."""

    account_id: UUID
    provider: str
    connection: Connection


async def open_connection(session: AsyncSession, organization_id: UUID, account_id: UUID) -> Connection:
    """The account's connection with opened credentials, for memory only.

    Raises NotFound, CredentialsMissing, and AddressNotAllowed when the address is no longer permitted.
    """
    return (await open_account(session, organization_id, account_id)).connection


async def open_account(session: AsyncSession, organization_id: UUID, account_id: UUID) -> OpenedAccount:
    """`open_connection` with the name of the account's provider."""
    account = await queries.get_account(session, organization_id, account_id)
    if account.credentials is None:
        raise CredentialsMissing("The account has no credentials. Give them again, then sync.")
    sealed = account.credentials
    secret = await open_sealed(session, organization_id, "accounts", "credentials", account.id, sealed)
    if account.endpoint_url is not None:
        await check_endpoint(account.endpoint_url, get_settings())
    connection = make_connection(
        account.id,
        orjson.loads(secret.reveal_bytes()),
        endpoint_url=account.endpoint_url,
        regions=account.regions,
        scope=account.scope,
    )
    return OpenedAccount(account_id=account.id, provider=account.provider, connection=connection)


def make_connection(
    account_id: UUID,
    credentials: Mapping[str, Any],
    *,
    endpoint_url: str | None,
    regions: list[str],
    scope: Mapping[str, Any],
) -> Connection:
    """A connection from plain values; the installation's own certificates come from its settings."""
    extra_ca_file = get_settings().extra_ca_file
    return Connection(
        connection_id=str(account_id),
        credentials=credentials,
        endpoint_url=endpoint_url,
        regions=tuple(regions),
        scope=dict(scope),
        extra_ca_file=str(extra_ca_file) if extra_ca_file else None,
    )


async def store_credentials(session: AsyncSession, account: Account, credentials: Mapping[str, Any]) -> None:
    """Seal the credentials into their row; the row's id and organization must be set."""
    plain = orjson.dumps(credentials)
    account.credentials = await seal(session, account.organization_id, "accounts", "credentials", account.id, plain)
