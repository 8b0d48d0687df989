"""Sets of addresses, and what traffic ordered rules let through. Pure arithmetic over intervals, both families."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_network, summarize_address_range
from itertools import chain, pairwise
from typing import NamedTuple

MAX_PORT = 65_535
ALL_PORTS = ((0, MAX_PORT),)
MAX_CIDRS = 50
_TOP = {4: (1 << 32) - 1, 6: (1 << 128) - 1}


class IntervalSet:
    """Integers as sorted, disjoint, not touching, inclusive intervals."""

    __slots__ = ("spans",)

    def __init__(self, spans: Iterable[tuple[int, int]] = ()) -> None:
        made: list[tuple[int, int]] = []
        for low, high in sorted(span for span in spans if span[0] <= span[1]):
            if made and low <= made[-1][1] + 1:
                made[-1] = (made[-1][0], max(made[-1][1], high))
            else:
                made.append((low, high))
        self.spans: tuple[tuple[int, int], ...] = tuple(made)

    def __bool__(self) -> bool:
        return bool(self.spans)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IntervalSet) and self.spans == other.spans

    def __hash__(self) -> int:
        return hash(self.spans)

    def __contains__(self, value: int) -> bool:
        return any(low <= value <= high for low, high in self.spans)

    def __or__(self, other: "IntervalSet") -> "IntervalSet":
        return IntervalSet([*self.spans, *other.spans])

    def __and__(self, other: "IntervalSet") -> "IntervalSet":
        made: list[tuple[int, int]] = []
        mine, theirs = 0, 0
        while mine < len(self.spans) and theirs < len(other.spans):
            (low, high), (low2, high2) = self.spans[mine], other.spans[theirs]
            if (start := max(low, low2)) <= (end := min(high, high2)):
                made.append((start, end))
            if high < high2:
                mine += 1
            else:
                theirs += 1
        return IntervalSet(made)

    def __sub__(self, other: "IntervalSet") -> "IntervalSet":
        made: list[tuple[int, int]] = []
        for low, high in self.spans:
            for low2, high2 in other.spans:
                if high2 < low or low2 > high:
                    continue
                if low2 > low:
                    made.append((low, low2 - 1))
                low = high2 + 1
                if low > high:
                    break
            if low <= high:
                made.append((low, high))
        return IntervalSet(made)


NOTHING = IntervalSet()
EVERYTHING = {family: IntervalSet([(0, top)]) for family, top in _TOP.items()}


class Addresses(NamedTuple):
    """Addresses of both families."""

    v4: IntervalSet = NOTHING
    v6: IntervalSet = NOTHING

    def of(self, family: int) -> IntervalSet:
        """Those of one family."""
        return self.v4 if family == 4 else self.v6


ANYWHERE = Addresses(EVERYTHING[4], EVERYTHING[6])


def addresses(texts: Iterable[str]) -> Addresses:
    """The addresses of prefixes, single addresses and `a-b` ranges; what is none of these adds nothing."""
    spans: dict[int, list[tuple[int, int]]] = {4: [], 6: []}
    for text in texts:
        low, dash, high = text.strip().partition("-")
        try:
            first = ip_network(low.strip(), strict=False)
            last = ip_network(high.strip(), strict=False) if dash else first
        except ValueError:
            continue
        if first.version == last.version:
            spans[first.version].append((int(first.network_address), int(last.broadcast_address)))
    return Addresses(IntervalSet(spans[4]), IntervalSet(spans[6]))


# Not the internet: RFC 1918, RFC 6598, this host, loopback, link-local, multicast and reserved. Ranges for
# documentation count as internet, because some people use them as such. Of IPv6 only what IANA gave out, 2000::/3.
_NOT_PUBLIC = addresses(
    (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.168.0.0/16", "224.0.0.0/3",
    )
)  # fmt: skip
INTERNET = Addresses(EVERYTHING[4] - _NOT_PUBLIC.v4, addresses(("2000::/3",)).v6)


def to_cidrs(found: Addresses) -> list[str]:
    """Prefixes that cover what of these addresses is of the internet, at most MAX_CIDRS; all of it is 0.0.0.0/0."""
    made: list[str] = []
    for family in (4, 6):
        given, public = found.of(family), INTERNET.of(family)
        if not given & public:
            continue
        if not public - given:
            made.append("0.0.0.0/0" if family == 4 else "::/0")
            continue
        # What is not of the internet may fill gaps, where that leaves fewer prefixes to read.
        wide = given | (EVERYTHING[family] - public)
        exact, short = _prefixes(family, given, public), _prefixes(family, wide, given & public)
        made += short if len(short) < len(exact) else exact
    return made[:MAX_CIDRS]


def _prefixes(family: int, spans: IntervalSet, wanted: IntervalSet) -> list[str]:
    """Prefixes of the spans that hold something wanted."""
    kind = IPv4Address if family == 4 else IPv6Address
    return [
        str(network)
        for low, high in spans.spans
        for network in summarize_address_range(kind(low), kind(high))
        if IntervalSet([(int(network.network_address), int(network.broadcast_address))]) & wanted
    ]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule of a firewall. `protocols` of None means all of them; `label` names the rule in evidence.

    `passes`: it neither allows nor refuses, the next firewall of the chain decides.
    """

    allow: bool
    passes: bool = False
    sources: Addresses
    protocols: frozenset[str] | None = None
    ports: Sequence[tuple[int, int]] = ALL_PORTS
    label: str = ""


class Flow(NamedTuple):
    """What is let through on some ports: `rules` are the labels of the allowing rules, first first."""

    protocol: str
    low: int
    high: int
    sources: Addresses
    rules: tuple[str, ...] = ()


PROTOCOLS = ("tcp", "udp", "icmp", "other")
_NUMBERS = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmp", "icmpv6": "icmp"}


def protocol_name(text: object) -> str | None:
    """tcp, udp, icmp or other; None for all of them. Numbers as IANA gives them."""
    name = str(text).strip().lower()
    if name in ("-1", "all", "any", "*", "", "none"):
        return None
    name = _NUMBERS.get(name, name)
    return name if name in PROTOCOLS else "other"


def evaluate(rules: Sequence[Rule], *, within: Addresses = ANYWHERE) -> list[Flow]:
    """What rules let through, the first that matches deciding, everything else refused. Ports in order, not joined."""
    return evaluate_stages([rules], within=within)


def evaluate_stages(stages: Sequence[Sequence[Rule]], *, within: Addresses = ANYWHERE) -> list[Flow]:
    """The same for firewalls that one packet asks in turn: what no rule of one matches, the next decides."""
    flows: list[Flow] = []
    for protocol in PROTOCOLS:
        relevant = [[one for one in stage if one.protocols is None or protocol in one.protocols] for stage in stages]
        has_ports = protocol in ("tcp", "udp")
        cuts = {0, MAX_PORT + 1}
        for rule in chain.from_iterable(relevant) if has_ports else ():
            cuts |= {edge for low, high in rule.ports for edge in (low, high + 1)}
        for low, end in pairwise(sorted(cuts)):
            matching = [
                [one for one in stage if not has_ports or any(first <= low <= last for first, last in one.ports)]
                for stage in relevant
            ]
            flow = _first_match(protocol, low, end - 1, matching, within)
            if flow.sources.v4 or flow.sources.v6:
                flows.append(flow)
    return flows


def _first_match(protocol: str, low: int, high: int, stages: Sequence[Sequence[Rule]], within: Addresses) -> Flow:
    admitted: dict[int, IntervalSet] = {}
    labels: dict[str, None] = {}
    for family in (4, 6):
        left, allowed = within.of(family), NOTHING
        for stage in stages:
            passed = NOTHING
            for rule in stage:
                matched = left & rule.sources.of(family)
                if not matched:
                    continue
                if rule.passes:
                    passed |= matched
                elif rule.allow:
                    allowed |= matched
                    labels[rule.label] = None
                left -= matched
            left |= passed
        admitted[family] = allowed
    return Flow(protocol, low, high, Addresses(admitted[4], admitted[6]), tuple(filter(None, labels)))


def both(first: Sequence[Flow], second: Sequence[Flow]) -> list[Flow]:
    """What gets through two firewalls, one behind the other."""
    flows: list[Flow] = []
    for one in first:
        for other in second:
            low, high = max(one.low, other.low), min(one.high, other.high)
            if one.protocol != other.protocol or low > high:
                continue
            sources = Addresses(one.sources.v4 & other.sources.v4, one.sources.v6 & other.sources.v6)
            if sources.v4 or sources.v6:
                flows.append(Flow(one.protocol, low, high, sources, tuple(dict.fromkeys(one.rules + other.rules))))
    return flows


def from_internet(flows: Iterable[Flow], families: Iterable[int] = (4, 6)) -> list[Flow]:
    """The part of it that the internet can use to reach addresses of these families."""
    wanted = set(families)
    made = [
        flow._replace(
            sources=Addresses(
                flow.sources.v4 if 4 in wanted and flow.sources.v4 & INTERNET.v4 else NOTHING,
                flow.sources.v6 if 6 in wanted and flow.sources.v6 & INTERNET.v6 else NOTHING,
            )
        )
        for flow in flows
    ]
    return [flow for flow in made if flow.sources.v4 or flow.sources.v6]


def on_ports(flows: Iterable[Flow], protocol: str, low: int, high: int) -> list[Flow]:
    """The part of it on these ports."""
    return [
        flow._replace(low=max(flow.low, low), high=min(flow.high, high))
        for flow in flows
        if flow.protocol == protocol and flow.low <= high and low <= flow.high
    ]


def port_ranges(flows: Iterable[Flow]) -> list[dict[str, object]]:
    """Joined ranges by protocol; where all four protocols are open on all ports, one range of `all`."""
    spans: dict[str, list[tuple[int, int]]] = {}
    for flow in flows:
        spans.setdefault(flow.protocol, []).append((flow.low, flow.high))
    joined = {protocol: IntervalSet(found).spans for protocol, found in spans.items()}
    if all(joined.get(protocol) == ALL_PORTS for protocol in PROTOCOLS):
        return [{"protocol": "all", "from": 0, "to": MAX_PORT}]
    return [
        {"protocol": protocol, "from": low, "to": high}
        for protocol in PROTOCOLS
        for low, high in joined.get(protocol, ())
    ]


def all_sources(flows: Iterable[Flow]) -> Addresses:
    """Everybody who gets through somewhere."""
    v4, v6 = NOTHING, NOTHING
    for flow in flows:
        v4, v6 = v4 | flow.sources.v4, v6 | flow.sources.v6
    return Addresses(v4, v6)


def port_text(ranges: Sequence[dict[str, object]]) -> str:
    """Ranges as people write them: `tcp 22, 443, 8000–8100`."""
    if not ranges:
        return "no ports"
    if ranges[0]["protocol"] == "all":
        return "all ports"
    made: list[str] = []
    for protocol in dict.fromkeys(str(one["protocol"]) for one in ranges):
        spans = [(one["from"], one["to"]) for one in ranges if one["protocol"] == protocol]
        if spans == [(0, MAX_PORT)]:
            made.append(f"{protocol} all" if protocol in ("tcp", "udp") else protocol)
        else:
            shown = [str(low) if low == high else f"{low}–{high}" for low, high in spans[:6]]
            made.append(f"{protocol} {', '.join(shown)}{' …' if len(spans) > 6 else ''}")
    return "; ".join(made)
