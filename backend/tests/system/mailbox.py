"""A mail server on loopback that keeps what it gets and refuses one address."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from tests.system.running import free_port

REFUSED = "refused@example.org"


@dataclass
class Mailbox:
    """`received`: (recipients, whole message) in the order of arrival."""

    url: str = ""
    received: list[tuple[list[str], bytes]] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802  # aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address == REFUSED:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content or b""
        whole = content if isinstance(content, bytes) else content.encode()
        self.received.append((list(envelope.rcpt_tos), whole))
        return "250 kept"


@contextmanager
def running_mailbox() -> Iterator[Mailbox]:
    """Listens until the end of the block."""
    made = Mailbox()
    port = free_port()
    controller = Controller(made, hostname="127.0.0.1", port=port)
    controller.start()
    made.url = f"smtp://127.0.0.1:{port}?starttls=no"
    try:
        yield made
    finally:
        controller.stop()
