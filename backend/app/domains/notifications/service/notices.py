"""Notices to people about their own account, written in the transaction of the fact."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.tasks import enqueue
from app.domains.identity import service as identity
from app.domains.identity.events import IdentityEvent, OrganizationDeletionRequested, OrganizationRestored
from app.domains.notifications import queries
from app.domains.notifications.service.mail_texts import compose
from app.domains.notifications.service.mailing import ReadyMail, queue_mail

DELETION_MAIL_TASK = "notifications.send_deletion_mail"


async def tell_person(session: AsyncSession, event: IdentityEvent, kind: str, **values: str) -> None:
    """Mail the person that the fact is about; nothing where they are not a member any more."""
    email = await queries.get_member_email(session, event.organization_id, event.user_id)
    if email is not None:
        known = {"client_address": event.client_address or "an unknown address"}
        await queue_mail(session, event.organization_id, email, kind, known | values)


async def tell_owners(session: AsyncSession, event: IdentityEvent, kind: str) -> None:
    """Mail the organization's owners about somebody else's account."""
    email = await queries.get_member_email(session, event.organization_id, event.user_id)
    for owner in await queries.list_role_emails(session, event.organization_id, ["owner"]):
        if email is not None and owner != email:
            await queue_mail(session, event.organization_id, owner, kind, {"email": email})


async def tell_of_deletion(session: AsyncSession, event: OrganizationDeletionRequested) -> None:
    """Queue a mail to each owner. Not an outbox row: nothing can be sealed any more, and the mail holds no secret."""
    for user_id in await queries.list_owner_ids(session, event.organization_id):
        await enqueue(
            session,
            DELETION_MAIL_TASK,
            {"user_id": user_id, "by": event.actor_id, "until": f"{event.delete_after:%Y-%m-%d %H:%M} UTC"},
            organization_id=event.organization_id,
            dedupe=f"{user_id} {event.delete_after.isoformat()}",
            priority=6,
        )


async def compose_deletion_mail(
    session: AsyncSession, organization_id: UUID, user_id: UUID, by: UUID | None, until: str
) -> ReadyMail | None:
    """The mail, which is told from others by the person; None for somebody who is not a member any more."""
    email = await queries.get_member_email(session, organization_id, user_id)
    if email is None:
        return None
    values = await _named(session, organization_id, by)
    subject, body, path = compose("organization-deleted", values | {"until": until})
    return ReadyMail(mail_id=user_id, recipient=email, subject=subject, body=body, path=path)


async def tell_of_restore(session: AsyncSession, event: OrganizationRestored) -> None:
    """Mail the owners that the organization is back, under its new key."""
    values = await _named(session, event.organization_id, event.actor_id)
    for owner in await queries.list_role_emails(session, event.organization_id, ["owner"]):
        await queue_mail(session, event.organization_id, owner, "organization-restored", values)


async def _named(session: AsyncSession, organization_id: UUID, by: UUID | None) -> dict[str, str]:
    names = await identity.get_user_names(session, organization_id, [by] if by else [])
    organization = await identity.get_organization(session, organization_id)
    return {"organization": organization.name, "by": (names.get(by) if by else None) or "An owner"}
