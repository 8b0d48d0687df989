"""Facts about metrics."""

from dataclasses import dataclass
from typing import ClassVar, Literal
from uuid import UUID

from app.core.events import Event


@dataclass(frozen=True, kw_only=True)
class SeriesCreated(Event):
    """Series that were not known before: how many, and the names of their metrics, at most 100."""

    name: ClassVar[str] = "metrics.series_created"
    topic: ClassVar[str | None] = None
    count: int
    names: list[str]


@dataclass(frozen=True, kw_only=True)
class MetricSourceChanged(Event):
    """A source was made, changed or removed; `fields` names what was set, never the values."""

    name: ClassVar[str] = "metrics.source_changed"
    topic: ClassVar[str | None] = None
    source_id: UUID
    action: Literal["created", "updated", "removed"]
    fields: list[str]
    by: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class MetricSettingsChanged(Event):
    """A person changed how samples are taken; `fields` names what changed."""

    name: ClassVar[str] = "metric_settings.changed"
    actor_id: UUID
    fields: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class DetectorSettingsChanged(Event):
    """A person changed what the detector watches; `fields` names what changed."""

    name: ClassVar[str] = "metric_detector.changed"
    actor_id: UUID
    fields: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class AnomalyJudged(Event):
    """A person said of an anomaly that it was expected, wrong or useful; None takes that back."""

    name: ClassVar[str] = "metric_anomaly.judged"
    topic: ClassVar[str | None] = "alerts"
    anomaly_id: UUID
    actor_id: UUID
    verdict: str | None


@dataclass(frozen=True, kw_only=True)
class AnomaliesChanged(Event):
    """The detector found episodes that begin or end: how many."""

    name: ClassVar[str] = "metrics.anomalies_changed"
    topic: ClassVar[str | None] = "alerts"
    begun: int
    ended: int
