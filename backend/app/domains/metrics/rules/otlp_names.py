"""OpenTelemetry's names and attributes as names and labels of series (`wire_formats.md`, section 4, Mapping).

Kept of a resource are its service, as `job` and `instance`, and what tells which resource of a cloud it runs on; its
other attributes would only make series longer. Names that no PromQL takes are changed, and the original is kept as the
label `otel_metric_name`, which also keeps apart what would get the same name.
"""

import base64
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import orjson

from app.domains.metrics.rules.series import MAX_LABELS, MAX_VALUE_BYTES, NAME_LABEL

_KEPT = ("cloud.", "host.", "k8s.", "container.", "faas.", "aws.", "azure.", "gcp.")
_MANY = re.compile(r"\.(?:labels?|annotations?)\.")  # of pods and nodes; there is no end of them
_NO_LABEL_CHARACTER = re.compile(r"[^a-zA-Z0-9_]")
_NO_NAME_CHARACTER = re.compile(r"[^a-zA-Z0-9_:]")
_ORIGINAL_NAME = "otel_metric_name"
_MOVED = "exported_"

_Pairs = Iterable[tuple[str, str]]


def attribute_pairs(attributes: Iterable[Any]) -> list[tuple[str, str]]:
    """Keys and texts of KeyValue messages, without empty ones. Raises UnicodeDecodeError."""
    pairs = [(attribute.key.decode(), _text(attribute.value)) for attribute in attributes]
    return [(key, text) for key, text in pairs if text]


def _text(value: Any) -> str:
    """A value as a label has it: texts as they are, all others as JSON; bytes in base64."""
    plain = _plain(value)
    if isinstance(plain, str):
        return plain
    return "" if plain is None else orjson.dumps(plain).decode()


def _plain(value: Any) -> Any:
    if value.HasField("text"):
        return value.text.decode()
    if value.HasField("flag"):
        return value.flag
    if value.HasField("integer"):
        return value.integer
    if value.HasField("number"):
        return value.number
    if value.HasField("list"):
        return [_plain(item) for item in value.list.values]
    if value.HasField("map"):
        return {item.key.decode(): _plain(item.value) for item in value.map.values}
    return base64.b64encode(value.raw).decode() if value.HasField("raw") else None


def resource_labels(pairs: _Pairs) -> dict[str, str]:
    """What is kept of a resource's attributes. Those too long for a label are left out, for they are no identity."""
    attributes = dict(pairs)
    service, space = attributes.get("service.name", ""), attributes.get("service.namespace", "")
    kept = _as_labels(
        (key, text)
        for key, text in attributes.items()
        if key.startswith(_KEPT) and not _MANY.search(key) and _fits(text)
    )
    labels = dict(sorted(kept.items())[: MAX_LABELS // 2])
    if service:
        labels["job"] = f"{space}/{service}" if space else service
    if instance := attributes.get("service.instance.id"):
        labels["instance"] = instance
    return labels


def scope_labels(name: str, version: str, pairs: _Pairs) -> dict[str, str]:
    """The instrumentation library, as OpenTelemetry's rules for Prometheus name it."""
    labels = {f"otel_scope_{label}": text for label, text in _as_labels(pairs).items()}
    named = {"otel_scope_name": name, "otel_scope_version": version}
    return labels | {label: text for label, text in named.items() if text}


def series_parts(
    name: bytes, is_counter: bool, resource: Mapping[str, str], scope: Mapping[str, str], pairs: _Pairs
) -> list[bytes]:
    """Names and values of all labels of a series, alternating, in order. Raises UnicodeDecodeError.

    A point's attribute goes before one of the resource with the same name, except `job` and `instance`: there the
    point's becomes exported_job or exported_instance, as Prometheus does on scraping.
    """
    labels = dict(resource)
    own = _as_labels(pairs)
    for label in ("job", "instance"):
        if label in own and label in resource:
            own[_MOVED + label] = own.pop(label)
    labels |= scope
    labels |= own
    original = name.decode()
    labels[NAME_LABEL.decode()] = metric_name(name, is_counter)
    if _NO_NAME_CHARACTER.search(original) or original[:1].isdigit():
        labels[_ORIGINAL_NAME] = original
    return [part.encode() for pair in sorted(labels.items()) for part in pair]


@lru_cache(maxsize=16_384)
def metric_name(name: bytes, is_counter: bool) -> str:
    """The name of a series; of a counter it ends with _total. Raises UnicodeDecodeError."""
    text = _NO_NAME_CHARACTER.sub("_", name.decode())
    if text[:1].isdigit():
        text = "_" + text
    return f"{text}_total" if is_counter and not text.endswith("_total") else text


@lru_cache(maxsize=16_384)
def label_name(key: str) -> str:
    """An attribute's key as the name of a label; those that begin with __ are not for senders."""
    name = _NO_LABEL_CHARACTER.sub("_", key)
    if name[:1].isdigit():
        return "key_" + name
    return "key" + name if name.startswith("__") else name


def _as_labels(pairs: _Pairs) -> dict[str, str]:
    """Labels of attributes. What gets the same name is joined by semicolons, in the order of the keys."""
    labels: dict[str, str] = {}
    for key, text in sorted(pairs):
        name = label_name(key)
        if name:
            labels[name] = f"{labels[name]};{text}" if name in labels else text
    return labels


def _fits(text: str) -> bool:
    return len(text.encode()) <= MAX_VALUE_BYTES and "\0" not in text
