"""Bodies about units of collection."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from app.core.schemas import ReadModel

UnitStateName = Literal["complete", "partial", "failed", "never"]


class SyncUnitRead(ReadModel):
    """One unit of an account; `account` is the cloud's own number. `retry_at`: when it is read again by itself."""

    id: UUID
    service: str
    region: str
    account: str
    state: UnitStateName
    resources: int
    error: str | None
    missing_permissions: list[str]
    last_attempt_at: datetime | None
    last_complete_at: datetime | None
    retry_at: datetime | None


class AccountSyncState(ReadModel):
    """How an account's units stand; `state` is the worst that matters: never, complete, partial or failed."""

    account_id: UUID
    name: str
    provider: str
    state: UnitStateName
    units: int
    complete: int
    partial: int
    failed: int
    stale_resources: int
    last_synced_at: datetime | None


class SyncState(ReadModel):
    """How current the inventory is."""

    items: list[AccountSyncState]
    stale_resources: int


class SyncStarted(ReadModel):
    """The job that syncs; the waiting one when there is one already."""

    job_id: UUID
