"""What provisioning does to memberships: in and out, at once, and never past the connection's own people."""

from uuid import UUID

from sqlalchemy import delete

from app.core import clock
from app.core.errors import AppError
from app.core.events import publish
from app.domains.identity import queries
from app.domains.identity.errors import LoginTaken
from app.domains.identity.events import PersonProvisioned
from app.domains.identity.models import ExternalIdentity, ScimUser
from app.domains.identity.queries import sso as reads
from app.domains.identity.rules.scim import ScimError, UserFacts
from app.domains.identity.rules.sso import LEAST_ROLE, domain_of
from app.domains.identity.service import people, sessions
from app.domains.identity.service.scim.access import ScimScope
from app.domains.identity.service.sso.admission import add_identity
from app.domains.identity.service.sso.roles import apply_groups, member_changed

TAKEN = ScimError(409, "uniqueness", "This user name or address is in use.")


async def checked_email(scope: ScimScope, facts: UserFacts) -> str:
    """The person's address: only of a domain that the connection has proven. Raises ScimError."""
    email = facts.email if facts.email and domain_of(facts.email) else facts.user_name
    domain = domain_of(email)
    connection = scope.connection
    if domain is None:
        raise ScimError(400, "invalidValue", "Neither userName nor emails holds an address.")
    if not await reads.is_proven(scope.session, connection.organization_id, connection.id, domain):
        raise ScimError(400, "invalidValue", "The domain of the address is not proven for this connection.")
    return email


async def find_or_make_person(scope: ScimScope, facts: UserFacts, email: str) -> UUID:
    """The member for a new resource: one this connection brought already, else a new person.

    Somebody who has the address without this connection's doing stays theirs: ScimError 409.
    """
    session, connection = scope.session, scope.connection
    organization_id = connection.organization_id
    if facts.external_id is not None:
        known = await reads.find_identity(session, organization_id, connection.id, facts.external_id)
        if known is not None:
            return known.user_id
    owner = await queries.find_user_by_login(session, email)
    if owner is not None:
        identity = await reads.find_identity_of_user(session, organization_id, connection.id, owner)
        if identity is None or identity.origin == "link":
            raise TAKEN
        return owner
    try:
        user = await people.create_user(session, organization_id, email=email, name=facts.name[:200], role=LEAST_ROLE)
    except LoginTaken:
        raise TAKEN from None
    except AppError as error:  # quotas
        raise ScimError(error.status, "", error.detail or error.title) from None
    return user.id


async def keep_identity(scope: ScimScope, user_id: UUID, before: str | None, external_id: str | None) -> None:
    """Let the person sign in by the id that the directory gives them; it is the subject at the same provider."""
    if external_id is None or before == external_id:
        return
    session, connection = scope.session, scope.connection
    taken = await reads.find_identity(session, connection.organization_id, connection.id, external_id)
    own = await reads.find_identity_of_user(session, connection.organization_id, connection.id, user_id)
    if taken is not None:
        if taken.user_id != user_id:
            raise TAKEN
        return
    if own is None:
        await add_identity(session, connection, external_id, user_id, "scim", scope.origin)
    elif own.origin == "scim" and own.subject == before:
        own.subject = external_id
        await session.flush()


async def set_active(scope: ScimScope, row: ScimUser, active: bool) -> None:
    """Let the person in or shut them out, ending every session they have here. Raises ScimError for the last owner."""
    if row.active == active:
        return
    session, organization_id = scope.session, scope.connection.organization_id
    membership = await queries.get_membership(session, organization_id, row.user_id, lock=True)
    leaves_none = membership.role == "owner" and await queries.count_owners(session, organization_id) < 2
    if not active and membership.disabled_at is None and leaves_none:
        raise ScimError(409, "mutability", "An organization keeps at least one owner.")
    was_disabled = membership.disabled_at is not None
    row.active = active
    membership.disabled_at = None if active else membership.disabled_at or clock.utc_now()
    await member_changed(
        session, scope.settings, scope.connection, membership, {"disabled": was_disabled}, {"disabled": not active}
    )
    if not active:
        await sessions.revoke_sessions(
            session, scope.settings, organization_id, row.user_id, reason="deprovisioned", origin=scope.origin
        )


async def forget_identity(scope: ScimScope, user_id: UUID) -> None:
    """The subject is nobody any more."""
    await scope.session.execute(
        delete(ExternalIdentity).where(
            ExternalIdentity.organization_id == scope.connection.organization_id,
            ExternalIdentity.connection_id == scope.connection.id,
            ExternalIdentity.user_id == user_id,
        )
    )


async def rename_person(scope: ScimScope, row: ScimUser, name: str) -> None:
    """The name of somebody this connection brought; others keep the one they gave themselves."""
    connection = scope.connection
    identity = await reads.find_identity_of_user(scope.session, connection.organization_id, connection.id, row.user_id)
    user = await queries.get_user(scope.session, row.user_id, lock=True)
    if user is not None and identity is not None and identity.origin != "link" and user.name != name:
        user.name = name[:200]
        await scope.session.flush()


async def refresh_role(scope: ScimScope, user_id: UUID) -> None:
    """Give a person the role of the groups that the directory has them in now."""
    connection = scope.connection
    groups = await reads.list_provisioned_groups(scope.session, connection.organization_id, connection.id, user_id)
    if groups is None:
        return
    membership = await queries.get_membership(scope.session, connection.organization_id, user_id, lock=True)
    await apply_groups(scope.session, scope.settings, connection, membership, groups)


async def announce_person(scope: ScimScope, user_id: UUID, change: str) -> None:
    """Publish what the directory did to a person."""
    connection = scope.connection
    await publish(
        scope.session,
        PersonProvisioned(
            organization_id=connection.organization_id,
            connection_id=connection.id,
            connection_name=connection.name,
            actor_kind="provider",
            user_id=user_id,
            change=change,
            client_address=scope.origin.client_address,
            user_agent=scope.origin.user_agent,
        ),
    )
