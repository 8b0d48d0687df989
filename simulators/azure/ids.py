"""ARM ids taken apart. Compared without case, as the service does."""

from typing import NamedTuple


class ArmId(NamedTuple):
    """The parts of an id, in lower case. `type` is empty for a subscription's or resource group's own id."""

    subscription: str
    group: str
    type: str
    parent: str  # id of what an extension or child resource hangs on, lower case; empty at the top


def parse_id(text: str) -> ArmId:
    """Any id under a subscription, a management group or the tenant."""
    path = text.lower().rstrip("/")
    parts = path.strip("/").split("/")
    subscription = parts[1] if parts[0] == "subscriptions" and len(parts) > 1 else ""
    group = parts[3] if len(parts) > 3 and subscription and parts[2] == "resourcegroups" else ""
    before, found, after = path.rpartition("/providers/")
    if not found:
        kind = "microsoft.resources/subscriptions" if subscription else ""
        return ArmId(subscription, group, f"{kind}/resourcegroups" if group else kind, "")
    names = after.split("/")
    kind = "/".join([names[0], *names[1::2]])
    parent = f"{before}/providers/{'/'.join(names[:-2])}" if len(names) > 3 else before
    return ArmId(subscription, group, kind, parent)
