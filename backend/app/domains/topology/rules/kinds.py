"""What each kind of edge means for the questions: who depends on whom, and whether a path may lead over it.

`source kind target` is how an edge reads. One table, because blast radius, paths and their tests must agree.
"""

from dataclasses import dataclass
from typing import Literal

Dependent = Literal["source", "target", "both", "none"]


@dataclass(frozen=True, kw_only=True)
class KindRule:
    """`dependent`: which end stops working, or changes what it may do, when the other end goes. `why` says so."""

    dependent: Dependent
    why: str
    connects: bool = True


KINDS: dict[str, KindRule] = {
    "contains": KindRule(dependent="target", why="What lies in a network, subnet, cluster or group goes with it."),
    "member-of": KindRule(dependent="source", why="A member works by, or gets its rights from, what it is in."),
    "attached-to": KindRule(
        dependent="target", why="A disk, address or gateway serves what it is attached to, and outlives it."
    ),
    "uses": KindRule(dependent="source", why="What is used must be there."),
    "routes-to": KindRule(dependent="source", why="Traffic that a route or listener takes ends where it leads."),
    "targets": KindRule(dependent="source", why="A balancer answers through its targets."),
    "encrypts-with": KindRule(dependent="source", why="Without its key the data cannot be read."),
    "logs-to": KindRule(dependent="source", why="Its record ends when the place for it goes."),
    "assumes": KindRule(dependent="source", why="Who acts by a role can no longer act."),
    "secured-by": KindRule(dependent="source", why="A change of the firewall changes what reaches it."),
    "bounded-by": KindRule(dependent="source", why="A change of the boundary changes what it may do."),
    "resolves-to": KindRule(dependent="source", why="A name answers with what it points to."),
    "peers-with": KindRule(dependent="both", why="Each side reaches the other only while both are there."),
    "trusts": KindRule(dependent="target", why="Who is trusted gets in by the one that trusts."),
    "triggers": KindRule(dependent="target", why="What is triggered does nothing when nothing triggers it."),
    "dead-letters-to": KindRule(dependent="source", why="Failed messages are lost without their queue."),
    "notifies": KindRule(dependent="source", why="Nobody hears of it without the place it tells."),
    "allows": KindRule(dependent="none", why="A rule lets traffic in; neither firewall needs the other to work."),
    "allows-traffic-to": KindRule(dependent="none", why="To be allowed to reach something is not to need it."),
    "monitors": KindRule(dependent="none", why="The watched one works unwatched, the watcher has nothing to watch."),
    "snapshot-of": KindRule(dependent="none", why="A snapshot outlives its disk, and the disk needs no snapshot."),
    "created-from": KindRule(dependent="none", why="A copy is whole once it is made."),
}
UNKNOWN_KIND = KindRule(dependent="source", why="Most kinds say that the source needs the target.")

# A path may end at these and not lead through them: everything in an account shares them.
NO_THOROUGHFARE: tuple[str, ...] = (
    "account.account",
    "account.region",
    "account.project",
    "account.folder",
    "account.organization",
    "account.subscription",
    "account.resource_group",
    "compute.image",
    "security.key_pair",
    "compute.machine_type",
)


def rule_of(kind: str) -> KindRule:
    """The rule of a kind; of one that we do not know, the usual one."""
    return KINDS.get(kind, UNKNOWN_KIND)


def depends_outward(kind: str) -> bool:
    """Whether the source of such an edge depends on its target."""
    return rule_of(kind).dependent in ("source", "both")


def depends_inward(kind: str) -> bool:
    """Whether the target of such an edge depends on its source."""
    return rule_of(kind).dependent in ("target", "both")


# For SQL, which knows kinds by name: those to leave out, so that a new kind is followed the usual way.
NOT_OUTWARD: tuple[str, ...] = tuple(kind for kind in KINDS if not depends_outward(kind))
INWARD: tuple[str, ...] = tuple(kind for kind in KINDS if depends_inward(kind))
