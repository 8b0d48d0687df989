"""Whether address ranges and rules admit the whole internet."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from itertools import pairwise
from typing import Any

ANY_PROTOCOL = ("-1", "all", "ANY")
_PROTOCOL_NUMBERS = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6"}
_HALF_4, _HALF_6 = 1 << 31, 1 << 127
_RANGES_KEPT = 50_000  # the same few are met again and again


@lru_cache(maxsize=_RANGES_KEPT)
def _parse(text: str) -> IPv4Network | IPv6Network | None:
    """The network of a range; None of what is not one."""
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


@lru_cache(maxsize=_RANGES_KEPT)
def _sizes(text: str) -> tuple[int, int]:
    """How many addresses of IPv4 and IPv6 a range has."""
    network = _parse(text)
    if network is None:
        return 0, 0
    return (network.num_addresses, 0) if network.version == 4 else (0, network.num_addresses)


def is_world(ranges: Iterable[str]) -> bool:
    """Whether ranges of one family cover at least half of its addresses (two /1 ranges are the usual trick)."""
    texts = list(ranges)
    all4 = all6 = 0
    for text in texts:
        size4, size6 = _sizes(text)
        if size4 >= _HALF_4 or size6 >= _HALF_6:
            return True
        all4 += size4
        all6 += size6
    if all4 < _HALF_4 and all6 < _HALF_6:
        return False
    networks = [network for text in texts if (network := _parse(text)) is not None]
    v4 = collapse_addresses(network for network in networks if isinstance(network, IPv4Network))
    v6 = collapse_addresses(network for network in networks if isinstance(network, IPv6Network))
    return sum(one.num_addresses for one in v4) >= _HALF_4 or sum(one.num_addresses for one in v6) >= _HALF_6


_RANGE_LISTS = (("IpRanges", "CidrIp"), ("Ipv6Ranges", "CidrIpv6"))


def rule_ranges(rule: Mapping[str, Any]) -> list[str]:
    """The address ranges of an EC2 IpPermission, both families."""
    return [text for name, key in _RANGE_LISTS for item in rule.get(name) or () if (text := item.get(key))]


def _admitted_ports(rule: Mapping[str, Any], protocol: str) -> tuple[int, int] | None:
    """The ports of this protocol that an EC2 IpPermission is about; a rule without ports means all of them."""
    of_rule = rule.get("IpProtocol", "-1")
    if of_rule != protocol:
        of_rule = str(of_rule)
        of_rule = _PROTOCOL_NUMBERS.get(of_rule, of_rule)
        if of_rule in ANY_PROTOCOL:
            return 0, 65535
        if of_rule != protocol:
            return None
    low, high = rule.get("FromPort"), rule.get("ToPort")
    if low is None or high is None or low == -1:
        return 0, 65535
    return low, high


def world_ports(rules: Iterable[Mapping[str, Any]], protocol: str) -> list[tuple[int, int]]:
    """The port ranges of a protocol that the internet may reach. Ranges of several rules add up, as in the cloud."""
    opened: list[tuple[int, int]] = []
    narrow: list[tuple[int, int, Mapping[str, Any]]] = []
    all4 = all6 = 0
    for rule in rules:
        admitted = _admitted_ports(rule, protocol)
        if admitted is None:
            continue
        size4 = size6 = 0
        is_open = False
        for name, key in _RANGE_LISTS:
            for item in rule.get(name) or ():
                more4, more6 = _sizes(item.get(key) or "")
                is_open = is_open or more4 >= _HALF_4 or more6 >= _HALF_6
                size4 += more4
                size6 += more6
        if is_open:
            opened.append(admitted)
        else:
            narrow.append((*admitted, rule))
            all4 += size4
            all6 += size6
    if all4 < _HALF_4 and all6 < _HALF_6:
        return opened
    edges = sorted({low for low, _, _ in narrow} | {high + 1 for _, high, _ in narrow})
    for low, end in pairwise(edges):
        if is_world(text for start, last, rule in narrow if start <= low <= last for text in rule_ranges(rule)):
            opened.append((low, end - 1))
    return opened


def world_open(rules: Iterable[Mapping[str, Any]], protocol: str, port: int) -> bool:
    """Whether the internet may reach the port."""
    ranges: list[str] = []
    for rule in rules:
        admitted = _admitted_ports(rule, protocol)
        if admitted is not None and admitted[0] <= port <= admitted[1]:
            ranges += rule_ranges(rule)
    return bool(ranges) and is_world(ranges)


def acl_admits_world(entries: Iterable[Mapping[str, Any]], port: int) -> bool:
    """Whether a network ACL lets the internet reach a TCP port: in rule-number order, the first match decides."""
    inbound = sorted((entry for entry in entries if not entry.get("Egress")), key=lambda entry: entry["RuleNumber"])
    return any(_first_match_allows(inbound, block, port) for block in ("0.0.0.0/0", "::/0"))


def _first_match_allows(entries: Sequence[Mapping[str, Any]], block: str, port: int) -> bool:
    for entry in entries:
        if block not in (entry.get("CidrBlock"), entry.get("Ipv6CidrBlock")):
            continue
        if str(entry.get("Protocol", "-1")) not in ("-1", "6", "tcp"):
            continue
        ports = entry.get("PortRange") or {}
        if ports and not ports.get("From", 0) <= port <= ports.get("To", 65535):
            continue
        return bool(entry.get("RuleAction") == "allow")
    return False
