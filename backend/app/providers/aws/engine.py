"""Reads one unit by its catalogue entries, in rounds: listings, whole items, children, joined and extra properties.

Each round runs in the unit's own threads. A type is complete only when every page of its listing and every
description of what was listed came; whatever else fails leaves a property unread, with the reason.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from app.providers.aws.catalogue.model import Describe, Extra, ForEach, Item, Join, Listing, ResourceType, Service
from app.providers.aws.convert import convert, id_of
from app.providers.aws.errors import AwsError, is_gone
from app.providers.aws.listed import Entry, Listed, batches_of
from app.providers.aws.paths import find, find_all
from app.providers.aws.reader import Reader, Task, items_of
from app.providers.aws.templates import fill, fill_all
from app.providers.base import (
    CallError,
    CollectedRelation,
    CollectedResource,
    ErrorKind,
    Unit,
    UnitResult,
    UnitState,
)

NOT_SIMULATED = "a simulated cloud has no such call"


class UnitRead:
    """One run over one unit. `first_only` reads one page and the extras of one item: the connection test.

    `wanted` (native type → native id) leaves out what else is listed, and `seeds` (native type → first properties)
    stands for a listing: both for reading one resource again.
    """

    def __init__(
        self,
        reader: Reader,
        service: Service,
        unit: Unit,
        *,
        first_only: bool = False,
        wanted: Mapping[str, str] | None = None,
        seeds: Mapping[str, Item] | None = None,
    ) -> None:
        self._reader, self._service, self._unit, self._first_only = reader, service, unit, first_only
        self._wanted, self._seeds = wanted or {}, seeds or {}
        self._types: dict[str, Listed] = {entry.native_type: Listed() for entry in service.types}
        self._errors: dict[tuple[ErrorKind, str], tuple[AwsError, int]] = {}

    def run(self) -> UnitResult:
        """Never raises for a failed call."""
        roots = [one for one in self._service.types if one.for_each is None or one.native_type in self._seeds]
        self._list_roots(roots)
        waiting = [entry for entry in self._service.types if entry not in roots]
        self._describe(roots)
        while waiting:
            parents = {entry.native_type for entry in waiting}
            ready = [entry for entry in waiting if entry.for_each and entry.for_each.parent not in parents]
            if not ready:
                raise ValueError(f"{self._service.name}: parents form a circle")
            self._list_children(ready)
            self._describe(ready)
            waiting = [entry for entry in waiting if entry not in ready]
        self._join()
        for stage in sorted({extra.stage for entry in self._service.types for extra in entry.extras}):
            self._read_extras(stage)
        return self._result()

    # -- listings

    def _list_roots(self, types: Sequence[ResourceType]) -> None:
        """Types that share a call (IAM's) share its pages."""
        groups: dict[tuple[str, str, str], list[ResourceType]] = {}
        for entry in types:
            if entry.native_type in self._seeds:
                self._add(entry, [dict(self._seeds[entry.native_type])])
            elif entry.listing is None:
                place = {"AccountId": self._reader.account, "RegionName": self._unit.region}
                self._add(entry, [{name: place[name] for name in entry.itself}])
            else:
                groups.setdefault(entry.listing.key, []).append(entry)
        tasks, found = [], []
        for group in groups.values():
            listing = group[0].listing
            if listing is None:
                continue
            paths = [entry.listing.items for entry in group if entry.listing is not None]
            pages: list[list[Any]] = [[] for _ in group]
            found.append((group, pages))
            tasks.append(self._listing_task(listing, listing.arguments, paths, pages))
        for (group, pages), outcome in zip(found, self._reader.run_all(tasks), strict=True):
            for entry, items in zip(group, pages, strict=True):
                # A copy: a call that was cut off may still be adding to its own list.
                self._add(entry, list(items))
                if self._is_failure(outcome):
                    self._types[entry.native_type].complete = False
            if self._is_failure(outcome):
                self._note(outcome)

    def _listing_task(
        self, listing: Listing, arguments: Mapping[str, Any], paths: Sequence[str], pages: Sequence[list[Any]]
    ) -> Task:
        client = listing.client or self._service.name

        def run() -> None:
            try:
                for page in self._reader.pages(client, listing.operation, arguments, page_size=listing.page_size):
                    for path, items in zip(paths, pages, strict=True):
                        items.extend(items_of(page, path, client, listing.operation, may_omit=listing.may_omit))
            except AwsError as error:
                if error.code not in listing.absent:
                    raise

        return Task(client, listing.operation, run)

    def _list_children(self, types: Sequence[ResourceType]) -> None:
        below: list[tuple[ResourceType, Sequence[Entry]]] = []
        for entry in types:
            if entry.for_each is None:
                continue
            parents = self._types[entry.for_each.parent]
            self._types[entry.native_type].complete = parents.complete
            chosen = [one for one in parents.entries if entry.for_each.when is None or entry.for_each.when(one.item)]
            below.append((entry, chosen[:1] if self._first_only else chosen))
        while below:
            before = {entry.native_type: len(self._types[entry.native_type].entries) for entry, _ in below}
            self._list_below(below)
            below = [
                (entry, found)
                for entry, _ in below
                if entry.for_each and entry.for_each.nested and not self._first_only
                if (found := self._types[entry.native_type].entries[before[entry.native_type] :])
            ]

    def _list_below(self, below: Sequence[tuple[ResourceType, Sequence[Entry]]]) -> None:
        tasks: list[Task] = []
        found: list[tuple[ResourceType, Item, list[Any]]] = []
        for entry, parents in below:
            for_each = entry.for_each
            if for_each is None:
                continue
            if entry.listing is None:
                self._adopt(entry, for_each, parents)
                continue
            for parent in parents:
                arguments = {name: find(parent.item, path) for name, path in for_each.arguments.items()}
                carried = {name: find(parent.item, path) for name, path in for_each.carry.items()}
                items: list[Any] = []
                found.append((entry, carried, items))
                tasks.append(
                    self._listing_task(
                        entry.listing, {**entry.listing.arguments, **arguments}, [entry.listing.items], [items]
                    )
                )
        for (entry, carried, items), outcome in zip(found, self._reader.run_all(tasks), strict=True):
            self._add(entry, list(items), carried)
            if isinstance(outcome, AwsError) and not is_gone(outcome):
                self._types[entry.native_type].complete = False
                self._note(outcome)

    def _is_failure(self, outcome: Any) -> bool:
        """A listing that was asked for one thing says by an error that there is no such thing."""
        return isinstance(outcome, AwsError) and not (self._wanted and is_gone(outcome))

    def _adopt(self, entry: ResourceType, for_each: ForEach, parents: Sequence[Entry]) -> None:
        """Ids that the parents themselves name, each once."""
        (parameter, path), *_ = for_each.arguments.items()
        ids = dict.fromkeys(value for parent in parents for value in find_all(parent.item, path))
        self._add(entry, [{parameter: value} for value in ids])

    def _add(self, entry: ResourceType, items: Sequence[Any], carried: Item | None = None) -> None:
        scalar = entry.listing.scalar if entry.listing else ""
        for item in items:
            whole = {scalar: item} if scalar and not isinstance(item, dict) else item  # a seed is whole already
            if isinstance(whole, dict) and (entry.describe is not None or self._is_ours(entry, whole)):
                self._types[entry.native_type].entries.append(Entry({**whole, **(carried or {})}))

    def _is_ours(self, entry: ResourceType, item: Item) -> bool:
        """Whether the item counts as a resource of this account, as far as its whole properties tell."""
        if entry.select is not None and not entry.select(item):
            return False
        return not entry.owner or find(item, entry.owner) in (None, self._reader.account)

    def _keep_wanted(self, types: Sequence[ResourceType]) -> None:
        for entry in types:
            wanted, listed = self._wanted.get(entry.native_type), self._types[entry.native_type]
            if wanted is not None:
                listed.entries = [one for one in listed.entries if self._is_named(entry, one.item, wanted)]

    def _is_named(self, entry: ResourceType, item: Item, wanted: str) -> bool:
        aliases = (alias for one in entry.aliases if "arn:" in one for alias in fill_all(one, self._reader.place, item))
        return self._id_of(entry, item) == wanted or wanted in aliases

    # -- whole items

    def _describe(self, types: Sequence[ResourceType]) -> None:
        """Afterwards only what was wanted is left, where something was."""
        tasks: list[Task] = []
        batches: list[tuple[ResourceType, Describe, list[Entry]]] = []
        for entry in types:
            if entry.describe is None:
                continue
            listed = self._types[entry.native_type]
            entries, listed.entries = listed.entries, []
            for batch in batches_of(entry.describe, entries[:1] if self._first_only else entries, self._reader.place):
                batches.append((entry, entry.describe, batch))
                tasks.append(self._describe_task(entry.describe, batch))
        for (entry, describe, batch), outcome in zip(batches, self._reader.run_all(tasks), strict=True):
            listed = self._types[entry.native_type]
            if isinstance(outcome, AwsError):
                if not is_gone(outcome):
                    listed.complete = False
                    self._note(outcome)
                continue
            for item in outcome:
                kept = {name: batch[0].item.get(name) for name in describe.keep}
                carried = {name: batch[0].item[name] for name in (entry.for_each.carry if entry.for_each else ())}
                if self._is_ours(entry, item):
                    listed.entries.append(Entry({**item, **kept, **carried}))
        self._keep_wanted(types)

    def _describe_task(self, describe: Describe, batch: Sequence[Entry]) -> Task:
        client, operation = self._service.name, describe.operation
        ids = [entry.item[describe.ids] for entry in batch]
        arguments = {
            name: fill(value, self._reader.place, batch[0].item) if isinstance(value, str) else value
            for name, value in describe.arguments.items()
        }
        arguments[describe.parameter] = ids if describe.batch else ids[0]

        def run() -> list[Any]:
            answer = self._reader.call(client, operation, arguments)
            return [dict(item) for item in items_of(answer, describe.items, client, operation)]

        return Task(client, operation, run)

    # -- properties

    def _join(self) -> None:
        tasks: list[Task] = []
        uses: list[list[tuple[ResourceType, Join]]] = []
        shared: dict[Callable[..., Any], int] = {}
        for entry in self._service.types:
            for join in entry.joins:
                if join.shared and join.read in shared:
                    uses[shared[join.read]].append((entry, join))
                    continue
                shared[join.read] = len(tasks)
                client, _, operation = join.calls[0].partition(":")
                tasks.append(Task(client, operation, self._join_task(entry, join)))
                uses.append([(entry, join)])
        for joined, outcome in zip(uses, self._reader.run_all(tasks), strict=True):
            if isinstance(outcome, AwsError):
                self._note(outcome)
            for entry, join in joined:
                for one in self._types[entry.native_type].entries:
                    if isinstance(outcome, AwsError):
                        one.unread[join.name] = outcome.reason
                        continue
                    key = fill(join.key, self._place_of(entry, one.item), one.item) or ""
                    one.item[join.name] = outcome.get(key, join.default)

    def _join_task(self, entry: ResourceType, join: Join) -> Callable[[], Mapping[str, Any]]:
        items = [one.item for one in self._types[entry.native_type].entries]
        read_one = join.read_one
        if self._wanted and read_one is not None:
            keys = [fill(join.key, self._place_of(entry, item), item) or "" for item in items]
            return lambda: {key: value for one in keys for key, value in read_one(self._reader, one).items()}
        return lambda: join.read(self._reader, items)

    def _id_of(self, entry: ResourceType, item: Item) -> str | None:
        return id_of(entry, self._reader.place, item)

    def _place_of(self, entry: ResourceType, item: Item) -> Mapping[str, str]:
        native_id = self._id_of(entry, item)
        return {**self._reader.place, "native_id": native_id} if native_id else self._reader.place

    def _read_extras(self, stage: int) -> None:
        tasks: list[Task] = []
        targets: list[tuple[Entry, Extra]] = []
        for entry in self._service.types:
            listed = self._types[entry.native_type].entries
            for one in listed[:1] if self._first_only else listed:
                for extra in entry.extras:
                    if extra.stage != stage:
                        continue
                    if self._reader.is_simulated and not extra.simulated:
                        one.unread[extra.name] = NOT_SIMULATED
                    elif extra.when is not None and not extra.when(one.item):
                        one.item.setdefault(extra.name, extra.default)
                    else:
                        targets.append((one, extra))
                        tasks.append(self._extra_task(one.item, extra))
        for (one, extra), outcome in zip(targets, self._reader.run_all(tasks), strict=True):
            if isinstance(outcome, AwsError):
                self._note(outcome)
                for name in extra.spread or (extra.name,):
                    one.unread[name] = outcome.reason
            elif extra.spread and isinstance(outcome, dict):
                # What the listing told stays: an answer repeats the id, and that of another thing must not replace it.
                for name, value in (*outcome.items(), *((name, None) for name in extra.spread)):
                    one.item.setdefault(name, value)
            else:
                one.item[extra.name] = outcome

    def _extra_task(self, item: Item, extra: Extra) -> Task:
        client = extra.client or self._service.name
        region = find(item, extra.region) if extra.region else None
        arguments = {**extra.constants, **{name: find(item, path) for name, path in extra.arguments.items()}}

        def run() -> Any:
            if None in arguments.values():
                raise AwsError(ErrorKind.INVALID_ANSWER, f"the item does not tell what {extra.operation} needs")
            return self._read_extra(client, extra, arguments, region)

        return Task(client, extra.operation, run)

    def _read_extra(self, client: str, extra: Extra, arguments: Mapping[str, Any], region: str | None) -> Any:
        try:
            answer = self._reader.call(client, extra.operation, arguments, region)
        except AwsError as error:
            if error.code in extra.absent:
                return extra.default
            if extra.fallback is not None and error.kind is ErrorKind.NOT_ENABLED:
                return self._read_extra(client, extra.fallback, arguments, region)
            raise
        value = find(answer, extra.result) if extra.result else answer
        if extra.convert is not None:
            return extra.convert(value)
        return extra.default if value is None else value

    # -- the result

    def _note(self, error: AwsError) -> None:
        key = (error.kind, error.call)
        first, count = self._errors.get(key, (error, 0))
        self._errors[key] = (first, count + 1)

    def _result(self) -> UnitResult:
        resources: dict[str, CollectedResource] = {}
        relations: dict[CollectedRelation, None] = {}
        for entry in self._service.types:
            for one in self._types[entry.native_type].entries:
                if entry.itself and one.unread and one.item.keys() <= set(entry.itself):
                    # We made it up ourselves and could read nothing of it: that is no resource, it is a failed read.
                    self._types[entry.native_type].complete = False
                    continue
                converted = convert(entry, one.item, one.unread, self._reader.place, self._unit.region)
                if converted is None:
                    self._types[entry.native_type].complete = False
                    self._note(AwsError(ErrorKind.INVALID_ANSWER, f"a {entry.native_type} has no id"))
                    continue
                resources[converted[0].native_id] = converted[0]
                relations.update(dict.fromkeys(converted[1]))
        complete = frozenset(name for name, listed in self._types.items() if listed.complete)
        if not self._errors:
            state = UnitState.COMPLETE
        else:
            state = UnitState.PARTIAL if resources or complete else UnitState.FAILED
        return UnitResult(
            unit=self._unit,
            state=state,
            resources=tuple(resources.values()),
            relations=tuple(relations),
            complete_types=complete,
            errors=tuple(
                CallError(
                    kind=error.kind,
                    call=error.call,
                    message=error.message if count == 1 else f"{error.message} ({count} times)",
                    permission=error.permission,
                )
                for error, count in self._errors.values()
            ),
            call_count=self._reader.call_count,
        )
