"""The part of what was collected that a question needs, loaded round by round while a pure rule asks for it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID, uuid5

# What reading a value of another type than the vendor's format says comes to: int("x"), "x".get(…), {}[…], hash([]).
MALFORMED = (AttributeError, LookupError, TypeError, ValueError)
_NAMESPACE = UUID("6f1f9b1e-8d0f-4d0a-9a59-0d8e6b3c7a11")


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A resource as rules see it. `unread`: {property: why it could not be read}."""

    id: UUID
    native_id: str
    native_type: str
    type: str
    name: str
    provider: str
    account: str  # the cloud's own number
    region: str
    status: str | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)
    unread: Mapping[str, str] = field(default_factory=dict)
    aliases: Sequence[str] = ()


class Listing(NamedTuple):
    """Every open resource of a type in an account and region (`""`: in all). `complete`: nothing is missing."""

    resources: Sequence[Resource]
    complete: bool


class ListingKey(NamedTuple):
    """What a listing is of."""

    native_type: str
    account: str
    region: str


EMPTY = Listing((), False)


def listing_read(key: ListingKey) -> UUID:
    """The read key of a listing."""
    return uuid5(_NAMESPACE, "list\x1f" + "\x1f".join(key))


def reference_read(reference: str) -> UUID:
    """The read key of an id that was looked for."""
    return uuid5(_NAMESPACE, "find\x1f" + reference.lower())


def reads_of(native_type: str, account: str, region: str, ids: Iterable[str]) -> set[UUID]:
    """The read keys that a resource of this type and place, with these ids, touches when it comes, goes or changes."""
    listings = {
        listing_read(ListingKey(native_type, owner, place)) for owner in (account, "") for place in (region, "")
    }
    return listings | {reference_read(id_) for id_ in ids}


class Estate:
    """What is loaded. Asking for more notes it in `wanted_*`: load that, and ask the rule again."""

    def __init__(self) -> None:
        self._by_reference: dict[str, Resource | None] = {}
        self._listings: dict[ListingKey, Listing] = {}
        self.wanted_references: set[str] = set()
        self.wanted_listings: set[ListingKey] = set()
        self.reads: set[UUID] = set()

    def add(self, resource: Resource) -> None:
        """Take a resource in under its ids."""
        for reference in (resource.native_id, *resource.aliases):
            self._by_reference.setdefault(reference.lower(), resource)

    def answer(self, reference: str, resource: Resource | None) -> None:
        """What an id leads to; None for an id that nothing has."""
        self._by_reference[reference.lower()] = resource

    def answer_listing(self, key: ListingKey, listing: Listing) -> None:
        """What a listing holds."""
        self._listings[key] = listing

    @property
    def is_complete(self) -> bool:
        """Whether everything that was asked for was there."""
        return not self.wanted_references and not self.wanted_listings

    def start(self) -> None:
        """Forget what the last question asked for and read."""
        self.wanted_references, self.wanted_listings, self.reads = set(), set(), set()

    def get(self, reference: str | None) -> Resource | None:
        """The resource with this native id or alias."""
        if not reference:
            return None
        key = reference.lower()
        self.reads.add(reference_read(reference))
        if key not in self._by_reference:
            self.wanted_references.add(reference)
            return None
        found = self._by_reference[key]
        if found is not None:
            self.reads.add(found.id)
        return found

    def listing(self, native_type: str, account: str = "", region: str = "") -> Listing:
        """Every open resource of a type there; `complete` is false where some could not be read."""
        key = ListingKey(native_type, account, region)
        self.reads.add(listing_read(key))
        if key not in self._listings:
            self.wanted_listings.add(key)
            return EMPTY
        return self._listings[key]


def dig(value: Any, *path: str) -> Any:
    """A nested value by keys; None where one is missing."""
    for step in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(step)
    return value


def each(value: Any, *path: str) -> list[Any]:
    """The entries of a nested list that are objects; none where it is missing or no list."""
    found = dig(value, *path)
    return [entry for entry in found if isinstance(entry, Mapping)] if isinstance(found, list | tuple) else []


def texts(value: Any) -> list[str]:
    """The texts of a list, or a single one."""
    if isinstance(value, str):
        return [value]
    return [entry for entry in value if isinstance(entry, str)] if isinstance(value, list | tuple) else []


def arm(resource: Resource) -> Mapping[str, Any]:
    """The `properties` of an ARM resource."""
    inner = resource.properties.get("properties")
    return inner if isinstance(inner, Mapping) else resource.properties
