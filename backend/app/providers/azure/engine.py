"""Reads one unit: Resource Graph for everything it has, then the settings that only Resource Manager knows.

A type is complete only when every page of every batch of subscriptions came, as many rows came as the service says
there are, and the caller's rights cover the type's read action in each subscription; for Resource Graph leaves out in
silence what the caller may not read.
"""

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from app.providers.azure.catalogue import NAMED, TYPES, type_for
from app.providers.azure.catalogue.common import SECRET_IN_BYTES
from app.providers.azure.catalogue.model import Child, Group, Item, Part, ResourceType
from app.providers.azure.catalogue.organization import MANAGEMENT_GROUP
from app.providers.azure.convert import COLUMNS, convert, item_of
from app.providers.azure.errors import UNREGISTERED, AzureError
from app.providers.azure.ids import key_of, parse_id
from app.providers.azure.paths import redact
from app.providers.azure.permissions import Rights, read_action
from app.providers.azure.reader import GRAPH_CALL, Reader
from app.providers.azure.scope import Scope, is_in_regions, read_scope, rights_in
from app.providers.base import (
    CallError,
    CollectedRelation,
    CollectedResource,
    ErrorKind,
    Unit,
    UnitResult,
    UnitState,
)

_ABOVE = {"authorizationresources", "policyresources"}  # tables whose rows may hang on a management group
_RESTARTS = 1
_LEAST_SHARE = 0.95


@dataclass(frozen=True)
class GraphQuery:
    """One query and the types that it lists."""

    table: str
    text: str
    types: tuple[ResourceType, ...]


@dataclass
class Entry:
    """A resource that waits for its settings."""

    type: ResourceType
    item: Item
    unread: dict[str, str] = field(default_factory=dict)


def queries_of(group: Group) -> list[GraphQuery]:
    """The group's types by table and further condition; for the rest, all that no group names."""
    found: dict[tuple[str, str], list[ResourceType]] = {}
    for entry in group.types:
        if not entry.is_part and not entry.is_listed:
            found.setdefault((entry.table, entry.where), []).append(entry)
    queries = []
    for (table, where), types in found.items():
        if group.is_rest:
            condition = f"type !in~ ({_quoted(NAMED)})"
        else:
            condition = f"type in~ ({_quoted(entry.key for entry in types)})"
        if where:
            condition += f" and {where}"
        text = f"{table} | where {condition} | project {', '.join(COLUMNS)} | order by id asc"
        queries.append(GraphQuery(table, text, tuple(types)))
    return queries


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


class UnitRead:
    """One run over one unit."""

    def __init__(self, reader: Reader, group: Group, unit: Unit) -> None:
        self._reader, self._group, self._unit = reader, group, unit
        self._resources: dict[str, CollectedResource] = {}
        self._relations: dict[CollectedRelation, None] = {}
        self._waiting: dict[str, Entry] = {}
        self._incomplete: set[str] = set()
        self._seen: set[str] = set()
        self._errors: dict[tuple[ErrorKind, str, str | None], tuple[AzureError, int]] = {}

    def run(self) -> UnitResult:
        """Never raises for a failed call."""
        try:
            scope = read_scope(self._reader)
        except AzureError as error:
            self._note(error)
            return self._result(is_known=False)
        for problem in scope.problems:
            self._note(problem)
            self._incomplete.update(entry.native_type for entry in self._group.types)
        for query in queries_of(self._group):
            for batch in scope.batches():
                self._read_batch(query, batch)
        if MANAGEMENT_GROUP in self._group.types:
            self._list_management_groups()
        self._check_rights(scope)
        self._read_children()
        return self._result()

    # -- Resource Graph

    def _read_batch(self, query: GraphQuery, batch: list[str]) -> None:
        options = {"authorizationScopeFilter": "AtScopeAboveAndBelow"} if query.table in _ABOVE else {}
        for attempt in range(_RESTARTS + 1):
            try:
                self._read_pages(query, batch, options)
                return
            except AzureError as error:
                # A token that is not taken any more: what came is kept, and the listing begins again.
                if error.code == "SkipToken" and attempt < _RESTARTS:
                    continue
                self._note(error)
                self._incomplete.update(entry.native_type for entry in query.types)
                if self._group.is_rest:
                    self._incomplete.update(self._seen)
                return

    def _read_pages(self, query: GraphQuery, batch: list[str], options: Mapping[str, Any]) -> None:
        """Raises AzureError when the listing did not end as it should."""
        count = total = most = 0
        for page in self._reader.query(query.text, batch, options):
            # A name may be written with escapes, which the pattern does not see.
            has_secrets = SECRET_IN_BYTES.search(page.body) is not None or b"\\u00" in page.body
            for row in page.rows:
                self._take(row, has_secrets=has_secrets)
            count, total, most = count + len(page.rows), page.total, max(most, page.total)
            # A last page may say so too, being less than the total; then the count tells.
            is_first = count == len(page.rows)
            if page.is_truncated and page.token is None and (is_first or count < total):
                raise AzureError(
                    ErrorKind.INVALID_ANSWER,
                    f"the service cut the listing after {count} of {total} rows",
                    call=GRAPH_CALL,
                )
        # Some rows may go while the pages are read; many that are not there any more are not believed.
        if count < total or count < most * _LEAST_SHARE:
            raise AzureError(
                ErrorKind.INVALID_ANSWER, f"the listing ended after {count} of {most} rows", call=GRAPH_CALL
            )

    def _take(self, row: Mapping[str, Any], *, has_secrets: bool) -> None:
        kind, native_id = row.get("type"), row.get("id")
        if not isinstance(kind, str) or not isinstance(native_id, str):
            self._refuse_row(str(kind))
            return
        entry = type_for(kind.lower())
        self._seen.add(entry.native_type)
        item = item_of(row, entry)
        if not is_in_regions(self._reader.session.connection, item.get("location")):
            return
        if entry.children:
            self._waiting[key_of(native_id)] = Entry(entry, item)
        else:
            self._keep(entry, item, {}, has_secrets=has_secrets)

    def _keep(self, entry: ResourceType, item: Item, unread: Mapping[str, str], *, has_secrets: bool) -> None:
        for part in entry.parts:
            if not _has_parts(item, part):
                message = f"{part.path} is no list of resources"
                self._note(AzureError(ErrorKind.INVALID_ANSWER, message, call=GRAPH_CALL))
                self._incomplete.add(part.native_type)
        resources, relations = convert(entry, item, unread, has_secrets=has_secrets)
        if not resources:
            self._refuse_row(entry.native_type)
        for resource in resources:
            self._resources[key_of(resource.native_id)] = resource
        for relation in relations:
            self._relations[relation] = None

    def _refuse_row(self, kind: str) -> None:
        self._note(AzureError(ErrorKind.INVALID_ANSWER, "a row has no type or no id", call=GRAPH_CALL))
        known = TYPES.get(kind.lower())
        self._incomplete.update([known.native_type] if known else (entry.native_type for entry in self._group.types))

    def _list_management_groups(self) -> None:
        if self._reader.session.connection.scope.get("subscriptions"):
            self._incomplete.add(MANAGEMENT_GROUP.native_type)  # not looked for, so nothing is known of them
            return
        path, action = "/providers/Microsoft.Management/managementGroups", read_action(MANAGEMENT_GROUP.native_type)
        try:
            listed = self._reader.list_all(path, MANAGEMENT_GROUP.api_version, action)
            names = [item.get("name") if isinstance(item, Mapping) else None for item in listed]
            if not all(names):
                raise AzureError(ErrorKind.INVALID_ANSWER, "a management group has no name", call=action)
            tasks = [(action, self._get_task(f"{path}/{name}", MANAGEMENT_GROUP.api_version, action)) for name in names]
            outcomes: list[Any] = self._reader.run_all(tasks)
        except AzureError as error:
            outcomes = [error]
        for outcome in outcomes:
            if isinstance(outcome, AzureError):
                self._note(outcome)
                self._incomplete.add(MANAGEMENT_GROUP.native_type)
            else:
                self._keep(MANAGEMENT_GROUP, item_of(outcome, MANAGEMENT_GROUP), {}, has_secrets=True)

    def _get_task(self, path: str, api_version: str, action: str) -> Callable[[], Any]:
        return lambda: self._reader.get(path, api_version, action)

    # -- what the rights say of it

    def _check_rights(self, scope: Scope) -> None:
        try:
            rights = rights_in(self._reader, scope)
        except AzureError as error:
            rights = {one.id: error for one in scope.subscriptions}
        types = [entry for entry in self._group.types if not entry.is_part and not entry.is_listed]
        if self._group.is_rest:
            types = [entry for entry in types if entry.native_type in self._seen]
        for subscription, known in rights.items():
            if isinstance(known, AzureError):
                self._note(known)
                self._incomplete.update(entry.native_type for entry in self._group.types)
                self._incomplete.update(self._seen)
                continue
            if self._group.is_rest and not known.allow("Microsoft.Any/thing/read"):
                self._deny("*/read", subscription, [*self._group.types, *map(_named, self._seen)])
            denied = [entry for entry in types if not known.allow(read_action(entry.native_type))]
            if denied and len(denied) == len(types):
                self._deny("*/read", subscription, denied)
                continue
            for entry in denied:
                self._deny(read_action(entry.native_type), subscription, [entry])

    def _deny(self, action: str, subscription: str, types: Iterable[ResourceType]) -> None:
        for entry in types:
            self._incomplete.add(entry.native_type)
            self._incomplete.update(part.native_type for part in entry.parts)
        message = f"the caller may not read this in the whole of subscription {subscription}"
        self._note(
            AzureError(
                ErrorKind.ACCESS_DENIED,
                message,
                call=GRAPH_CALL,
                permission=action,
                scope=f"/subscriptions/{subscription}",
            )
        )

    # -- settings

    def _read_children(self) -> None:
        targets = _in_turn(self._waiting)
        tasks = [(child.action, child_task(self._reader, str(entry.item["id"]), child)) for entry, child in targets]
        for (entry, child), outcome in zip(targets, self._reader.run_all(tasks), strict=True):
            if isinstance(outcome, AzureError):
                self._note(outcome)
            merge_child(entry, child, outcome)
        for entry in self._waiting.values():
            self._keep(entry.type, entry.item, entry.unread, has_secrets=True)

    # -- the end

    def _note(self, error: AzureError) -> None:
        key = (error.kind, error.call, error.permission)
        first, count = self._errors.get(key, (error, 0))
        self._errors[key] = (first, count + 1)

    def _result(self, *, is_known: bool = True) -> UnitResult:
        complete: frozenset[str] = frozenset()
        if is_known:
            names = {entry.native_type for entry in self._group.types} | (self._seen if self._group.is_rest else set())
            for entry in self._group.types:
                if entry.native_type in self._incomplete:
                    self._incomplete.update(part.native_type for part in entry.parts)
            complete = frozenset(names - self._incomplete)
        state = UnitState.COMPLETE
        if self._errors:
            state = UnitState.PARTIAL if self._resources or complete else UnitState.FAILED
        return UnitResult(
            unit=self._unit,
            state=state,
            resources=tuple(self._resources.values()),
            relations=tuple(self._relations),
            complete_types=complete,
            covers_all_types=self._group.is_rest and is_known and not self._errors,
            errors=call_errors(self._errors.values()),
            call_count=self._reader.call_count,
        )


def _in_turn(waiting: Mapping[str, Entry]) -> list[tuple[Entry, Child]]:
    """What to read, one subscription after the other in turn: each has a bucket of reads of its own.

    In another order each time, so that what does not fit into the unit's time is not always the same.
    """
    queues: dict[str, list[tuple[Entry, Child]]] = {}
    for key, entry in waiting.items():
        place = parse_id(key)
        queue = queues.setdefault(place.subscription if place else "", [])
        queue += [(entry, child) for child in entry.type.children if child.when is None or child.when(entry.item)]
    for queue in queues.values():
        random.shuffle(queue)
    rounds = zip_longest(*queues.values())
    return [target for one in rounds for target in one if target is not None]


def _has_parts(item: Item, part: Part) -> bool:
    """Whether what should be a list of resources with ids is one; absent is none."""
    holder: Any = item
    *before, last = part.path.removesuffix("[]").split(".")
    for step in before:
        holder = holder.get(step) if isinstance(holder, dict) else None
    if not isinstance(holder, dict):
        return False
    inner = holder.get(last, [])
    return isinstance(inner, list) and all(isinstance(one, dict) and one.get("id") for one in inner)


def _named(native_type: str) -> ResourceType:
    return type_for(native_type.lower())


def child_task(reader: Reader, owner: str, child: Child) -> Callable[[], Any]:
    """Reads one setting of the resource; `absent` codes give the default, and so does a provider that is not in use."""

    def run() -> Any:
        path = f"{owner}{child.path}"
        try:
            if child.is_list:
                return reader.list_all(path, child.api_version, child.action)
            return reader.get(path, child.api_version, child.action)
        except AzureError as error:
            if error.code in child.absent or error.code in UNREGISTERED:
                return child.default
            raise

    return run


def merge_child(entry: Entry, child: Child, outcome: Any) -> None:
    """Put what was read into the resource, or the reason why it was not."""
    if isinstance(outcome, AzureError):
        entry.unread[child.name] = outcome.reason
        return
    for item in outcome if isinstance(outcome, list) else [outcome]:
        for path in child.redact:
            redact(item, path)
    entry.item[child.name] = outcome


def call_errors(errors: Iterable[tuple[AzureError, int]]) -> tuple[CallError, ...]:
    """Each kind of failure once, with how often it was met."""
    return tuple(
        CallError(
            kind=error.kind,
            call=error.call,
            message=error.message if count == 1 else f"{error.message} ({count} times)",
            permission=error.permission,
        )
        for error, count in errors
    )


def allowed(rights: Rights | AzureError, action: str) -> bool:
    """Whether the rights are known and cover the action."""
    return isinstance(rights, Rights) and rights.allow(action)
