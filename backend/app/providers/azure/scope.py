"""Which subscriptions a connection reads, and what its caller may read in each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.providers.azure.convert import region_of
from app.providers.azure.errors import AzureError
from app.providers.azure.permissions import PERMISSIONS_READ, Rights
from app.providers.azure.reader import Reader
from app.providers.base import Connection, ErrorKind

_SUBSCRIPTIONS = "Microsoft.Resources/subscriptions/read"
_DESCENDANTS = "Microsoft.Management/managementGroups/descendants/read"
_MANAGEMENT = "/providers/Microsoft.Management/managementGroups"
BATCH = 300  # subscriptions a query
_DEAD = {"deleted"}
_NO_REGIONS = {"", "global", "europe", "unitedstates", "asiapacific", "australia", "france", "germany", "japan"}


@dataclass(frozen=True)
class Subscription:
    """One that is visible to the caller."""

    id: str
    name: str
    state: str
    tenant: str = ""

    @property
    def is_active(self) -> bool:
        """Whether it may be used; a disabled one can still be read."""
        return self.state.lower() in ("enabled", "warned", "pastdue", "")


def visible_subscriptions(reader: Reader) -> Sequence[Subscription]:
    """All that the caller has any right in. Raises AzureError."""

    def read() -> list[Subscription]:
        found = [_subscription(item) for item in reader.list_all("/subscriptions", "2022-12-01", _SUBSCRIPTIONS)]
        return sorted((one for one in found if one.state.lower() not in _DEAD), key=lambda one: one.id)

    return reader.session.once("subscriptions", read)


def _subscription(item: Any) -> Subscription:
    if not isinstance(item, Mapping) or not item.get("subscriptionId"):
        raise AzureError(ErrorKind.INVALID_ANSWER, "a subscription has no number", call=_SUBSCRIPTIONS)
    return Subscription(
        str(item["subscriptionId"]).lower(),
        str(item.get("displayName") or item["subscriptionId"]),
        str(item.get("state") or ""),
        str(item.get("tenantId") or "").lower(),
    )


@dataclass(frozen=True)
class Scope:
    """What is read. `name` is the units' account; `problems` tell of subscriptions that were asked for and not seen."""

    name: str
    subscriptions: Sequence[Subscription]
    problems: Sequence[AzureError] = ()

    def batches(self) -> list[list[str]]:
        """Subscriptions by the number that one query takes."""
        ids = [one.id for one in self.subscriptions]
        return [ids[start : start + BATCH] for start in range(0, len(ids), BATCH)]


def scope_name(reader: Reader) -> str:
    """The management group, or the tenant. Stays the same while subscriptions come and go. Raises AzureError."""
    wanted = reader.session.connection.scope.get("management_group")
    if wanted:
        return str(wanted).rpartition("/")[2]
    return reader.session.identity()[0] or "azure"


def read_scope(reader: Reader) -> Scope:
    """The connection's subscriptions. Raises AzureError."""
    return reader.session.once("scope", lambda: _read_scope(reader))


def _read_scope(reader: Reader) -> Scope:
    settings = reader.session.connection.scope
    name, visible = scope_name(reader), {one.id: one for one in visible_subscriptions(reader)}
    wanted: list[str] | None = None
    if settings.get("management_group"):
        path = f"{_MANAGEMENT}/{name}/descendants"
        below = reader.list_all(path, "2020-05-01", _DESCENDANTS)
        if not all(isinstance(item, Mapping) and item.get("name") and item.get("type") for item in below):
            raise AzureError(ErrorKind.INVALID_ANSWER, "what is below the group has no name", call=_DESCENDANTS)
        wanted = [str(item["name"]).lower() for item in below if str(item["type"]).lower().endswith("/subscriptions")]
    elif settings.get("subscriptions"):
        wanted = [str(number).lower() for number in settings["subscriptions"]]
    if wanted is None:
        tenant = reader.session.identity()[0].lower()
        mine = [one for one in visible.values() if not one.tenant or not tenant or one.tenant == tenant]
        return Scope(name, mine)
    problems = [
        AzureError(
            ErrorKind.ACCESS_DENIED,
            f"the subscription {number} is not visible to the caller",
            call=_SUBSCRIPTIONS,
            permission="*/read",
            scope=f"/subscriptions/{number}",
        )
        for number in wanted
        if number not in visible
    ]
    return Scope(name, [visible[number] for number in dict.fromkeys(wanted) if number in visible], problems)


def is_in_regions(connection: Connection, location: Any) -> bool:
    """Whether what is at this place is read. What is nowhere or in a whole geography always is."""
    region = region_of(location) if isinstance(location, str) else ""
    if region in map(region_of, connection.excluded_regions):
        return False
    return not connection.regions or region in _NO_REGIONS or region in map(region_of, connection.regions)


def rights_in(reader: Reader, scope: Scope) -> Mapping[str, Rights | AzureError]:
    """Subscription → what the caller may do in the whole of it, or why that is not known.

    One question for all where the caller's role is at the management group above, which is the usual way.
    """

    def read() -> dict[str, Rights | AzureError]:
        top = _rights_at_top(reader, scope)
        if top is not None and top.allow("Microsoft.Any/thing/read"):
            return {one.id: top for one in scope.subscriptions}
        tasks = [
            (PERMISSIONS_READ, _permission_task(reader, f"/subscriptions/{one.id}")) for one in scope.subscriptions
        ]
        outcomes: list[Any] = reader.run_all(tasks)
        return {one.id: outcome for one, outcome in zip(scope.subscriptions, outcomes, strict=True)}

    return reader.session.once("rights", read)


def _rights_at_top(reader: Reader, scope: Scope) -> Rights | None:
    if reader.session.connection.scope.get("subscriptions") or len(scope.subscriptions) < 2:
        return None
    try:
        rights: Rights = _permission_task(reader, f"{_MANAGEMENT}/{scope.name}")()
    except AzureError:
        return None  # no role there: asked for in each subscription
    return rights


def _permission_task(reader: Reader, path: str) -> Any:
    def run() -> Rights:
        where = f"{path}/providers/Microsoft.Authorization/permissions"
        return Rights.from_answer(
            item for item in reader.list_all(where, "2022-04-01", PERMISSIONS_READ) if isinstance(item, Mapping)
        )

    return run
