"""The public cloud and its sovereign siblings: where to sign in, where Resource Manager and Resource Graph are."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from urllib.parse import urlsplit

from app.providers.azure.errors import AzureError
from app.providers.base import Connection, ErrorKind


@dataclass(frozen=True, kw_only=True)
class Cloud:
    """Addresses without a slash at the end. Resource Graph is served at the Resource Manager's address."""

    authority: str
    manager: str
    metrics: str  # of a region, which stands for {region}
    metrics_audience: str
    audience: str = ""  # where tokens are for another address than the one that is called

    @property
    def token_scope(self) -> str:
        """What a token is asked for."""
        return f"{self.audience or self.manager}/.default"


def _cloud(authority: str, manager: str, metrics: str) -> Cloud:
    return Cloud(
        authority=f"https://{authority}",
        manager=f"https://{manager}",
        metrics=f"https://{{region}}.{metrics}",
        metrics_audience=f"https://{metrics}",
    )


# Source: "Azure Government endpoint mappings" and "Developer guide for Azure China", Microsoft Learn, 2026-10; of the
# metrics, the audiences of the vendor's own client of them.
CLOUDS: Mapping[str, Cloud] = MappingProxyType(
    {
        "public": _cloud("login.microsoftonline.com", "management.azure.com", "metrics.monitor.azure.com"),
        "china": _cloud("login.chinacloudapi.cn", "management.chinacloudapi.cn", "metrics.monitor.azure.cn"),
        "government": _cloud("login.microsoftonline.us", "management.usgovcloudapi.net", "metrics.monitor.azure.us"),
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
        return replace(known, authority=authority)
    return replace(known, authority=authority, manager=endpoint, metrics=endpoint, audience=known.manager)


def is_plain_loopback(url: str) -> bool:
    """Whether an address is http on this very machine, where no TLS is asked for."""
    parts = urlsplit(url)
    return parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1")
