"""Requests to addresses that the operator has set (key services, the auth service), not a person of an organization.

They go through the same guarded client, with that one address on its allow list: a private address is fine here.
"""

import ssl
from urllib.parse import urlsplit

import httpcore
import httpx

from app.core.addresses import InvalidAddress, parse_address
from app.core.config import Settings
from app.core.egress import AddressNotAllowed, guarded_client

FAILURES = (httpx.HTTPError, httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, OSError)
"""What a call through `operator_client` may raise when no answer came."""


def operator_client(url: str, settings: Settings) -> httpx.AsyncClient:
    """A client that may call the address and what is under it. Raises AddressNotAllowed for what is no address."""
    try:
        origin = parse_address(url).origin
    except InvalidAddress:
        raise AddressNotAllowed(f"{urlsplit(url).netloc or 'It'} is not an http address.") from None
    return guarded_client(settings.model_copy(update={"allowed_endpoints": (*settings.allowed_endpoints, origin)}))


assert issubclass(ssl.SSLError, OSError)  # noqa: S101  # a failed certificate is one of FAILURES
