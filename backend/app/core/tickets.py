"""Single-use secrets that end by themselves: reset links, sign-in states, challenges, device codes.

They are read before an organization is known, so they live in the directory: the hash of the random part, and
content sealed with the installation's key. Taking a ticket is one statement, so of fifty takers one gets it.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Index, LargeBinary, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.database import Base
from app.core.ids import new_id
from app.core.secrets import SEALED, open_installation, seal_installation

RANDOM_BYTES = 32


class TicketRow(Base):
    """A ticket that was not taken yet. `kind` says what it is good for; another kind's taker does not find it."""

    __tablename__ = "tickets"
    __table_args__ = (Index(None, "expires_at"), Index(None, "kind", "subject_id"), {"schema": "directory"})

    hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    id: Mapped[UUID] = mapped_column(unique=True, default=new_id)
    kind: Mapped[str]
    subject_id: Mapped[UUID | None]
    organization_id: Mapped[UUID | None]
    content: Mapped[bytes | None] = mapped_column(LargeBinary, info=SEALED)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """What a taken ticket says."""

    kind: str
    subject_id: UUID | None
    organization_id: UUID | None
    content: dict[str, Any]
    created_at: datetime


async def issue_ticket(
    session: AsyncSession,
    kind: str,
    lifetime: timedelta,
    *,
    subject_id: UUID | None = None,
    organization_id: UUID | None = None,
    content: dict[str, Any] | None = None,
    secret: str | None = None,
) -> str:
    """Make a ticket and return its secret of 256 random bits, which is kept nowhere.

    `secret` replaces it where a person must type it (device codes); the caller then limits guessing.
    """
    token = secret or secrets.token_urlsafe(RANDOM_BYTES)
    ticket_id = new_id()
    sealed = None
    if content is not None:
        text = orjson.dumps(content).decode()
        sealed = await seal_installation(session, "directory.tickets", "content", ticket_id, text)
    session.add(
        TicketRow(
            hash=_hash(kind, token),
            id=ticket_id,
            kind=kind,
            subject_id=subject_id,
            organization_id=organization_id,
            content=sealed,
            expires_at=clock.utc_now() + lifetime,
        )
    )
    await session.flush()
    return token


async def take_ticket(session: AsyncSession, kind: str, token: str) -> Ticket | None:
    """Use up a ticket; None when there is none, it has expired, or somebody took it."""
    taken = (
        await session.execute(
            delete(TicketRow)
            .where(TicketRow.hash == _hash(kind, token), TicketRow.kind == kind)
            .returning(TicketRow)
            .execution_options(synchronize_session=False)
        )
    ).scalar_one_or_none()
    if taken is None or taken.expires_at <= clock.utc_now():
        return None
    return await _open(session, taken)


async def read_ticket(session: AsyncSession, kind: str, token: str) -> Ticket | None:
    """Look at a ticket and leave it; None as in `take_ticket`."""
    query = select(TicketRow).where(
        TicketRow.hash == _hash(kind, token), TicketRow.kind == kind, TicketRow.expires_at > clock.utc_now()
    )
    found = (await session.execute(query)).scalar_one_or_none()
    return await _open(session, found) if found is not None else None


async def withdraw_tickets(session: AsyncSession, kind: str, subject_id: UUID) -> int:
    """Make all tickets of a kind for a subject worthless; how many there were."""
    gone = await session.execute(
        delete(TicketRow).where(TicketRow.kind == kind, TicketRow.subject_id == subject_id).returning(TicketRow.id)
    )
    return len(gone.all())


async def forget_expired_tickets(session: AsyncSession) -> int:
    """Remove what nobody can take any more; how many."""
    gone = await session.execute(
        delete(TicketRow).where(TicketRow.expires_at < clock.utc_now() - timedelta(hours=1)).returning(TicketRow.id)
    )
    return len(gone.all())


async def _open(session: AsyncSession, row: TicketRow) -> Ticket:
    content: dict[str, Any] = {}
    if row.content is not None:
        secret = await open_installation(session, "directory.tickets", "content", row.id, row.content)
        content = orjson.loads(secret.reveal())
    return Ticket(
        kind=row.kind,
        subject_id=row.subject_id,
        organization_id=row.organization_id,
        content=content,
        created_at=row.created_at,
    )


def _hash(kind: str, token: str) -> bytes:
    return hashlib.sha256(f"{kind}\x00{token}".encode()).digest()
