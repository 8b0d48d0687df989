"""A real SMTP server on loopback that answers what a test wants."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP, Envelope, Session


class Mailbox:
    """Messages that arrived, in order. `answers` are given first, one a message; then every message is taken."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.raw: list[bytes] = []
        self.recipients: list[list[str]] = []
        self.answers: list[str] = []
        self.refused: dict[str, str] = {}
        self.port = 0

    async def handle_RCPT(  # noqa: N802  # aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  # its name
        if self.answers:
            return self.answers.pop(0)
        content = envelope.content
        assert isinstance(content, bytes)
        self.raw.append(content)
        found = message_from_bytes(content, policy=policy.SMTPUTF8)
        assert isinstance(found, EmailMessage)
        self.messages.append(found)
        self.recipients.append(list(envelope.rcpt_tos))
        return "250 OK"

    @property
    def url(self) -> str:
        """The setting that leads here."""
        return f"smtp://127.0.0.1:{self.port}?starttls=no"


@asynccontextmanager
async def open_mailbox(*, international: bool = True) -> AsyncIterator[Mailbox]:
    """A mailbox that listens on a port of its own; `international`: it takes addresses beyond ASCII."""
    mailbox = Mailbox()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(mailbox, enable_SMTPUTF8=international, loop=loop), host="127.0.0.1", port=0
    )
    async with server:
        mailbox.port = server.sockets[0].getsockname()[1]
        yield mailbox
