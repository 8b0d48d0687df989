"""Bodies of the audit routes."""

from datetime import datetime
from typing import Any
from uuid import UUID

from app.core.schemas import ReadModel


class AuditEventRead(ReadModel):
    """`number` and `hash` (hexadecimal) are null until the row is sealed, within about a minute."""

    id: UUID
    at: datetime
    actor_id: UUID | None
    actor_name: str | None
    actor_kind: str
    action: str
    subject_type: str
    subject_id: str
    client_address: str
    user_agent: str
    request_id: str
    changes: dict[str, Any]
    outcome: str
    number: int | None
    hash: str | None
