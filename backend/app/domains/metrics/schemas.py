"""Bodies of the metrics' routes."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from app.core.schemas import Name, ReadModel, RequestModel, ShortText
from app.domains.metrics.rules.anomalies import MOST_SERIES, Kind, Sensitivity, Verdict
from app.domains.metrics.rules.limits import OUT_OF_ORDER_MOST
from app.domains.metrics.rules.objectives import MAX_WINDOW, Operator, Severity
from app.domains.metrics.rules.utilisation import Measure

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


class CloudSettings(RequestModel):
    """What of an account is asked for; absent for all."""

    types: Annotated[list[Name] | None, Field(max_length=500, description="Native types.")] = None
    regions: Annotated[list[Name] | None, Field(max_length=200)] = None


class ServerSettings(RequestModel):
    """How a Prometheus-compatible server is asked. `secret` is a bearer token, or the password of `username`."""

    url: Annotated[str, Field(min_length=1, max_length=2_000, description="Up to and without `/api/v1`.")]
    username: Name | None = None
    secret: Annotated[str | None, Field(min_length=1, max_length=10_000)] = None
    tenant: Annotated[Name | None, Field(description="Sent as X-Scope-OrgID.")] = None


Interval = Annotated[int, Field(ge=60, le=86_400, description="Seconds between polls. Each poll is charged.")]


class SourceCreate(RequestModel):
    """Either `account_id`, for a cloud, or `server`."""

    name: Name
    account_id: UUID | None = None
    cloud: CloudSettings | None = None
    server: ServerSettings | None = None
    interval_seconds: Interval = 300
    enabled: bool = True


class SourceUpdate(RequestModel):
    """What is absent stays. A server's settings are replaced as a whole, but a secret that is absent stays."""

    name: Name | None = None
    cloud: CloudSettings | None = None
    server: ServerSettings | None = None
    interval_seconds: Interval | None = None
    enabled: bool | None = None


class SourceRead(ReadModel):
    """A source. `is_stale`: three intervals and more went by without a success.

    `metrics_per_hour`: what the cloud charges for, by what the last poll asked for.
    """

    id: UUID
    name: str
    kind: Literal["cloud", "prometheus"]
    account_id: UUID | None
    url: str | None
    settings: dict[str, Any]
    has_secret: bool
    interval_seconds: int
    enabled: bool
    created_at: datetime
    due_at: datetime | None
    read_until: datetime | None
    last_attempt_at: datetime | None
    last_success_at: datetime | None
    last_error: str | None
    missing_permissions: list[str]
    samples: int
    metrics_per_hour: int
    is_stale: bool


class SourceTestRead(ReadModel):
    """What a trial found. `resources` with metrics, and the metrics that an hour would ask for."""

    ok: bool
    error: str | None
    missing_permissions: list[str]
    resources: int
    series: int
    metrics_per_hour: int


class SourceSampleRead(ReadModel):
    """The newest sample of a series of a source."""

    name: str
    labels: dict[str, str]
    resource_id: UUID | None
    value: Value
    timestamp: datetime


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


class RatioIndicator(RequestModel):
    """Growth of the counters that `good` selects, by that of those that `total` selects."""

    kind: Literal["ratio"]
    good: Annotated[str, Field(min_length=1, max_length=4_000)]
    total: Annotated[str, Field(min_length=1, max_length=4_000)]


class ThresholdIndicator(RequestModel):
    """A slice of time of a series, a minute or five, is good if what its samples come to fulfils the condition."""

    kind: Literal["threshold"]
    selector: Annotated[str, Field(min_length=1, max_length=4_000)]
    function: Literal["avg", "min", "max", "last"] = "avg"
    operator: Operator
    threshold: float


class ObjectiveWrite(RequestModel):
    """An objective: `target_percent` of events are good in `window_days`. With a resource only its series count."""

    name: Name
    service: Annotated[str, Field(max_length=200)] = ""
    resource_id: UUID | None = None
    indicator: Annotated[RatioIndicator | ThresholdIndicator, Field(discriminator="kind")]
    target_percent: Annotated[float, Field(gt=0, lt=100)]
    window_days: Annotated[int, Field(ge=1, le=MAX_WINDOW.days)] = 30


class ObjectiveRead(ReadModel):
    """An objective as it is stored."""

    id: UUID
    name: str
    service: str
    resource_id: UUID | None
    indicator: dict[str, Any]
    target_percent: float
    window_days: int
    created_at: datetime
    updated_at: datetime


class BurnRead(ReadModel):
    """Burn rates over a long and a short window; 1 uses up the budget in exactly the objective's window.

    `is_burning`: both are at `factor` or above. Null where nothing is known.
    """

    long_seconds: int
    short_seconds: int
    severity: Severity
    factor: float
    long_rate: float | None
    short_rate: float | None
    is_burning: bool


class StandingRead(ReadModel):
    """How an objective stands. `budget_left_percent` is of the error budget, negative once more than all is used."""

    objective: ObjectiveRead
    good: float
    total: float
    good_percent: float | None
    budget_left_percent: float | None
    burns: list[BurnRead]


class UtilisationRead(ReadModel):
    """How much of the resource was used: the mean and the greatest of the steps' values, and what told it."""

    measure: Measure
    selector: str
    mean_percent: float
    peak_percent: float


class HealthRead(ReadModel):
    """A resource's health over a time. `available_percent`: of the steps that are known, by the metric `up`."""

    from_: Annotated[datetime, Field(serialization_alias="from")]
    to: datetime
    available_percent: float | None
    utilisation: list[UtilisationRead]
    objectives: list[StandingRead]


class AnomalyFeedback(RequestModel):
    """What it was; without a verdict an earlier one is taken back."""

    verdict: Verdict | None
    note: ShortText = ""


class AnomalyFeedbackRead(ReadModel):
    """What a person said of an anomaly."""

    verdict: Verdict
    note: str
    by: UUID | None
    at: datetime


class ExpectedRead(ReadModel):
    """Between which values the point was expected; null where that was not known."""

    low: float | None
    high: float | None


class AnomalyRead(ReadModel):
    """An episode of a series, or a burst of many, which has no series but `series_count` members.

    `score` (0 to 1), `value` and `expected` are those of its most surprising point, a mean of five minutes, of a
    counter its rate per second. `last_at`: the start of its last anomalous point.
    """

    id: UUID
    series_id: str | None
    name: str
    labels: dict[str, str]
    resource_id: UUID | None
    kind: Kind
    state: Literal["open", "ended"]
    started_at: datetime
    last_at: datetime
    ended_at: datetime | None
    points: int
    series_count: int
    score: float
    value: Value
    expected: ExpectedRead
    group_id: UUID | None
    feedback: AnomalyFeedbackRead | None


class AnomalyDetail(AnomalyRead):
    """An anomaly with the values around it; of a burst those of its most surprising members."""

    around: PointsRead


class DetectorSettingsRead(ReadModel):
    """What the detector watches. `names` are patterns with `*` and `?`, whatever their case.

    `left_out`: series that it should watch and that are above `max_series`. `judged_at`: up to when points were judged.
    """

    enabled: bool
    names: list[str]
    linked_only: bool
    max_series: int
    sensitivity: Sensitivity
    watched: int
    left_out: int
    judged_at: datetime | None


class DetectorSettingsUpdate(RequestModel):
    """The choices of `DetectorSettingsRead`. Earlier patterns go first where there are more than `max_series`."""

    enabled: bool
    names: Annotated[list[Name], Field(max_length=200)]
    linked_only: bool
    max_series: Annotated[int, Field(ge=0, le=MOST_SERIES)]
    sensitivity: Sensitivity
