"""The shared sample bills, where they are present: sums equal their published facts to the last digit."""

import csv
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from .conftest import Importer

SAMPLES = Path(__file__).parents[5] / "shared" / "data" / "focus"
Ask = Callable[..., Awaitable[dict[str, Any]]]
pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared sample bills are not beside the repository")
EXAMPLES = sorted((SAMPLES / "focus_spec_examples").glob("*.csv")) if SAMPLES.is_dir() else []


@pytest.mark.parametrize(
    ("file", "facts"),
    [
        ("focus_1_0/focus_sample.csv", "facts_focus_sample.csv"),
        ("synthetic/focus_threecloud_2026-10.parquet", "facts_focus_threecloud_2026-10.csv"),
    ],
)
async def test_a_breakdown_by_service_equals_the_facts(bill: Importer, breakdown: Ask, file: str, facts: str) -> None:
    done = await bill(_content(file), file)
    assert (done.state, done.rows_rejected) == ("succeeded", 0), done.reasons
    rows = _facts(facts)
    assert done.rows_stored == sum(int(row["rows"]) for row in rows)
    for kind in ("effective", "billed", "list", "contracted"):
        found = await breakdown(group_by="provider_name,service", cost=kind)
        ours = {
            (item["group"]["provider_name"], item["group"]["service"]): item["cost"] and Decimal(item["cost"]["amount"])
            for item in found["items"]
        }
        column = f"{kind}_cost"
        assert ours == {
            (row["provider"], row["service"]): Decimal(row[column]) if row[column] else None for row in rows
        }
        total = sum(Decimal(row[column] or 0) for row in rows)
        assert [Decimal(money["amount"]) for money in found["totals"]] == [total]


def _content(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def _facts(name: str) -> list[dict[str, str]]:
    with (SAMPLES / name).open(newline="") as opened:
        return list(csv.DictReader(opened))


@pytest.mark.parametrize("name", [path.name for path in EXAMPLES])
async def test_an_example_of_the_specification_is_imported_or_refused_in_words(bill: Importer, name: str) -> None:
    done = await bill(_content(f"focus_spec_examples/{name}"), name)
    if done.state == "failed":
        assert done.error
        assert "missing" in done.error or done.reasons
    else:
        assert done.rows_stored > 0
