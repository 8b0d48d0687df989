"""What a series says of the resource that it is about, and its labels in one spelling."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

import orjson

from app.domains.metrics.rules.batch import SeriesText


class HintKind(StrEnum):
    """What a hint's candidates are: native ids or aliases, names of a type's resources, or addresses and host names."""

    ID = "id"
    NAME = "name"
    ADDRESS = "address"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """One way to find the resource; `candidates` are in the order in which to try them.

    `provider` (aws, gcp, azure), `account` (the cloud's number), `region` and `native_type` narrow the search; each is
    empty where the series does not tell.
    """

    kind: HintKind
    candidates: tuple[str, ...]
    provider: str = ""
    account: str = ""
    region: str = ""
    native_type: str = ""


class Labels:
    """A series' labels by names without case, underscores and dots: InstanceId, instance_id and dimension_InstanceId
    are one. Dimensions that were sent as one JSON object are among them."""

    def __init__(self, text: SeriesText) -> None:
        self.name = text.name
        self._values: dict[str, str] = {}
        for label, value in text.labels.items():
            self._values.setdefault(_even(label), value)
            if _even(label) == "dimensions" and value.startswith("{"):
                for key, inside in _dimensions(value):
                    self._values.setdefault(_even(key), inside)

    def first(self, *names: str) -> str:
        """The value of the first of these that there is, else the empty text."""
        return next((self._values[name] for name in names if self._values.get(name)), "")

    @property
    def items(self) -> Mapping[str, str]:
        """All of them."""
        return self._values


def _even(label: str) -> str:
    return label.lower().removeprefix("dimension_").replace("_", "").replace(".", "")


def _dimensions(value: str) -> Iterator[tuple[str, str]]:
    try:
        content = orjson.loads(value)
    except orjson.JSONDecodeError:
        return
    if isinstance(content, dict):
        yield from ((key, inside) for key, inside in content.items() if isinstance(inside, str))
