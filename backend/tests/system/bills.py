"""Bills that the system tests import, and what is known about their sums."""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.system.running import REPOSITORY

SHARED = REPOSITORY.parent / "shared" / "data" / "focus"
SAMPLE, FACTS = SHARED / "focus_1_0" / "focus_sample.csv", SHARED / "facts_focus_sample.csv"
COST_KINDS = ("effective", "billed", "list", "contracted")
_COMMON = {
    "BillingAccountId": "555566667777",
    "BillingCurrency": "USD",
    "BillingPeriodStart": "2025-01-01T00:00:00Z",
    "BillingPeriodEnd": "2025-02-01T00:00:00Z",
    "ChargePeriodStart": "2025-01-05T10:00:00Z",
    "ChargePeriodEnd": "2025-01-05T11:00:00Z",
    "ChargeCategory": "Usage",
    "ServiceCategory": "Compute",
    "RegionId": "us-east-1",
    "SubAccountId": "123456789012",
}
# (provider, service, effective, billed, list, contracted); the empty cell is a cost that the bill does not know.
_LINES = (
    ("AWS", "Amazon Elastic Compute Cloud", "1.000000000001", "1.5", "2", "1.75"),
    ("AWS", "Amazon Elastic Compute Cloud", "0.000000000000000001", "0.10", "0.2", "0.15"),
    ("AWS", "Amazon Simple Storage Service", "-3.25", "-3.25", "0", "-3.25"),
    ("Microsoft", "Virtual Machines", "12345678901.123456789", "0", "0.30", "0.30"),
    ("Oracle", "COMPUTE", "0", "0.092", "0.012", ""),
)


def _own_bill() -> bytes:
    text = io.StringIO(newline="")
    names = ["ProviderName", "ServiceName", "EffectiveCost", "BilledCost", "ListCost", "ContractedCost", *_COMMON]
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(dict(zip(names, line, strict=False)) | _COMMON for line in _LINES)
    return text.getvalue().encode()


OWN_BILL = _own_bill()
OWN_DAYS = {"from": "2025-01-01", "to": "2025-02-01"}
SAMPLE_DAYS = {"from": "2024-09-01", "to": "2024-10-01"}

Sums = dict[tuple[str, str], Decimal | None]


def sums_of(rows: Iterable[Mapping[str, str]], kind: str) -> Sums:
    """Cost by (provider, service); None where no row of the group knows its cost."""
    known: dict[tuple[str, str], list[Decimal]] = defaultdict(list)
    for row in rows:
        known[row["provider"], row["service"]] += [Decimal(row[f"{kind}_cost"])] if row[f"{kind}_cost"] else []
    return {group: sum(costs, Decimal(0)) if costs else None for group, costs in known.items()}


def own_facts() -> list[dict[str, str]]:
    """The own bill's lines in the shape of the shared facts."""
    return [
        dict(zip(("provider", "service", *(f"{kind}_cost" for kind in COST_KINDS)), line, strict=True))
        for line in _LINES
    ]


def sample_facts() -> list[dict[str, str]]:
    """The facts of the shared sample."""
    with Path(FACTS).open(newline="") as opened:
        return list(csv.DictReader(opened))


def sums_in(breakdown: Mapping[str, Any]) -> Sums:
    """The answer of a breakdown by provider_name and service, as `sums_of` gives it."""
    return {
        (item["group"]["provider_name"], item["group"]["service"]): item["cost"] and Decimal(item["cost"]["amount"])
        for item in breakdown["items"]
    }
