"""Hints by the address or host name that a scraped target has; the weakest ones."""

import re
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

import orjson

from app.domains.metrics.rules.linking.hint import Hint, HintKind, Labels

_TARGET_LABELS = ("instance", "hostip", "hostname", "k8snodename", "node", "nodename", "host")
_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_-]{1,63})*\.?", re.I)
_EC2_NAME = re.compile(r"ip-(\d{1,3})-(\d{1,3})-(\d{1,3})-(\d{1,3})(?:\.[a-z0-9.-]+)?", re.I)
_NO_MACHINE = frozenset({"localhost", "unknown", "localhost.localdomain"})
_MOST = 8


def address_hints(labels: Labels) -> Iterator[Hint]:
    """At most one hint, with addresses and host names in the order of the labels."""
    found: dict[str, None] = {}
    for label in _TARGET_LABELS:
        for text in _texts(labels.first(label)):
            found |= dict.fromkeys(_addresses(text))
    if found:
        yield Hint(
            kind=HintKind.ADDRESS,
            candidates=tuple(found)[:_MOST],
            provider=labels.first("cloudprovider") if labels.first("cloudprovider") in ("aws", "gcp", "azure") else "",
            account=labels.first("cloudaccountid"),
        )


def _texts(value: str) -> list[str]:
    """The value, or the items of one that is a JSON list, as OpenTelemetry's host.ip is."""
    if value.startswith("["):
        try:
            items = orjson.loads(value)
        except orjson.JSONDecodeError:
            return [value]  # an IPv6 address with a port
        return [item for item in items if isinstance(item, str)]
    return [value] if value else []


def _addresses(text: str) -> Iterator[str]:
    """The host of a target (host, host:port or URL); of a name that AWS makes of an address also the address."""
    try:
        host = urlsplit(text if "://" in text else f"//{text}").hostname or ""
    except ValueError:
        host = ""
    address = _ip(text) or _ip(host)
    if address:
        if _is_a_machine_s(address):
            yield str(address)
    elif host and _HOST.fullmatch(host) and host not in _NO_MACHINE and not host.replace(".", "").isdigit():
        yield host.rstrip(".")
        made = _EC2_NAME.fullmatch(host)
        inside = _ip(".".join(made.groups())) if made else None
        if inside:
            yield str(inside)


def _ip(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _is_a_machine_s(address: IPv4Address | IPv6Address) -> bool:
    """Whether it is not one that every machine has."""
    every = address.is_loopback or address.is_unspecified or address.is_link_local or address.is_multicast
    return not every
