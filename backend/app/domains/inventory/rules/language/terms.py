"""What a search is made of."""

import dataclasses
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

MAX_SEARCH = 2_000  # characters
MAX_TERMS = 32
MAX_TERM_VALUES = 50
MAX_WILDCARDS = 3  # of one value
WORD = "word"  # the field of a bare word

FieldKind = Literal["text", "tag", "number", "instant", "flag", "property"]
Operator = Literal["=", "<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True)
class Field:
    """A field that can be asked for. `column`: of the resource, where the value is compared as it stands."""

    name: str
    kind: FieldKind
    description: str
    example: str
    column: str | None = None


IS_VALUES: dict[str, str] = {
    "stale": "the last read did not reach it",
    "public": "it can be reached from the internet",
    "orphan": "nothing uses it any more",
    "untagged": "it has no tags",
    "closed": "it is gone from the cloud",
}
_ALL = (
    Field("provider", "text", "Cloud", "provider:aws", "provider"),
    Field("account", "text", "Account by our id, its name or the cloud's number", "account:production", None),
    Field("type", "text", "Kind of resource, the same word in every cloud", "type:compute.instance", "type"),
    Field("native_type", "text", "Type in the cloud's own words", "native_type:AWS::EC2::Instance", "native_type"),
    Field("region", "text", "Region", "region:eu-*", "region"),
    Field("status", "text", 'State as the cloud tells it; "" where it tells none', "status:running", "status"),
    Field("service", "text", "Service that was read", "service:ec2", "service"),
    Field("name", "text", "Name, whatever its case", "name:*-prod", None),
    Field("id", "text", "The cloud's id or another name of it, whatever its case", "id:i-0abc*", None),
    Field("tag", "tag", "Tag by its key, or key and value", "tag:env=prod", None),
    Field("property", "property", "Value in the cloud's configuration", "property.InstanceType=t3.micro", None),
    Field("cost", "number", "Monthly cost; of several currencies the largest number", "cost>100", "cost_order"),
    Field("created", "instant", "Created in the cloud; an age or a date", "created>30d", "created_at"),
    Field("changed", "instant", "Last change in the history", "changed<7d", None),
    Field("first_seen", "instant", "First found", "first_seen<7d", "first_seen_at"),
    Field("last_seen", "instant", "Last found", "last_seen>12h", "last_seen_at"),
    Field("is", "flag", f"One of {', '.join(IS_VALUES)}", "is:stale", None),
)
FIELDS: dict[str, Field] = {one.name: one for one in _ALL}
LISTED_FIELDS = ("provider", "type", "native_type", "region", "status", "service")  # compared exactly, by column


@dataclass(frozen=True, slots=True)
class Pattern:
    """A value: the texts between its wildcards, so `eu-*` is ("eu-", "") and a plain value has one part."""

    parts: tuple[str, ...]

    @property
    def exact(self) -> str | None:
        """The text where there is no wildcard."""
        return self.parts[0] if len(self.parts) == 1 else None

    def lower(self) -> "Pattern":
        """The same in lower case."""
        return Pattern(tuple(part.lower() for part in self.parts))

    def matches(self, text: str) -> bool:
        """Whether the whole text fits."""
        if len(self.parts) == 1:
            return text == self.parts[0]
        first, *middle, last = self.parts
        if len(text) < len(first) + len(last) or not text.startswith(first) or not text.endswith(last):
            return False
        at, end = len(first), len(text) - len(last)
        for part in middle:
            found = text.find(part, at, end)
            if found < 0:
                return False
            at = found + len(part)
        return True

    def like(self) -> str:
        """The pattern for LIKE with its usual escape."""
        return "%".join(part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") for part in self.parts)


@dataclass(frozen=True, slots=True)
class Comparison:
    """`operator` with one of: an amount, an age (counted back from now), an instant. A younger age is smaller."""

    operator: Operator
    amount: Decimal | None = None
    age: timedelta | None = None
    moment: datetime | None = None


@dataclass(frozen=True, slots=True)
class SearchTerm:
    """One condition. `values` are alternatives; none of them for `tag:key` asks for the key.

    `path`: the tag's key, or the keys that lead to a property. `start` and `end` are characters of the text, from 0.
    """

    field: str
    values: tuple[Pattern, ...] = ()
    path: tuple[str, ...] = ()
    comparison: Comparison | None = None
    negated: bool = False
    start: int = dataclasses.field(default=0, compare=False)
    end: int = dataclasses.field(default=0, compare=False)


class SearchError(ValueError):
    """The search cannot be understood. `at`: the character, from 0; the text tells it from 1."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(f"{message} (at character {at + 1})")
        self.at = at
