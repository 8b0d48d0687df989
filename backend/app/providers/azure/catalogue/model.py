"""The words in which an ARM type is declared: what it is, where its relations are, what only its own provider tells.

Paths are those of `paths.py`, from the top of the resource: `properties.subnets[].id`, `identity.type`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Item = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Relation:
    """An edge from the resource to each id at the path, or the other way round. What is no ARM id is left out."""

    kind: str
    path: str | Callable[[Item], Sequence[str]]
    reverse: bool = False


@dataclass(frozen=True, kw_only=True)
class Child:
    """A setting that Resource Graph lacks: one read below the resource, stored as the property `name`.

    `absent` are error codes that mean "not set", a value, stored as `default`. A list reads all pages of a collection.
    """

    name: str
    path: str
    api_version: str
    action: str
    is_list: bool = False
    absent: tuple[str, ...] = ()
    default: Any = None
    when: Callable[[Item], bool] | None = None  # false: there is no such setting, nothing is asked or stored
    redact: tuple[str, ...] = ()  # from the top of each answered item


@dataclass(frozen=True, kw_only=True)
class Part:
    """Things inside a resource that are resources of their own type: subnets of a network."""

    native_type: str
    path: str


@dataclass(frozen=True, kw_only=True)
class ResourceType:
    """One ARM type. `kinds` maps a word of the resource's `kind` to another normalised type."""

    native_type: str
    type: str
    api_version: str
    table: str = "resources"
    where: str = ""  # a further condition of the query, in its language
    name: str = "name"
    status: tuple[str, ...] = ()
    created: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    relations: tuple[Relation, ...] = ()
    children: tuple[Child, ...] = ()
    parts: tuple[Part, ...] = ()
    redact: tuple[str, ...] = ()
    volatile: tuple[str, ...] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)
    expand: str = ""  # what a single read has to be told to show
    is_part: bool = False  # found inside another type's resources, never queried
    is_listed: bool = False  # by Resource Manager, not in Resource Graph

    @property
    def key(self) -> str:
        """The type as Resource Graph spells it."""
        return self.native_type.lower()


@dataclass(frozen=True, kw_only=True)
class Group:
    """One unit's worth of types."""

    name: str
    types: tuple[ResourceType, ...]
    is_rest: bool = False  # also every type that no group names


USUAL_STATUS = ("properties.provisioningState", "properties.state", "properties.status")


def simple(native_type: str, kind: str, api_version: str, **more: Any) -> ResourceType:
    """A type with the usual paths."""
    more.setdefault("status", USUAL_STATUS)
    return ResourceType(native_type=native_type, type=kind, api_version=api_version, **more)


def uses(path: str) -> Relation:
    """The resource uses what the path names."""
    return Relation(kind="uses", path=path)


def targets(path: str) -> Relation:
    """The resource sends traffic or work to it."""
    return Relation(kind="targets", path=path)


def secured_by(path: str) -> Relation:
    """A security group guards the resource."""
    return Relation(kind="secured-by", path=path)


def in_subnet(path: str) -> Relation:
    """The subnet contains the resource."""
    return Relation(kind="contains", path=path, reverse=True)


def attached_to(path: str) -> Relation:
    """The resource is attached to what the path names."""
    return Relation(kind="attached-to", path=path)


def logs_to(path: str) -> Relation:
    """Logs of the resource go there."""
    return Relation(kind="logs-to", path=path)


def encrypts_with(path: str) -> Relation:
    """Keys that encrypt the resource."""
    return Relation(kind="encrypts-with", path=path)
