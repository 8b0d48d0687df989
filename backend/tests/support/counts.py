"""What the suites counted, as one table at the end of the run: how many cases, and how many of them were let through.

The numbers travel as properties of the tests' reports, so they also arrive from the workers of pytest-xdist.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

PROPERTY = "counted"
MOST_CLASSES = 12  # more are summed up
RACES = "races of fifty"  # accepted: how many of the fifty came through
ARRIVED = "audit events at sinks that died (accepted: arrived)"


class CountCases(Protocol):
    """Notes that a suite went through `cases` (by class or operation), of which so many were `accepted`."""

    def __call__(self, suite: str, cases: Mapping[str, int] | int, *, accepted: int = 0) -> None: ...


@dataclass
class Tally:
    """The cases of one suite from all of its tests."""

    classes: Counter[str] = field(default_factory=Counter)
    unclassed: int = 0
    accepted: int = 0

    @property
    def cases(self) -> int:
        return self.classes.total() + self.unclassed


def property_of(suite: str, cases: Mapping[str, int] | int, accepted: int) -> tuple[str, dict[str, Any]]:
    """The report property, of values that every worker can send."""
    by_class = {} if isinstance(cases, int) else dict(cases)
    return PROPERTY, {
        "suite": suite,
        "classes": by_class,
        "unclassed": cases if isinstance(cases, int) else 0,
        "accepted": accepted,
    }


def collect(reports: Iterable[Any]) -> dict[str, Tally]:
    """Suites by name. A test has three reports with the same properties; the one of its call counts."""
    found: dict[str, Tally] = {}
    for report in reports:
        if getattr(report, "when", None) != "call" or report.outcome == "rerun":
            continue
        for name, value in report.user_properties:
            if name == PROPERTY:
                tally = found.setdefault(value["suite"], Tally())
                tally.classes.update(value["classes"])
                tally.unclassed += value["unclassed"]
                tally.accepted += value["accepted"]
    return dict(sorted(found.items()))


def table(suites: Mapping[str, Tally]) -> Iterator[str]:
    """Suite, cases, share accepted; below it the cases by class."""
    width = max(len(name) for name in [*suites, "suite"])
    yield f"{'suite':<{width}}  {'cases':>7}  {'accepted':>8}  {'share':>7}"
    for name, tally in suites.items():
        share = f"{100 * tally.accepted / max(1, tally.cases):.1f} %"
        yield f"{name:<{width}}  {tally.cases:>7,}  {tally.accepted:>8,}  {share:>7}"
        if len(tally.classes) > MOST_CLASSES:
            least, most = min(tally.classes.values()), max(tally.classes.values())
            each = f"{least}" if least == most else f"{least} to {most}"
            yield f"    {len(tally.classes)} classes, {each} cases each"
        elif tally.classes:
            yield "    " + ", ".join(f"{one} {count:,}" for one, count in tally.classes.items())
