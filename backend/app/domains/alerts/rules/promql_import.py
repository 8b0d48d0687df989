"""What an imported rule file becomes: each of its rules translated, kept for a server, or refused, and why."""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from typing import Literal

from app.domains.alerts.rules.form import Condition, Promql
from app.domains.alerts.rules.promql_files import FileGroup, FileRule
from app.domains.alerts.rules.promql_reading import (
    NotCovered,
    PromqlError,
    names_of,
    parse,
    translate,
    written_plainly,
)
from app.domains.alerts.rules.templates import TemplateError, render

Outcome = Literal["translated", "server", "refused", "not_taken"]
Severity = Literal["critical", "high", "medium", "low", "info"]
MAX_SPAN_SECONDS = 30 * 86_400
MAX_INTERVAL_SECONDS = 86_400
MAX_NAME, MAX_TEXTS, MAX_TEXT = 200, 50, 4_000
MAX_LIMIT = 100_000
_SEVERITIES: dict[str, Severity] = {
    "critical": "critical", "page": "critical", "emergency": "critical", "fatal": "critical",
    "high": "high", "error": "high", "major": "high",
    "warning": "medium", "warn": "medium", "medium": "medium", "average": "medium",
    "low": "low", "minor": "low", "notice": "low",
    "info": "info", "information": "info", "informational": "info", "none": "info", "debug": "info",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class PlannedRule:
    """A rule of a file and what becomes of it; without `condition` nothing is stored. Spans are seconds."""

    group: str
    rule: FileRule
    outcome: Outcome
    reasons: tuple[str, ...]
    condition: Condition | None = None
    expression: str = ""
    severity: Severity = "medium"
    interval_seconds: int = 60
    query_offset_seconds: int = 0
    for_seconds: int = 0
    keep_firing_seconds: int = 0
    limit: int = 0

    @property
    def waits_for_server(self) -> bool:
        """Whether only a server could answer it and none is named."""
        return isinstance(self.condition, Promql) and self.condition.source_id is None


class _AnyLabel(dict[str, str]):
    """Has every label, with a value that is a number too: only what no label could mend is an error."""

    def get(self, key: str, default: str | None = None) -> str:  # type: ignore[override]  # never None
        return "1"


def plan_file(
    groups: Sequence[FileGroup], server: Promql | None, *, default_interval_seconds: int, grain_seconds: int
) -> list[PlannedRule]:
    """What becomes of each rule, in the file's order. `server` has the source that is asked what we do not cover."""
    recorded = {rule.name for group in groups for rule in group.rules if rule.kind == "record"}
    return [
        _plan(group, rule, server, recorded, default_interval_seconds, grain_seconds)
        for group in groups
        for rule in group.rules
    ]


def severity_of(label: str | None) -> Severity:
    """Our word for what a file's severity label says; the label itself stays as it is."""
    return _SEVERITIES.get((label or "").lower(), "medium")


def _plan(
    group: FileGroup,
    rule: FileRule,
    server: Promql | None,
    recorded: Set[str],
    default_interval_seconds: int,
    grain_seconds: int,
) -> PlannedRule:
    if rule.problem is None and rule.kind == "record":
        reason = "Recording rules are not taken over: let the Prometheus that evaluates it write the result to us."
        return PlannedRule(group.name, rule, "not_taken", (reason,))
    problem = rule.problem or _too_much(group, rule)
    if problem is not None:
        return PlannedRule(group.name, rule, "refused", (problem,))
    try:
        tree = parse(rule.expression)
    except PromqlError as failure:
        return PlannedRule(group.name, rule, "refused", (f"The expression cannot be read: {failure}",))
    expression = written_plainly(tree)
    notes = [*_notes(group, rule, grain_seconds), *_recorded_notes(names_of(tree), recorded)]
    condition: Condition
    outcome: Outcome
    try:
        condition, outcome = translate(tree), "translated"
    except NotCovered as reason:
        condition, outcome = Promql("promql", expression, server.source_id if server else None), "server"
        notes.insert(0, f"Our form does not cover {reason}.")
        if server is None:
            notes.insert(1, "It is stored disabled until a server is named that answers it.")
    given = _seconds(group.interval_ms) if group.interval_ms else default_interval_seconds
    return PlannedRule(
        group.name,
        rule,
        outcome,
        tuple(notes),
        condition=condition,
        expression=expression,
        severity=severity_of(rule.labels.get("severity")),
        interval_seconds=-(-given // grain_seconds) * grain_seconds,
        query_offset_seconds=_seconds(group.query_offset_ms),
        for_seconds=_seconds(rule.for_ms),
        keep_firing_seconds=_seconds(rule.keep_firing_ms),
        limit=group.limit,
    )


def _seconds(ms: int) -> int:
    return -(-ms // 1000)


def _too_much(group: FileGroup, rule: FileRule) -> str | None:
    spans = {"for": rule.for_ms, "keep_firing_for": rule.keep_firing_ms, "query_offset": group.query_offset_ms}
    for name, ms in spans.items():
        if ms > MAX_SPAN_SECONDS * 1000:
            return f"{name} is at most 30 days."
    if (group.interval_ms or 0) > MAX_INTERVAL_SECONDS * 1000:
        return "interval is at most a day."
    if group.limit > MAX_LIMIT:
        return f"limit is at most {MAX_LIMIT:,}."
    if len(rule.name) > MAX_NAME or len(group.name) > MAX_NAME:
        return f"Names have at most {MAX_NAME} characters."
    for texts in (rule.labels, rule.annotations):
        if len(texts) > MAX_TEXTS or any(len(one) > MAX_TEXT for pair in texts.items() for one in pair):
            return f"A rule has at most {MAX_TEXTS} labels and annotations of {MAX_TEXT:,} characters each."
    return None


def _notes(group: FileGroup, rule: FileRule, grain_seconds: int) -> Iterator[str]:
    if group.interval_ms and group.interval_ms % (grain_seconds * 1000):
        yield f"Evaluated at whole multiples of {grain_seconds} seconds: the group's interval is rounded up."
    for name, ms in (("for", rule.for_ms), ("keep_firing_for", rule.keep_firing_ms), ("offset", group.query_offset_ms)):
        if ms % 1000:
            yield f"{name} is rounded up to a whole second."
    for kind, texts in (("label", rule.labels), ("annotation", rule.annotations)):
        for name, template in texts.items():
            try:
                render(template, _AnyLabel(), 1.0)
            except TemplateError as failure:
                yield f"The {kind} {name} will say that its template cannot be filled in: {failure}."


def _recorded_notes(names: Set[str], recorded: Set[str]) -> Iterator[str]:
    for name in sorted(names):
        if name in recorded or ":" in name:
            yield f"It reads {name}, which a recording rule makes: that Prometheus has to write the result to us."
