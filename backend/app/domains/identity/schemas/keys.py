"""Bodies of the key routes."""

from datetime import datetime
from uuid import UUID

from app.core.schemas import ReadModel


class KeyVersionRead(ReadModel):
    """`values` is how many stored secrets need this version; `retired_at` is set once none does."""

    version: int
    created_at: datetime
    age_days: int
    retired_at: datetime | None
    values: int
    current: bool


class KeyInventoryRead(ReadModel):
    """One key of the installation that protects something of this organization; `made_at` null: kept elsewhere."""

    name: str
    protects: str
    algorithm: str
    kept_in: str
    made_at: datetime | None
    age_days: int | None
    replaced: str


class OrganizationKeysRead(ReadModel):
    """`remaining` secrets still need an older version; `due_at` is when the clock rotates by itself."""

    versions: list[KeyVersionRead]
    remaining: int
    due_at: datetime
    job_id: UUID | None
    inventory: list[KeyInventoryRead]


class KeyRotationStarted(ReadModel):
    """The new version seals from now on; the job seals the rest anew."""

    version: int
    job_id: UUID
