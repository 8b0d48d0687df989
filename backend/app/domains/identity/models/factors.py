"""Second factors of people: of a person over all their organizations, so only that person's transactions see them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from app.core.database import Base, OrganizationRow
from app.core.ids import new_id
from app.core.secrets import SEALED

_OWN = {"policy": "user_id = app.current_user_id()"}


class TotpFactor(Base):
    """An authenticator app. `last_step` is the last 30-second step whose code was accepted; it only grows."""

    __tablename__ = "totp_factors"
    __table_args__ = (Index(None, "user_id"), {"info": _OWN})

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str]
    seed: Mapped[bytes] = mapped_column(LargeBinary, info=SEALED)  # 20 bytes
    last_step: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    confirmed_at: Mapped[datetime | None]  # None: it is being set up and counts for nothing
    last_used_at: Mapped[datetime | None]


class Passkey(Base):
    """A WebAuthn credential. Its id leads to the person in `directory.entries` (kind passkey), where it is unique."""

    __tablename__ = "passkeys"
    __table_args__ = (UniqueConstraint("user_id", "credential_id"), {"info": _OWN})

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str]
    credential_id: Mapped[bytes] = mapped_column(LargeBinary)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)  # COSE
    sign_count: Mapped[int] = mapped_column(BigInteger)
    transports: Mapped[list[str]] = mapped_column(ARRAY(Text))
    backed_up: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_used_at: Mapped[datetime | None]


class RecoveryCode(Base):
    """One of ten codes of 120 random bits, as SHA-256; used once."""

    __tablename__ = "recovery_codes"
    __table_args__ = (UniqueConstraint("user_id", "hash"), {"info": _OWN})

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    used_at: Mapped[datetime | None]


class FactorReset(OrganizationRow, Base):
    """A person who lost their factors, as one of their organizations sees it.

    A request makes one row in each of them (same `request_id`): owners of one organization cannot open the way into
    another. It counts once all rows are approved and due.
    """

    __tablename__ = "factor_resets"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "user_id"], ["memberships.organization_id", "memberships.user_id"], ondelete="CASCADE"
        ),
        Index(None, "user_id"),
        Index(
            "uq_factor_resets_open",
            "organization_id",
            "user_id",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
        {
            "info": {
                "policy": "organization_id = app.current_org() OR user_id = app.current_user_id()",
            }
        },
    )

    request_id: Mapped[UUID]
    user_id: Mapped[UUID]
    client_address: Mapped[str]
    approved_by: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    requested_at: Mapped[datetime]
    due_at: Mapped[datetime | None]  # 24 hours after the last approval that was needed
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str | None]  # used | cancelled | expired
