"""What of a connection may be used at all: its addresses, and tokens of this machine."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from app.core.addresses import InvalidAddress, is_under, literal_ip, parse_address
from app.core.config import Settings, get_settings
from app.core.egress import allowed_prefixes, check_endpoint
from app.core.errors import FieldProblem, InvalidInput
from app.domains.accounts import rules


async def check_connection(provider: str, endpoint_url: str | None, credentials: Mapping[str, Any]) -> None:
    """Check every address that the credentials lead to, and whether they may use a token of this machine.

    Raises AddressNotAllowed and InvalidInput. Call it at save and before every use.
    """
    settings = get_settings()
    if credentials["kind"] == "static_token" and not _is_loopback(endpoint_url):
        raise _invalid("kind", "a fixed token needs an endpoint_url with http on this machine")
    addresses = [url for url in (endpoint_url, *rules.credential_addresses(credentials)) if url]
    path = rules.token_file(credentials)
    if path is not None and path not in settings.token_files:
        raise _invalid("token_file", "is not among the token files that the operator allowed")
    if path is not None or rules.is_bearer_of_machine(provider, credentials):
        _require_listed(settings, [url for url in addresses if not rules.is_vendor_address(url)])
    for url in addresses:
        await check_endpoint(url, settings)


def _require_listed(settings: Settings, urls: list[str]) -> None:
    """A token of this machine is shown to whoever answers at the address, so the operator must have named it."""
    prefixes = allowed_prefixes(settings.allowed_endpoints)
    for url in urls:
        try:
            address = parse_address(url)
        except InvalidAddress:
            raise _invalid("kind", "leads to something that is no address") from None
        if not any(is_under(address, prefix) for prefix in prefixes):
            raise _invalid("kind", "this machine's own identity is only shown to the cloud or to allowed addresses")


def _is_loopback(endpoint_url: str | None) -> bool:
    if endpoint_url is None:
        return False
    parts = urlsplit(endpoint_url)
    ip = literal_ip(parts.hostname or "")
    return parts.scheme == "http" and (parts.hostname == "localhost" or (ip is not None and ip.is_loopback))


def _invalid(field: str, detail: str) -> InvalidInput:
    return InvalidInput(errors=[FieldProblem(pointer=f"#/credentials/{field}", detail=detail)])
