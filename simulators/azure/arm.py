"""Azure Resource Manager: subscriptions, management groups, rights, single resources and their child settings."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from simulators.azure.answers import Answer, error, forbidden, ok
from simulators.azure.api_versions import versions_of
from simulators.azure.estate import Change, Estate, Row
from simulators.azure.ids import parse_id

_PAGE = 100
_MG = "/providers/microsoft.management/managementgroups"
_LOG = re.compile(r"^/subscriptions/([^/]+)/providers/microsoft\.insights/eventtypes/management/values$")
_PROVIDERS = re.compile(r"^/subscriptions/([^/]+)/providers(?:/([\w.]+))?$")


class ArmService:
    """Answers GET requests by path."""

    def __init__(self, estate: Estate, address: str) -> None:
        self._estate, self.address = estate, address

    def get(self, path: str, query: Mapping[str, str], caller: str) -> Answer:
        """`path` as sent; ids are compared without case."""
        folded = path.lower().rstrip("/")
        version = query.get("api-version", "")
        if not version:
            return error(
                400,
                "MissingApiVersionParameter",
                "The api-version query parameter (?api-version=) is required for all requests.",
            )
        if folded == "/subscriptions":
            return self._subscriptions(path, query)
        if folded == "/tenants":
            return ok(
                {
                    "value": [
                        {
                            "id": f"/tenants/{self._estate.tenant_id}",
                            "tenantId": self._estate.tenant_id,
                            "displayName": self._estate.name,
                        }
                    ]
                }
            )
        if folded.endswith("/providers/microsoft.authorization/permissions"):
            return self._permissions(folded.removesuffix("/providers/microsoft.authorization/permissions"), caller)
        if folded.startswith(_MG):
            return self._management_groups(path, folded, query, caller)
        if match := _LOG.match(folded):
            return self._activity_log(match[1], path, query, caller)
        if (match := _PROVIDERS.match(folded)) and folded.count("/") <= 4:
            return self._providers(match[1], match[2], caller)
        return self._resource(path, folded, version, query, caller)

    def _paged(self, path: str, query: Mapping[str, str], items: list[Any], size: int = _PAGE) -> Answer:
        start = int(query.get("$skiptoken") or query.get("$skipToken") or 0)
        page: dict[str, Any] = {"value": items[start : start + size]}
        if start + size < len(items):
            more = "&".join(f"{k}={v}" for k, v in query.items() if k.lower() != "$skiptoken").replace(" ", "%20")
            page["nextLink"] = f"{self.address}{path}?{more}&$skiptoken={start + size}"
        return ok(page)

    def _subscriptions(self, path: str, query: Mapping[str, str]) -> Answer:
        items = [
            {
                "id": f"/subscriptions/{one['subscriptionId']}",
                "tenantId": self._estate.tenant_id,
                "authorizationSource": "RoleBased",
                "subscriptionPolicies": {"locationPlacementId": "Public_2014-09-01", "spendingLimit": "Off"},
                **one,
            }
            for one in self._estate.subscriptions()
            if self._estate.sees(one["subscriptionId"])
        ]
        return self._paged(path, query, items)

    def _permissions(self, scope: str, caller: str) -> Answer:
        grants = self._estate.grants_at(scope or "/")
        if not any(grant.allows("Microsoft.Authorization/permissions/read") for grant in grants):
            return forbidden(caller, "Microsoft.Authorization/permissions/read", scope)
        return ok(
            {
                "value": [
                    {
                        "actions": list(grant.actions),
                        "notActions": list(grant.not_actions),
                        "dataActions": [],
                        "notDataActions": [],
                    }
                    for grant in grants
                ]
            }
        )

    def _management_groups(self, path: str, folded: str, query: Mapping[str, str], caller: str) -> Answer:
        if not self._estate.allows("Microsoft.Management/managementGroups/read", folded):
            return forbidden(caller, "Microsoft.Management/managementGroups/read", path)
        groups = self._estate.groups
        rest = folded.removeprefix(_MG).strip("/")
        if not rest:
            return self._paged(path, query, [self._group(name, name) for name in groups])
        name, _, verb = rest.partition("/")
        actual = next((one for one in groups if one.lower() == name), None)
        if actual is None:
            return error(404, "NotFound", f"'{name}' not found")
        if verb == "descendants":
            return self._paged(path, query, self._descendants(actual))
        return ok(self._group(actual, actual))

    def _group(self, name: str, _: str) -> dict[str, Any]:
        title, parent = self._estate.groups[name]
        details = {"parent": {"id": f"/providers/Microsoft.Management/managementGroups/{parent}"}} if parent else {}
        return {
            "id": f"/providers/Microsoft.Management/managementGroups/{name}",
            "type": "Microsoft.Management/managementGroups",
            "name": name,
            "properties": {"tenantId": self._estate.tenant_id, "displayName": title, "details": details},
        }

    def _descendants(self, name: str) -> list[Any]:
        found: list[Any] = []
        for child, (title, parent) in self._estate.groups.items():
            if parent and name in self._line(child):
                found.append(_descendant("managementGroups", child, title, parent))
        for one in self._estate.subscriptions():
            chain = self._estate.chain_of(one["subscriptionId"])
            if any(group == name for group, _ in chain):
                found.append(_descendant("subscriptions", one["subscriptionId"], one["displayName"], chain[0][0]))
        return found

    def _line(self, name: str) -> list[str]:
        line, current = [], self._estate.groups[name][1]
        while current:
            line.append(current)
            current = self._estate.groups[current][1]
        return line

    def _activity_log(self, subscription: str, path: str, query: Mapping[str, str], caller: str) -> Answer:
        action = "Microsoft.Insights/eventtypes/values/read"
        if not self._estate.allows(action, f"/subscriptions/{subscription}"):
            return forbidden(caller, action, f"/subscriptions/{subscription}")
        wanted = query.get("$filter", "")
        since = re.search(r"eventTimestamp ge '([^']+)'", wanted)
        if since is None:
            return error(400, "BadRequest", "The $filter needs eventTimestamp ge '…'.")
        start = datetime.fromisoformat(since[1])
        provider = re.search(r"resourceProvider eq '([^']+)'", wanted)
        items = [
            _log_entry(change)
            for change in self._estate.changes
            if change.in_log
            and change.at >= start
            and parse_id(change.resource_id).subscription == subscription
            and (provider is None or change.resource_type.lower().startswith(provider[1].lower() + "/"))
        ]
        return self._paged(path, query, items)

    def _providers(self, subscription: str, namespace: str | None, caller: str) -> Answer:
        if not self._estate.allows(
            "Microsoft.Resources/subscriptions/providers/read", f"/subscriptions/{subscription}"
        ):
            return forbidden(
                caller, "Microsoft.Resources/subscriptions/providers/read", f"/subscriptions/{subscription}"
            )
        names: dict[str, dict[str, None]] = {}
        for row in self._estate.rows():
            kind, _, rest = str(row.template.body["type"]).partition("/")
            names.setdefault(kind, {})[rest] = None
        items = [
            {
                "namespace": name,
                "registrationState": "Registered",
                "resourceTypes": [
                    {"resourceType": one, "locations": [], "apiVersions": versions_of(f"{name}/{one}")} for one in kinds
                ],
            }
            for name, kinds in names.items()
            if namespace is None or name.lower() == namespace
        ]
        return ok(items[0] if namespace and items else {"value": items})

    def _resource(self, path: str, folded: str, version: str, query: Mapping[str, str], caller: str) -> Answer:
        place = parse_id(folded)
        rows = self._estate.rows_by_key()
        if place.subscription and f"/subscriptions/{place.subscription}" not in rows:
            return error(404, "SubscriptionNotFound", f"The subscription '{place.subscription}' could not be found.")
        row = rows.get(folded)
        collection = (
            row is None and folded.count("/providers/") and len(folded.rpartition("/providers/")[2].split("/")) % 2 == 0
        )
        kind = _type_of(folded) if collection else place.type
        action = f"{_spelled(row, kind)}/read"
        if not self._estate.allows(action, path):
            return forbidden(caller, action, path)
        supported = versions_of(kind)
        if version not in supported:
            rest = kind.partition("/")[2]
            return error(
                400,
                "NoRegisteredProviderFound",
                f"No registered resource provider found for location "
                f"'westeurope' and API version '{version}' for type '{rest}'. The supported api-versions are "
                f"'{', '.join(supported)}'. The supported locations are 'westeurope, northeurope'.",
            )
        if row is not None:
            return self._whole(row, query)
        if place.group and f"/subscriptions/{place.subscription}/resourcegroups/{place.group}" not in rows:
            return error(404, "ResourceGroupNotFound", f"Resource group '{place.group}' could not be found.")
        return self._setting(path, folded, query)

    def _whole(self, row: Row, query: Mapping[str, str]) -> Answer:
        """The resource; a machine's state only when `$expand=instanceView` asks for it, as statuses."""
        body = self._estate.arm_form(row)
        view = (row.template.graph.get("extended") or {}).get("instanceView") or {}
        if "instanceview" not in query.get("$expand", "").lower() or "powerState" not in view:
            return Answer(200, body)
        whole = orjson.loads(body)
        provisioned = {
            "code": "ProvisioningState/succeeded",
            "level": "Info",
            "displayStatus": "Provisioning succeeded",
        }
        whole["properties"]["instanceView"] = {"statuses": [provisioned, view["powerState"]]}
        return ok(whole)

    def _setting(self, path: str, folded: str, query: Mapping[str, str]) -> Answer:
        """A child of a stored resource: the longest id above it that exists, then the rest of the path."""
        rows = self._estate.rows_by_key()
        parts = folded.strip("/").split("/")
        for length in range(len(parts) - 1, 1, -1):
            row = rows.get("/" + "/".join(parts[:length]))
            if row is None:
                continue
            rest = "/".join(parts[length:])
            found = self._estate.setting(row, rest)
            if isinstance(found, list):
                return self._paged(path, query, found)
            if found is not None:
                return ok(found)
            return error(
                404,
                "ResourceNotFound",
                f"The Resource '{_type_of(folded)}' under resource group '{parse_id(folded).group}' was not found.",
            )
        return error(404, "ResourceNotFound", f"The Resource '{parse_id(folded).type}/{parts[-1]}' was not found.")


def _type_of(folded: str) -> str:
    """Type of a collection's path: an odd name is left over at the end."""
    names = folded.rpartition("/providers/")[2].split("/")
    return "/".join([names[0], *names[1::2]])


def _spelled(row: Row | None, kind: str) -> str:
    if row is not None:
        return str(row.template.body["type"])
    namespace, _, rest = kind.partition("/")
    return "/".join([".".join(part[:1].upper() + part[1:] for part in namespace.split(".")), rest])


def _descendant(kind: str, name: str, title: str, parent: str) -> dict[str, Any]:
    namespace = "Microsoft.Management/managementGroups"
    own = f"/subscriptions/{name}" if kind == "subscriptions" else f"/providers/{namespace}/{name}"
    return {
        "id": own,
        "type": "/subscriptions" if kind == "subscriptions" else namespace,
        "name": name,
        "properties": {"displayName": title, "parent": {"id": f"/providers/{namespace}/{parent}"}},
    }


def _log_entry(change: Change) -> dict[str, Any]:
    at = change.at.isoformat().replace("+00:00", "Z")
    return {
        "eventDataId": change.id,
        "correlationId": change.id,
        "operationId": change.id,
        "caller": change.actor,
        "eventTimestamp": at,
        "submissionTimestamp": at,
        "level": "Informational",
        "operationName": {"value": change.operation, "localizedValue": change.operation},
        "status": {"value": "Succeeded", "localizedValue": "Succeeded"},
        "category": {"value": "Administrative", "localizedValue": "Administrative"},
        "resourceId": change.resource_id,
        "resourceType": {"value": change.resource_type},
        "resourceProviderName": {"value": change.resource_type.partition("/")[0]},
        "subscriptionId": parse_id(change.resource_id).subscription,
    }
