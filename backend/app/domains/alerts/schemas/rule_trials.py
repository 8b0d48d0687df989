"""Bodies of the routes that try a rule before it is switched on: preview, backtest, unit tests."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from app.core.schemas import Instant, Name, ReadModel, RequestModel, Text
from app.domains.alerts.rules.form import LabelNames
from app.domains.alerts.rules.states import State
from app.domains.alerts.schemas.rules import RuleDraft

MAX_TEST_TEXT = 500_000


class PreviewAsk(RequestModel):
    """A rule that need not be stored, and the time of which to ask; without one it is now."""

    rule: RuleDraft
    at: Instant | None = None


class PreviewReading(ReadModel):
    """What one of the condition's selectors means now."""

    selector: str
    series: int


class PreviewRow(ReadModel):
    """A label set as its alert would have it. `state`: what the rule would begin with, by its `for`."""

    labels: dict[str, str]
    annotations: dict[str, str]
    value: float | None
    enters: bool
    stays: bool
    state: State


class PreviewRead(ReadModel):
    """What a rule comes to at one time; `rows` has 500 at most, those that enter first. `error`: why it has none."""

    at: datetime
    series: int
    readings: list[PreviewReading]
    label_sets: int
    firing: int
    pending: int
    rows: list[PreviewRow]
    error: str | None


class GroupingAsk(RequestModel):
    """How alerts are put together for notifications; the defaults are Alertmanager's."""

    by: LabelNames = ("alertname",)
    wait_seconds: Annotated[int, Field(ge=0, le=86_400)] = 30
    interval_seconds: Annotated[int, Field(ge=1, le=86_400)] = 300
    repeat_seconds: Annotated[int, Field(ge=60, le=30 * 86_400)] = 4 * 3_600


class BacktestAsk(RequestModel):
    """A rule over stored history: one that is not stored, a stored one, or a stored one as `rule` would change it."""

    rule: RuleDraft | None = None
    rule_id: UUID | None = None
    from_at: Annotated[Instant, Field(alias="from")]
    to_at: Annotated[Instant | None, Field(alias="to")] = None
    grouping: GroupingAsk = GroupingAsk()

    @model_validator(mode="after")
    def _has_a_rule(self) -> Self:
        if self.rule is None and self.rule_id is None:
            raise ValueError("takes rule, rule_id or both")
        return self


class EpisodeRead(ReadModel):
    """One time that a label set fired, or was only pending (`fired_at` null); open at the end where `ended_at` is."""

    labels: dict[str, str]
    active_at: datetime
    fired_at: datetime | None
    ended_at: datetime | None
    value: float | None


class MessageRead(ReadModel):
    """A predicted notification of a group: how many alerts it tells as firing, how many as resolved."""

    group: dict[str, str]
    at: datetime
    firing: int
    resolved: int


class FailureRead(ReadModel):
    """A step at which the rule failed."""

    at: datetime
    detail: str


class DifferenceRead(ReadModel):
    """Beside the rule in force: episodes that only the one or the other has, and how many they share."""

    added: list[EpisodeRead]
    added_total: int
    removed: list[EpisodeRead]
    removed_total: int
    kept: int
    episodes_in_force: int
    notifications_in_force: int


class BacktestResult(ReadModel):
    """What the rule would have done. Lists hold 500 at most; the totals count all.

    `history_from` is the first step with a sample; `history_is_short` where that is later than what was asked for.
    """

    from_at: Annotated[datetime, Field(serialization_alias="from")]
    to_at: Annotated[datetime, Field(serialization_alias="to")]
    interval_seconds: int
    steps: int
    series: int
    history_from: datetime | None
    history_is_short: bool
    episodes: list[EpisodeRead]
    episodes_total: int
    near_misses: list[EpisodeRead]
    near_misses_total: int
    notifications: list[MessageRead]
    notifications_total: int
    failures: list[FailureRead]
    failures_total: int
    difference: DifferenceRead | None


class BacktestRead(ReadModel):
    """A backtest: with its result at once, or with the job that works on it. `id` is there where a job is."""

    id: UUID | None
    job_id: UUID | None
    state: Literal["running", "done", "failed"]
    error: str | None
    result: BacktestResult | None


class UnitTestAsk(RequestModel):
    """Tests as promtool's YAML has them, and the rules they are of: those here, of a group, or stored ones.

    Without any of the three, all rules that are stored and enabled.
    """

    tests: Annotated[str, Field(min_length=1, max_length=MAX_TEST_TEXT)]
    rules: Annotated[list[RuleDraft], Field(max_length=200)] | None = None
    group: Name | None = None
    rule_ids: Annotated[list[UUID], Field(max_length=200)] | None = None


class UnitAlertRead(ReadModel):
    """An alert of a check."""

    labels: dict[str, str]
    annotations: dict[str, str]


class UnitCheckRead(ReadModel):
    """One expectation; `line` is where it stands, `detail` why it could not be looked at."""

    alertname: str
    eval_time_seconds: float
    line: int
    passed: bool
    expected: list[UnitAlertRead]
    got: list[UnitAlertRead]
    detail: str | None


class UnitCaseRead(ReadModel):
    """One test with its checks."""

    name: str
    line: int
    passed: bool
    checks: list[UnitCheckRead]


class UnitTestRead(ReadModel):
    """What the tests came to. `notes`: what stands in the file and is not looked at here."""

    passed: bool
    tests: list[UnitCaseRead]
    notes: list[Text]
