"""Hints at Azure resources: resource ids in lower case, as the inventory compares them, and ids of machines."""

import re
from collections.abc import Iterator

from app.domains.metrics.rules.linking.hint import Hint, HintKind, Labels

_PROVIDER = "azure"
_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I)
_RESOURCE_ID = re.compile(r"/subscriptions/(?P<subscription>[0-9a-f-]{36})(?:/[^/\s]+)+", re.I)
_ID_LABELS = ("cloudresourceid", "azureresourceid", "resourceid", "resourceuri", "id", "providerid")
_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_DEEPEST = 4


def azure_hints(labels: Labels) -> Iterator[Hint]:
    """Hints at Azure resources, the most specific first."""
    for name in _ID_LABELS:
        value = labels.first(name).removeprefix("azure://").translate(_LOWER).rstrip("/")
        match = _RESOURCE_ID.fullmatch(value)
        if match and "/providers/" in value:
            yield _id(tuple(_with_parents(value)), match["subscription"])
    if labels.first("cloudprovider") != _PROVIDER:
        return
    subscription = labels.first("cloudaccountid").lower()
    host = labels.first("hostid")
    if _GUID.fullmatch(host):
        yield _id((host.lower(),), subscription)  # the machine's vmId, an alias
    group = labels.first("azureresourcegroupname", "azurevmresourcegroup")
    machine = labels.first("azurevmname", "hostname")
    if _GUID.fullmatch(subscription) and group and machine:
        path = f"/subscriptions/{subscription}/resourcegroups/{group}/providers/microsoft.compute"
        scale_set = labels.first("azurevmscalesetname")
        kinds = [f"virtualmachines/{machine}", *([f"virtualmachinescalesets/{scale_set}"] if scale_set else [])]
        yield _id(tuple(f"{path}/{kind}".translate(_LOWER) for kind in kinds), subscription)


def _with_parents(resource_id: str) -> Iterator[str]:
    """The id, then those it is below of: metrics of a blob service are the storage account's, too."""
    head, _, tail = resource_id.rpartition("/providers/")
    parts = tail.split("/")  # namespace, then pairs of a type and a name
    for length in range(len(parts), max(2, len(parts) - 2 * _DEEPEST), -2):
        yield f"{head}/providers/{'/'.join(parts[:length])}"


def _id(candidates: tuple[str, ...], subscription: str) -> Hint:
    return Hint(kind=HintKind.ID, candidates=candidates, provider=_PROVIDER, account=subscription)
