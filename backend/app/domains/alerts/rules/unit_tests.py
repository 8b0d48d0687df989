"""Unit tests of rules as promtool's YAML has them: input series in its notation, and the alerts that are expected.

https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules (v3.5). Every text has its line.
"""

import re
from dataclasses import dataclass, field
from typing import Literal

from app.domains.alerts.rules.promql_files import parse_duration
from app.domains.alerts.rules.promql_yaml import Mapping, Node, Scalar, Sequence, YamlError, read_yaml
from app.domains.metrics.rules.selectors import SelectorError, parse_selector

MAX_SAMPLES = 500_000
MAX_SERIES = 2_000
MAX_CASES = 500
MAX_CHECKS = 5_000
MAX_LABELS = 100
DEFAULT_MS = 60_000
_NUMBER = r"(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|[iI][nN][fF]|[nN][aA][nN]"
_ITEM = re.compile(
    rf"_(?:x(?P<gaps>\d{{1,9}}))?|(?P<stale>stale)"
    rf"|(?P<value>[+-]?(?:{_NUMBER}))(?:(?P<step>[+-](?:{_NUMBER}))?x(?P<times>\d{{1,9}}))?"
)
_FILE = {"rule_files", "evaluation_interval", "group_eval_order", "fuzzy_compare", "tests"}
_CASE = {
    "name", "interval", "input_series", "alert_rule_test", "promql_expr_test", "external_labels", "external_url",
    "start_timestamp",
}  # fmt: skip
_NOT_LOOKED_AT = {
    "rule_files": "the rules are those of the request",
    "group_eval_order": "rules do not read each other's results",
    "promql_expr_test": "only alerts are tested",
    "external_labels": "alerts have no external labels",
    "external_url": "texts do not name an address",
    "start_timestamp": "tests begin at 0",
    "fuzzy_compare": "values are compared as they are written",
}
Slot = float | Literal["_", "stale"]


class UnitTestError(Exception):
    """A text that promtool would not run; begins with the line."""


@dataclass(frozen=True, slots=True)
class InputSeries:
    """A series and its samples, one each interval from 0 on: a number, none (`_`) or an end mark."""

    name: str
    labels: dict[str, str]
    slots: list[Slot]


@dataclass(frozen=True, slots=True)
class ExpectedAlert:
    """An alert that should fire; its name is among the labels."""

    labels: dict[str, str]
    annotations: dict[str, str]


@dataclass(frozen=True, slots=True)
class Check:
    """Which alerts of a name fire at a time, all of them."""

    line: int
    eval_ms: int
    alertname: str
    expected: list[ExpectedAlert]


@dataclass(frozen=True, slots=True)
class Case:
    """One test."""

    name: str
    line: int
    interval_ms: int
    series: list[InputSeries]
    checks: list[Check]


@dataclass(slots=True)
class UnitTests:
    """A file of tests. `notes`: what stands there and is not looked at."""

    interval_ms: int
    cases: list[Case] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Room:
    """What a file may still hold; the same anchor may be used many times."""

    samples: int = MAX_SAMPLES
    checks: int = MAX_CHECKS  # with the alerts that they expect


def expand_values(text: str, most: int = MAX_SAMPLES) -> list[Slot]:
    """The samples of promtool's notation: `1 2`, `a+bxn` (n more after a), `axn`, `_`, `_xn` (n), `stale`, `NaN`.

    Raises ValueError.
    """
    made: list[Slot] = []
    for word in text.split():
        match = _ITEM.fullmatch(word)
        if match is None:
            raise ValueError(f"{word[:40]!r} is no value, like 1, 1+2x3, _x4 or stale")
        more = int(match["gaps"] or match["times"] or 0)
        if len(made) + more + 1 > most:
            raise ValueError(f"these are more than {most:,} samples")
        if match["stale"]:
            made.append("stale")
        elif match["value"] is None:
            made += ["_"] * (more if match["gaps"] else 1)
        else:
            value, step = float(match["value"]), float(match["step"] or 0)
            for _ in range(more + 1):
                made.append(value)
                value += step
    return made


def read_unit_tests(text: str) -> UnitTests:
    """The tests of a file. Raises UnitTestError."""
    try:
        root = read_yaml(text)
    except YamlError as failure:
        raise UnitTestError(str(failure)) from None
    members = _members(root, _FILE, "A file of tests")
    made = UnitTests(_duration(members.get("evaluation_interval"), DEFAULT_MS))
    _note(made, members)
    room = _Room()
    made.cases = [_case(node, place, made, room) for place, node in enumerate(_items(members.get("tests"), MAX_CASES))]
    if not made.cases:
        raise UnitTestError(f"Line {root.line}: there is no test.")
    return made


def _case(node: Node, place: int, file: UnitTests, room: _Room) -> Case:
    members = _members(node, _CASE, "A test")
    _note(file, members)
    series = [_series(one, room) for one in _items(members.get("input_series"), MAX_SERIES)]
    if len({(one.name, frozenset(one.labels.items())) for one in series}) < len(series):
        raise UnitTestError(f"Line {node.line}: a series is there twice.")
    return Case(
        name=_text(members.get("name")) or f"Test {place + 1}",
        line=node.line,
        interval_ms=_duration(members.get("interval"), file.interval_ms),
        series=series,
        checks=[_check(one, room) for one in _items(members.get("alert_rule_test"), MAX_CHECKS)],
    )


def _series(node: Node, room: _Room) -> InputSeries:
    members = _members(node, {"series", "values"}, "An input series")
    described, values = _needed(members, "series", node), _needed(members, "values", node)
    try:
        matchers = parse_selector(described)
    except SelectorError as failure:
        raise UnitTestError(f"Line {members['series'].line}: {failure}") from None
    labels = {one.label: one.value for one in matchers}
    if any(one.operator != "=" for one in matchers) or len(labels) < len(matchers) or not labels.get("__name__"):
        raise UnitTestError(f"Line {members['series'].line}: a series is a name and each label with one value.")
    name = labels.pop("__name__")
    try:
        slots = expand_values(values, room.samples)
        room.samples -= max(1, len(slots))
        return InputSeries(name, {label: text for label, text in labels.items() if text}, slots)
    except ValueError as failure:
        raise UnitTestError(f"Line {members['values'].line}: {failure}.") from None


def _check(node: Node, room: _Room) -> Check:
    members = _members(node, {"eval_time", "alertname", "exp_alerts"}, "A check")
    alertname = _needed(members, "alertname", node)
    expected = []
    room.checks -= 1
    for one in _items(members.get("exp_alerts"), max(0, room.checks)):
        room.checks -= 1
        parts = _members(one, {"exp_labels", "exp_annotations"}, "An expected alert")
        labels = {name: text for name, text in _texts(parts.get("exp_labels")).items() if text}
        expected.append(ExpectedAlert(labels | {"alertname": alertname}, _texts(parts.get("exp_annotations"))))
    return Check(node.line, _duration(members.get("eval_time"), 0, zero=True), alertname, expected)


def _note(file: UnitTests, members: dict[str, Node]) -> None:
    for name in sorted(members.keys() & _NOT_LOOKED_AT.keys()):
        file.notes.append(f"Line {members[name].line}: {name} is not looked at: {_NOT_LOOKED_AT[name]}.")


def _members(node: Node, known: set[str], what: str) -> dict[str, Node]:
    if not isinstance(node, Mapping):
        raise UnitTestError(f"Line {node.line}: {what} consists of named members.")
    for name, member in node.members.items():
        if name not in known:
            raise UnitTestError(f"Line {member.line}: {what} has no member {name[:60]!r}.")
    return {name: member for name, member in node.members.items() if not _is_null(member)}


def _is_null(node: Node) -> bool:
    return isinstance(node, Scalar) and node.is_null


def _items(node: Node | None, most: int) -> list[Node]:
    if node is None:
        return []
    if not isinstance(node, Sequence):
        raise UnitTestError(f"Line {node.line}: a list belongs here.")
    if len(node.items) > most:
        raise UnitTestError(f"Line {node.line}: a list of at most {most:,} belongs here.")
    return node.items


def _text(node: Node | None) -> str:
    if node is None:
        return ""
    if not isinstance(node, Scalar):
        raise UnitTestError(f"Line {node.line}: a text belongs here.")
    return node.text


def _texts(node: Node | None) -> dict[str, str]:
    if node is None:
        return {}
    if not isinstance(node, Mapping) or len(node.members) > MAX_LABELS:
        raise UnitTestError(f"Line {node.line}: names with texts belong here, at most {MAX_LABELS}.")
    return {name: _text(member) for name, member in node.members.items()}


def _needed(members: dict[str, Node], name: str, node: Node) -> str:
    if not (text := _text(members.get(name))):
        raise UnitTestError(f"Line {node.line}: {name} is missing.")
    return text


def _duration(node: Node | None, default_ms: int, *, zero: bool = False) -> int:
    if node is None:
        return default_ms
    try:
        found = parse_duration(_text(node))
    except ValueError as failure:
        raise UnitTestError(f"Line {node.line}: {failure}.") from None
    if found == 0 and not zero:
        raise UnitTestError(f"Line {node.line}: an interval is longer than nothing.")
    return found
