"""From a verdict to observations: the rule's own labels over the series', and what an alert of it says."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from app.domains.alerts.rules.conditions import Verdict
from app.domains.alerts.rules.states import Instance, NoData, Observation
from app.domains.alerts.rules.templates import render_or_explain


@dataclass(frozen=True, slots=True)
class Wording:
    """What a rule puts on its alerts; the values are templates. `severity` is a label too, unless it is empty."""

    name: str
    severity: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]


def observe(
    verdict: Verdict, column: int, wording: Wording, no_data: NoData, *, every: bool = False, also: Collection[int] = ()
) -> Iterator[tuple[int, Observation]]:
    """Rows that matter at one time, and their observations: those that enter, `also` these, with `every` all of them.

    With the choice to fire on silence, silent rows matter too.
    """
    matters = verdict.enters[:, column]
    if every:
        matters = np.ones_like(matters)
    elif also:
        matters = matters.copy()
        matters[list(also)] = True
    if no_data == "fire" and not every:
        matters = matters | np.isnan(verdict.values[:, column])
    for row in np.flatnonzero(matters).tolist():
        value = float(verdict.values[row, column])
        known = None if np.isnan(value) else value
        labels = final_labels(verdict.labels[row], wording, known)
        enters, stays = bool(verdict.enters[row, column]), bool(verdict.stays[row, column])
        yield row, Observation(labels, known, enters, stays)


def final_labels(series: Mapping[str, str], wording: Wording, value: float | None) -> dict[str, str]:
    """The series' labels, under the rule's, under the alert's name; empty ones are none."""
    own = {name: render_or_explain(text, series, value) for name, text in wording.labels.items()}
    severity = {"severity": wording.severity} if wording.severity else {}
    made = {**series, **severity, **own, "alertname": wording.name}
    return {name: text for name, text in made.items() if text and name != "__name__"}


def annotate(one: Instance, wording: Wording) -> dict[str, str]:
    """The annotations of an instance as it is now."""
    return {name: render_or_explain(text, one.labels, one.value) for name, text in wording.annotations.items()}


def title_and_description(one: Instance, wording: Wording, error: str | None) -> tuple[str, str]:
    """What people read of an alert: its summary and description, with a word on what stands behind it."""
    told = annotate(one, wording)
    if one.is_error:
        return f"{wording.name} cannot be evaluated", error or ""
    title = told.get("summary") or wording.name
    parts: Sequence[str] = [told.get("description") or told.get("message") or ""]
    if one.no_data:
        title, parts = f"{title} (no data)", [*parts, "The series has had no sample in the rule's window."]
    return title, "\n".join(part for part in parts if part)
