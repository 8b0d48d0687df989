"""From a fact to a mailbox, through a real SMTP server, with its failures."""

import socket
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from app.core.config import get_settings
from app.core.database import tenant_session
from app.core.http import Caller
from app.core.mail import MailFailed, one_line, send_mail
from app.core.tasks.registry import all_schedules
from app.domains.notifications import service, tasks
from app.domains.notifications.rules import DELIVERY_ATTEMPTS, RouteMatch, matches, retry_delay
from pydantic import SecretStr
from tests.domains.notifications.conftest import Office, told
from tests.support.mailbox import Mailbox, open_mailbox


def text_of(message: EmailMessage) -> str:
    """The body with plain line breaks."""
    return str(message.get_content()).replace("\r\n", "\n")


async def test_a_message_is_delivered_once(office: Office, owner: Caller, mailbox: Mailbox) -> None:
    assert await office.notify(told()) == 1
    assert await office.notify(told()) == 0  # the same key: told already
    await office.deliver()
    await office.deliver()
    [message] = mailbox.messages
    [delivery] = await office.deliveries()
    assert (message["To"], message["Subject"]) == (owner.email, "[critical] Bucket is public")
    assert message["From"] == "CloudOps Pro <cloudops@example.com>"
    assert message["Message-ID"] == f"<{delivery['id']}@example.com>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert text_of(message) == ("Anonymous users can reach the bucket.\n\nhttps://ops.example.com/alerts?id=1\n")
    assert (delivery["state"], delivery["attempts"], delivery["error"]) == ("sent", 1, None)
    [fact] = await office.rows("SELECT payload FROM events WHERE name = 'delivery.ended'")
    assert fact["payload"]["state"] == "sent"


async def test_a_temporary_refusal_is_tried_again_later(office: Office, owner: Caller, mailbox: Mailbox) -> None:
    mailbox.answers = ["451 Try again later", "421 Too busy"]
    await office.notify(told())
    await office.deliver()
    [delivery] = await office.deliveries()
    assert (delivery["state"], delivery["attempts"]) == ("queued", 1)
    assert delivery["error"] == "The mail server answered 451: Try again later"
    assert await office.delays() == [pytest.approx(10, abs=0.5)]
    await office.deliver()
    await office.deliver()
    [delivery] = await office.deliveries()
    assert (delivery["state"], delivery["attempts"], delivery["error"]) == ("sent", 3, None)
    assert len(mailbox.messages) == 1


async def test_a_permanent_refusal_is_not_tried_again(office: Office, owner: Caller, mailbox: Mailbox) -> None:
    mailbox.answers = ["554 Content refused\r\n"]
    await office.notify(told())
    await office.deliver()
    [delivery] = await office.deliveries()
    assert (delivery["state"], delivery["attempts"]) == ("failed", 1)
    assert delivery["error"] == "The mail server answered 554: Content refused"
    await office.deliver()
    assert mailbox.messages == []


async def test_one_refused_address_does_not_stop_the_others(office: Office, owner: Caller, mailbox: Mailbox) -> None:
    other = await office.person("admin")
    mailbox.refused[owner.email] = "550 No such user"
    await office.notify(told())
    await office.deliver()
    states = {row["recipient"]: (row["state"], row["error"]) for row in await office.deliveries()}
    assert states == {
        owner.email: ("failed", "The mail server refused the address (550)."),
        other.email: ("sent", None),
    }
    assert mailbox.recipients == [[other.email]]


async def test_a_server_that_stays_down_is_given_up_after_six_attempts(
    office: Office, owner: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: refused at once
        monkeypatch.setenv("CLOUDOPS_SMTP_URL", f"smtp://127.0.0.1:{taken.getsockname()[1]}?starttls=no")
        get_settings.cache_clear()
        await office.notify(told())
        for attempt in range(1, DELIVERY_ATTEMPTS + 1):
            [delivery] = await office.deliveries()
            assert (delivery["state"], delivery["attempts"]) == ("queued", attempt - 1)
            await office.deliver()
    get_settings.cache_clear()
    [delivery] = await office.deliveries()
    assert (delivery["state"], delivery["attempts"]) == ("failed", 6)
    assert delivery["error"].startswith("The mail server was not reached")
    assert len(await office.rows("SELECT position FROM events WHERE name = 'delivery.ended'")) == 1


async def test_without_a_mail_server_the_ledger_says_so(
    office: Office, owner: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CLOUDOPS_SMTP_URL", raising=False)
    get_settings.cache_clear()
    await office.notify(told())
    await office.deliver()
    [delivery] = await office.deliveries()
    assert (delivery["state"], delivery["error"]) == ("failed", "No mail server is set (CLOUDOPS_SMTP_URL).")


async def test_a_crash_between_sending_and_recording_sends_again_with_the_same_id(
    office: Office, owner: Caller, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def die(*_: Any, **__: Any) -> None:
        raise ConnectionError

    await office.notify(told())
    with monkeypatch.context() as patched:
        patched.setattr(service, "end_delivery", die)
        with pytest.raises(ConnectionError):
            await office.deliver()
    [delivery] = await office.deliveries()
    assert (delivery["state"], delivery["attempts"]) == ("sending", 1)
    await office.deliver()
    [delivery] = await office.deliveries()
    assert (delivery["state"], delivery["attempts"]) == ("sent", 2)
    first, second = mailbox.messages
    assert first["Message-ID"] == second["Message-ID"]


async def test_a_message_whose_job_is_lost_is_queued_again(
    office: Office, owner: Caller, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.notify(told())
    jobs = "SELECT id FROM jobs WHERE kind = 'notifications.deliver' AND state = 'queued'"

    async def look() -> int:
        async with tenant_session(office.organization_id) as session:
            await tasks.enqueue_lost(session, office.organization_id)
        return len(await office.rows(jobs))

    assert await look() == 1
    await office.rows("UPDATE jobs SET state = 'failed' WHERE kind = 'notifications.deliver' RETURNING id")
    assert await look() == 0  # too fresh to be lost
    await office.rows("UPDATE notification_deliveries SET created_at = now() - interval '10 minutes' RETURNING id")
    assert await look() == 1
    assert await look() == 1  # it waits already
    assert "notifications.enqueue_lost" in {item.name for item in all_schedules()}


async def test_a_message_that_kills_its_worker_each_time_is_given_up(office: Office, owner: Caller) -> None:
    await office.notify(told())
    await office.rows("UPDATE notification_deliveries SET state = 'sending', attempts = 6 RETURNING id")
    await office.deliver()
    [delivery] = await office.deliveries()
    assert (delivery["state"], delivery["error"]) == ("failed", "Every attempt to send it was interrupted.")


HOSTILE = [
    "x\r\nBcc: eve@example.com",
    "x\nSubject: other",
    "x\r\n\r\n<b>body</b>",
    "x\u2028Bcc: eve@example.com\u2029\x85y",
    "x\u202egnp.exe\u200b\ufeff",
    "=?utf-8?q?x=0D=0ABcc:_eve@example.com?=",
    "größe 漢字 🚨",
    "a" * 5_000,
    "",
]


@pytest.mark.parametrize("title", HOSTILE, ids=range(len(HOSTILE)))
async def test_no_text_adds_a_header_or_ends_them(office: Office, owner: Caller, mailbox: Mailbox, title: str) -> None:
    await office.notify(told(title=title, body=title + "\r\n.\r\nMAIL FROM:<eve@example.com>\r\n"))
    await office.deliver()
    [message] = mailbox.messages
    assert mailbox.recipients == [[owner.email]]
    assert set(message.keys()) == {
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted",
        "Content-Type", "Content-Transfer-Encoding", "MIME-Version",
    }  # fmt: skip
    assert "Bcc" not in message
    assert all("\n" not in value and "\r" not in value for value in map(str, message.values()))
    assert message["Subject"].isprintable()
    assert len(message["Subject"]) < 250
    assert "MAIL FROM:<eve@example.com>" in message.get_content()
    [delivery] = await office.deliveries()
    assert delivery["state"] == "sent"


@pytest.mark.parametrize(
    ("address", "arrives"),
    [
        ("kim@bücher.example", "kim@xn--bcher-kva.example"),
        ("jürgen@example.com", "jürgen@example.com"),
        ("o'hara+tag@example.com", "o'hara+tag@example.com"),
    ],
)
async def test_addresses_beyond_ascii(office: Office, mailbox: Mailbox, address: str, arrives: str) -> None:
    await send_mail(get_settings(), to=address, subject="Größe 漢字", body="Straße\n", message_key="k")
    assert mailbox.recipients == [[arrives]]
    assert mailbox.messages[0]["Subject"] == "Größe 漢字"
    assert text_of(mailbox.messages[0]) == "Straße\n"


async def test_a_server_that_cannot_take_such_an_address_fails_for_good() -> None:
    async with open_mailbox(international=False) as mailbox:
        settings = get_settings().model_copy(update={"smtp_url": SecretStr(mailbox.url)})
        with pytest.raises(MailFailed) as caught:
            await send_mail(settings, to="jürgen@example.com", subject="x", body="x", message_key="k")
    assert caught.value.permanent


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nobody",
        "@example.com",
        "a@b@c",
        "a b@example.com",
        "a@example.com\r\nBcc: eve@example.com",
        "a@e,b@e",
        "x@",
    ],
)
async def test_an_impossible_address_fails_for_good(mailbox: Mailbox, address: str) -> None:
    with pytest.raises(MailFailed) as caught:
        await send_mail(get_settings(), to=address, subject="x", body="x", message_key="k")
    assert caught.value.permanent
    assert mailbox.messages == []


async def test_a_server_without_tls_is_refused_unless_the_setting_allows_it(mailbox: Mailbox) -> None:
    settings = get_settings().model_copy(update={"smtp_url": SecretStr(mailbox.url.removesuffix("?starttls=no"))})
    with pytest.raises(MailFailed) as caught:
        await send_mail(settings, to="kim@example.com", subject="x", body="x", message_key="k")
    assert not caught.value.permanent
    assert "TLS" in caught.value.reason
    assert mailbox.messages == []


def test_one_line_keeps_words_and_nothing_invisible() -> None:
    assert one_line(" a\tb\r\n\x00c\u202ed ") == "a b c d"
    assert one_line("=?utf-8?q?a=0Ab?=") == "= ?utf-8?q?a=0Ab?="


def test_delays_double_up_to_a_quarter_of_an_hour() -> None:
    assert [retry_delay(attempt) for attempt in (1, 2, 3)] == [timedelta(seconds=s) for s in (10, 20, 40)]
    assert retry_delay(20) == timedelta(minutes=15)


@pytest.mark.parametrize(
    ("route", "notification", "expected"),
    [
        (("high", (), {}), ("critical", "alert.fired", {}), True),
        (("high", (), {}), ("high", "alert.fired", {}), True),
        (("high", (), {}), ("medium", "alert.fired", {}), False),
        (("info", (), {}), ("no-such", "alert.fired", {}), True),
        (("low", (), {}), ("no-such", "alert.fired", {}), False),
        (("info", ("alert.resolved",), {}), ("critical", "alert.fired", {}), False),
        (("info", ("alert.fired", "test"), {}), ("low", "test", {}), True),
        (("info", (), {"team": "blue"}), ("low", "x", {"team": "blue", "env": "prod"}), True),
        (("info", (), {"team": "blue"}), ("low", "x", {"team": "red"}), False),
        (("info", (), {"team": "blue"}), ("low", "x", {}), False),
        (("info", (), {"team": ""}), ("low", "x", {}), True),
    ],
)
def test_routes_match(route: Any, notification: Any, expected: bool) -> None:
    wanted = RouteMatch(minimum_severity=route[0], kinds=route[1], labels=route[2])
    severity, kind, labels = notification
    assert matches(wanted, severity=severity, kind=kind, labels=labels) == expected
