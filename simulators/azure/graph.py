"""`POST /providers/Microsoft.ResourceGraph/resources`: queries over the estate, a thousand rows a page."""

import base64
import binascii
import hashlib
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import orjson

from simulators.azure.answers import Answer, error
from simulators.azure.estate import SUBSCRIPTION_TYPE, Estate, Row, clone_text
from simulators.azure.faults import Faults
from simulators.azure.ids import parse_id
from simulators.azure.kql import Query, QueryError, parse, value_at

TABLES = {
    "resources",
    "resourcecontainers",
    "securityresources",
    "authorizationresources",
    "networkresources",
    "policyresources",
    "advisorresources",
    "resourcechanges",
    "healthresources",
    "managedserviceresources",
}
MAX_PAGE, MAX_SUBSCRIPTIONS = 1000, 10_000
_WINDOW_SECONDS = 5
_TEMPLATE_COLUMNS = {"type", "kind", "location", "properties.type", "properties.policytype"}  # the same in every clone
_KEPT = 64


class GraphService:
    """Answers queries; keeps what a skip token goes on from."""

    def __init__(self, estate: Estate, faults: Faults) -> None:
        self._estate, self._faults = estate, faults
        self._lists: OrderedDict[str, tuple[Query, list[Any]]] = OrderedDict()
        self._cache: OrderedDict[str, list[Any]] = OrderedDict()
        self._lock = threading.Lock()
        self._window = (0.0, 0)

    def query(self, body: Mapping[str, Any], caller: str) -> Answer:
        """One page."""
        headers, refusal = self._count_query()
        if refusal is not None:
            return refusal
        options = body.get("options") or {}
        try:
            top = int(options.get("$top") or MAX_PAGE)
            if not 1 <= top <= MAX_PAGE:
                return error(
                    400,
                    "BadRequest",
                    "Please provide below info",
                    details=[{"code": "InvalidTopValue", "message": f"$top must be between 1 and {MAX_PAGE}."}],
                )
            query = parse(str(body.get("query") or ""))
            if query.table not in TABLES:
                raise QueryError(f"Failed to resolve table '{query.table}'")
        except (QueryError, ValueError) as failure:
            return error(
                400,
                "BadRequest",
                "Please provide below info when asking for support",
                details=[
                    {"code": "InvalidQuery", "message": "Query is invalid."},
                    {"code": "ParserFailure", "message": str(failure)},
                ],
            )
        token = options.get("$skipToken")
        if token:
            resumed = self._resume(str(token))
            if resumed is None:
                return error(
                    400,
                    "BadRequest",
                    "The skip token is not valid or has expired.",
                    details=[{"code": "InvalidSkipToken", "message": "Run the query again without $skipToken."}],
                )
            key, offset = resumed
            query, rows = self._lists[key]
        else:
            refusal = self._refuse(body, caller)
            if refusal is not None:
                return refusal
            key, offset, rows = uuid4().hex, 0, self._select(query, body)
            with self._lock:
                self._lists[key] = (query, rows)
                while len(self._lists) > _KEPT:
                    self._lists.popitem(last=False)
        return self._page(query, rows, key, offset, top, headers)

    def _page(self, query: Query, rows: list[Any], key: str, offset: int, top: int, headers: dict[str, str]) -> Answer:
        total = len(rows)
        limit = self._faults.truncate_at or total
        end = min(offset + top, total, limit)
        data = b",".join(self._render(query, row) for row in rows[offset:end])
        cut = limit < total and end >= limit
        parts = [
            b'{"totalRecords":%d,"count":%d,' % (total + self._faults.lie_about_total, end - offset),
            b'"data":[',
            data,
            b'],"facets":[],"resultTruncated":"%s"' % (b"true" if cut else b"false"),
        ]
        if end < total and not cut:
            token = base64.b64encode(orjson.dumps({"k": key, "o": end})).decode()
            parts.append(b',"$skipToken":' + orjson.dumps(token))
        return Answer(200, b"".join(parts) + b"}", headers)

    def _render(self, query: Query, row: Any) -> bytes:
        if not isinstance(row, Row):
            picked = {name: value_at(row, path) for name, path in query.project} if query.project else row
            return orjson.dumps(picked)
        columns = None if query.project is None else tuple(query.project)
        text = clone_text(row.template.graph_form(columns, value_at), row.clone)
        if row.template.type == SUBSCRIPTION_TYPE:
            return self._with_chain(text)
        return text

    def _with_chain(self, text: bytes) -> bytes:
        row = orjson.loads(text)
        if isinstance(row.get("properties"), dict) and row.get("subscriptionId", row.get("id")):
            number = str(row["id"]).rpartition("/")[2]
            row["properties"]["managementGroupAncestorsChain"] = [
                {"name": name, "displayName": title} for name, title in self._estate.chain_of(number)
            ]
        return orjson.dumps(row)

    def _count_query(self) -> tuple[dict[str, str], Answer | None]:
        """The quota headers; the refusal when the quota is used up."""
        if not self._faults.quota:
            return {"x-ms-user-quota-remaining": "5000", "x-ms-user-quota-resets-after": "00:00:05"}, None
        with self._lock:
            started, used = self._window
            now = time.monotonic()
            if now - started >= _WINDOW_SECONDS:
                started, used = now, 0
            self._window = (started, used + 1)
        left = max(0.0, _WINDOW_SECONDS - (now - started))
        headers = {
            "x-ms-user-quota-remaining": str(max(0, self._faults.quota - used - 1)),
            "x-ms-user-quota-resets-after": f"00:00:{int(left) + 1:02d}",
        }
        if used < self._faults.quota:
            return headers, None
        refusal = error(
            429,
            "RateLimiting",
            "Please provide below info",
            details=[
                {
                    "code": "RateLimiting",
                    "message": "Client application has been throttled and should not attempt to "
                    "repeat the request until an amount of time has elapsed.",
                }
            ],
        )
        return headers, refusal._replace(headers=headers | {"Retry-After": str(int(left) + 1)})

    def _resume(self, token: str) -> tuple[str, int] | None:
        if self._faults.expire_skip_tokens:
            return None
        try:
            place = orjson.loads(base64.b64decode(token, validate=True))
            key, offset = str(place["k"]), int(place["o"])
        except (ValueError, KeyError, TypeError, binascii.Error):
            return None
        return (key, offset) if key in self._lists else None

    def _refuse(self, body: Mapping[str, Any], caller: str) -> Answer | None:
        subscriptions = body.get("subscriptions")
        if subscriptions is None:
            return None
        if len(subscriptions) > MAX_SUBSCRIPTIONS:
            return error(400, "BadRequest", "Too many subscriptions were given.")
        if not any(self._estate.sees(str(number)) for number in subscriptions):
            return error(403, "AccessDenied", f"The client '{caller}' has no access to any of the subscriptions.")
        return None

    def _select(self, query: Query, body: Mapping[str, Any]) -> list[Any]:
        scope = orjson.dumps(
            [
                body.get("subscriptions"),
                body.get("managementGroups"),
                body.get("options"),
                body.get("query"),
                self._estate.version,
                [repr(g) for g in self._estate.grants],
                len(self._estate.changes),
            ]
        )
        key = hashlib.sha256(scope).hexdigest()
        with self._lock:
            if key in self._cache:
                return self._cache[key]
        rows = self._changes() if query.table == "resourcechanges" else self._in_scope(query, body)
        found = [row for row in rows if self._passes(query, row)] if query.table == "resourcechanges" else rows
        result = self._shape(query, found)
        with self._lock:
            self._cache[key] = result
            while len(self._cache) > _KEPT:
                self._cache.popitem(last=False)
        return result

    def _in_scope(self, query: Query, body: Mapping[str, Any]) -> list[Any]:
        wanted = {str(number).lower() for number in body.get("subscriptions") or ()}
        groups = {str(name).lower() for name in body.get("managementGroups") or ()}
        above = "above" in str((body.get("options") or {}).get("authorizationScopeFilter", "")).lower()
        visible: dict[tuple[str, str, str], bool] = {}
        passed: dict[int, bool] = {}
        simple = {column.lower() for column in query.columns} <= _TEMPLATE_COLUMNS
        found = []
        for row in self._estate.rows():
            template = row.template
            if template.table != query.table:
                continue
            place = _place(row.key)
            if not self._within(place[0], wanted, groups, above):
                continue
            spot = (*place, template.type)
            if spot not in visible:
                scope = f"/subscriptions/{place[0]}" + (f"/resourcegroups/{place[1]}" if place[1] else "")
                visible[spot] = self._estate.allows(f"{template.type}/read", scope if place[0] else row.key)
            if not visible[spot]:
                continue
            if simple:
                if id(template) not in passed:
                    passed[id(template)] = self._passes(query, template.row())
                if passed[id(template)]:
                    found.append(row)
            elif self._passes(query, orjson.loads(clone_text(template.graph_form(None, value_at), row.clone))):
                found.append(row)
        return found

    def _within(self, subscription: str, wanted: set[str], groups: set[str], above: bool) -> bool:
        if not subscription:
            return above or not wanted
        if wanted and subscription not in wanted:
            return False
        return not groups or any(name.lower() in groups for name, _ in self._estate.chain_of(subscription))

    def _passes(self, query: Query, row: Any) -> bool:
        return all(test(row) for test in query.tests)

    def _shape(self, query: Query, rows: list[Any]) -> list[Any]:
        if query.count_by is not None:
            loaded = (row if isinstance(row, dict) else row.template.row() for row in rows)
            counts = Counter(tuple(value_at(row, path) for path in query.count_by) for row in loaded)
            names = [path.replace(".", "_") for path in query.count_by]
            return [dict(zip(names, values, strict=True)) | {"count_": n} for values, n in sorted(counts.items())]
        for path, descending in reversed(query.order):
            if path == "id" and not descending and query.table != "resourcechanges":
                continue  # the estate's own order
            rows = sorted(rows, key=lambda row: str(value_at(self._loaded(row), path)).lower(), reverse=descending)
        return rows if query.take is None else rows[: query.take]

    def _loaded(self, row: Any) -> Any:
        if isinstance(row, dict):
            return row
        return orjson.loads(clone_text(row.template.graph_form(None, value_at), row.clone))

    def _changes(self) -> list[Any]:
        rows = []
        for change in self._estate.changes:
            if not change.in_history:
                continue
            at = change.at.isoformat().replace("+00:00", "Z")
            rows.append(
                {
                    "id": f"{change.resource_id}/providers/Microsoft.Resources/changes/{change.id}",
                    "name": change.id,
                    "type": "microsoft.resources/changes",
                    "subscriptionId": parse_id(change.resource_id).subscription,
                    "resourceGroup": parse_id(change.resource_id).group,
                    "properties": {
                        "targetResourceId": change.resource_id,
                        "targetResourceType": change.resource_type.lower(),
                        "changeType": change.kind,
                        "changes": {},
                        "changeAttributes": {
                            "timestamp": at,
                            "correlationId": change.id,
                            "changedBy": change.actor,
                            "changedByType": "User",
                            "clientType": "Azure Portal",
                            "operation": change.operation,
                            "changesCount": 0,
                            "previousResourceSnapshotId": "",
                            "newResourceSnapshotId": "",
                        },
                    },
                }
            )
        return rows


def _place(key: str) -> tuple[str, str]:
    """Subscription and group of a lower-case id, quickly."""
    parts = key.split("/", 5)
    if len(parts) < 3 or parts[1] != "subscriptions":
        return "", ""
    return parts[2], parts[4] if len(parts) > 4 and parts[3] == "resourcegroups" else ""
