"""Bodies of the metrics' routes."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.core.schemas import ReadModel, RequestModel
from app.domains.metrics.rules.limits import OUT_OF_ORDER_MOST

Value = float | None


class SeriesRead(ReadModel):
    """One series. `type`, `unit` and `help` are what its sender says of the metric."""

    id: str
    name: str
    labels: dict[str, str]
    type: str
    unit: str
    help: str
    resource_id: UUID | None
    first_at: datetime | None
    last_at: datetime | None
    created_at: datetime


class MetricNameRead(ReadModel):
    """A metric's name and how many series it has."""

    name: str
    series: int
    type: str
    unit: str
    help: str


class LabelRead(ReadModel):
    """The name of a label."""

    name: str


class LabelValueRead(ReadModel):
    """A value of a label."""

    value: str


class SeriesPoints(ReadModel):
    """A series and its values, one for each step; null where nothing is known. Infinite values are null too."""

    id: str
    name: str
    labels: dict[str, str]
    type: str
    unit: str
    resource_id: UUID | None
    values: list[Value]


class PointsRead(ReadModel):
    """Values on a common grid: step i begins at `from` plus i times `step_seconds` and ends before the next.

    `truncated`: more series fulfil the selector than are shown.
    """

    from_: Annotated[datetime, Field(serialization_alias="from")]
    to: datetime
    step_seconds: int
    function: str
    series: list[SeriesPoints]
    truncated: bool


class NewestValueRead(ReadModel):
    """The newest value of a metric of a resource."""

    name: str
    value: float
    timestamp: datetime


class ResourceMetricsRead(ReadModel):
    """A resource's metrics: the newest value of each, and points of the one that was asked for."""

    newest: list[NewestValueRead]
    points: PointsRead | None


class MetricSettingsRead(ReadModel):
    """How samples are taken.

    `last_write_wins`: another value for a time that is stored replaces it; else it is refused.
    `out_of_order_minutes`: how far behind the newest of its series a sample may come.
    """

    last_write_wins: bool
    out_of_order_minutes: int


class MetricSettingsUpdate(RequestModel):
    """The whole of `MetricSettingsRead`."""

    last_write_wins: bool
    out_of_order_minutes: Annotated[int, Field(ge=0, le=int(OUT_OF_ORDER_MOST.total_seconds()) // 60)]
