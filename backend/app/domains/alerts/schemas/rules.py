"""Bodies of the routes of alert rules: writing and reading rules and groups of them."""

import re
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, Field

from app.core.schemas import Name, ReadModel, RequestModel, check_text
from app.domains.alerts.rules.form import Condition
from app.domains.alerts.rules.states import NoData, OnError, State
from app.domains.alerts.schemas.alerts import Severity

MAX_FOR_SECONDS = 30 * 86_400
MAX_INSTANCES = 100_000
MAX_GROUP_RULES = 1_000


_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]{0,199}")


def _whole_minutes(seconds: int) -> int:
    if seconds % 60:
        raise ValueError("must be whole minutes")
    return seconds


def _label_names(given: dict[str, str]) -> dict[str, str]:
    for name in given:
        if not _LABEL_NAME.fullmatch(name):
            raise ValueError(f"{name[:60]!r} is not a label's name")
    return given


Template = Annotated[str, Field(max_length=4_000), AfterValidator(check_text)]
Templates = Annotated[dict[str, Template], Field(max_length=50), AfterValidator(_label_names)]
Span = Annotated[int, Field(ge=0, le=MAX_FOR_SECONDS)]
Health = Literal["ok", "err", "unknown"]


class RuleDraft(RequestModel):
    """A rule that need not be stored.

    Spans are seconds. Values of `labels` and `annotations` are templates (`{{ $labels.host }}`, `{{ $value }}`).
    """

    name: Name
    condition: Annotated[Condition, Field(discriminator="kind")]
    severity: Severity = "medium"
    interval_seconds: Annotated[int, Field(ge=60, le=86_400), AfterValidator(_whole_minutes)] = 60
    for_seconds: Span = 0
    keep_firing_seconds: Span = 0
    no_data: NoData = "resolve"
    on_error: OnError = "keep"
    instance_limit: Annotated[int, Field(ge=0, le=MAX_INSTANCES, description="0 is no limit.")] = 0
    labels: Templates = {}
    annotations: Templates = {}


class RuleWrite(RuleDraft):
    """A rule to store."""

    enabled: bool = True


class RuleUpdate(RuleWrite):
    """A rule as it shall be, and the version that was read: another one's change in between is not overwritten."""

    version: Annotated[int, Field(ge=1, le=2_147_483_647)]


class RuleRead(ReadModel):
    """A stored rule and how it stands.

    `state` is that of its worst instance; `group` is empty for a rule that stands alone, `file_id` names the imported
    file that it came from. `firing` and `pending` count its instances.
    """

    id: UUID
    name: str
    condition: dict[str, Any]
    threshold: float | None
    enabled: bool
    version: int
    severity: Severity
    interval_seconds: int
    for_seconds: int
    keep_firing_seconds: int
    no_data: NoData
    on_error: OnError
    instance_limit: int
    labels: dict[str, str]
    annotations: dict[str, str]
    file_id: UUID | None
    group: str
    position: int
    health: Health
    last_error: str | None
    state: State
    firing: int
    pending: int
    created_at: datetime
    updated_at: datetime


class RuleInstanceRead(ReadModel):
    """One label set of a rule; `alert_id` is the open alert of it. `keep_since_at`: it fires only by keep-firing."""

    key: str
    labels: dict[str, str]
    annotations: dict[str, str]
    state: State
    active_at: datetime
    fired_at: datetime | None
    keep_since_at: datetime | None
    resolved_at: datetime | None
    value: float | None
    no_data: bool
    alert_id: UUID | None


class RuleDetail(RuleRead):
    """A rule with its instances, firing ones first and 500 at most, and when rules were evaluated last."""

    instances: list[RuleInstanceRead]
    instances_total: int
    evaluated_at: datetime | None
    evaluation_seconds: float | None


class RuleGroupWrite(RequestModel):
    """All rules of a group; what is not here is removed."""

    rules: Annotated[list[RuleWrite], Field(max_length=MAX_GROUP_RULES)]


class RuleDifference(ReadModel):
    """One rule that a group's replacement adds, changes or removes; `fields` names what changes."""

    change: Literal["added", "changed", "removed"]
    id: UUID | None
    name: str
    fields: list[str]
    resets_states: bool


class RuleGroupResult(ReadModel):
    """What a replacement did, or, as a dry run, would do."""

    group: str
    dry_run: bool
    unchanged: int
    differences: list[RuleDifference]


class RuleGroupRead(ReadModel):
    """A group and the rules of it in their order."""

    group: str
    rules: list[RuleRead]
