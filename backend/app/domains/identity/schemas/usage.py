"""Bodies of usage analytics."""

from datetime import date
from typing import Annotated

from pydantic import Field, model_validator

from app.core.schemas import ReadModel, RequestModel
from app.domains.identity.rules.usage import MAX_NAME_LENGTH, UsageKind, is_countable

MAX_EVENTS = 100


class UsageEvent(RequestModel):
    """A page that was opened or a feature that was used, by a name of ours: `costs`, `costs.breakdown`."""

    kind: UsageKind
    name: Annotated[str, Field(min_length=2, max_length=MAX_NAME_LENGTH)]
    count: Annotated[int, Field(ge=1, le=1_000, strict=True)] = 1

    @model_validator(mode="after")
    def _check_name(self) -> "UsageEvent":
        if not is_countable(self.kind, self.name):
            raise ValueError("name must be a page or a feature of the product")
        return self


class UsageEvents(RequestModel):
    events: Annotated[list[UsageEvent], Field(min_length=1, max_length=MAX_EVENTS)]


class UsageSettingsUpdate(RequestModel):
    enabled: Annotated[bool, Field(strict=True)]


class UsageNameRead(ReadModel):
    name: str
    count: int
    people: int


class UsageDayRead(ReadModel):
    day: date
    count: int
    people: int


class UsageRead(ReadModel):
    """Uses by page, feature and day; `from_day` inclusive, `to_day` exclusive. `people` are counted, never named.

    A person is counted twice in a span across a change of the pseudonyms' key, which comes every 90 days.
    """

    enabled: bool
    from_day: date
    to_day: date
    people: int
    pages: list[UsageNameRead]
    features: list[UsageNameRead]
    days: list[UsageDayRead]


class UsageSettingsRead(ReadModel):
    enabled: bool
