"""Whether the internet reaches a resource: the shape of an answer, and who answers for which type.

Three values: a chain was found (true), something that decides could not be read (null), neither (false).
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from app.domains.topology.rules import traffic
from app.domains.topology.rules.estate import MALFORMED, Estate, Resource
from app.domains.topology.rules.traffic import Flow

logger = logging.getLogger(__name__)
MAX_CHAINS = 20


@dataclass(frozen=True, kw_only=True)
class ChainStep:
    """One piece of evidence: address, route, firewall_rule, listener, target or policy."""

    kind: str
    detail: str
    resource: Resource | None = None


@dataclass(frozen=True, kw_only=True)
class Chain:
    """One way in. `sources` replaces the prefixes of `flows` where the cloud has a name for who gets in."""

    steps: Sequence[ChainStep]
    flows: Sequence[Flow]
    sources: Sequence[str] = ()

    @property
    def ports(self) -> list[dict[str, Any]]:
        """Joined port ranges."""
        return traffic.port_ranges(self.flows)

    @property
    def cidrs(self) -> list[str]:
        """Who gets in."""
        return list(self.sources) or traffic.to_cidrs(traffic.all_sources(self.flows))

    @property
    def summary(self) -> str:
        """One line."""
        sources = self.cidrs
        everybody = "the internet" if {"0.0.0.0/0", "::/0"} & set(sources) else _some(sources)
        return f"Reached from {everybody} on {traffic.port_text(self.ports)}"


def _some(sources: Sequence[str]) -> str:
    return sources[0] if len(sources) == 1 else f"{sources[0]} and {len(sources) - 1} more" if sources else "somewhere"


@dataclass(kw_only=True)
class Exposure:
    """What is known. `unknown`: reasons why it cannot be told for sure."""

    chains: list[Chain] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    @property
    def exposed(self) -> bool | None:
        """True with a chain; null where something was not read; else false."""
        return True if self.chains else None if self.unknown else False

    def doubt(self, reason: str) -> None:
        """Note a reason once."""
        if reason not in self.unknown:
            self.unknown.append(reason)

    def read(self, resource: Resource, name: str) -> Any:
        """A top-level property; one that could not be read is doubted."""
        if name in resource.unread:
            self.doubt(f"{name} of {resource.name or resource.native_id} was not read: {resource.unread[name]}")
        return resource.properties.get(name)

    def add(self, steps: Sequence[ChainStep], flows: Sequence[Flow], sources: Sequence[str] = ()) -> None:
        """Note a way in, where anything gets in by it."""
        if flows and len(self.chains) < MAX_CHAINS:
            self.chains.append(Chain(steps=steps, flows=flows, sources=sources))


Explain = Callable[[Resource, Estate], Exposure]
_EXPLAINERS: dict[str, Explain] = {}
E = TypeVar("E", bound=Explain)


def explains(*native_types: str) -> Callable[[E], E]:
    """Register who answers for these types; ARM's are compared without case."""

    def register(explain: E) -> E:
        for native_type in native_types:
            _EXPLAINERS[native_type.lower()] = explain
        return explain

    return register


def is_examined(native_type: str) -> bool:
    """Whether resources of the type can be reached from the internet at all, as far as the rules know."""
    return native_type.lower() in _EXPLAINERS


def explain(resource: Resource, estate: Estate) -> Exposure:
    """Whether the internet reaches the resource. Where the estate lacks something, load that and ask again.

    One resource that a cloud told in a form of its own must not keep all others from being judged, so it is doubted.
    """
    explainer = _EXPLAINERS.get(resource.native_type.lower())
    if explainer is None:
        return Exposure(unknown=[f"Exposure of {resource.native_type} is not examined."])
    try:
        return explainer(resource, estate)
    except MALFORMED as error:
        logger.warning("the exposure of %s met something malformed: %s", resource.native_type, type(error).__name__)
        name = resource.name or resource.native_id
        return Exposure(unknown=[f"{name}, or what leads to it, has properties of a form that is not known."])


def everywhere(protocol: str, low: int, high: int | None = None, label: str = "") -> Flow:
    """Traffic from anywhere on these ports."""
    return Flow(protocol, low, low if high is None else high, traffic.ANYWHERE, (label,) if label else ())


def examined_types() -> frozenset[str]:
    """The types that rules explain, in lower case."""
    return frozenset(_EXPLAINERS)
