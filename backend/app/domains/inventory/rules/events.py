"""What an event of a cloud means for what is stored."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domains.inventory.rules.content import clean_text, native_key
from app.providers.base import CloudEvent, ResourceTarget

CLOCKS_APART = timedelta(minutes=5)  # how far a cloud's clock and ours are taken to differ
MAX_TARGETS = 2_000  # of one message
MAX_ID = 500  # characters; a cloud's own ids are shorter
# Waits before a resource that could not be read again is tried once more; then the next sync takes care of it.
REREAD_SECONDS = (5.0, 30.0, 120.0)


@dataclass(frozen=True, kw_only=True)
class Told:
    """One resource with the latest event about it."""

    key: str
    target: ResourceTarget
    event: CloudEvent

    @property
    def native_account(self) -> str:
        """The cloud account, as far as the event says it."""
        return clean_text(self.target.account or self.event.account)


def latest_by_resource(provider: str, events: Iterable[CloudEvent]) -> list[Told]:
    """Each resource once, with its latest event; of more than MAX_TARGETS the rest waits for the next sync."""
    latest: dict[str, Told] = {}
    for event in events:
        for target in event.targets:
            key = native_key(provider, clean_text(target.native_id)[:MAX_ID])
            if not key:
                continue
            before = latest.get(key)
            if before is None or before.event.at <= event.at:
                latest[key] = Told(key=key, target=target, event=event)
    return list(latest.values())[:MAX_TARGETS]


def keys_of(provider: str, event: CloudEvent) -> list[str]:
    """The resources of an event, as they are told apart."""
    keys = (native_key(provider, clean_text(target.native_id)[:MAX_ID]) for target in event.targets)
    return list(dict.fromkeys(key for key in keys if key))[:MAX_TARGETS]


def is_news(at: datetime, last_read_at: datetime | None) -> bool:
    """Whether a resource may be older in our store than an event says; when in doubt it is."""
    return last_read_at is None or at + CLOCKS_APART > last_read_at


def lane_of(native_account: str, region: str, native_type: str) -> str:
    """Calls that share a limit of the cloud: of one account, region and service."""
    for separator in ("::", "/"):
        if separator in native_type:
            parts: Sequence[str] = native_type.split(separator)
            service = separator.join(parts[:2]) if separator == "::" else parts[0]
            return f"{native_account}|{region}|{service.lower()}"
    return f"{native_account}|{region}|{native_type.lower()}"
