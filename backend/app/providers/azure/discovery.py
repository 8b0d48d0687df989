"""The subscriptions of a connection, with the management groups above them."""

from collections.abc import Mapping
from typing import Any

from app.providers.azure.errors import AzureError
from app.providers.azure.reader import Reader
from app.providers.azure.scope import Subscription, read_scope
from app.providers.base import DiscoveredAccount

_CHAINS = (
    "resourcecontainers | where type =~ 'microsoft.resources/subscriptions' "
    "| project id, name, properties | order by id asc"
)


def discover(reader: Reader) -> list[DiscoveredAccount]:
    """Raises AzureError when the subscriptions cannot be listed or one that was asked for is not seen."""
    scope = read_scope(reader)
    for problem in scope.problems:
        raise problem
    paths = _paths(reader, scope.batches())
    return [_account(one, paths.get(one.id, ())) for one in scope.subscriptions]


def _account(one: Subscription, path: tuple[str, ...]) -> DiscoveredAccount:
    return DiscoveredAccount(
        native_account=one.id, name=one.name, kind="subscription", path=path, is_active=one.is_active
    )


def _paths(reader: Reader, batches: list[list[str]]) -> Mapping[str, tuple[str, ...]]:
    """Names of the management groups from the top down. They are no reason to fail: without them the path is empty."""
    found: dict[str, tuple[str, ...]] = {}
    try:
        for batch in batches:
            for page in reader.query(_CHAINS, batch):
                for row in page.rows:
                    number = str(row.get("id", "")).lower().rpartition("/")[2]
                    found[number] = _names((row.get("properties") or {}).get("managementGroupAncestorsChain"))
    except AzureError:
        return found
    return found


def _names(chain: Any) -> tuple[str, ...]:
    """The chain begins with the nearest group."""
    if not isinstance(chain, list):
        return ()
    names = [str(one.get("displayName") or one.get("name") or "") for one in chain if isinstance(one, Mapping)]
    return tuple(name for name in reversed(names) if name)
