"""Which addresses a person may make us call: strict URL parsing and the rules for IP addresses. No network here."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

import idna

MAX_URL_LENGTH = 2_048
DEFAULT_PORTS = {"https": 443, "http": 80}

_URL = re.compile(r"(?P<scheme>https?)://(?P<authority>[^/?#\\@%\s]+)(?P<path>/[^?#\\]*)?(?P<query>\?[^#\\]*)?", re.I)
_AUTHORITY = re.compile(r"(?:\[(?P<ipv6>[0-9a-fA-F:.]+)\]|(?P<host>[^:\[\]]+))(?::(?P<port>[1-9][0-9]{0,4}|\*))?")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMERIC_LABEL = re.compile(r"[0-9]+|0x[0-9a-f]*")
_DOT_SEGMENT = re.compile(r"(?:^|/)(?:\.|%2e){1,2}(?:/|$)", re.I)
_ENCODED_SEPARATOR = re.compile(r"%(?:2f|5c|00)", re.I)

# Beyond what the standard library calls not global (Python 3.11 is behind the registries).
_REFUSED_IPV4 = (
    IPv4Network("192.0.0.0/24"),
    IPv4Network("192.88.99.0/24"),
    IPv4Network("224.0.0.0/3"),
    IPv4Network("168.63.129.16/32"),  # Azure's host agent
)
_UNICAST_IPV6 = IPv6Network("2000::/3")
_REFUSED_IPV6 = (
    IPv6Network("2001::/23"),  # with Teredo
    IPv6Network("2001:db8::/32"),
    IPv6Network("2002::/16"),  # 6to4
    IPv6Network("3fff::/20"),
)


class InvalidAddress(ValueError):
    """The text is not an address that one parser, and every other, reads the same way."""


@dataclass(frozen=True, kw_only=True)
class Address:
    """A parsed URL. `host` is lower-case ASCII without brackets; `port` is None only for `:*` in an allow list."""

    scheme: str
    host: str
    port: int | None
    path: str
    query: str = ""

    @property
    def origin(self) -> str:
        """Scheme, host and port, the port left out where it is the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}")

    @property
    def url(self) -> str:
        """The address in its one normal spelling."""
        return self.origin + self.path + self.query


def parse_address(url: Any) -> Address:
    """Parse a URL once, strictly: no user part, fragment, odd number spellings, dot segments or trailing dots.

    Raises InvalidAddress.
    """
    address = _parse(url)
    if address.port is None:
        raise InvalidAddress("the port must be a number")
    return address


def parse_allowed(prefix: str) -> Address:
    """Parse one allow-list entry; `:*` as port means any port. Raises InvalidAddress."""
    address = _parse(prefix)
    if address.query:
        raise InvalidAddress("an allowed prefix must not have a query")
    return address


def is_under(address: Address, prefix: Address) -> bool:
    """Whether an allow-list entry covers the address: same scheme, host and port, and whole path segments."""
    if (address.scheme, address.host) != (prefix.scheme, prefix.host):
        return False
    if prefix.port is not None and address.port != prefix.port:
        return False
    base = prefix.path.rstrip("/")
    if not base:
        return True
    if _ENCODED_SEPARATOR.search(address.path):  # the receiver may read %2f as a step out of the prefix
        return False
    return address.path == base or address.path.startswith(base + "/")


def is_public(ip: IPv4Address | IPv6Address) -> bool:
    """Whether an address is on the open internet. IPv4 carried inside IPv6 is refused, never decoded."""
    if isinstance(ip, IPv4Address):
        return ip.is_global and not any(ip in network for network in _REFUSED_IPV4)
    if ip.scope_id is not None or ip.ipv4_mapped is not None:
        return False
    return ip in _UNICAST_IPV6 and ip.is_global and not any(ip in network for network in _REFUSED_IPV6)


def _parse(url: Any) -> Address:
    if not isinstance(url, str) or not 0 < len(url) <= MAX_URL_LENGTH:
        raise InvalidAddress("must be a text of at most 2048 characters")
    if any(ord(character) < 0x21 or ord(character) == 0x7F for character in url):
        raise InvalidAddress("must not contain spaces or control characters")
    match = _URL.fullmatch(url)
    authority = _AUTHORITY.fullmatch(match["authority"]) if match else None
    if match is None or authority is None:
        raise InvalidAddress("must be http(s)://host[:port]/path")
    scheme, path, query = match["scheme"].lower(), match["path"] or "/", match["query"] or ""
    if not (path + query).isascii() or _DOT_SEGMENT.search(path):
        raise InvalidAddress("the path must be plain, without dot segments")
    port: int | None = DEFAULT_PORTS[scheme]
    if authority["port"]:
        port = None if authority["port"] == "*" else int(authority["port"])
        if port is not None and port > 65_535:
            raise InvalidAddress("the port is out of range")
    host = _ipv6(authority["ipv6"]) if authority["ipv6"] else _host(authority["host"])
    return Address(scheme=scheme, host=host, port=port, path=path, query=query)


def _ipv6(text: str) -> str:
    try:
        return str(IPv6Address(text))
    except ValueError:
        raise InvalidAddress("not an IPv6 address") from None


def _host(text: str) -> str:
    host = text.lower()
    if not host.isascii():
        try:
            host = idna.encode(text, uts46=True, std3_rules=True).decode().lower()
        except (idna.IDNAError, UnicodeError):
            raise InvalidAddress("not a host name") from None
    labels = host.split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise InvalidAddress("not a host name")
    if _NUMERIC_LABEL.fullmatch(labels[-1]):  # others read 2130706433, 0x7f.1 and 0177.0.0.1 as addresses
        try:
            return str(IPv4Address(host))
        except ValueError:
            raise InvalidAddress("not an IPv4 address in its usual form") from None
    return host


def literal_ip(host: str) -> IPv4Address | IPv6Address | None:
    """The address if the host is one, else None."""
    try:
        return ip_address(host)
    except ValueError:
        return None
