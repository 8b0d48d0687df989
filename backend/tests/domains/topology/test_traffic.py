"""Sets of addresses and rules in order, beside an evaluation packet by packet."""

from collections.abc import Sequence
from ipaddress import ip_address, ip_network

import pytest
from app.domains.topology.rules import traffic
from app.domains.topology.rules.traffic import Addresses, Flow, IntervalSet, Rule
from hypothesis import given, settings
from hypothesis import strategies as st

TOP = 40  # of the small worlds that brute force walks through
spans = st.lists(st.tuples(st.integers(0, TOP), st.integers(0, TOP)), max_size=6)


def members(found: IntervalSet) -> set[int]:
    return {value for value in range(TOP + 1) if value in found}


@given(spans, spans)
def test_sets_of_intervals_are_sets(first: list[tuple[int, int]], second: list[tuple[int, int]]) -> None:
    one, other = IntervalSet(first), IntervalSet(second)
    a = {value for low, high in first for value in range(low, high + 1)}
    b = {value for low, high in second for value in range(low, high + 1)}
    assert (members(one), members(other)) == (a, b)
    assert (members(one | other), members(one & other), members(one - other)) == (a | b, a & b, a - b)
    assert (one == other) == (a == b)
    assert bool(one) == bool(a)
    for made in (one, one | other, one & other, one - other):
        assert all(high + 1 < low for (_, high), (low, _) in zip(made.spans, made.spans[1:], strict=False))


BASE = int(ip_address("198.51.100.0"))
PORTS = (0, 1, 21, 22, 23, 80, 443, 8080, 65535)
few_addresses = st.builds(
    lambda found: Addresses(IntervalSet([(BASE + low, BASE + high) for low, high in found]), IntervalSet(found)), spans
)
few_ports = st.lists(
    st.tuples(st.sampled_from(PORTS), st.sampled_from(PORTS)).map(lambda pair: (min(pair), max(pair))),
    min_size=1,
    max_size=3,
)
few_rules = st.lists(
    st.builds(
        Rule,
        allow=st.booleans(),
        passes=st.booleans(),
        sources=few_addresses,
        protocols=st.none() | st.sets(st.sampled_from(traffic.PROTOCOLS), min_size=1).map(frozenset),
        ports=few_ports,
        label=st.sampled_from("abc"),
    ),
    max_size=6,
)
Packet = tuple[int, int, str, int]  # family, source, protocol, port
PACKETS: list[Packet] = [
    (family, (BASE if family == 4 else 0) + value, protocol, port)
    for family in (4, 6)
    for value in (0, 1, 7, 20, TOP)
    for protocol in traffic.PROTOCOLS
    for port in PORTS
]


def passes(stages: Sequence[Sequence[Rule]], packet: Packet) -> bool:
    """One packet asks one rule after another."""
    family, source, protocol, port = packet
    for stage in stages:
        for rule in stage:
            if rule.protocols is not None and protocol not in rule.protocols:
                continue
            if source not in rule.sources.of(family):
                continue
            if protocol in ("tcp", "udp") and not any(low <= port <= high for low, high in rule.ports):
                continue
            if rule.passes:
                break
            return rule.allow
    return False


def covers(flows: Sequence[Flow], packet: Packet) -> bool:
    family, source, protocol, port = packet
    return any(
        flow.protocol == protocol and flow.low <= port <= flow.high and source in flow.sources.of(family)
        for flow in flows
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(few_rules, min_size=1, max_size=3))
def test_rules_in_order_let_through_what_one_packet_after_the_other_passes(stages: list[list[Rule]]) -> None:
    flows = traffic.evaluate_stages(stages)
    assert [packet for packet in PACKETS if covers(flows, packet)] == [
        packet for packet in PACKETS if passes(stages, packet)
    ]


@settings(max_examples=40, deadline=None)
@given(few_rules, few_rules, few_addresses)
def test_two_firewalls_let_through_what_both_do(first: list[Rule], second: list[Rule], within: Addresses) -> None:
    one, other = traffic.evaluate(first, within=within), traffic.evaluate(second)
    both = traffic.both(one, other)
    for packet in PACKETS:
        inside = packet[1] in within.of(packet[0])
        assert covers(one, packet) == (inside and passes([first], packet))
        assert covers(both, packet) == (inside and passes([first], packet) and passes([second], packet))


@settings(max_examples=40, deadline=None)
@given(few_rules, st.sampled_from(PORTS), st.sampled_from(PORTS))
def test_ports_are_cut_and_joined(rules: list[Rule], low: int, high: int) -> None:
    flows = traffic.evaluate(rules)
    part = traffic.on_ports(flows, "tcp", low, high)
    for packet in PACKETS:
        wanted = packet[2] == "tcp" and low <= packet[3] <= high
        assert covers(part, packet) == (wanted and covers(flows, packet))
    ranges = traffic.port_ranges(flows)
    for protocol in ("tcp", "udp"):
        for port in PORTS:
            told = any(one["protocol"] in (protocol, "all") and one["from"] <= port <= one["to"] for one in ranges)  # type: ignore[operator]
            assert told == any(flow.protocol == protocol and flow.low <= port <= flow.high for flow in flows)


prefixes = st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 32)).map(
    lambda pair: str(ip_network(pair, strict=False))
)


@settings(max_examples=80, deadline=None)
@given(st.lists(prefixes, min_size=1, max_size=5), st.lists(prefixes, max_size=3))
def test_prefixes_cover_the_same_part_of_the_internet(added: list[str], taken: list[str]) -> None:
    found = Addresses(traffic.addresses(added).v4 - traffic.addresses(taken).v4)
    cidrs = traffic.to_cidrs(found)
    if len(cidrs) < traffic.MAX_CIDRS:
        told = traffic.addresses(cidrs).v4 & traffic.INTERNET.v4
        assert told == found.v4 & traffic.INTERNET.v4


@pytest.mark.parametrize(
    ("texts", "v4", "v6"),
    [
        (["10.0.0.0/30"], [(0x0A000000, 0x0A000003)], []),
        (["10.0.0.1"], [(0x0A000001, 0x0A000001)], []),
        (["10.0.0.1-10.0.0.9"], [(0x0A000001, 0x0A000009)], []),
        (["10.0.0.9-10.0.0.1", "pl-1", "", "*"], [], []),
        (["10.0.0.0-::1"], [], []),
        (["::1/128"], [], [(1, 1)]),
    ],
)
def test_texts_are_read_as_addresses(texts: list[str], v4: list[tuple[int, int]], v6: list[tuple[int, int]]) -> None:
    assert traffic.addresses(texts) == Addresses(IntervalSet(v4), IntervalSet(v6))


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["0.0.0.0/0"], ["0.0.0.0/0"]),
        (["0.0.0.0/0", "::/0"], ["0.0.0.0/0", "::/0"]),
        (["10.0.0.0/8", "fd00::/8"], []),
        (["198.51.100.0/25", "198.51.100.128/25"], ["198.51.100.0/24"]),
        (["0.0.0.0/1", "128.0.0.0/1"], ["0.0.0.0/0"]),
    ],
)
def test_sources_are_told_as_prefixes_of_the_internet(texts: list[str], expected: list[str]) -> None:
    assert traffic.to_cidrs(traffic.addresses(texts)) == expected


@pytest.mark.parametrize(
    ("flows", "expected"),
    [
        ([], "no ports"),
        ([("tcp", 22, 22), ("tcp", 23, 25), ("udp", 53, 53)], "tcp 22–25; udp 53"),
        ([("tcp", 0, 65535), ("icmp", 0, 65535)], "tcp all; icmp"),
        ([(name, 0, 65535) for name in traffic.PROTOCOLS], "all ports"),
        ([("tcp", port, port) for port in range(2, 20, 2)], "tcp 2, 4, 6, 8, 10, 12 …"),
    ],
)
def test_ports_are_told_as_people_write_them(flows: list[tuple[str, int, int]], expected: str) -> None:
    made = [Flow(protocol, low, high, traffic.ANYWHERE) for protocol, low, high in flows]
    assert traffic.port_text(traffic.port_ranges(made)) == expected
