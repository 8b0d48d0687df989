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
from app.domains.identity.events import OrganizationCreated
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


@handles(facts.RefreshReused)
async def tell_reuse(session: AsyncSession, event: facts.RefreshReused) -> None:
    """A session that somebody may have copied."""
    await service.tell_person(session, event, "sessions-ended-by-reuse")


@handles(facts.FactorFailed)
async def tell_factor_failed(session: AsyncSession, event: facts.FactorFailed) -> None:
    """Somebody knows the password."""
    await service.tell_person(session, event, "factor-failed", device=event.device)


@handles(facts.PasswordChanged)
async def tell_password_changed(session: AsyncSession, event: facts.PasswordChanged) -> None:
    """By the person, or by a link."""
    await service.tell_person(session, event, "password-changed")


@handles(facts.FactorAdded)
async def tell_factor_added(session: AsyncSession, event: facts.FactorAdded) -> None:
    """A way in that was not there before."""
    await service.tell_person(session, event, "factor-added", factor=event.factor_name)


@handles(facts.FactorRemoved)
async def tell_factor_removed(session: AsyncSession, event: facts.FactorRemoved) -> None:
    """A guard that is gone."""
    await service.tell_person(session, event, "factor-removed", factor=event.factor_name)


@handles(facts.RecoveryCodesMade)
async def tell_codes_made(session: AsyncSession, event: facts.RecoveryCodesMade) -> None:
    """New recovery codes."""
    await service.tell_person(session, event, "recovery-codes-made")


@handles(facts.RecoveryCodeUsed)
async def tell_code_used(session: AsyncSession, event: facts.RecoveryCodeUsed) -> None:
    """A recovery code is spent."""
    await service.tell_person(session, event, "recovery-code-used", left=str(event.left))


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
        sender_name = await identity.get_mail_sender_name(session, context.organization_id)
    if message is None:
        return
    settings = get_settings()
    error: str | None = None
    permanent = False
    try:
        await send_mail(
            settings,
            to=message.recipient,
            subject=f"[{message.severity}] {message.title}",
            body=f"{message.body}\n\n{settings.public_url.rstrip('/')}{message.link}\n",
            message_key=str(message.delivery_id),
            sender_name=sender_name,
        )
    except MailFailed as failure:
        error, permanent = failure.reason, failure.permanent
        logger.warning("a delivery failed: %s", failure.reason)
    async with tenant_session(context.organization_id) as session:
        await service.end_delivery(session, context.organization_id, delivery_id, error=error, permanent=permanent)


@task("notifications.send_mail", retries=3, timeout_seconds=60, queue="notify", announce=False)
async def send_personal_mail(context: TaskContext, mail_id: UUID) -> None:
    """Send one mail to one person. At least once, like deliveries."""
    async with tenant_session(context.organization_id) as session:
        mail = await service.claim_mail(session, context.organization_id, mail_id)
        sender_name = await identity.get_mail_sender_name(session, context.organization_id)
    if mail is None:
        return
    settings = get_settings()
    error: str | None = None
    permanent = False
    try:
        await send_mail(
            settings,
            to=mail.recipient,
            subject=mail.subject,
            body=f"{mail.body}\n\n{settings.public_url.rstrip('/')}{mail.path}\n",
            message_key=str(mail.mail_id),
            sender_name=sender_name,
        )
    except MailFailed as failure:
        error, permanent = failure.reason, failure.permanent
        logger.warning("a personal mail failed: %s", failure.reason)
    async with tenant_session(context.organization_id) as session:
        await service.end_mail(session, context.organization_id, mail_id, error=error, permanent=permanent)
