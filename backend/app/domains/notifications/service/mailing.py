"""Mails to one person: an outbox row with sealed content, apart from channels and from the list of deliveries."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import orjson
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import utc_now
from app.core.ids import new_id
from app.core.secrets import open_sealed, seal
from app.core.tasks import enqueue
from app.domains.notifications import queries, rules
from app.domains.notifications.models import PersonalMail
from app.domains.notifications.service.delivering import LOST_AFTER
from app.domains.notifications.service.mail_texts import compose

KEPT = timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class ReadyMail:
    """What is sent; `path` is the page that the mail leads to."""

    mail_id: UUID
    recipient: str
    subject: str
    body: str
    path: str


async def queue_mail(
    session: AsyncSession, organization_id: UUID, to: str, kind: str, values: Mapping[str, str]
) -> None:
    """Write a mail and the job that sends it. The content is sealed: it may hold the secret of a link."""
    subject, body, path = compose(kind, values)
    mail_id = new_id()
    content = orjson.dumps({"to": to, "subject": subject, "body": body, "path": path})
    sealed = await seal(session, organization_id, "personal_mails", "content", mail_id, content)
    session.add(PersonalMail(organization_id=organization_id, id=mail_id, kind=kind, content=sealed, state="queued"))
    await session.flush()
    await _enqueue(session, organization_id, mail_id)


async def claim_mail(session: AsyncSession, organization_id: UUID, mail_id: UUID) -> ReadyMail | None:
    """Mark a mail as being sent and open it; None when it has ended already."""
    row = await session.get(PersonalMail, (organization_id, mail_id), with_for_update=True)
    if row is None or row.content is None:
        return None
    if row.attempts >= rules.DELIVERY_ATTEMPTS:  # the worker died each time after it had claimed it
        _end(row, row.error or "Every attempt to send it was interrupted.")
        return None
    row.state, row.attempts, row.attempted_at = "sending", row.attempts + 1, utc_now()
    opened = await open_sealed(session, organization_id, "personal_mails", "content", mail_id, row.content)
    content = orjson.loads(opened.reveal_bytes())
    return ReadyMail(
        mail_id=mail_id,
        recipient=content["to"],
        subject=content["subject"],
        body=content["body"],
        path=content["path"],
    )


async def end_mail(
    session: AsyncSession, organization_id: UUID, mail_id: UUID, *, error: str | None, permanent: bool = False
) -> None:
    """Record how an attempt ended; a temporary failure queues the next one, and what has ended keeps no content."""
    row = await session.get_one(PersonalMail, (organization_id, mail_id), with_for_update=True)
    if row.content is None:
        return
    if error is not None and not permanent and row.attempts < rules.DELIVERY_ATTEMPTS:
        row.state, row.error = "queued", error
        await _enqueue(session, organization_id, mail_id, delay=rules.retry_delay(row.attempts))
        return
    _end(row, error)


async def enqueue_lost_mails(session: AsyncSession, organization_id: UUID) -> int:
    """Queue mails whose job is gone; the number looked at."""
    lost = await queries.list_unended_mails(session, organization_id, before=utc_now() - LOST_AFTER, limit=500)
    for mail_id in lost:
        await _enqueue(session, organization_id, mail_id)
    return len(lost)


async def remove_old_mails(session: AsyncSession, organization_id: UUID) -> None:
    """Remove the records of mails that ended a month ago."""
    await session.execute(
        delete(PersonalMail).where(
            PersonalMail.organization_id == organization_id, PersonalMail.ended_at < utc_now() - KEPT
        )
    )


def _end(row: PersonalMail, error: str | None) -> None:
    row.state, row.error, row.ended_at = ("sent" if error is None else "failed"), error, utc_now()
    row.content = None


async def _enqueue(
    session: AsyncSession, organization_id: UUID, mail_id: UUID, *, delay: timedelta | None = None
) -> None:
    await enqueue(
        session,
        "notifications.send_mail",
        {"mail_id": mail_id},
        organization_id=organization_id,
        dedupe=str(mail_id),
        priority=6,
        delay=delay,
    )
