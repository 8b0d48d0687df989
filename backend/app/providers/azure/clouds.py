"""The public cloud and its sovereign siblings: where to sign in, where Resource Manager and Resource Graph are."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import urlsplit

from app.providers.azure.errors import AzureError
from app.providers.base import Connection, ErrorKind


@dataclass(frozen=True, kw_only=True)
class Cloud:
    """Addresses without a slash at the end. Resource Graph is served at the Resource Manager's address."""

    authority: str
    manager: str
    audience: str = ""  # where tokens are for another address than the one that is called

    @property
    def token_scope(self) -> str:
        """What a token is asked for."""
        return f"{self.audience or self.manager}/.default"


# Source: "Azure Government endpoint mappings" and "Developer guide for Azure China", Microsoft Learn, 2026-10.
CLOUDS: Mapping[str, Cloud] = MappingProxyType(
    {
        "public": Cloud(authority="https://login.microsoftonline.com", manager="https://management.azure.com"),
        "china": Cloud(authority="https://login.chinacloudapi.cn", manager="https://management.chinacloudapi.cn"),
        "government": Cloud(
            authority="https://login.microsoftonline.us", manager="https://management.usgovcloudapi.net"
        ),
    }
)


def cloud_of(connection: Connection) -> Cloud:
    """The connection's addresses: `scope.cloud`, replaced by `endpoint_url` and `authority_url` where they are set.

    Raises AzureError for a cloud that we do not know.
    """
    name = str(connection.scope.get("cloud") or "public")
    known = CLOUDS.get(name)
    if known is None:
        raise AzureError(ErrorKind.INVALID_ANSWER, f"there is no Azure cloud {name!r}")
    endpoint = (connection.endpoint_url or "").rstrip("/")
    authority = str(connection.credentials.get("authority_url") or endpoint or known.authority).rstrip("/")
    if not endpoint:
        return Cloud(authority=authority, manager=known.manager)
    return Cloud(authority=authority, manager=endpoint, audience=known.manager)


def is_plain_loopback(url: str) -> bool:
    """Whether an address is http on this very machine, where no TLS is asked for."""
    parts = urlsplit(url)
    return parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1")
