"""Provisioned people."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete

from app.core import clock
from app.core.ids import new_id
from app.domains.identity.models import ScimGroupMember, ScimUser
from app.domains.identity.queries import scim as reads
from app.domains.identity.rules import normalise_email
from app.domains.identity.rules.scim import UserFacts, patch_user, read_user
from app.domains.identity.service.scim import people
from app.domains.identity.service.scim.access import ScimScope, begin_change
from app.domains.identity.service.scim.people import TAKEN


async def list_scim_users(
    scope: ScimScope, wanted: Mapping[str, str], start: int, count: int
) -> tuple[int, Sequence[ScimUser]]:
    """(total, one page)."""
    connection = scope.connection
    return await reads.list_scim_users(scope.session, connection.organization_id, connection.id, wanted, start, count)


async def get_scim_user(scope: ScimScope, scim_id: str, *, lock: bool = False) -> ScimUser:
    """One person. Raises ScimError 404, also for another connection's."""
    connection = scope.connection
    return await reads.get_scim_user(scope.session, connection.organization_id, connection.id, scim_id, lock=lock)


async def create_scim_user(scope: ScimScope, body: Mapping[str, Any]) -> ScimUser:
    """Bring a person, or bring a removed one back. Raises ScimError."""
    facts = read_user(body)
    await begin_change(scope)
    email = await people.checked_email(scope, facts)
    session, connection = scope.session, scope.connection
    row = await reads.find_by_user_name(session, connection.organization_id, connection.id, facts.user_name)
    if row is not None and row.removed_at is None:
        raise TAKEN
    if row is None:
        user_id = await people.find_or_make_person(scope, facts, email)
        row = await reads.find_by_user(session, connection.organization_id, connection.id, user_id)
        if row is not None and row.removed_at is None:
            raise TAKEN
    if row is None:
        row = ScimUser(
            organization_id=connection.organization_id, id=new_id(), connection_id=connection.id, user_id=user_id
        )
        row.active = True
        session.add(row)
    row.removed_at = None
    _write(row, facts, email)
    await session.flush()
    await people.keep_identity(scope, row.user_id, None, facts.external_id)
    await people.set_active(scope, row, facts.active)
    await people.refresh_role(scope, row.user_id)
    await people.announce_person(scope, row.user_id, "created")
    await session.flush()
    await session.refresh(row)
    return row


async def replace_scim_user(scope: ScimScope, scim_id: str, body: Mapping[str, Any]) -> ScimUser:
    """Replace what is known of a person (PUT). Raises ScimError."""
    await begin_change(scope)
    row = await get_scim_user(scope, scim_id, lock=True)
    return await _change(scope, row, read_user(body))


async def patch_scim_user(scope: ScimScope, scim_id: str, body: Mapping[str, Any]) -> ScimUser:
    """Change some of it. Raises ScimError."""
    await begin_change(scope)
    row = await get_scim_user(scope, scim_id, lock=True)
    return await _change(scope, row, patch_user(_facts_of(row), body))


async def delete_scim_user(scope: ScimScope, scim_id: str) -> None:
    """Shut a person out for good: the membership is disabled, the sessions end, the subject is nobody any more."""
    await begin_change(scope)
    row = await get_scim_user(scope, scim_id, lock=True)
    await people.set_active(scope, row, False)
    await people.forget_identity(scope, row.user_id)
    await scope.session.execute(
        delete(ScimGroupMember).where(
            ScimGroupMember.organization_id == row.organization_id, ScimGroupMember.scim_user_id == row.id
        )
    )
    row.removed_at = clock.utc_now()
    await scope.session.flush()
    await people.announce_person(scope, row.user_id, "removed")


async def _change(scope: ScimScope, row: ScimUser, facts: UserFacts) -> ScimUser:
    before = _facts_of(row)
    email = row.email
    if (facts.user_name, facts.email) != (before.user_name, before.email):
        email = await people.checked_email(scope, facts)
        connection = scope.connection
        other = await reads.find_by_user_name(scope.session, connection.organization_id, connection.id, facts.user_name)
        if other is not None and other.id != row.id:
            raise TAKEN
    _write(row, facts, email)
    await scope.session.flush()
    await people.keep_identity(scope, row.user_id, before.external_id, facts.external_id)
    if facts.name != before.name:
        await people.rename_person(scope, row, facts.name)
    await people.set_active(scope, row, facts.active)
    await scope.session.flush()
    if facts != before:
        change = "changed"
        if facts.active != before.active:
            change = "activated" if facts.active else "deactivated"
        await people.announce_person(scope, row.user_id, change)
        await scope.session.flush()
        await scope.session.refresh(row)
    return row


def _facts_of(row: ScimUser) -> UserFacts:
    return UserFacts(
        user_name=row.user_name,
        external_id=row.external_id,
        email=row.email,
        given_name=row.given_name,
        family_name=row.family_name,
        display_name=row.display_name,
        active=row.active,
    )


def _write(row: ScimUser, facts: UserFacts, email: str) -> None:
    row.user_name, row.user_name_normalised = facts.user_name, normalise_email(facts.user_name)
    row.external_id, row.email = facts.external_id, email
    row.given_name, row.family_name, row.display_name = facts.given_name, facts.family_name, facts.display_name
