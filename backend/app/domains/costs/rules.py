"""Pure decisions about costs: provider names, FOCUS versions, months and the month-end estimate."""

import calendar
import re
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

ROLLING_DAYS = 7
MONTHLY_COST_DAYS = 30
CENT = Decimal("0.01")

PROVIDER_ALIASES = {
    "aws": ("aws", "amazon", "amazon web services", "amazon web services, inc.", "amazon web services emea sarl"),
    "azure": ("azure", "microsoft", "microsoft azure", "microsoft corporation"),
    "gcp": ("gcp", "google", "google cloud", "google cloud platform", "google llc"),
    "oracle": ("oracle", "oci", "oracle cloud", "oracle cloud infrastructure"),
    "alibaba": ("alibaba", "alibaba cloud", "aliyun"),
    "ibm": ("ibm", "ibm cloud"),
}

_ONLY_SINCE = {
    "1.3": (
        "AllocatedMethodId",
        "AllocatedMethodDetails",
        "AllocatedResourceId",
        "AllocatedResourceName",
        "AllocatedTags",
        "ContractApplied",
        "ServiceProviderName",
        "HostProviderName",
    ),
    "1.2": (
        "BillingAccountType",
        "SubAccountType",
        "InvoiceId",
        "PricingCurrency",
        "PricingCurrencyContractedUnitPrice",
        "PricingCurrencyEffectiveCost",
        "PricingCurrencyListUnitPrice",
    ),
    "1.1": (
        "CapacityReservationId",
        "CapacityReservationStatus",
        "CommitmentDiscountQuantity",
        "CommitmentDiscountUnit",
        "ServiceSubcategory",
        "SkuMeter",
        "SkuPriceDetails",
    ),
}


def normalise_provider(name: str) -> str:
    """`aws`, `azure`, `gcp`, … of a bill's own word; an unknown one is its name in lower case with dashes."""
    plain = name.strip().lower()
    for provider, aliases in PROVIDER_ALIASES.items():
        if plain in aliases:
            return provider
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or plain


def detect_focus_version(columns: Iterable[str]) -> str:
    """The oldest FOCUS version that has all of these columns; files do not say it themselves."""
    present = set(columns)
    return next((version for version, added in _ONLY_SINCE.items() if present.intersection(added)), "1.0")


def first_of_month(day: date) -> date:
    """The first day of the day's month."""
    return day.replace(day=1)


def month_before(day: date) -> date:
    """The first day of the month before the day's month."""
    return first_of_month(first_of_month(day) - timedelta(days=1))


def same_day_of_month(month: date, day_of_month: int) -> date:
    """That day of the month, or its last day where the month is shorter."""
    return month.replace(day=min(day_of_month, calendar.monthrange(month.year, month.month)[1]))


def forecast_month_end(daily_costs: Sequence[Decimal], today: date) -> Decimal:
    """Expected spend for the calendar month, in the currency of `daily_costs`.

    `daily_costs[i]` is day i+1, up to yesterday. Mean of the last 7 known days times the days left, plus spend so far;
    zero if there is none. Simple on purpose: providers restate the last 48 hours, so finer models chase noise.
    """
    if not daily_costs:
        return Decimal(0)
    days_in_month = calendar.monthrange(today.year, today.month)[1]
    recent = daily_costs[-ROLLING_DAYS:]
    days_left = days_in_month - len(daily_costs)
    expected = sum(daily_costs, Decimal(0)) + sum(recent, Decimal(0)) * days_left / len(recent)
    return expected.quantize(CENT, rounding=ROUND_HALF_EVEN)  # an estimate: more digits would claim to know more


def monthly_window(last_charge_on: date, today: date) -> tuple[date, date]:
    """The newest 30 full days with costs, as first day and the day after the last; never in the future."""
    end = min(last_charge_on + timedelta(days=1), today)
    return end - timedelta(days=MONTHLY_COST_DAYS), end
