"""What a control is, what evaluating it gives, and how results become a score."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from hashlib import sha256
from typing import Any, Literal, NamedTuple, TypeVar
from uuid import UUID

State = Literal["PASS", "FAIL", "NOT_APPLICABLE", "UNKNOWN"]
Severity = Literal["critical", "high", "medium", "low", "info"]
SEVERITIES: tuple[Severity, ...] = ("critical", "high", "medium", "low", "info")
SEVERITY_WEIGHT: Mapping[str, int] = {"critical": 10, "high": 5, "medium": 2, "low": 1, "info": 0}
Properties = Mapping[str, Any]
STALE = "the last read of this resource failed"
"""How the reason of every result on a stale resource begins."""
T = TypeVar("T")


class Failure(NamedTuple):
    """One way a resource fails a control; `sub_key` tells several on one resource apart (a key id, a rule id)."""

    sub_key: str
    evidence: Mapping[str, Any]


class Outcome(NamedTuple):
    """The one result of one control on one resource. `severity` replaces the control's where the case is lesser."""

    state: State
    reason: str = ""
    failures: Sequence[Failure] = ()
    severity: Severity | None = None


PASS = Outcome("PASS")


def failed(reason: str, /, *, severity: Severity | None = None, **evidence: Any) -> Outcome:
    """One failure with the values that were read."""
    return Outcome("FAIL", reason, (Failure("", evidence),), severity)


def failed_each(reason: str, failures: Iterable[Failure], *, severity: Severity | None = None) -> Outcome:
    """FAIL with one failure each, or PASS when there is none."""
    found = tuple(failures)
    return Outcome("FAIL", reason, found, severity) if found else PASS


def not_applicable(reason: str) -> Outcome:
    """The resource is out of the control's scope."""
    return Outcome("NOT_APPLICABLE", reason)


def unknown(reason: str) -> Outcome:
    """A needed field could not be read; `reason` names the missing permission or the failed call."""
    return Outcome("UNKNOWN", reason)


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """Thresholds of the controls; an organization may replace them, and evidence shows what was used."""

    key_max_age_days: int = 90
    unused_days: int = 45
    root_idle_days: int = 30
    backup_days: int = 7
    data_ports: tuple[int, ...] = (
        1433, 1521, 2379, 3306, 5432, 5439, 5601, 6379, 9042, 9092, 9200, 9300, 11211, 27017,
    )  # fmt: skip
    prod_values: frozenset[str] = frozenset({"prod", "production", "live"})


class Sibling(NamedTuple):
    """Another resource of the same cloud account, as a control reads it."""

    native_id: str
    region: str
    properties: Properties
    unread_fields: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What a control may read besides the resource: the account's other resources, the thresholds, the clock.

    `siblings(native_type)` is None when that type's listing never completed: what is absent from it is unknown.
    """

    now: datetime
    parameters: Parameters = field(default_factory=Parameters)
    siblings: Callable[[str], Sequence[Sibling] | None] = lambda native_type: None
    _derived: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)
    _shared: list[Any] = field(default_factory=lambda: [None, None, None], repr=False, compare=False)

    def derive(self, native_type: str, build: Callable[[Sequence[Sibling]], T]) -> T | None:
        """What `build` makes of a type's listing, made once for all resources; None when the listing is unknown."""
        key = native_type, build
        if key not in self._derived:
            siblings = self.siblings(native_type)
            self._derived[key] = None if siblings is None else build(siblings)
        made: T | None = self._derived[key]
        return made

    def share(self, value: Any, build: Callable[[Any], T]) -> T:
        """What `build` makes of a part of a resource; made once for the controls that ask for it one after another."""
        shared = self._shared
        if shared[0] is not value or shared[1] is not build:
            shared[:] = value, build, build(value)
        made: T = shared[2]
        return made


class Resource(NamedTuple):
    """A stored resource as the engine hands it to a control."""

    id: UUID
    native_id: str
    native_type: str
    region: str
    tags: Mapping[str, str]
    properties: Properties
    unread_fields: Mapping[str, str]
    is_stale: bool
    stale_reason: str = ""


Check = Callable[[Resource, Surroundings], Outcome]


@dataclass(frozen=True, kw_only=True)
class Control:
    """One control. A changed condition raises `version`; `fields` are the properties without which it is UNKNOWN."""

    id: str
    version: int
    title: str
    severity: Severity
    native_types: tuple[str, ...]
    permissions: tuple[str, ...]
    remediation: str
    check: Check
    fields: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    """Properties that the vendor always answers: null is UNKNOWN too."""
    reads: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """{other resource type: its properties that the condition reads}; a change among them evaluates anew."""
    provider: str = "aws"


def evaluate(control: Control, resource: Resource, surroundings: Surroundings) -> Outcome:
    """One result. Missing, stale or misshapen input is UNKNOWN, never PASS and never an exception."""
    if resource.is_stale:
        return unknown(f"{STALE}: {resource.stale_reason}" if resource.stale_reason else STALE)
    properties, unread = resource.properties, resource.unread_fields
    for name in control.fields:
        if name not in properties or name in unread:
            return unknown(unread.get(name) or f"{name} was not collected")
    for name in control.values:
        if properties.get(name) is None or name in unread:
            return unknown(unread.get(name) or f"{name} was not collected")
    try:
        return control.check(resource, surroundings)
    except (TypeError, ValueError, LookupError, AttributeError):  # one odd resource must not stop the others
        return unknown("the cloud answered in a shape that this control does not know")


def finding_key(control_id: str, native_id: str, sub_key: str) -> bytes:
    """A finding's identity within its organization, stable from run to run."""
    return sha256("\x00".join((control_id, native_id, sub_key)).encode()).digest()


def score(passed_weight: int, failed_weight: int) -> Decimal | None:
    """Passed weight as a share of what was evaluated, in percent with one decimal; None: nothing was assessed."""
    return percent(passed_weight, passed_weight + failed_weight)


def percent(part: int, whole: int) -> Decimal | None:
    """A share in percent with one decimal; None of nothing. A share below the whole never reads 100."""
    if whole == 0:
        return None
    share = (Decimal(100 * part) / whole).quantize(Decimal("0.1"), ROUND_HALF_UP)
    return min(share, Decimal("99.9")) if part < whole else share
