"""What the organization's rules and the way of signing in forbid."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Forbidden
from app.core.http import Caller
from app.domains.identity.models import Membership
from app.domains.identity.queries import sso as reads
from app.domains.identity.service.policy import get_policy


async def password_allowed(session: AsyncSession, membership: Membership) -> bool:
    """Whether a member may enter the organization without its identity provider.

    Owners always may: somebody has to get in when the provider is broken. The session must be bound to the
    organization.
    """
    if membership.role == "owner":
        return True
    return not (await get_policy(session, membership.organization_id)).sso_required


async def require_own_sign_in(session: AsyncSession, caller: Caller) -> None:
    """Refuse sessions that an organization's provider gave: it must not reach past its organization.

    For everything that belongs to the person and not to the organization: password, e-mail address, factors, other
    organizations. Raises Forbidden.
    """
    if await provider_of_session(session, caller) is not None:
        raise Forbidden("You signed in through your organization's identity provider. Sign in by yourself for this.")


async def provider_of_session(session: AsyncSession, caller: Caller) -> UUID | None:
    """The connection that the caller's session came through; None for any other session and for machines."""
    if caller.session_id is None:
        return None
    return await reads.get_session_connection(session, caller.organization_id, caller.session_id)
