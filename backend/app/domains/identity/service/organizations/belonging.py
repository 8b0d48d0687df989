"""Which organizations a person belongs to: making one, going over to another, leaving, handing it on."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.config import Settings
from app.core.database import set_organization, set_user, tenant_session
from app.core.errors import Conflict, Forbidden
from app.core.events import publish
from app.core.http import Caller
from app.domains.identity import queries
from app.domains.identity.errors import LastOwner, OrganizationDeleted, TooManyOrganizations
from app.domains.identity.events import MemberChanged, OrganizationSwitched, OwnerChanged
from app.domains.identity.queries import organizations as reads
from app.domains.identity.queries.organizations import OwnOrganization
from app.domains.identity.rules import Client
from app.domains.identity.service import cache, members, people, sessions
from app.domains.identity.service.sessions import Origin, SignedIn
from app.domains.identity.service.sso.restrictions import (
    password_allowed,
    provider_of_session,
    require_own_sign_in,
)


async def list_organizations(session: AsyncSession, caller: Caller) -> list[OwnOrganization]:
    """The caller's organizations. A session of an identity provider and a machine see the present one only."""
    confined = caller.session_id is None or await provider_of_session(session, caller) is not None
    await set_user(session, caller.user_id)
    found = await reads.list_own_organizations(session, caller.user_id)
    return [item for item in found if not confined or item.id == caller.organization_id]


async def create_own_organization(
    session: AsyncSession, settings: Settings, caller: Caller, name: str
) -> OwnOrganization:
    """A new organization that the caller owns; the session is bound to it from here on.

    Raises Forbidden (machines, sessions of an identity provider) and TooManyOrganizations.
    """
    if caller.session_id is None:
        raise Forbidden("Only a person can create an organization.")
    await require_own_sign_in(session, caller)
    await set_user(session, caller.user_id)
    await queries.get_user(session, caller.user_id, lock=True)  # two at once must not pass the limit together
    owned = sum(item.role == "owner" for item in await reads.list_own_organizations(session, caller.user_id))
    limit = settings.organizations_per_person
    if owned >= limit:
        raise TooManyOrganizations(
            f"You own {owned}, and this installation allows {limit}.", extensions={"limit": limit, "used": owned}
        )
    made = await people.create_organization(session, name)
    await people.add_member(session, made.id, caller.user_id, "owner", actor_id=caller.user_id)
    return OwnOrganization(id=made.id, name=made.name, role="owner", deleted_at=None)


async def switch_organization(settings: Settings, caller: Caller, organization_id: UUID, origin: Origin) -> SignedIn:
    """A session in another organization instead of the present one, as good as that: same proof, same factors.

    Where that organization asks for a second factor and there was none, the session reaches the profile only, as after
    a sign-in. Raises NotFound (also for an organization that the caller does not belong to) and Forbidden (machines,
    sessions of an identity provider, organizations that only their provider may open).
    """
    if caller.session_id is None:
        raise Forbidden("Only a person can change to another organization.")
    async with tenant_session(caller.organization_id) as session:
        await require_own_sign_in(session, caller)
        present = await sessions.get_live_session(session, caller)
        await set_user(session, caller.user_id)
        membership = await reads.get_own_membership(session, organization_id, caller.user_id)
        await set_organization(session, organization_id)
        if not await password_allowed(session, membership):
            raise Forbidden("This organization is opened through its identity provider only.")
        client: Client = "native" if present.client == "native" else "web"
        row, refresh_token = await sessions.start_session(
            session, settings, organization_id, caller.user_id, client=client, amr=present.amr, origin=origin
        )
        row.authenticated_at = present.authenticated_at  # a change of place proves nothing anew
        await session.flush()
        await publish(
            session,
            OrganizationSwitched(
                organization_id=organization_id,
                actor_id=caller.user_id,
                user_id=caller.user_id,
                session_id=row.id,
                client_address=origin.client_address,
                user_agent=origin.user_agent,
            ),
        )
        await session.flush()
        await set_organization(session, caller.organization_id)
        await sessions.revoke_sessions(
            session,
            settings,
            caller.organization_id,
            caller.user_id,
            reason="switched",
            only=[present.id],
            actor_id=caller.user_id,
            origin=origin,
        )
    return await sessions.issue_tokens(settings, row, refresh_token)


async def leave_organization(session: AsyncSession, settings: Settings, caller: Caller) -> None:
    """End the caller's own membership with its sessions here. Raises LastOwner, and Forbidden for machines."""
    if caller.session_id is None:
        raise Forbidden("Only a person can leave.")
    await members.lock_owners(session, caller.organization_id)
    membership = await queries.get_membership(session, caller.organization_id, caller.user_id, lock=True)
    if membership.role == "owner" and await queries.count_owners(session, caller.organization_id) < 2:
        raise LastOwner("Hand the ownership to somebody else first, or delete the organization.")
    await members.erase_membership(session, settings, membership, Origin.of(caller), actor_id=caller.user_id)


async def transfer_ownership(session: AsyncSession, settings: Settings, caller: Caller, user_id: UUID) -> None:
    """Make an active member the owner; the caller, who was one, becomes an administrator.

    Raises NotFound for somebody who is no member, and Conflict for oneself or a member who is shut out.
    """
    await members.lock_owners(session, caller.organization_id)
    await require_not_deleted(session, caller.organization_id)
    new = await queries.get_membership(session, caller.organization_id, user_id, lock=True)
    old = await queries.get_membership(session, caller.organization_id, caller.user_id, lock=True)
    if user_id == caller.user_id or new.disabled_at is not None:
        raise Conflict("Choose another active member.")
    if old.role != "owner":
        raise Forbidden("Only an owner hands the ownership on.")
    for membership, role in ((new, "owner"), (old, "admin")):
        before = membership.role
        membership.role, membership.role_id, membership.scope = role, None, None
        membership.version += 1
        await session.flush()
        await cache.mark_member(settings, membership.organization_id, membership.user_id)
        await publish(
            session,
            MemberChanged(
                organization_id=caller.organization_id,
                user_id=membership.user_id,
                before={"role": before},
                after={"role": role},
                actor_id=caller.user_id,
                client_address=caller.client_address,
                user_agent=caller.user_agent,
            ),
        )
    await publish(
        session,
        OwnerChanged(
            organization_id=caller.organization_id,
            user_id=user_id,
            actor_id=caller.user_id,
            client_address=caller.client_address,
            user_agent=caller.user_agent,
        ),
    )


async def require_not_deleted(session: AsyncSession, organization_id: UUID) -> None:
    """Raises OrganizationDeleted while the organization waits for its end."""
    if (await reads.get_directory(session, organization_id)).deleted_at is not None:
        raise OrganizationDeleted
