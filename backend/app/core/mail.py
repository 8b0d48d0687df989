"""E-mail over SMTP. Headers are built by the standard library, which refuses line breaks in them."""

import ssl
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, parseaddr
from urllib.parse import unquote, urlsplit

import aiosmtplib

from app.core.config import Settings

SEND_SECONDS = 15


class MailFailed(Exception):
    """A message that was not handed over. `permanent`: trying again cannot help."""

    def __init__(self, reason: str, *, permanent: bool) -> None:
        super().__init__(reason)
        self.reason, self.permanent = reason, permanent


def one_line(text: str) -> str:
    """Text that fits a header: line breaks and control characters become spaces, at most 200 characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:200]


async def send_mail(settings: Settings, *, to: str, subject: str, body: str, message_key: str) -> None:
    """Send one plain text message through `CLOUDOPS_SMTP_URL` (smtp:// or smtps://, `?starttls=no` for loopback sinks).

    `message_key` becomes the Message-ID, so that a message sent twice is one in the reader's mailbox.
    Raises MailFailed.
    """
    if settings.smtp_url is None:
        raise MailFailed("No mail server is set (CLOUDOPS_SMTP_URL).", permanent=True)
    name, sender = parseaddr(settings.mail_from)
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(one_line(name), addr_spec=sender)
    message["To"] = Address(addr_spec=to)
    message["Subject"] = one_line(subject)
    message["Date"] = formatdate(usegmt=True)
    message["Message-ID"] = f"<{message_key}@{sender.rpartition('@')[2] or 'localhost'}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(body)
    url = urlsplit(settings.smtp_url.get_secret_value())
    context = ssl.create_default_context(cafile=str(settings.extra_ca_file) if settings.extra_ca_file else None)
    try:
        await aiosmtplib.send(
            message,
            sender=sender,
            recipients=[to],
            hostname=url.hostname or "localhost",
            port=url.port,
            username=unquote(url.username) if url.username else None,
            password=unquote(url.password) if url.password else None,
            use_tls=url.scheme == "smtps",
            start_tls=False if "starttls=no" in url.query or url.scheme == "smtps" else None,
            tls_context=context,
            timeout=SEND_SECONDS,
        )
    except aiosmtplib.SMTPRecipientsRefused as error:
        refused = error.recipients[0] if error.recipients else None
        code = refused.code if refused else 550
        raise MailFailed(f"The mail server refused the address ({code}).", permanent=500 <= code < 600) from error
    except aiosmtplib.SMTPResponseException as error:
        raise MailFailed(
            f"The mail server answered {error.code}: {one_line(error.message)}", permanent=500 <= error.code < 600
        ) from error
    except (aiosmtplib.SMTPException, OSError, ssl.SSLError) as error:
        raise MailFailed(f"The mail server was not reached: {type(error).__name__}.", permanent=False) from error
