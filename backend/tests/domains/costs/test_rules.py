from datetime import date
from decimal import Decimal

import pytest
from app.domains.costs import rules
from app.domains.costs.bills.columns import plan_header


@pytest.mark.parametrize(
    ("daily", "today", "expected"),
    [
        ([], date(2026, 11, 1), "0"),
        (["10"] * 10, date(2026, 11, 11), "300"),
        (["0"] * 10 + ["7"] * 7, date(2026, 11, 18), "140"),
        (["3"], date(2026, 2, 2), "84"),
        (["5"] * 31, date(2026, 10, 31), "155"),
        (["-2"] * 2, date(2026, 11, 3), "-60"),
        (["0", "0", "1"], date(2026, 2, 4), "9.33"),
    ],
)
def test_the_month_end_is_spend_so_far_plus_the_recent_mean(daily: list[str], today: date, expected: str) -> None:
    assert rules.forecast_month_end([Decimal(cost) for cost in daily], today) == Decimal(expected)


@pytest.mark.parametrize(
    ("name", "provider"),
    [
        ("AWS", "aws"),
        ("Amazon Web Services, Inc.", "aws"),
        (" Microsoft ", "azure"),
        ("Google Cloud", "gcp"),
        ("Oracle", "oracle"),
        ("Acme Corp.", "acme-corp"),
        ("日本", "日本"),
    ],
)
def test_a_provider_has_one_name_whatever_the_bill_calls_it(name: str, provider: str) -> None:
    assert rules.normalise_provider(name) == provider


def test_months_of_different_lengths_compare_the_same_days() -> None:
    assert rules.month_before(date(2026, 3, 31)) == date(2026, 2, 1)
    assert rules.same_day_of_month(date(2026, 2, 1), 31) == date(2026, 2, 28)
    assert rules.month_before(date(2026, 1, 5)) == date(2025, 12, 1)


def test_the_monthly_window_is_thirty_full_days_and_never_in_the_future() -> None:
    assert rules.monthly_window(date(2026, 10, 31), date(2026, 11, 20)) == (date(2026, 10, 2), date(2026, 11, 1))
    assert rules.monthly_window(date(2026, 11, 20), date(2026, 11, 20)) == (date(2026, 10, 21), date(2026, 11, 20))


def test_a_header_is_matched_and_its_gaps_are_named() -> None:
    plan = plan_header(["billedcost", " EffectiveCost ", "BilledCost", "x_a", "Id"])
    assert plan.sources == {"BilledCost": "billedcost", "EffectiveCost": " EffectiveCost "}
    assert (plan.repeated, plan.extra, plan.ignored) == (("BilledCost",), ("x_a",), ("Id",))
    assert "ProviderName" in plan.missing_required
    assert "ListCost" in plan.missing_expected
