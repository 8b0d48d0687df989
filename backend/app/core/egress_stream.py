"""Outgoing byte streams (syslog) under the egress rules: the checks of `core/egress.py`, then one connection."""

import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from app.core import egress
from app.core.addresses import InvalidAddress, is_public, is_under, parse_address
from app.core.config import Settings
from app.core.egress import CONNECT_SECONDS, AddressNotAllowed, RequestFailed, Resolver, tls_context

SYSLOG_TLS_PORT = 6514
_SCHEMES = {"tls": "https", "tcp": "http"}
_READ_BYTES = 4_096


@dataclass(frozen=True, kw_only=True)
class StreamTarget:
    """A checked `tls://` or `tcp://` address and the IP addresses that were checked."""

    host: str
    port: int
    is_tls: bool
    ips: tuple[str, ...]


async def check_stream_address(url: str, settings: Settings, *, resolver: Resolver | None = None) -> StreamTarget:
    """Check `tls://host:port` or `tcp://host:port`. Raises AddressNotAllowed.

    TLS may go to port 6514 or 443 of any public address; all else only where the installation's allow list has the
    address with `https` for TLS and `http` for plain TCP.
    """
    scheme, _, rest = url.partition("://")
    if scheme not in _SCHEMES or "/" in rest.rstrip("/"):
        raise AddressNotAllowed("Use an address like tls://host:6514.")
    try:
        address = parse_address(f"{_SCHEMES[scheme]}://{rest.rstrip('/')}/")
        given_port = urlsplit(f"//{rest}").port
    except (InvalidAddress, ValueError):
        raise AddressNotAllowed("Use an address like tls://host:6514.") from None
    if given_port is None or address.port is None:
        raise AddressNotAllowed("Name the port, as in tls://host:6514.")
    listed = any(is_under(address, prefix) for prefix in egress.allowed_prefixes(settings.allowed_endpoints))
    if not listed and (scheme != "tls" or address.port not in (SYSLOG_TLS_PORT, 443)):
        raise AddressNotAllowed("Use a public tls address with port 6514, or ask the operator to allow this one.")
    resolver = resolver or egress.resolve
    ips = await egress.resolve_all(address, resolver)
    if not listed and not all(is_public(ip_address(ip)) and not egress.is_own(ip) for ip in ips):
        raise AddressNotAllowed
    await egress.refuse_own_servers(address, ips, settings, resolver, any_port=not listed)
    return StreamTarget(host=address.host, port=address.port, is_tls=scheme == "tls", ips=tuple(ips))


def send_stream(target: StreamTarget, messages: Sequence[bytes], settings: Settings, timeout_seconds: float) -> None:
    """Send bytes and wait until the receiver has read them all and closed its side. Blocking: run it in a thread.

    Syslog has no receipts. But a receiver that is given the end of the stream and ends it in order has read what came
    before; one that dies with bytes unread resets the connection. Raises RequestFailed.
    """
    try:
        with _connect(target, settings) as connection:
            connection.settimeout(timeout_seconds)
            connection.sendall(b"".join(messages))
            _finish(connection)
    except TimeoutError:
        raise RequestFailed("timed_out") from None
    except ssl.SSLError:
        raise RequestFailed("tls_failed") from None
    except OSError:
        raise RequestFailed("unreachable") from None


def _connect(target: StreamTarget, settings: Settings) -> socket.socket:
    failure: OSError = ConnectionError("no address")
    for ip in target.ips:
        try:
            plain = socket.create_connection((ip, target.port), timeout=CONNECT_SECONDS)
        except OSError as error:
            failure = error
            continue
        if not target.is_tls:
            return plain
        try:
            return tls_context(settings.extra_ca_file).wrap_socket(plain, server_hostname=target.host)
        except BaseException:
            plain.close()
            raise
    raise failure


def _finish(connection: socket.socket) -> None:
    """Say that nothing more comes, and read to the other side's end. A reset raises ConnectionResetError."""
    if isinstance(connection, ssl.SSLSocket):
        try:
            connection.unwrap().close()
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
            return  # closed in order below TLS, without its farewell
        except OSError as error:
            if error.errno:  # OpenSSL reports the same as an error without a number
                raise
        return
    connection.shutdown(socket.SHUT_WR)
    while connection.recv(_READ_BYTES):
        continue
