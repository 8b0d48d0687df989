"""Organizations, people and their memberships."""

import secrets
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.config import Settings
from app.core.database import directory_session, set_organization, set_user, tenant_session
from app.core.directory import DirectoryEntry, DirectoryOrganization, directory_hash
from app.core.errors import FieldProblem, InvalidInput
from app.core.events import publish
from app.core.http import Caller
from app.core.ids import new_id
from app.core.quotas import take_quota
from app.core.secrets import create_organization_key, seal_installation
from app.domains.identity import passwords, queries, rules
from app.domains.identity.errors import LoginTaken, OrganizationDeleted
from app.domains.identity.events import (
    MemberAdded,
    OrganizationChanged,
    OrganizationCreated,
    PasswordChanged,
)
from app.domains.identity.models import Membership, Organization, User
from app.domains.identity.queries.organizations import get_directory
from app.domains.identity.service import cache, sessions, signing_in
from app.domains.identity.service.keys import rotate_signing_keys
from app.domains.identity.service.sessions import Origin
from app.domains.identity.service.sso.restrictions import require_own_sign_in

_FIRST_START_LOCK = 0x636F_7002  # advisory lock: two processes that start at once make one administrator
DEFAULT_ADMINISTRATOR = "admin@cloudops.local"


async def create_organization(session: AsyncSession, name: str) -> Organization:
    """A new organization with its first key. From here on the session is bound to it."""
    organization_id = new_id()
    session.add(DirectoryOrganization(id=organization_id))
    await set_organization(session, organization_id)
    slug = await _take_slug(session, organization_id, rules.slug_of(name))
    organization = Organization(id=organization_id, name=name, slug=slug, settings={})
    session.add(organization)
    await session.flush()
    await create_organization_key(session, organization_id)
    await publish(session, OrganizationCreated(organization_id=organization_id, organization_name=name))
    return organization


async def _take_slug(session: AsyncSession, organization_id: UUID, wanted: str) -> str:
    """The slug itself where it is free, else with a random ending."""
    slug = wanted
    while not await _claim(session, "slug", slug, organization_id, organization_id):
        slug = f"{wanted}-{secrets.token_hex(3)}"
    return slug


async def _claim(
    session: AsyncSession, kind: str, value: str, subject_id: UUID, organization_id: UUID | None = None
) -> bool:
    """Take a name in the directory; False when somebody has it."""
    statement = insert(DirectoryEntry).values(
        kind=kind, hash=directory_hash(kind, value), subject_id=subject_id, organization_id=organization_id
    )
    taken = await session.execute(statement.on_conflict_do_nothing().returning(DirectoryEntry.subject_id))
    return taken.first() is not None


async def create_user(
    session: AsyncSession,
    organization_id: UUID,
    *,
    email: str,
    name: str,
    role: str,
    role_id: UUID | None = None,
    scope: dict[str, Any] | None = None,
    password: str | None = None,
    chosen: bool = True,
    actor_id: UUID | None = None,
) -> User:
    """A new person as a member of the organization that the session is bound to.

    The password is not checked against the policy here; one that nobody has `chosen` works for a week.
    Raises LoginTaken; existing people join by `add_member`.
    """
    user_id = new_id()
    if not await _claim(session, "login", rules.normalise_email(email), user_id):
        raise LoginTaken
    await set_user(session, user_id)  # a row nobody may see cannot be written
    user = User(
        id=user_id, email=email.strip(), email_normalised=rules.normalise_email(email), name=name, disabled_at=None
    )
    if password is not None:
        phc = await passwords.hash_password(password)
        user.password = await seal_installation(session, "users", "password", user_id, phc)
        user.password_changed_at = clock.utc_now() if chosen else None
    session.add(user)
    await session.flush()
    await add_member(session, organization_id, user_id, role, role_id=role_id, scope=scope, actor_id=actor_id)
    await _forget_user(session)
    return user


async def add_member(
    session: AsyncSession,
    organization_id: UUID,
    user_id: UUID,
    role: str,
    *,
    role_id: UUID | None = None,
    scope: dict[str, Any] | None = None,
    actor_id: UUID | None = None,
) -> Membership:
    """Let a person into the organization that the session is bound to; `role` is `custom` with a `role_id`.

    Raises QuotaExceeded, and OrganizationDeleted while the organization waits for its end.
    """
    if (await get_directory(session, organization_id)).deleted_at is not None:
        raise OrganizationDeleted
    await take_quota(session, organization_id, "users")
    membership = Membership(
        organization_id=organization_id,
        id=new_id(),
        user_id=user_id,
        role=role,
        role_id=role_id,
        scope=scope,
        disabled_at=None,
    )
    session.add(membership)
    await session.flush()
    await publish(
        session,
        MemberAdded(
            organization_id=organization_id,
            user_id=user_id,
            role=str(role_id or role),
            actor_id=actor_id,
            actor_kind="user" if actor_id else "system",
        ),
    )
    return membership


async def disable_user(session: AsyncSession, settings: Settings, organization_id: UUID, user_id: UUID) -> None:
    """Shut a person out of the whole installation and end all their sessions. For operators, not for members."""
    await set_user(session, user_id)
    user = await queries.get_user(session, user_id, lock=True)
    if user is not None:
        user.disabled_at = clock.utc_now()
        await session.flush()
        for membership in await queries.list_memberships_of(session, user_id):
            await cache.mark_member(settings, membership.organization_id, user_id)
        await sessions.revoke_everywhere(session, settings, user_id, reason="disabled", home=organization_id)
    await _forget_user(session)


async def change_password(
    settings: Settings, caller: Caller, *, current_password: str, new_password: str, end_other_sessions: bool
) -> int:
    """Change the caller's own password; returns how many other sessions ended, in all organizations.

    Own transactions: none stays open while a password is hashed, and a wrong one is on record. Raises StepUpRequired,
    LoginFailed (wrong current password), RateLimited and InvalidInput (weak new password).
    """
    caller.require_step_up()
    async with tenant_session(caller.organization_id) as session:
        await require_own_sign_in(session, caller)
    await signing_in.check_own_password(caller, current_password)
    async with tenant_session(caller.organization_id) as session:
        organization = await queries.get_organization(session, caller.organization_id)
        names = await queries.get_user_names(session, caller.organization_id, [caller.user_id])
    passwords.check_policy(new_password, [organization.name, caller.email, *names.values()], pointer="#/new_password")
    if new_password == current_password:
        problem = FieldProblem(pointer="#/new_password", detail="must differ from the current password")
        raise InvalidInput(errors=[problem])
    phc = await passwords.hash_password(new_password)
    async with tenant_session(caller.organization_id) as session:
        await signing_in.store_password(session, caller.user_id, phc, changed_at=clock.utc_now())
        ended = 0
        if end_other_sessions:
            ended = await sessions.revoke_everywhere(
                session,
                settings,
                caller.user_id,
                reason="password_changed",
                home=caller.organization_id,
                keep=caller.session_id,
                actor_id=caller.user_id,
                origin=Origin.of(caller),
            )
        await publish(
            session,
            PasswordChanged(
                organization_id=caller.organization_id,
                user_id=caller.user_id,
                ended_sessions=ended,
                actor_id=caller.user_id,
                client_address=caller.client_address,
                user_agent=caller.user_agent,
            ),
        )
    return ended


async def update_organization(session: AsyncSession, caller: Caller, *, name: str) -> Organization:
    """Rename the caller's organization. The slug stays: links hold it."""
    organization = await queries.get_organization(session, caller.organization_id, lock=True)
    before, organization.name = organization.name, name
    if before != name:
        organization.version += 1
        await session.flush()
        await publish(
            session,
            OrganizationChanged(
                organization_id=organization.id,
                before={"name": before},
                after={"name": name},
                actor_id=caller.user_id,
                client_address=caller.client_address,
                user_agent=caller.user_agent,
            ),
        )
    return organization


async def ensure_first_administrator(settings: Settings) -> tuple[str, str] | None:
    """On a first start: the signing key, the first organization and its owner.

    Returns (e-mail, first password) only when it was generated now: it is kept nowhere readable and works for a week.
    None on every later start, and when `CLOUDOPS_ADMIN_PASSWORD` gave the password. Raises InvalidInput for a weak one.
    """
    given = settings.admin_password.get_secret_value() if settings.admin_password else None
    email = settings.admin_email or DEFAULT_ADMINISTRATOR
    async with directory_session() as session:
        await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _FIRST_START_LOCK})
        await rotate_signing_keys(session, clock.utc_now())
        if await queries.has_organizations(session):
            return None
        if given is not None:
            passwords.check_policy(given, [email], pointer="CLOUDOPS_ADMIN_PASSWORD")
        password = given or secrets.token_urlsafe(18)
        organization = await create_organization(session, "My organization")
        await create_user(
            session, organization.id, email=email, name="Administrator", role="owner", password=password,
            chosen=given is not None,
        )  # fmt: skip
    return None if given is not None else (email, password)


async def _forget_user(session: AsyncSession) -> None:
    """Unbind the transaction from a person it was bound to for one use case."""
    await session.execute(text("SELECT set_config('app.user', '', true)"))
