"""E-mail over SMTP. Headers are built by the standard library, which refuses line breaks in them."""

import ssl
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import formatdate, parseaddr
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib

from app.core.config import Settings

SEND_SECONDS = 15


class MailFailed(Exception):
    """A message that was not handed over. `permanent`: trying again cannot help."""

    def __init__(self, reason: str, *, permanent: bool) -> None:
        super().__init__(reason)
        self.reason, self.permanent = reason, permanent


def one_line(text: str) -> str:
    """Text that fits a header: line breaks, control and invisible characters become spaces, at most 200 characters.

    `=?` would begin an encoded word, which `email` decodes when the header is set, line breaks and all, and writes out
    as a header of its own before Python 3.11.10 (CVE-2024-6923).
    """
    return " ".join("".join(c if c.isprintable() else " " for c in text).split()).replace("=?", "= ?")[:200]


async def send_mail(
    settings: Settings, *, to: str, subject: str, body: str, message_key: str, sender_name: str | None = None
) -> None:
    """Send one plain text message through `CLOUDOPS_SMTP_URL`. `sender_name` stands before the product's address.

    `smtp://` turns to TLS before anything is said, unless the address ends in `?starttls=no` (a sink on loopback);
    `smtps://` begins with it. `message_key` becomes the Message-ID, so that a message sent twice is one in the
    reader's mailbox. Raises MailFailed.
    """
    if settings.smtp_url is None:
        raise MailFailed("No mail server is set (CLOUDOPS_SMTP_URL).", permanent=True)
    sender = parseaddr(settings.mail_from)[1]
    message = _build(settings, to=to, subject=subject, body=body, message_key=message_key, sender_name=sender_name)
    url = urlsplit(settings.smtp_url.get_secret_value())
    is_plain = parse_qs(url.query).get("starttls") == ["no"]
    context = ssl.create_default_context(cafile=str(settings.extra_ca_file) if settings.extra_ca_file else None)
    try:
        await aiosmtplib.send(
            message,
            sender=sender,
            recipients=[str(message["To"].addresses[0].addr_spec)],
            hostname=url.hostname or "localhost",
            port=url.port,
            username=unquote(url.username) if url.username else None,
            password=unquote(url.password) if url.password else None,
            use_tls=url.scheme == "smtps",
            start_tls=url.scheme != "smtps" and not is_plain,
            tls_context=context,
            timeout=SEND_SECONDS,
        )
    except aiosmtplib.SMTPException as error:
        raise _failure(error) from error
    except OSError as error:
        raise MailFailed(f"The mail server was not reached: {type(error).__name__}.", permanent=False) from error


def _build(
    settings: Settings, *, to: str, subject: str, body: str, message_key: str, sender_name: str | None = None
) -> EmailMessage:
    name, sender = parseaddr(settings.mail_from)
    local, _, domain = to.rpartition("@")
    try:
        address = f"{local}@{domain.encode('idna').decode()}"
        message = EmailMessage(policy=SMTP if address.isascii() else SMTPUTF8)
        message["From"] = Address(one_line(sender_name or name), addr_spec=sender)
        message["To"] = Address(addr_spec=address) if address.isascii() else address
        if len(message["To"].addresses) != 1 or "@" not in message["To"].addresses[0].addr_spec:
            raise ValueError
    except (ValueError, MessageError, LookupError):
        raise MailFailed("The address is not one that mail can be sent to.", permanent=True) from None
    message["Subject"] = one_line(subject)
    message["Date"] = formatdate(usegmt=True)
    message["Message-ID"] = f"<{message_key}@{sender.rpartition('@')[2] or 'localhost'}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(body)
    return message


def _failure(error: aiosmtplib.SMTPException) -> MailFailed:
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        code = error.recipients[0].code if error.recipients else 550
        return MailFailed(f"The mail server refused the address ({code}).", permanent=500 <= code < 600)
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):  # a wrong password is mended; the message is not wrong
        return MailFailed(f"The mail server refused our sign-in ({error.code}).", permanent=False)
    if isinstance(error, aiosmtplib.SMTPResponseException):
        reason = f"The mail server answered {error.code}: {one_line(error.message)}"
        return MailFailed(reason, permanent=500 <= error.code < 600)
    if isinstance(error, aiosmtplib.SMTPNotSupported):
        return MailFailed("The mail server cannot take this address, which has letters beyond ASCII.", permanent=True)
    if type(error) is aiosmtplib.SMTPException:  # what the server offers is not enough: no TLS, no way to sign in
        return MailFailed(f"The mail server was not used: {one_line(str(error))}", permanent=False)
    return MailFailed(f"The mail server was not reached: {type(error).__name__}.", permanent=False)
