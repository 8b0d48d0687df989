"""Who provisions: a token leads to one connection of one organization."""

import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.config import Settings
from app.core.database import directory_session, tenant_session
from app.core.errors import NotFound
from app.domains.identity.models import IdentityConnection
from app.domains.identity.queries import sso as reads
from app.domains.identity.rules.scim import ScimError
from app.domains.identity.service.members import lock_owners
from app.domains.identity.service.sessions import Origin

MAX_TOKEN = 200


@dataclass(frozen=True, kw_only=True)
class ScimScope:
    """One request of a provider's directory: its connection, and a transaction of that organization."""

    session: AsyncSession
    settings: Settings
    connection: IdentityConnection
    origin: Origin


@asynccontextmanager
async def open_scope(settings: Settings, token: str | None, origin: Origin) -> AsyncIterator[ScimScope]:
    """The scope of a provisioning token. Raises ScimError 401, also while the connection is switched off."""
    refused = ScimError(401, "", "The bearer token is missing or not valid.")
    if not token or len(token) > MAX_TOKEN:
        raise refused
    async with directory_session() as session:
        entry = await reads.find_entry(session, "scim", token)
    if entry is None:
        raise refused
    async with tenant_session(entry[0]) as session:
        try:
            connection = await reads.get_connection(session, *entry)
        except NotFound:
            raise refused from None
        digest = hashlib.sha256(token.encode()).digest()
        if connection.scim_token_hash is None or not hmac.compare_digest(connection.scim_token_hash, digest):
            raise refused
        if not connection.enabled:
            raise refused
        yield ScimScope(session=session, settings=settings, connection=connection, origin=origin)


async def begin_change(scope: ScimScope) -> None:
    """Take the turn to change people, before any row is locked: whoever is shut out here may be an owner."""
    await lock_owners(scope.session, scope.connection.organization_id)
