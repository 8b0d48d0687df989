"""Whether address ranges and rules admit the whole internet."""

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from typing import Any

ANY_PROTOCOL = ("-1", "all", "ANY")
_PROTOCOL_NUMBERS = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6"}


def is_world(ranges: Iterable[str]) -> bool:
    """Whether ranges of one family cover at least half of its addresses (two /1 ranges are the usual trick)."""
    v4: list[IPv4Network] = []
    v6: list[IPv6Network] = []
    for text in ranges:
        if text in ("0.0.0.0/0", "::/0"):
            return True
        try:
            network = ip_network(text, strict=False)
        except ValueError:
            continue
        if isinstance(network, IPv4Network):
            v4.append(network)
        else:
            v6.append(network)
    return _covers_half(v4, 32) or _covers_half(v6, 128)


def _covers_half(networks: Sequence[Any], bits: int) -> bool:
    return bool(networks) and sum(network.num_addresses for network in collapse_addresses(networks)) >= 1 << (bits - 1)


def rule_ranges(rule: Mapping[str, Any]) -> list[str]:
    """The address ranges of an EC2 IpPermission, both families."""
    ranges = [item["CidrIp"] for item in rule.get("IpRanges", ()) if item.get("CidrIp")]
    return ranges + [item["CidrIpv6"] for item in rule.get("Ipv6Ranges", ()) if item.get("CidrIpv6")]


def admits(rule: Mapping[str, Any], protocol: str, port: int) -> bool:
    """Whether an EC2 IpPermission is about this protocol and port; a rule without ports means all of them."""
    of_rule = str(rule.get("IpProtocol", "-1"))
    of_rule = _PROTOCOL_NUMBERS.get(of_rule, of_rule)
    if of_rule in ANY_PROTOCOL:
        return True
    if of_rule != protocol:
        return False
    low, high = rule.get("FromPort"), rule.get("ToPort")
    if low is None or high is None or low == -1:
        return True
    return bool(low <= port <= high)


def world_open(rules: Iterable[Mapping[str, Any]], protocol: str, port: int) -> bool:
    """Whether the internet may reach the port. Ranges of several rules add up, as they do in the cloud."""
    ranges: list[str] = []
    for rule in rules:
        if admits(rule, protocol, port):
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
