"""Notices to people about their own account, written in the transaction of the fact."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.domains.identity.events import IdentityEvent
from app.domains.notifications import queries
from app.domains.notifications.service.mailing import queue_mail


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
