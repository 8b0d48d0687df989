"""Prometheus' rule files: groups and rules as they are written, each with its line, and what is wrong with them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from app.domains.alerts.rules.promql_yaml import Mapping, Node, Scalar, Sequence, YamlError, read_yaml

MAX_CONTENT = 1_000_000  # characters
MAX_FILE_RULES = 5_000
_GROUP_MEMBERS = {"name", "interval", "limit", "query_offset", "labels", "rules"}
_RULE_MEMBERS = {"alert", "record", "expr", "for", "keep_firing_for", "labels", "annotations"}
_RECORD_MEMBERS = {"record", "expr", "labels"}
_UNITS_MS = {"y": 31_536_000_000, "w": 604_800_000, "d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
_DURATION = re.compile(
    r"(?:(\d{1,9})y)?(?:(\d{1,9})w)?(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?(?:(\d{1,12})ms)?"
)


class FileError(Exception):
    """A text that Prometheus would not load as a rule file; says where and why."""


@dataclass(frozen=True, slots=True)
class FileRule:
    """One entry of a group. `problem`: why it cannot be used; then the other fields hold what could be read."""

    kind: str  # alert or record
    name: str
    line: int
    position: int
    expression: str = ""
    for_ms: int = 0
    keep_firing_ms: int = 0
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class FileGroup:
    """A group; `interval_ms` None is the server's default. `labels` are under those of the rules."""

    name: str
    line: int
    interval_ms: int | None
    limit: int
    query_offset_ms: int
    labels: dict[str, str]
    rules: list[FileRule]


def read_rule_file(content: str) -> list[FileGroup]:
    """The groups of a file. Raises FileError where the file as a whole cannot be read."""
    if len(content) > MAX_CONTENT:
        raise FileError(f"A rule file has at most {MAX_CONTENT:,} characters.")
    try:
        root = read_yaml(content)
    except YamlError as failure:
        raise FileError(str(failure)) from None
    members = _members(root, {"groups"}, "A rule file")
    entries = _items(members.get("groups"), "groups")
    groups: list[FileGroup] = []
    rules = 0
    for entry in entries:
        group = _group(entry, MAX_FILE_RULES - rules)
        if any(one.name == group.name for one in groups):
            raise FileError(f"Line {group.line}: the group {group.name!r} is there twice.")
        groups.append(group)
        rules += len(group.rules)
    return groups


def parse_duration(text: str) -> int:
    """Milliseconds of Prometheus' writing, `1h30m`. Raises ValueError."""
    match = _DURATION.fullmatch(text)
    if text == "0":
        return 0
    if not text or match is None:
        raise ValueError(f"{text[:40]!r} is no duration like 5m or 1h30m")
    return sum(int(count) * unit for count, unit in zip(match.groups(), _UNITS_MS.values(), strict=True) if count)


def write_duration(seconds: float) -> str:
    """A duration as Prometheus writes it: 1h30m, 0s."""
    left = round(seconds * 1000)
    parts = []
    for unit, size in _UNITS_MS.items():
        count, left = divmod(left, size)
        # Prometheus writes years, weeks and days only where nothing is left over.
        if count and unit in ("y", "w", "d") and left:
            left += count * size
        elif count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def _group(node: Node, room: int) -> FileGroup:
    members = _members(node, _GROUP_MEMBERS, "A group")
    name = _text(members.get("name"), "name")
    if not name:
        raise FileError(f"Line {node.line}: a group needs a name.")
    limit = _text(members.get("limit"), "limit") or "0"
    if not re.fullmatch(r"-?\d{1,9}", limit):
        raise FileError(f"Line {node.line}: limit must be a whole number.")
    try:
        labels = _texts(members.get("labels"), "labels")
        interval_ms, offset_ms = _duration(members, "interval"), _duration(members, "query_offset")
    except ValueError as failure:
        raise FileError(f"Line {node.line}: {failure}.") from None
    entries = _items(members.get("rules"), "rules")
    if len(entries) > room:
        raise FileError(f"A rule file has at most {MAX_FILE_RULES:,} rules.")
    rules = [_rule(entry, position, labels) for position, entry in enumerate(entries)]
    return FileGroup(name, node.line, interval_ms or None, max(0, int(limit)), offset_ms, labels, rules)


def _rule(node: Node, position: int, group_labels: dict[str, str]) -> FileRule:
    if not isinstance(node, Mapping):
        return FileRule("alert", "", node.line, position, problem="A rule has members.")
    members = node.members
    kind = "record" if "record" in members else "alert"
    raw = members.get(kind)
    name = raw.text if isinstance(raw, Scalar) else ""
    try:
        problem = next(_problems(members, kind, name), None)
        return FileRule(
            kind,
            name,
            node.line,
            position,
            expression=_text(members.get("expr"), "expr").strip(),
            for_ms=_duration(members, "for"),
            keep_firing_ms=_duration(members, "keep_firing_for"),
            labels=group_labels | _texts(members.get("labels"), "labels"),
            annotations=_texts(members.get("annotations"), "annotations"),
            problem=problem,
        )
    except (FileError, ValueError) as failure:
        return FileRule(kind, name, node.line, position, problem=str(failure))


def _problems(members: dict[str, Node], kind: str, name: str) -> Iterator[str]:
    if "alert" in members and "record" in members:
        yield "A rule either alerts or records."
    if not name:
        yield "A rule needs the name of its alert."
    if unknown := set(members) - (_RULE_MEMBERS if kind == "alert" else _RECORD_MEMBERS):
        yield f"{', '.join(sorted(unknown))[:200]} does not belong into such a rule."
    if not _text(members.get("expr"), "expr").strip():
        yield "A rule needs an expression."
    for label in _texts(members.get("labels"), "labels"):
        if label == "__name__" or not label:
            yield f"{label!r} cannot be a label of an alert."


def _members(node: Node, known: set[str], what: str) -> dict[str, Node]:
    if not isinstance(node, Mapping):
        raise FileError(f"Line {node.line}: {what} has the members {', '.join(sorted(known))}.")
    if unknown := set(node.members) - known:
        raise FileError(f"Line {node.line}: {', '.join(sorted(unknown))[:200]} is not known there.")
    return node.members


def _items(node: Node | None, name: str) -> list[Node]:
    if node is None or (isinstance(node, Scalar) and node.is_null):
        return []
    if not isinstance(node, Sequence):
        raise FileError(f"Line {node.line}: {name} must be a list.")
    return node.items


def _text(node: Node | None, name: str) -> str:
    if node is None:
        return ""
    if not isinstance(node, Scalar):
        raise FileError(f"Line {node.line}: {name} must be a text.")
    return node.text


def _texts(node: Node | None, name: str) -> dict[str, str]:
    if node is None or (isinstance(node, Scalar) and node.is_null):
        return {}
    if not isinstance(node, Mapping):
        raise FileError(f"Line {node.line}: {name} must be names with texts.")
    return {key: _text(value, f"{name}.{key}") for key, value in node.members.items()}


def _duration(members: dict[str, Node], name: str) -> int:
    text = _text(members.get(name), name)
    if not text:
        return 0
    try:
        return parse_duration(text)
    except ValueError as failure:
        raise ValueError(f"{name}: {failure}") from None
