"""The condition of an alert rule, as it is stored and as routes take it.

Plain frozen classes that pydantic reads; every kind comes to readings of metrics and comparisons of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

ReadFunction = Literal["last", "avg", "min", "max", "sum", "count", "rate", "increase", "forecast"]
Aggregate = Literal["sum", "avg", "min", "max", "count"]
Operator = Literal[">", ">=", "<", "<=", "==", "!="]

LOOKBACK_SECONDS = 300
MAX_WINDOW_SECONDS = 7 * 86_400
MAX_AHEAD_SECONDS = 90 * 86_400
MAX_PARTS = 8

Selector = Annotated[str, Field(min_length=1, max_length=4_000)]
Window = Annotated[int, Field(ge=15, le=MAX_WINDOW_SECONDS)]
LabelName = Annotated[str, Field(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$", max_length=200)]
LabelNames = Annotated[tuple[LabelName, ...], Field(max_length=20)]
Number = Annotated[float, Field(allow_inf_nan=False)]
_STRICT = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True)
class Reading:
    """What is read of which series at a time: a function of the samples of the window that ends there.

    `last` is the newest sample; `rate` is per second; `forecast` is what the line through the window's samples comes
    to `ahead_seconds` later. With `aggregate` the series that agree in the labels `by` are one.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    selector: Selector
    function: ReadFunction = "last"
    window_seconds: Window = LOOKBACK_SECONDS
    ahead_seconds: Annotated[int, Field(ge=0, le=MAX_AHEAD_SECONDS)] = 0
    aggregate: Aggregate | None = None
    by: LabelNames = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """A value beside a number."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    operator: Operator
    threshold: Number


@dataclass(frozen=True, slots=True)
class Threshold:
    """A reading `times` a factor, `plus` a number, beside a number: thresholds, rates and forecasts.

    Without `leave`, to leave is not to enter.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    reading: Reading
    enter: Comparison
    leave: Comparison | None = None
    times: Number = 1.0
    plus: Number = 0.0
    kind: Literal["threshold"] = "threshold"


@dataclass(frozen=True, slots=True)
class Ratio:
    """One reading over another of the same labels, `times` (100 for percent), `plus` a number, beside a number."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    kind: Literal["ratio"]
    over: Reading
    under: Reading
    enter: Comparison
    leave: Comparison | None = None
    times: Number = 1.0
    plus: Number = 0.0


@dataclass(frozen=True, slots=True)
class Absence:
    """No series of the selector has had a sample in the window.

    A series that was told to have ended is absent at once, as `absent()` has it; with `past_marks` its samples count
    for the whole window, as in `absent_over_time()`.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    kind: Literal["absence"]
    selector: Selector
    window_seconds: Window = LOOKBACK_SECONDS
    past_marks: bool = False


@dataclass(frozen=True, slots=True)
class Promql:
    """A question for an external server, kept as it was written; `source_id` is the metric source that answers it."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    kind: Literal["promql"]
    query: Annotated[str, Field(min_length=1, max_length=20_000)]
    source_id: UUID | None = None


Part = Annotated[Threshold | Ratio | Absence, Field(discriminator="kind")]


@dataclass(frozen=True, slots=True)
class Combination:
    """Several conditions: `all` or `any` of them for one label set. With `on`, the labels by which they match."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    kind: Literal["all", "any"]
    parts: Annotated[tuple[Part, ...], Field(min_length=2, max_length=MAX_PARTS)]
    on: LabelNames | None = None


Group = Annotated[
    str, Field(pattern=r"^(provider|billing_account|sub_account|service|region|tag:[^\x00-\x1f]{1,128})$")
]
Values = Annotated[tuple[Annotated[str, Field(max_length=500)], ...], Field(min_length=1, max_length=50)]


@dataclass(frozen=True, slots=True)
class Anomaly:
    """The score of each anomaly of the selector's series that is open: 0 to 1. A burst of many series is one."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    kind: Literal["anomaly"]
    selector: Selector
    enter: Comparison = Comparison(">=", 0.99)
    leave: Comparison | None = None


@dataclass(frozen=True, slots=True)
class CostFilter:
    """Values of one group of the bills; several are alternatives."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    group: Group
    values: Values


@dataclass(frozen=True, slots=True)
class Cost:
    """What a scope cost on the newest full day of the bills, or in its month up to that day: one value a currency.

    `percent` is the growth against the day before, or the same days of the month before. With `by` each value of that
    group counts for itself.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    kind: Literal["cost"]
    enter: Comparison
    leave: Comparison | None = None
    filters: Annotated[tuple[CostFilter, ...], Field(max_length=8)] = ()
    by: Group | None = None
    period: Literal["day", "month_to_date"] = "day"
    measure: Literal["amount", "percent"] = "amount"
    cost: Literal["effective", "billed", "list", "contracted"] = "effective"


@dataclass(frozen=True, slots=True)
class Compliance:
    """The number of open findings, of some severities, controls or a standard; or the standard's score (0 to 100)."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    kind: Literal["compliance"]
    enter: Comparison
    leave: Comparison | None = None
    measure: Literal["findings", "score"] = "findings"
    standard: Annotated[str, Field(max_length=100)] | None = None
    severities: tuple[Literal["critical", "high", "medium", "low", "info"], ...] = ()
    controls: Annotated[tuple[Annotated[str, Field(max_length=100)], ...], Field(max_length=200)] = ()


@dataclass(frozen=True, slots=True)
class InventoryChange:
    """How many changes of resources the window has. `search` is in the inventory's language, empty for all."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    kind: Literal["inventory"]
    enter: Comparison
    leave: Comparison | None = None
    changes: Annotated[tuple[Literal["created", "updated", "deleted"], ...], Field(min_length=1, max_length=3)] = (
        "created", "updated", "deleted",
    )  # fmt: skip
    search: Annotated[str, Field(max_length=2_000)] = ""
    window_seconds: Window = 3_600


Fact = Anomaly | Cost | Compliance | InventoryChange
"""Conditions on what other data than samples says. It is known whole: what is not told of is not so."""
FACT_KINDS = ("anomaly", "cost", "compliance", "inventory")
LEAST_SECONDS = {"cost": 3_600, "compliance": 300, "inventory": 60, "anomaly": 60}
"""How often it is asked at most: bills come a few times a day, compliance follows syncs."""

Condition = Threshold | Ratio | Absence | Promql | Combination | Fact


def readings_of(condition: Condition) -> Iterator[Reading]:
    """The readings that a condition needs; none for one that a server or other data answers."""
    match condition:
        case Threshold():
            yield condition.reading
        case Ratio():
            yield from (condition.over, condition.under)
        case Absence():
            function: ReadFunction = "count" if condition.past_marks else "last"
            yield Reading(condition.selector, function, condition.window_seconds)
        case Combination():
            for part in condition.parts:
                yield from readings_of(part)
        case _:  # asked of others
            return
