"""Mails to one person: sealed in the outbox, sent once, gone afterwards, and in nobody's list."""

from typing import Any
from uuid import UUID

import pytest
from app.core.database import tenant_session
from app.domains.identity import service as identity
from app.domains.notifications import queries, service, tasks
from app.domains.notifications.models import PersonalMail
from app.domains.notifications.service import mail_texts
from sqlalchemy import select
from tests.support.clouds import make_context

TOKEN = "t0ken-t0ken-t0ken-t0ken"  # pragma: allowlist secret


@pytest.fixture
def organization(office: Any) -> UUID:
    found: UUID = office.organization_id
    return found


async def queue(organization_id: Any, to: str = "kim@example.com") -> PersonalMail:
    async with tenant_session(organization_id) as session:
        await identity.queue_mail(session, organization_id, to, "password-reset", {"token": TOKEN, "minutes": "30"})
        rows = await session.scalars(select(PersonalMail).where(PersonalMail.organization_id == organization_id))
        found: PersonalMail = rows.one()
    return found


async def test_a_mail_is_sealed_sent_and_forgotten(organization: Any, mailbox: Any) -> None:
    row = await queue(organization)
    assert row.content is not None
    assert TOKEN.encode() not in row.content
    assert b"kim@example.com" not in row.content
    await tasks.send_personal_mail(await make_context(organization, "notifications.send_mail", {}), row.id)
    await tasks.send_personal_mail(
        await make_context(organization, "notifications.send_mail", {}), row.id
    )  # a job that runs twice sends once
    [message] = mailbox.messages
    assert message["To"] == "kim@example.com"
    assert message["Subject"] == "Reset your password"
    assert f"/reset-password#token={TOKEN}" in message.get_content()
    async with tenant_session(organization) as session:
        after = await session.get_one(PersonalMail, (organization, row.id))
        assert (after.state, after.content, after.attempts) == ("sent", None, 1)
        assert await queries.list_deliveries(session, organization, limit=10) == []


async def test_a_refusal_for_now_is_tried_again_and_one_for_good_is_not(organization: Any, mailbox: Any) -> None:
    row = await queue(organization)
    mailbox.answers = ["451 later"]
    await tasks.send_personal_mail(await make_context(organization, "notifications.send_mail", {}), row.id)
    async with tenant_session(organization) as session:
        assert (await session.get_one(PersonalMail, (organization, row.id))).state == "queued"
    mailbox.answers = ["550 never"]
    await tasks.send_personal_mail(await make_context(organization, "notifications.send_mail", {}), row.id)
    async with tenant_session(organization) as session:
        after = await session.get_one(PersonalMail, (organization, row.id))
    assert (after.state, after.content) == ("failed", None)
    assert "550" in (after.error or "")


async def test_a_mail_goes_only_with_its_transaction(organization: Any) -> None:
    async def change_and_fail() -> None:
        async with tenant_session(organization) as session:
            await identity.queue_mail(session, organization, "kim@example.com", "factor-reset-cancelled")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await change_and_fail()
    async with tenant_session(organization) as session:
        assert (await session.scalars(select(PersonalMail))).all() == []


def test_what_others_named_fills_a_slot_and_nothing_else() -> None:
    values = {
        "organization": "Evil\r\nBcc: x@example.com ${token} $inviter" + "x" * 500,
        "inviter": "Kim",
        "role": "viewer",
        "days": "7",
        "token": "a b&c",
    }
    subject, body, path = mail_texts.compose("invitation", values)
    assert "\n" not in subject
    assert len(subject) < 160
    assert "${token}" in subject
    assert "Bcc: x@example.com" not in body.splitlines()
    assert path == "/invitation#token=a%20b%26c"


@pytest.mark.parametrize("kind", sorted(mail_texts._TEXTS))
def test_every_text_says_what_it_is_given(kind: str) -> None:
    names = ["organization", "inviter", "role", "days", "minutes", "hours", "new", "client_address", "device", "factor"]
    names += ["left", "email", "due", "by", "until"]
    subject, body, path = mail_texts.compose(kind, {name: f"<{name}>" for name in names})
    assert "$" not in subject + body
    assert path.startswith("/")
    assert service.queue_mail is not None
