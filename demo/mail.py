"""A mailbox on loopback: every message is kept as a file, so that a person can see what was sent."""

import logging
from datetime import UTC, datetime
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

KEEP = 200


class _Mailbox:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  # aiosmtpd's name
        content = envelope.content or b""
        name = f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}.eml"
        (self._folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        for old in sorted(self._folder.glob("*.eml"))[:-KEEP]:
            old.unlink(missing_ok=True)
        return "250 kept"


def start_mailbox(folder: Path, port: int) -> Controller:
    """Listen for mail on loopback; `stop()` ends it."""
    logging.getLogger("mail.log").setLevel(logging.WARNING)
    controller = Controller(_Mailbox(folder), hostname="127.0.0.1", port=port)
    controller.start()
    return controller
