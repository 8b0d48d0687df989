"""ARM ids taken apart and put into the spelling in which they are compared."""

import re
from typing import NamedTuple

_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SUBSCRIPTION, RESOURCE_GROUP = "microsoft.resources/subscriptions", "microsoft.resources/subscriptions/resourcegroups"
MANAGEMENT_GROUP = "microsoft.management/managementgroups"
_UPPER = str.maketrans({chr(code): chr(code + 32) for code in range(ord("A"), ord("Z") + 1)})


class ArmId(NamedTuple):
    """An id's parts in lower case. `parent` is the id of what it is below of; empty at the top."""

    key: str
    subscription: str
    group: str
    type: str
    name: str
    parent: str


def key_of(native_id: str) -> str:
    """The spelling in which ids are compared: ASCII letters in lower case, nothing at the end. Names keep the rest."""
    return native_id.translate(_UPPER).rstrip("/")


def parse_id(native_id: str) -> ArmId | None:
    """None for what is no ARM id."""
    key = key_of(native_id)
    if not key.startswith("/") or "//" in key:
        return None
    parts = key[1:].split("/")
    subscription = parts[1] if parts[0] == "subscriptions" and len(parts) > 1 else ""
    group = parts[3] if subscription and len(parts) > 3 and parts[2] == "resourcegroups" else ""
    before, found, after = key.rpartition("/providers/")
    if not found:
        if parts == ["subscriptions", subscription]:
            return ArmId(key, subscription, "", SUBSCRIPTION, subscription, "")
        if group and len(parts) == 4:
            return ArmId(key, subscription, group, RESOURCE_GROUP, group, f"/subscriptions/{subscription}")
        return None
    names = after.split("/")
    if len(names) < 3 or len(names) % 2 == 0 or not all(names):
        return None
    kind = "/".join([names[0], *names[1::2]])
    parent = f"{before}/providers/{'/'.join(names[:-2])}" if len(names) > 3 else before
    return ArmId(key, subscription, group, kind, names[-1], parent)


def is_guid(text: str) -> bool:
    """Whether a text is a GUID in lower case."""
    return _GUID.fullmatch(text) is not None
