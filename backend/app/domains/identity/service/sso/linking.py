"""Linking a signed-in person to their account at a provider: the only way an existing person gets a second door."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.config import Settings
from app.core.database import tenant_session
from app.core.errors import NotFound
from app.core.http import Caller
from app.domains.identity.queries import sso as reads
from app.domains.identity.service.sessions import Origin
from app.domains.identity.service.sso.oidc import start_oidc
from app.domains.identity.service.sso.saml import start_saml
from app.domains.identity.service.sso.tickets import Started


async def start_link(
    settings: Settings,
    caller: Caller,
    connection_id: UUID,
    *,
    return_to: str | None,
    cookies: Mapping[str, str | None],
) -> Started:
    """Send the caller to the provider, which has to prove the person anew. `cookies`: the binding cookie by kind.

    Raises NotFound, StepUpRequired for a machine, and ProviderSignInFailed where the provider cannot be asked.
    """
    caller.require_step_up()
    async with tenant_session(caller.organization_id) as session:
        connection = await reads.get_connection(session, caller.organization_id, connection_id)
    if not connection.enabled or caller.session_id is None:
        raise NotFound
    start = start_oidc if connection.kind == "oidc" else start_saml
    return await start(
        settings,
        connection_id,
        return_to=return_to,
        fresh=True,
        binding=cookies.get(connection.kind),
        origin=Origin.of(caller),
        link=caller,
    )


@dataclass(frozen=True, kw_only=True)
class OwnIdentity:
    """A provider of the organization as one of its people sees it."""

    id: UUID
    name: str
    kind: str
    linked_at: datetime | None


async def list_own_identities(session: AsyncSession, caller: Caller) -> list[OwnIdentity]:
    """The organization's providers that are switched on, and since when the caller is linked to each."""
    linked = await reads.list_identities_of_user(session, caller.organization_id, caller.user_id)
    return [
        OwnIdentity(id=row.id, name=row.name, kind=row.kind, linked_at=linked.get(row.id))
        for row in await reads.list_connections(session, caller.organization_id)
        if row.enabled
    ]
