"""Conditions on costs and findings: which of what was read counts, and what it comes to. Pure."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import numpy as np

from app.domains.alerts.rules.conditions import Verdict, compare
from app.domains.alerts.rules.form import Compliance, Cost

_NOT_OF_LABELS = re.compile(r"[^a-zA-Z0-9_]")


@dataclass(frozen=True, slots=True)
class CostDays:
    """Costs by (value of the group, currency) and day; `newest` is the newest full day of the bills, None without any.

    The value is empty where nothing is grouped.
    """

    newest: date | None
    sums: Mapping[tuple[str, str], Mapping[date, Decimal]]


def judge_costs(condition: Cost, found: CostDays) -> Verdict:
    """A row for each currency, and value of the group. Growth from nothing is not known."""
    labels: list[dict[str, str]] = []
    values: list[float] = []
    for (value, currency), days in sorted(found.sums.items()):
        if found.newest is None:
            break
        now, before = periods(condition.period, found.newest)
        cost = _sum(days, now)
        if condition.measure == "percent":
            earlier = _sum(days, before)
            values.append(float((cost - earlier) / earlier * 100) if earlier > 0 else float("nan"))
        else:
            values.append(float(cost))
        labels.append({"currency": currency} | ({label_of(condition.by): value} if condition.by else {}))
    return compare(labels, np.array(values, np.float64).reshape(len(labels), 1), condition.enter, condition.leave)


def periods(period: str, newest: date) -> tuple[tuple[date, date], tuple[date, date]]:
    """First and last day of the period that ends with the newest day, and of the one that it is compared with.

    A month's part is compared with as many days of the month before; what that month lacks is not made up.
    """
    if period == "day":
        before = newest - timedelta(days=1)
        return (newest, newest), (before, before)
    first = newest.replace(day=1)
    last_before = first - timedelta(days=1)
    end = last_before.replace(day=min(newest.day, last_before.day))
    return (first, newest), (last_before.replace(day=1), end)


def label_of(group: str) -> str:
    """The label that tells a value of the group: of a tag, its key in letters that labels may have."""
    name = _NOT_OF_LABELS.sub("_", group.removeprefix("tag:"))
    return f"_{name}" if name[:1].isdigit() else name


def count_findings(
    found: Mapping[tuple[str, str], int], condition: Compliance, standards: Mapping[str, Collection[str]]
) -> int:
    """Open findings that the condition counts. `found` is by control and severity; `standards` are each control's."""
    return sum(
        count
        for (control, severity), count in found.items()
        if (not condition.severities or severity in condition.severities)
        and (not condition.controls or control in condition.controls)
        and (condition.standard is None or condition.standard in standards[control])
    )


def _sum(days: Mapping[date, Decimal], period: tuple[date, date]) -> Decimal:
    return sum((cost for day, cost in days.items() if period[0] <= day <= period[1]), Decimal(0))
