"""The words in which an asset type is declared. What is not declared is read by the rules that hold for most types."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Data = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Relation:
    """An edge from the resource to each value at a path, or the other way round.

    Values are links, full names or paths of the service `host`; with an empty `host` they stay as they are (e-mail
    addresses and other aliases). `path` may be a function that gives the values.
    """

    kind: str
    path: str | Callable[[Data], Sequence[str]]
    host: str = "compute.googleapis.com"
    reverse: bool = False


@dataclass(frozen=True, kw_only=True)
class AssetType:
    """One kind of asset. Paths are those of `paths.py` into the resource's data; empty ones follow the usual names."""

    native_type: str
    type: str
    name: str = ""
    status: str = ""
    created: str = ""
    labels: str = ""
    aliases: tuple[str, ...] = ()  # templates of one value: "{selfLink}", "gs://{name}"
    relations: tuple[Relation, ...] = ()
    volatile: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()  # values that are secret whatever they look like
    hidden_queries: tuple[str, ...] = ()  # addresses whose query may hold a token
    derive: Mapping[str, Callable[[Data], Any]] = field(default_factory=dict)  # before redaction; name → its value


@dataclass(frozen=True, kw_only=True)
class Group:
    """One unit's worth of asset types: whole services by label (`pubsub` for pubsub.googleapis.com)."""

    name: str
    types: tuple[AssetType, ...]
    services: tuple[str, ...]


def link(kind: str, path: str | Callable[[Data], Sequence[str]], host: str = "compute.googleapis.com") -> Relation:
    """An edge from the resource."""
    return Relation(kind=kind, path=path, host=host)


def back(kind: str, path: str | Callable[[Data], Sequence[str]], host: str = "compute.googleapis.com") -> Relation:
    """An edge to the resource."""
    return Relation(kind=kind, path=path, host=host, reverse=True)


def uses_account(path: str) -> Relation:
    """The resource acts as a service account, named by e-mail address."""
    return Relation(kind="uses", path=path, host="")


def encrypted_with(path: str) -> Relation:
    """The resource's data are under a KMS key."""
    return Relation(kind="encrypts-with", path=path, host="cloudkms.googleapis.com")


def in_network(path: str = "network") -> Relation:
    """The network contains the resource."""
    return back("contains", path)


def in_subnet(path: str = "subnetwork") -> Relation:
    """The subnet contains the resource."""
    return back("contains", path)
