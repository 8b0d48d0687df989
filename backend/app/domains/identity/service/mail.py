"""Mails to one person's address. `notifications`, which is above, sends them by a function that it hands in.

Not an event, because values may hold the secret of a link, and events are kept and audited. The mail is an outbox row
of the caller's transaction; its content is sealed and removed once it was sent.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

MailKind = Literal[
    "invitation",  # organization, inviter, role, token, days
    "password-reset",  # token, minutes
    "email-verification",  # token, hours
    "email-change",  # token, hours; to the new address
    "email-changed",  # new; to the old address
    "password-changed",  # client_address
    "new-device",  # device, client_address
    "sessions-ended-by-reuse",  # client_address
    "factor-failed",  # device, client_address
    "factor-added",  # factor, client_address
    "factor-removed",  # factor, client_address
    "recovery-codes-made",  # client_address
    "recovery-code-used",  # left, client_address
    "factor-reset-requested",  # client_address; to the person
    "factor-reset-waiting",  # email; to the owners, who may approve
    "factor-reset-approved",  # due
    "factor-reset-cancelled",
    "factor-reset-done",
    "factors-removed-by-operator",
    "member-factors-removed",  # email; to the owners
    "password-link-by-operator",
    "organization-deleted",  # organization, by, until; to the owners
    "organization-restored",  # organization, by; to the owners
]
MailQueue = Callable[[AsyncSession, UUID, str, str, Mapping[str, str]], Awaitable[None]]
_queue: MailQueue | None = None


def use_mail_queue(queue: MailQueue) -> None:
    """Set what takes mails; the domain that sends them calls it when it is loaded."""
    global _queue
    _queue = queue


async def queue_mail(
    session: AsyncSession, organization_id: UUID, to: str, kind: MailKind, values: Mapping[str, str] | None = None
) -> None:
    """Send a mail to one address once the transaction is committed; `values` are those named beside the kind.

    `token` becomes the link of the kind's page. The session must be bound to the organization.
    """
    if _queue is None:
        raise RuntimeError("no domain takes mails; load_domains() was not called")
    await _queue(session, organization_id, to, kind, values or {})
