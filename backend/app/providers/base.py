"""The contract between adapters and the inventory: plain data, one unit of collection at a time.

A unit is (connection, cloud account, region, service). It ends complete, partial or failed; only the types that a
unit lists in `complete_types` may be used to close resources that were not seen.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

import orjson


class UnitState(StrEnum):
    """How a unit ended."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    FAILED = "failed"


class ErrorKind(StrEnum):
    """Why a call failed, mapped once from the vendor's errors in `errors.py` of each adapter."""

    ACCESS_DENIED = "access_denied"
    THROTTLED = "throttled"
    UNREACHABLE = "unreachable"
    TIMED_OUT = "timed_out"
    INVALID_ANSWER = "invalid_answer"
    NOT_ENABLED = "not_enabled"
    BAD_CREDENTIALS = "bad_credentials"
    QUOTA_EXCEEDED = "quota_exceeded"  # ours, not the cloud's
    OPEN_TRUST_POLICY = "trust-policy-accepts-any-caller"  # the connection must be refused


class ProviderError(Exception):
    """A call that failed, with what to do about it. `permission` names the missing right where it is one."""

    def __init__(self, kind: ErrorKind, message: str, *, call: str = "", permission: str | None = None) -> None:
        super().__init__(message)
        self.kind, self.message, self.call, self.permission = kind, message, call, permission


@dataclass(frozen=True, kw_only=True)
class Connection:
    """How to reach one connected account. Credentials are already opened and stay in memory."""

    connection_id: str
    credentials: Mapping[str, Any] = field(repr=False)
    endpoint_url: str | None = None
    regions: Sequence[str] = ()  # empty: every region enabled for the account
    excluded_regions: Sequence[str] = ()  # never read, also where `regions` is empty
    scope: Mapping[str, Any] = field(default_factory=dict)
    extra_ca_file: str | None = None


@dataclass(frozen=True, kw_only=True)
class Unit:
    """What one job step reads. `region` is "global" for services without regions."""

    account: str  # the cloud's own account number, project or subscription
    region: str
    service: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CollectedResource:
    """One thing in a cloud. `native_id` is its ARN, ARM id or Cloud Asset name, unique within an organization."""

    native_id: str
    native_type: str  # CloudFormation, Cloud Asset or ARM type name
    type: str  # normalised kind such as compute.instance, storage.bucket, network.security_group
    name: str
    region: str
    status: str | None
    tags: Mapping[str, str]
    properties: Mapping[str, Any]  # the cloud's own configuration, plain JSON, secret values "(redacted)"
    account: str = ""
    """The cloud account, project or subscription it is in, where that is not the unit's own."""
    created_at: datetime | None = None
    unread_fields: Mapping[str, str] = field(default_factory=dict)
    """Top-level properties that could not be read, each with the missing permission or failed call."""
    aliases: Sequence[str] = ()  # other ids that bills and relations use, such as i-0abc for an instance
    volatile: Sequence[str] = ()
    """Paths (`A.B`, `A[].B`) of properties that move by themselves, such as a queue's length."""


class PackedProperties(Mapping[str, Any]):
    """Properties as JSON with sorted keys, read anew by each look into them: a fifth of the memory of dictionaries.

    For adapters whose units hold many resources. `json` is what is stored.
    """

    __slots__ = ("json",)

    def __init__(self, json: bytes) -> None:
        self.json = json

    def __getitem__(self, key: str) -> Any:
        return orjson.loads(self.json)[key]

    def __iter__(self) -> Iterator[str]:
        return iter(orjson.loads(self.json))

    def __len__(self) -> int:
        return len(orjson.loads(self.json))

    def __repr__(self) -> str:
        return f"PackedProperties({self.json!r})"


def pack_properties(properties: dict[str, Any]) -> Mapping[str, Any]:
    """The same properties, packed; as they are where they are no JSON, such as half of a surrogate pair."""
    try:
        return PackedProperties(pack_json(properties, option=orjson.OPT_SORT_KEYS))
    except TypeError:  # also orjson's own error
        return properties


def pack_json(value: Any, *, option: int | None = None) -> bytes:
    """JSON that is kept for long. Raises TypeError.

    orjson (3.13) gives bytes that hold on to the buffer they were written in: 4 KB at least, up to 14 times the text.
    """
    return bytes(memoryview(orjson.dumps(value, option=option)))


def stable_properties(resource: CollectedResource) -> Mapping[str, Any]:
    """The properties without the volatile ones: what tells whether the resource was changed."""
    properties: Mapping[str, Any] = resource.properties
    for path in resource.volatile:
        properties = _without(properties, path.replace("[]", ".[]").split("."))
    return properties


def _without(value: Any, steps: Sequence[str]) -> Any:
    """A copy of the branch that the path leads through; what does not have the path is returned as it is."""
    step, *rest = steps
    if step == "[]":
        return [_without(entry, rest) for entry in value] if isinstance(value, list) else value
    if not isinstance(value, Mapping) or step not in value:
        return value
    if not rest:
        return {name: entry for name, entry in value.items() if name != step}
    return {**value, step: _without(value[step], rest)}


@dataclass(frozen=True, kw_only=True, slots=True)
class CollectedRelation:
    """An edge; the target may be outside of what was collected. Ids are native ids or aliases."""

    source: str
    kind: str  # contains, attached-to, member-of, uses, routes-to, targets, encrypts-with, logs-to, assumes, …
    target: str


@dataclass(frozen=True, kw_only=True)
class CallError:
    """One failed call of a unit."""

    kind: ErrorKind
    call: str  # ec2:DescribeInstances
    message: str
    permission: str | None = None


@dataclass(frozen=True, kw_only=True)
class UnitResult:
    """What a unit read."""

    unit: Unit
    state: UnitState
    resources: Sequence[CollectedResource] = ()
    relations: Sequence[CollectedRelation] = ()
    complete_types: frozenset[str] = frozenset()
    covers_all_types: bool = False
    """True: everything of the unit was listed, also types that no list names: one that is not here has nothing now."""
    errors: Sequence[CallError] = ()
    call_count: int = 0


@dataclass(frozen=True, kw_only=True)
class DiscoveredAccount:
    """A cloud account, project or subscription that a connection to an organization found."""

    native_account: str
    name: str
    kind: str  # account, project or subscription
    path: Sequence[str] = ()  # names of the organization, then of the units, folders or management groups above it
    is_active: bool = True


@dataclass(frozen=True, kw_only=True)
class ResourceTarget:
    """One resource to read again. What an event does not tell is empty; `hints` are the event's own words for it."""

    native_id: str
    native_type: str = ""
    account: str = ""
    region: str = ""
    hints: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ReadBack:
    """What reading one resource again found.

    `gone` holds native ids that the cloud said do not exist any more; a failed call is in `errors` and closes nothing.
    `unit` names the unit to which the resources belong.
    """

    unit: Unit
    resources: Sequence[CollectedResource] = ()
    relations: Sequence[CollectedRelation] = ()
    gone: frozenset[str] = frozenset()
    errors: Sequence[CallError] = ()
    call_count: int = 0


@dataclass(frozen=True, kw_only=True)
class CloudEvent:
    """A change that the cloud told of: who did what to which resources. `id` is the cloud's, for telling twins."""

    id: str
    at: datetime
    action: str  # ec2:RunInstances, Microsoft.Storage/storageAccounts/write, v1.compute.instances.insert
    actor: str | None  # ARN, e-mail address or application id
    targets: Sequence[ResourceTarget]
    account: str = ""


@dataclass(frozen=True, kw_only=True)
class PermissionCheck:
    """One read tried at connection time."""

    service: str
    call: str
    permission: str
    ok: bool
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class ConnectionReport:
    """What a connection test found. `account` is the cloud's number; `grant` the policy text for what is missing."""

    ok: bool
    account: str | None
    identity: str | None
    regions: Sequence[str] = ()
    checks: Sequence[PermissionCheck] = ()
    warnings: Sequence[str] = ()
    grant: Mapping[str, Any] | None = None


class Provider(Protocol):
    """What every adapter offers. Calls are asynchronous; SDKs that block run in the adapter's own threads."""

    children_sync_alone: bool
    """True: each discovered account is read by a sync of its own (AWS, a role in each). False: the connection's own
    sync reads them all in few calls, and `CollectedResource.account` says whose a resource is."""

    async def test(self, connection: Connection) -> ConnectionReport:
        """Try the identity and each needed read once. Raises ProviderError when nothing can be reached at all."""

    async def plan(self, connection: Connection) -> Sequence[Unit]:
        """The units of a full sync. Raises ProviderError when not even the regions can be listed."""

    async def collect(self, connection: Connection, unit: Unit, *, budget_seconds: float) -> UnitResult:
        """Read one unit within its time budget. Never raises for a failed call: the result says what failed."""

    async def discover(self, connection: Connection) -> Sequence[DiscoveredAccount]:
        """The accounts of a connection to an organization, folder or tenant; empty where it is to one account.

        Raises ProviderError; then the accounts found before stay.
        """

    def connect_child(self, connection: Connection, native_account: str) -> Connection:
        """The connection by which a discovered account is read, where `children_sync_alone`."""

    async def read_back(self, connection: Connection, target: ResourceTarget, *, budget_seconds: float) -> ReadBack:
        """Read one resource again, with the types of its unit that hang on it. Never raises for a failed call."""

    def parse_events(self, message: Mapping[str, Any]) -> Sequence[CloudEvent]:
        """What one message of the cloud's event service tells; empty for what concerns no resource.

        Raises ProviderError(INVALID_ANSWER) for what is no such message.
        """

    async def receive_events(
        self, connection: Connection, source: Mapping[str, Any], *, wait_seconds: float
    ) -> Sequence[tuple[str, Mapping[str, Any]]]:
        """(receipt, message) of a queue to be polled; empty where this cloud pushes. Raises ProviderError."""

    async def confirm_events(self, connection: Connection, source: Mapping[str, Any], receipts: Sequence[str]) -> None:
        """Take messages that were stored off the queue. Raises ProviderError."""

    async def find_actors(
        self, connection: Connection, unit: Unit, since: datetime, *, budget_seconds: float
    ) -> Sequence[CloudEvent]:
        """Changes of the unit's resources since then from the cloud's own log, in bounded calls, best effort.

        Raises ProviderError.
        """


@dataclass(frozen=True, kw_only=True, slots=True)
class MetricTarget:
    """A resource whose metrics are asked for. `key` is the caller's own name for it and comes back with each series."""

    key: str
    native_id: str
    native_type: str
    name: str
    account: str  # the cloud account, project or subscription that it is in
    region: str


@dataclass(frozen=True, kw_only=True, slots=True)
class MetricWindow:
    """Periods that begin at or after `start` and had ended, settled, by `now`. Both are UTC.

    `with_daily`: also the metrics of which there is one value a day, which are charged like others.
    """

    start: datetime
    now: datetime
    with_daily: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class PolledSeries:
    """One metric of a target. `points`: (Unix milliseconds of the period's begin, value), in the order of time."""

    target: str  # MetricTarget.key
    name: str
    labels: Mapping[str, str]
    unit: str
    points: Sequence[tuple[int, float]]


@dataclass(frozen=True, kw_only=True)
class PolledMetrics:
    """What one call of `read_metrics` brought. `asked` metrics is what clouds charge for.

    A target may be without series: it has said nothing in the window. What could not be read is in `errors`.
    """

    series: Sequence[PolledSeries] = ()
    errors: Sequence[CallError] = ()
    asked: int = 0
    call_count: int = 0


@runtime_checkable
class MetricReader(Protocol):
    """An adapter whose cloud can be asked for metrics."""

    def metric_types(self) -> frozenset[str]:
        """The native types that have metrics in the adapter's catalogue."""

    def count_metrics(self, native_type: str, *, daily: bool) -> int:
        """How many metrics one resource of the type is asked for, those of a day or all others."""

    async def read_metrics(
        self, connection: Connection, targets: Sequence[MetricTarget], window: MetricWindow, *, budget_seconds: float
    ) -> PolledMetrics:
        """The targets' metrics in the window. Never raises for a failed call: the result says what failed."""
