"""The words in which a resource type is declared: what to call and where to look. The engine does the rest.

Paths are those of `paths.py`. Templates are texts with `{partition}`, `{region}`, `{account}` and `{path}` in them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

Item = dict[str, Any]
Arguments = Mapping[str, Any]


class Calls(Protocol):
    """What a join may do: calls of the unit's service under its limits. Both raise AwsError."""

    account: str
    region: str
    partition: str

    def call(self, client: str, operation: str, arguments: Arguments, region: str | None = None) -> Item:
        """One call; the answer without its metadata."""

    def items(
        self, client: str, operation: str, path: str, arguments: Arguments, *, may_omit: bool = False
    ) -> list[Any]:
        """Every item at the path over all pages."""

    def wait(self, seconds: float) -> None:
        """Sleep, but not past the unit's time."""


@dataclass(frozen=True, kw_only=True)
class Listing:
    """A paged or single call that names every resource of a type. Equal listings of a unit are made once."""

    operation: str
    items: str  # path; empty: the whole answer is the one item
    client: str = ""  # the unit's own when empty
    arguments: Arguments = field(default_factory=dict)
    page_size: int | None = None
    may_omit: bool = False  # the service leaves the key out when there is nothing
    scalar: str = ""  # items are plain texts: the property that takes them
    absent: tuple[str, ...] = ()  # error codes that mean "there is none here", such as a service never switched on

    @property
    def key(self) -> tuple[str, str, str]:
        """Equal for listings that are one and the same call."""
        return self.client, self.operation, repr(sorted(self.arguments.items()))


@dataclass(frozen=True, kw_only=True)
class ForEach:
    """Makes the listing once per resource of another type of the same unit."""

    parent: str
    arguments: Mapping[str, str]  # call parameter → path in the parent
    carry: Mapping[str, str] = field(default_factory=dict)  # property of the child → path in the parent
    nested: bool = False  # the same listing again below each child
    when: Callable[[Item], bool] | None = None  # false: this parent has none
    parent_arn: str = ""  # template that makes the parent's id of the parts of the child's, to read just that parent


@dataclass(frozen=True, kw_only=True)
class Describe:
    """Turns listed ids into whole items, `batch` ids a call (0: the parameter takes one id, not a list)."""

    operation: str
    ids: str
    parameter: str
    items: str  # path; empty: the whole answer is the one item
    batch: int = 0
    arguments: Arguments = field(default_factory=dict)
    keep: tuple[str, ...] = ()  # listed properties that go on into the described item
    match: str = ""  # path in the described item that equals the id; needed with `keep` and a batch


@dataclass(frozen=True, kw_only=True)
class Extra:
    """A property that needs a call per item, because the vendor has no bulk call for it."""

    name: str
    operation: str
    arguments: Mapping[str, str]  # call parameter → path in the item
    constants: Arguments = field(default_factory=dict)
    result: str = ""  # path in the answer; empty: the whole answer
    absent: tuple[str, ...] = ()  # error codes that mean "not set", which is a value
    default: Any = None  # what "not set" is stored as
    client: str = ""
    when: Callable[[Item], bool] | None = None  # false: the call makes no sense, `default` unless the item has it
    convert: Callable[[Any], Any] | None = None
    spread: tuple[str, ...] = ()  # the answer's own members become properties; these are unread when it fails
    region: str = ""  # path in the item of the region to ask
    stage: int = 1
    fallback: "Extra | None" = None  # where an endpoint does not know the call
    simulated: bool = True  # False: no simulated cloud knows the call, so an operator's own endpoint is not asked


@dataclass(frozen=True, kw_only=True)
class Join:
    """A property from a bulk call over the unit: `read` answers key → value."""

    name: str
    read: Callable[[Calls, Sequence[Item]], Mapping[str, Any]]
    calls: tuple[str, ...]  # "client:Operation", for permissions
    key: str  # template that makes the key of an item
    default: Any = None
    shared: bool = False  # does not depend on the items: read once for all types of the unit
    read_one: Callable[[Calls, str], Mapping[str, Any]] | None = None  # the same for one key, in a smaller call


@dataclass(frozen=True, kw_only=True)
class Relation:
    """An edge from the item to each value, or the other way round. Values that are ARNs are targets as they are."""

    kind: str
    path: str | Callable[[Item], Sequence[str]]
    target: str | Callable[[str], str] = "{value}"  # template, or what makes the template of a value
    reverse: bool = False


@dataclass(frozen=True, kw_only=True)
class ResourceType:
    """One kind of resource."""

    native_type: str
    type: str
    native_id: str
    name: tuple[str, ...]  # first that has a value; "tag:Name" reads a tag
    listing: Listing | None  # None: the ids come from `for_each`, or the unit itself is the one resource
    arn: str = ""  # template of all its ids, whose places take an id apart; where `native_id` does not show it
    narrow: Arguments = field(default_factory=dict)
    """Arguments that narrow the listing to one resource: templates over the parts of its id (`arn`), and the id
    itself as `{native_id}`. Empty: it is picked from the whole listing, or described by its id."""
    itself: tuple[str, ...] = ()  # then its first properties: AccountId, RegionName
    for_each: ForEach | None = None
    describe: Describe | None = None
    select: Callable[[Item], bool] | None = None
    owner: str = ""  # path of the owner's account number; what another account shares with us is that one's to list
    tags: str = "Tags"
    status: str = ""
    created: str = ""
    region: str = ""  # path, where it is not the unit's
    aliases: tuple[str, ...] = ()
    relations: tuple[Relation, ...] = ()
    extras: tuple[Extra, ...] = ()
    joins: tuple[Join, ...] = ()
    json_fields: tuple[str, ...] = ()  # properties that hold a JSON text; null where the answer leaves them out
    derive: Mapping[str, Callable[[Item], Any]] = field(default_factory=dict)  # before redaction; the name → its value
    redact: tuple[str, ...] = ()
    volatile: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Service:
    """One unit's worth of types. `rate` (calls per second) and `burst` open below the published limits."""

    name: str
    types: tuple[ResourceType, ...]
    is_global: bool = False
    threads: int = 8
    rate: float = 20
    burst: int = 100
    simulated: bool = True  # False: no simulated cloud knows it, so it is not asked of an operator's own endpoint
