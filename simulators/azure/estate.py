"""An Azure tenant as plain data: resources in the ARM form, settings of theirs, rights of the caller, changes.

Clones are made when they are asked for: every resource once more per clone, with the names of resource groups, GUIDs
and (for every tenth) subscriptions told apart, as text. So a hundred thousand resources are as cheap as a few hundred.
"""

import re
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatch
from typing import Any, NamedTuple
from uuid import uuid4

import orjson

from simulators.azure.ids import parse_id

GUID_MARK, SUBSCRIPTION_MARK = "-a0a0-", "-b0b0-"  # segments of GUIDs that differ between clones
_GROUP_MARK = "\ue000"
_GROUP = re.compile(r"(/resource[gG]roups/[^/\"\ue000]+)")
CLONES_PER_SUBSCRIPTION = 10
SUBSCRIPTION_TYPE = "microsoft.resources/subscriptions"
GROUP_TYPE = "microsoft.resources/subscriptions/resourcegroups"


@dataclass(eq=False)
class Template:
    """One resource. `body` is its ARM form; `graph` what Resource Graph adds to its properties.

    `settings` are child resources that only ARM has: relative path such as `blobServices/default` → body, or → list of
    bodies for a collection.
    """

    table: str
    body: dict[str, Any]
    settings: dict[str, Any] = field(default_factory=dict)
    graph: dict[str, Any] = field(default_factory=dict)
    clonable: bool = True

    def __post_init__(self) -> None:
        self.type = str(self.body["type"]).lower()
        self.is_group = self.type == GROUP_TYPE
        self._forms: dict[Any, bytes] = {}

    def arm(self) -> bytes:
        """The ARM form with the places marked where clones differ."""
        return self._form("arm", self.body)

    def row(self) -> dict[str, Any]:
        """The row that Resource Graph has: type and group in lower case, every column present."""
        body, place = self.body, parse_id(self.body["id"])
        properties = body.get("properties")
        return {
            "id": body["id"],
            "name": body.get("name", ""),
            "type": self.type,
            "tenantId": body.get("tenantId", ""),
            "kind": body.get("kind", ""),
            "location": str(body.get("location", "")).replace(" ", "").lower(),
            "resourceGroup": place.group,
            "subscriptionId": place.subscription,
            "managedBy": body.get("managedBy", ""),
            "sku": body.get("sku"),
            "plan": body.get("plan"),
            "properties": {**properties, **self.graph} if isinstance(properties, dict) else properties,
            "tags": body.get("tags"),
            "identity": body.get("identity"),
            "zones": body.get("zones"),
            "extendedLocation": body.get("extendedLocation"),
        }

    def graph_form(self, columns: tuple[tuple[str, str], ...] | None, pick: Any) -> bytes:
        """The projected row, marked. `pick(row, path)` reads a dotted path."""
        known = self._forms.get(columns)
        if known is None:
            row = self.row()
            if row["resourceGroup"] and self.clonable:
                row["resourceGroup"] += _GROUP_MARK
            if columns is not None:
                row = {name: pick(row, path) for name, path in columns}
            known = self._form(columns, row)
        return known

    def _form(self, key: Any, value: Any) -> bytes:
        known = self._forms.get(key)
        if known is None:
            known = self._forms[key] = self.marked(value)
        return known

    def marked(self, value: Any) -> bytes:
        """JSON with a mark behind each name of a resource group."""
        if self.is_group and isinstance(value, dict) and "name" in value and self.clonable:
            value = {**value, "name": f"{value['name']}{_GROUP_MARK}"}
        text = orjson.dumps(value).decode()
        return (_GROUP.sub(rf"\1{_GROUP_MARK}", text) if self.clonable else text).encode()


def clone_text(text: bytes, clone: int) -> bytes:
    """A marked text as that of the clone; clone 0 is the original."""
    if clone == 0:
        return text.replace(_GROUP_MARK.encode(), b"")
    text = text.replace(_GROUP_MARK.encode(), b"-%05d" % clone)
    text = text.replace(GUID_MARK.encode(), b"-%04x-" % (clone & 0xFFFF))
    subscription = clone // CLONES_PER_SUBSCRIPTION
    return text.replace(SUBSCRIPTION_MARK.encode(), b"-%04x-" % subscription) if subscription else text


class Row(NamedTuple):
    """One resource of the whole estate."""

    key: str  # lower-case id
    template: Template
    clone: int


@dataclass(frozen=True)
class Grant:
    """What the caller may do at a scope and below. Patterns such as `*/read`, without case."""

    scope: str = "/"
    actions: tuple[str, ...] = ("*/read",)
    not_actions: tuple[str, ...] = ()

    def allows(self, action: str) -> bool:
        """Whether the grant names the action."""
        folded = action.lower()
        return any(fnmatch(folded, pattern.lower()) for pattern in self.actions) and not any(
            fnmatch(folded, pattern.lower()) for pattern in self.not_actions
        )


@dataclass
class Change:
    """One entry of the change history and of the activity log."""

    resource_id: str
    resource_type: str
    kind: str  # Create, Update, Delete
    at: datetime
    actor: str
    operation: str
    id: str = field(default_factory=lambda: str(uuid4()))
    in_history: bool = True
    in_log: bool = True


class Estate:
    """What one tenant holds. All methods may be called while it is served."""

    def __init__(self, tenant_id: str, name: str) -> None:
        self.tenant_id, self.name = tenant_id, name
        self.groups: dict[str, tuple[str, str]] = {tenant_id: ("Tenant Root Group", "")}  # id → (name, parent)
        self.parents: dict[str, str] = {}  # subscription → management group
        self.grants: list[Grant] = [Grant()]
        self.changes: list[Change] = []
        self.version = 0
        self._templates: dict[str, Template] = {}
        self._removed: set[str] = set()
        self._clones = 0
        self._rows: tuple[int, list[Row], dict[str, Row]] | None = None
        self._lock = threading.RLock()

    # -- building

    def add(self, *templates: Template) -> None:
        """Add resources, or put them in the place of those with the same id."""
        with self._lock:
            for template in templates:
                key = template.body["id"].lower()
                self._templates[key] = template
                self._removed.discard(key)
            self.version += 1

    def add_management_group(self, name: str, title: str, parent: str) -> None:
        """A management group below another."""
        self.groups[name] = (title, parent)
        self.version += 1

    def grow_to(self, resources: int) -> None:
        """As many clones as make at least this number of resources."""
        with self._lock:
            clonable = [t for t in self._templates.values() if t.clonable]
            repeated = sum(1 for t in clonable if parse_id(t.body["id"]).group) or 1  # the rest is once a subscription
            self._clones = max(0, -(-(resources - len(clonable)) // repeated))
            self.version += 1

    # -- changing

    def change(self, resource_id: str, update: Mapping[str, Any], *, actor: str = "maya@acme.example") -> None:
        """Merge `update` into the body, deeply. Works on clones too. The history tells of it."""
        with self._lock:
            row = self.rows_by_key()[resource_id.lower()]
            body = orjson.loads(self.arm_form(row))
            self._record(row, "Update", "write", actor)
            settings = {
                path: orjson.loads(clone_text(row.template.marked(v), row.clone))
                for path, v in row.template.settings.items()
            }
            self.add(Template(row.template.table, _merged(body, update), settings, row.template.graph, clonable=False))
            if row.template.clonable and row.clone == 0:
                self._keep_clones(row)

    def remove(self, resource_id: str, *, actor: str = "maya@acme.example") -> None:
        """Delete a resource; what is below it stays unless removed too, as orphans do for a while."""
        with self._lock:
            key = resource_id.lower()
            row = self.rows_by_key()[key]
            self._record(row, "Delete", "delete", actor)
            if not row.template.clonable:
                self._templates.pop(key, None)
            self._removed.add(key)
            self.version += 1

    def _keep_clones(self, row: Row) -> None:
        """The changed original must not take its clones along."""
        for clone in range(1, self._clones + 1):
            body = orjson.loads(clone_text(row.template.arm(), clone))
            if body["id"].lower() not in self._templates:
                self.add(Template(row.template.table, body, row.template.settings, row.template.graph, clonable=False))

    def _record(self, row: Row, kind: str, verb: str, actor: str) -> None:
        kind_name = row.template.body["type"]
        at = datetime.now(UTC)
        self.changes.append(Change(row.key, kind_name, kind, at, actor, f"{kind_name}/{verb}"))

    # -- reading

    def rows(self) -> list[Row]:
        """Every resource in the order of its lower-case id."""
        return self._index()[0]

    def rows_by_key(self) -> dict[str, Row]:
        """The same by lower-case id."""
        return self._index()[1]

    def _index(self) -> tuple[list[Row], dict[str, Row]]:
        with self._lock:
            if self._rows is None or self._rows[0] != self.version:
                found: dict[str, Row] = {}
                for key, template in self._templates.items():
                    if not template.clonable:
                        found[key] = Row(key, template, 0)
                        continue
                    text = template.marked(template.body["id"])[1:-1].lower()
                    for clone in range(self._clones + 1):
                        name = clone_text(text, clone).decode()
                        if name not in found:  # a subscription is there once for its ten clones
                            found[name] = Row(name, template, clone)
                found.update({key: Row(key, t, 0) for key, t in self._templates.items() if not t.clonable})
                for key in self._removed:
                    found.pop(key, None)
                ordered = [found[key] for key in sorted(found)]
                self._rows = (self.version, ordered, found)
            return self._rows[1], self._rows[2]

    def arm_form(self, row: Row) -> bytes:
        """The resource as ARM answers it."""
        return clone_text(row.template.arm(), row.clone)

    def arm_bodies(self) -> Iterable[dict[str, Any]]:
        """Every resource, for comparisons."""
        for row in self.rows():
            yield orjson.loads(self.arm_form(row))

    def setting(self, row: Row, path: str) -> Any:
        """The child at a relative path, None when there is none. Compared without case."""
        folded = path.lower().strip("/")
        for name, body in row.template.settings.items():
            if name.lower() == folded:
                return orjson.loads(clone_text(row.template.marked(body), row.clone))
            if isinstance(body, list) and folded.startswith(f"{name.lower()}/"):
                wanted = folded[len(name) + 1 :]
                for item in body:
                    if str(item.get("name", "")).lower() == wanted:
                        return orjson.loads(clone_text(row.template.marked(item), row.clone))
        return None

    def subscriptions(self) -> list[dict[str, Any]]:
        """Each subscription's id, name and state."""
        found = []
        for row in self.rows():
            if row.template.type == SUBSCRIPTION_TYPE:
                body = orjson.loads(self.arm_form(row))
                number = body["id"].rpartition("/")[2]
                found.append(
                    {"subscriptionId": number, "displayName": body["name"], "state": body["properties"]["state"]}
                )
        return found

    def chain_of(self, subscription: str) -> list[tuple[str, str]]:
        """(id, name) of the management groups above a subscription, the nearest first."""
        parts = subscription.split("-")
        base = "-".join([parts[0], SUBSCRIPTION_MARK.strip("-"), *parts[2:]]) if len(parts) == 5 else subscription
        current = self.parents.get(subscription) or self.parents.get(base) or self.tenant_id
        chain = []
        while current in self.groups:
            chain.append((current, self.groups[current][0]))
            current = self.groups[current][1]
        return chain

    # -- rights

    def allows(self, action: str, scope: str) -> bool:
        """Whether the caller may do this at the scope or above it."""
        folded = scope.lower().rstrip("/") + "/"
        above = self._above(folded)
        for grant in self.grants:
            at = grant.scope.lower().rstrip("/") + "/"
            if (folded.startswith(at) or at in above) and grant.allows(action):
                return True
        return False

    def grants_at(self, scope: str) -> list[Grant]:
        """The grants that hold for the whole of a scope."""
        folded = scope.lower().rstrip("/") + "/"
        above = self._above(folded)
        return [
            g
            for g in self.grants
            if folded.startswith(g.scope.lower().rstrip("/") + "/") or g.scope.lower().rstrip("/") + "/" in above
        ]

    def sees(self, subscription: str) -> bool:
        """Whether the caller has any right in the subscription."""
        scope = f"/subscriptions/{subscription}/".lower()
        return bool(self.grants_at(scope)) or any(g.scope.lower().startswith(scope) for g in self.grants)

    def _above(self, scope: str) -> set[str]:
        parts = scope.strip("/").split("/")
        if parts[0] != "subscriptions" or len(parts) < 2:
            return set()
        return {
            f"/providers/microsoft.management/managementgroups/{name}/".lower() for name, _ in self.chain_of(parts[1])
        }


def _merged(old: Any, new: Any) -> Any:
    if isinstance(old, dict) and isinstance(new, Mapping):
        merged = dict(old)
        for name, value in new.items():
            merged[name] = _merged(old.get(name), value)
        return {name: value for name, value in merged.items() if value is not None or name not in new}
    return new
