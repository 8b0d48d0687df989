"""What a unit's reading knows so far: items on their way to resources."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.providers.aws.catalogue.model import Describe, Item
from app.providers.aws.templates import fill


@dataclass
class Entry:
    """An item on its way to a resource."""

    item: Item
    unread: dict[str, str] = field(default_factory=dict)


@dataclass
class Listed:
    """What is known of one type so far."""

    entries: list[Entry] = field(default_factory=list)
    complete: bool = True


def batches_of(describe: Describe, entries: Sequence[Entry], place: Mapping[str, str]) -> list[list[Entry]]:
    """Entries by batch; those whose other arguments differ (services of two clusters) are never in one."""
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        texts = [value for value in describe.arguments.values() if isinstance(value, str)]
        groups.setdefault("\n".join(str(fill(text, place, entry.item)) for text in texts), []).append(entry)
    size = describe.batch or 1
    return [group[start : start + size] for group in groups.values() for start in range(0, len(group), size)]
