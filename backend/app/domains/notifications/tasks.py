"""Background work of notifications: sending, and the default channel of a new organization."""

import logging
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.config import get_settings
from app.core.database import tenant_session
from app.core.events import handles
from app.core.mail import MailFailed, send_mail
from app.core.tasks import TaskContext, schedule, task
from app.domains.identity import events as facts
from app.domains.identity import service as identity
from app.domains.identity.events import IdentityEvent, OrganizationCreated
from app.domains.notifications import service

logger = logging.getLogger(__name__)
identity.use_mail_queue(service.queue_mail)


@handles(OrganizationCreated)
async def add_default_channel(session: AsyncSession, event: OrganizationCreated) -> None:
    """Every organization starts with one channel, so that a critical alert reaches somebody."""
    await service.create_default_channel(session, event.organization_id)


@handles(facts.UserSignedIn)
async def tell_new_device(session: AsyncSession, event: facts.UserSignedIn) -> None:
    """A sign-in on a device that the person did not use before."""
    if event.new_device:
        await service.tell_person(session, event, "new-device", device=event.device)


# What a person is told about their own account whenever it happens: fact → (mail, {slot of the mail: field}).
_NOTICES: dict[type[IdentityEvent], tuple[str, dict[str, str]]] = {
    facts.RefreshReused: ("sessions-ended-by-reuse", {}),  # somebody may have copied the session
    facts.FactorFailed: ("factor-failed", {"device": "device"}),  # somebody knows the password
    facts.PasswordChanged: ("password-changed", {}),
    facts.FactorAdded: ("factor-added", {"factor": "factor_name"}),
    facts.FactorRemoved: ("factor-removed", {"factor": "factor_name"}),
    facts.RecoveryCodesMade: ("recovery-codes-made", {}),
    facts.RecoveryCodeUsed: ("recovery-code-used", {"left": "left"}),
}


async def tell_own_account(session: AsyncSession, event: IdentityEvent) -> None:
    """One of the facts above, to the person that it is about."""
    kind, slots = _NOTICES[type(event)]
    await service.tell_person(session, event, kind, **{slot: str(getattr(event, name)) for slot, name in slots.items()})


for _fact in _NOTICES:
    handles(_fact)(tell_own_account)


@handles(facts.FactorsRemovedByOperator)
async def tell_owners_of_removal(session: AsyncSession, event: facts.FactorsRemovedByOperator) -> None:
    """The other owners hear of it; the person has a mail of the use case itself."""
    await service.tell_owners(session, event, "member-factors-removed")


@handles(facts.OrganizationDeletionRequested)
async def tell_of_deletion(session: AsyncSession, event: facts.OrganizationDeletionRequested) -> None:
    """All owners, also the one who did it: it may have been somebody with their session."""
    await service.tell_of_deletion(session, event)


@handles(facts.OrganizationRestored)
async def tell_of_restore(session: AsyncSession, event: facts.OrganizationRestored) -> None:
    """The owners again."""
    await service.tell_of_restore(session, event)


@handles(facts.FactorResetRequested)
async def tell_reset_requested(session: AsyncSession, event: facts.FactorResetRequested) -> None:
    """To the person, and to the owners who can approve."""
    await service.tell_person(session, event, "factor-reset-requested")
    await service.tell_owners(session, event, "factor-reset-waiting")


@handles(facts.FactorResetApproved)
async def tell_reset_approved(session: AsyncSession, event: facts.FactorResetApproved) -> None:
    """Once the 24 hours have begun."""
    if event.due_at is not None:
        await service.tell_person(session, event, "factor-reset-approved", due=f"{event.due_at[:16]} UTC")


@handles(facts.FactorResetEnded)
async def tell_reset_ended(session: AsyncSession, event: facts.FactorResetEnded) -> None:
    """Used, or cancelled."""
    kind = "factor-reset-done" if event.reason == "used" else "factor-reset-cancelled"
    await service.tell_person(session, event, kind)


@schedule("notifications.enqueue_lost", cron="*/5 * * * *")
async def enqueue_lost(session: AsyncSession, organization_id: UUID) -> None:
    """A message whose job is lost is sent all the same."""
    await service.enqueue_lost(session, organization_id)
    await service.enqueue_lost_mails(session, organization_id)


@schedule("notifications.remove_old_mails", cron="51 3 * * *")
async def remove_old_mails(session: AsyncSession, organization_id: UUID) -> None:
    """Remove the records of old mails to single people."""
    await service.remove_old_mails(session, organization_id)


@task("notifications.deliver", retries=3, timeout_seconds=60, queue="notify", announce=False)
async def deliver(context: TaskContext, delivery_id: UUID) -> None:
    """Send one message. At least once: a crash between sending and recording sends it again with the same id."""
    async with tenant_session(context.organization_id) as session:
        message = await service.claim_delivery(session, context.organization_id, delivery_id)
    if message is None:
        return
    subject, body = f"[{message.severity}] {message.title}", f"{message.body}\n\n{_address(message.link)}\n"
    failure = await _send(context, message.recipient, subject, body, str(message.delivery_id))
    error, permanent = (failure.reason, failure.permanent) if failure else (None, False)
    async with tenant_session(context.organization_id) as session:
        await service.end_delivery(session, context.organization_id, delivery_id, error=error, permanent=permanent)


@task("notifications.send_mail", retries=3, timeout_seconds=60, queue="notify", announce=False)
async def send_personal_mail(context: TaskContext, mail_id: UUID) -> None:
    """Send one mail to one person. At least once, like deliveries."""
    async with tenant_session(context.organization_id) as session:
        mail = await service.claim_mail(session, context.organization_id, mail_id)
    if mail is None:
        return
    body = f"{mail.body}\n\n{_address(mail.path)}\n"
    failure = await _send(context, mail.recipient, mail.subject, body, str(mail.mail_id))
    error, permanent = (failure.reason, failure.permanent) if failure else (None, False)
    async with tenant_session(context.organization_id) as session:
        await service.end_mail(session, context.organization_id, mail_id, error=error, permanent=permanent)


@task(service.DELETION_MAIL_TASK, retries=8, timeout_seconds=60, queue="notify", announce=False)
async def send_deletion_mail(context: TaskContext, user_id: UUID, by: UUID | None, until: str) -> None:
    """Tell one owner that the organization is being deleted. At least once; a failure is tried again as a job."""
    async with tenant_session(context.organization_id) as session:
        mail = await service.compose_deletion_mail(session, context.organization_id, user_id, by, until)
    if mail is None:
        return
    body, key = f"{mail.body}\n\n{_address(mail.path)}\n", f"deletion.{context.organization_id}.{user_id}.{until[:10]}"
    failure = await _send(context, mail.recipient, mail.subject, body, key)
    if failure is not None and not failure.permanent:
        raise failure


async def _send(context: TaskContext, recipient: str, subject: str, body: str, key: str) -> MailFailed | None:
    """Hand a mail to the server under the organization's sender name; what went wrong is returned, and logged."""
    async with tenant_session(context.organization_id) as session:
        sender_name = await identity.get_mail_sender_name(session, context.organization_id)
    try:
        await send_mail(
            get_settings(), to=recipient, subject=subject, body=body, message_key=key, sender_name=sender_name
        )
    except MailFailed as failure:
        logger.warning("a mail failed: %s", failure.reason)
        return failure
    return None


def _address(path: str) -> str:
    return f"{get_settings().public_url.rstrip('/')}{path}"
