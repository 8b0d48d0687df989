"""Bodies of the import of Prometheus' rule files."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field

from app.core.schemas import Name, ReadModel, RequestModel, check_text
from app.domains.alerts.rules.promql_files import MAX_CONTENT
from app.domains.alerts.rules.promql_import import MAX_INTERVAL_SECONDS, Outcome


class RuleImport(RequestModel):
    """A Prometheus rule file. A file of the same name is replaced; its rules keep their states where they stay.

    `source_id` is a connected Prometheus-compatible server: it is asked what our form does not cover.
    """

    name: Name
    content: Annotated[str, Field(max_length=MAX_CONTENT, description="YAML."), AfterValidator(check_text)]
    source_id: UUID | None = None
    default_interval_seconds: Annotated[int, Field(ge=1, le=MAX_INTERVAL_SECONDS)] = 60
    dry_run: bool = False


class ImportedRule(ReadModel):
    """What became of one rule of the file.

    `outcome`: `translated` to our form, asked of a `server` as it is, `refused`, or `not_taken` (recording rules).
    `change` is null where nothing is stored.
    """

    group: str
    name: str
    kind: Literal["alert", "record"]
    line: int
    outcome: Outcome
    reasons: list[str]
    change: Literal["added", "changed", "unchanged"] | None
    enabled: bool
    rule_id: UUID | None


class RemovedRule(ReadModel):
    """A rule of the file as it was before, that is no longer in it."""

    group: str
    name: str
    rule_id: UUID


class RuleImportReport(ReadModel):
    """Every rule of the file in its order, and those that go. A dry run has no `file_id` for a new file."""

    file_id: UUID | None
    name: str
    dry_run: bool
    rules: list[ImportedRule]
    removed: list[RemovedRule]


class RuleFileRead(ReadModel):
    """An imported file; `rules` counts those that are stored of it."""

    id: UUID
    name: str
    source_id: UUID | None
    groups: list[str]
    rules: int
    created_at: datetime
    updated_at: datetime


class RuleFileDetail(RuleFileRead):
    """An imported file with its text and what was said of its rules at the last import."""

    content: str
    report: list[ImportedRule]
