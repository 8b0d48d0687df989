"""Who changed what: the change history of Resource Graph, then the activity log where it names nobody."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from app.providers.azure.catalogue import NAMED, TYPES
from app.providers.azure.catalogue.model import Group
from app.providers.azure.convert import parse_instant
from app.providers.azure.errors import AzureError
from app.providers.azure.events import target_of
from app.providers.azure.reader import Reader
from app.providers.azure.scope import read_scope
from app.providers.base import CloudEvent

_HISTORY_DAYS = 14
_MAX_PAGES, _MAX_SUBSCRIPTIONS, _LOG_PAGES = 10, 5, 3
_LOG_ACTION = "Microsoft.Insights/eventtypes/values/read"
_NOBODY = {"", "unspecified", "system", "unknown"}


def find_actors(reader: Reader, group: Group, since: datetime) -> list[CloudEvent]:
    """At most ten pages of history a batch and three of the log in each of five subscriptions. Raises AzureError."""
    start = max(since.astimezone(UTC), datetime.now(UTC) - timedelta(days=_HISTORY_DAYS))
    found: list[CloudEvent] = []
    nameless: dict[str, None] = {}
    for batch in read_scope(reader).batches():
        for number, page in enumerate(reader.query(_history_query(group, start), batch)):
            for row in page.rows:
                event = _of_history(row)
                if event is None:
                    continue
                if event.actor is None:
                    nameless[event.account] = None
                else:
                    found.append(event)
            if number + 1 >= _MAX_PAGES:
                break
    for subscription in list(nameless)[:_MAX_SUBSCRIPTIONS]:
        try:
            found.extend(_from_log(reader, group, subscription, start))
        except AzureError:
            if not found:
                raise
            break  # what the history told is better than nothing
    return sorted(found, key=lambda event: event.at)


def _history_query(group: Group, start: datetime) -> str:
    types = NAMED if group.is_rest else [entry.key for entry in group.types]
    names = ", ".join(f"'{name}'" for name in types)
    return (
        "resourcechanges "
        f"| where todatetime(properties.changeAttributes.timestamp) >= todatetime('{_text(start)}') "
        f"and properties.targetResourceType {'!in~' if group.is_rest else 'in~'} ({names}) "
        "| project id, properties | order by id asc"
    )


def _of_history(row: Mapping[str, Any]) -> CloudEvent | None:
    content = row.get("properties")
    if not isinstance(content, Mapping):
        return None
    attributes = content.get("changeAttributes")
    attributes = attributes if isinstance(attributes, Mapping) else {}
    target = target_of(content.get("targetResourceId"))
    at = parse_instant(attributes.get("timestamp"))
    if target is None or at is None:
        return None
    actor = str(attributes.get("changedBy") or "")
    return CloudEvent(
        id=str(row.get("id") or ""),
        at=at,
        action=str(attributes.get("operation") or content.get("changeType") or "change"),
        actor=None if actor.lower() in _NOBODY else actor,
        targets=(target,),
        account=target.account,
    )


def _from_log(reader: Reader, group: Group, subscription: str, start: datetime) -> list[CloudEvent]:
    path = f"/subscriptions/{subscription}/providers/Microsoft.Insights/eventtypes/management/values"
    wanted = f"eventTimestamp ge '{_text(start)}' and eventTimestamp le '{_text(datetime.now(UTC))}'"
    items = reader.list_all(path, "2015-04-01", _LOG_ACTION, filter_text=wanted, pages=_LOG_PAGES)
    keys = {entry.key for entry in group.types}
    found = []
    for item in items:
        if not isinstance(item, Mapping) or _value(item.get("status")).lower() not in ("succeeded", "accepted", ""):
            continue
        target, at = target_of(item.get("resourceId")), parse_instant(item.get("eventTimestamp"))
        if target is None or at is None or not item.get("caller"):
            continue
        kind = target.native_type.lower()
        if (kind in TYPES) if group.is_rest else (kind not in keys):
            continue
        found.append(
            CloudEvent(
                id=str(item.get("eventDataId") or item.get("id") or ""),
                at=at,
                action=_value(item.get("operationName")),
                actor=str(item["caller"]),
                targets=(target,),
                account=target.account,
            )
        )
    return found


def _value(part: Any) -> str:
    """The log writes `{"value", "localizedValue"}`, or a plain text in older entries."""
    return str(part.get("value") or "") if isinstance(part, Mapping) else str(part or "")


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
