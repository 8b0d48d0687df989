"""Request and response bodies of costs."""

from datetime import date, datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from app.core.money import Amount, Money
from app.core.schemas import ReadModel, RequestModel, ShortText

ImportState = Literal["queued", "running", "succeeded", "partial", "failed", "cancelled"]


class CostKind(StrEnum):
    """Which of the four FOCUS costs: what is spread over use, invoiced, listed, or agreed."""

    EFFECTIVE = "effective"
    BILLED = "billed"
    LIST = "list"
    CONTRACTED = "contracted"


class Granularity(StrEnum):
    """The length of a period in a breakdown."""

    DAY = "day"
    MONTH = "month"
    NONE = "none"


class ImportFromStore(RequestModel):
    """Import a file that already lies in the organization's inbox of the object store."""

    uri: ShortText


class ImportStarted(BaseModel):
    """The import was accepted; the job does the work."""

    job_id: UUID
    import_id: UUID


class RowProblem(BaseModel):
    """Rows that share a problem. `example_rows` are numbers of data rows, the first row after the header is 1."""

    reason: str
    column: str | None
    rows: int
    example_rows: list[int] = Field(default_factory=list)


class CurrencySums(BaseModel):
    """Sums of the stored rows in one currency; null where no row knew the value."""

    currency: str
    billed: Amount | None
    effective: Amount | None
    list: Amount | None
    contracted: Amount | None


class ReplacedPeriod(BaseModel):
    """A billing period whose costs this import replaced as a whole; `rows_before` is null when there were none."""

    provider_name: str
    billing_account: str
    billing_period: date
    rows_before: int | None


class CostImportRead(ReadModel):
    """The manifest of one import."""

    id: UUID
    job_id: UUID | None
    state: ImportState
    file_name: str
    source: Literal["upload", "store", "local"]
    size_bytes: int | None
    sha256: str | None
    file_format: str | None
    focus_version: str | None
    rows_read: int
    rows_stored: int
    rows_rejected: int
    reasons: list[RowProblem]
    warnings: list[RowProblem]
    sums: list[CurrencySums]
    missing_columns: list[str]
    extra_columns: list[str]
    ignored_columns: list[str]
    min_charge_at: datetime | None
    max_charge_at: datetime | None
    replaced_periods: list[ReplacedPeriod]
    error: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class BreakdownItem(BaseModel):
    """One group in one period and currency. `period` is the first day; absent without granularity.

    `cost` is null when no line of the group knows this kind of cost; `currency` says which one it would be.
    """

    group: dict[str, str | None]
    period: date | None = None
    currency: str
    cost: Money | None


class BreakdownRead(BaseModel):
    """Items by period, then highest cost first. `totals` cover all groups, also those cut off when `truncated`."""

    items: list[BreakdownItem]
    totals: list[Money]
    truncated: bool = False


class CostSummary(BaseModel):
    """The month with the newest costs. `as_of_on` is the last day with costs; money is effective cost."""

    month: str = Field(pattern=r"^\d{4}-\d{2}$")
    as_of_on: date | None
    month_to_date: list[Money]
    previous_month_to_date: list[Money]
    month_end_estimate: list[Money]


class DailyCost(BaseModel):
    """Effective cost of one UTC day in one currency; null when unknown."""

    on: date
    cost: Money | None


class DailyCosts(BaseModel):
    """A daily series, oldest first, and its sum per currency."""

    items: list[DailyCost]
    totals: list[Money]


class DimensionValue(BaseModel):
    """A value to filter by and the number of bill lines that have it."""

    key: str | None
    count: int


class DimensionRead(BaseModel):
    """Values of one dimension, most frequent first."""

    items: list[DimensionValue]
    truncated: bool = False
