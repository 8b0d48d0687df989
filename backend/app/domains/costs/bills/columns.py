"""The columns of FOCUS 1.0 to 1.3, what a file must have, and what costs can be grouped by.

Source: focus.finops.org, specification 1.0 (June 2024) to 1.3 (December 2025).
"""

from collections.abc import Sequence
from dataclasses import dataclass

MONEY = (
    "BilledCost",
    "EffectiveCost",
    "ListCost",
    "ContractedCost",
)
NUMBERS = (
    *MONEY,
    "CommitmentDiscountQuantity",
    "ConsumedQuantity",
    "ContractedUnitPrice",
    "ListUnitPrice",
    "PricingCurrencyContractedUnitPrice",
    "PricingCurrencyEffectiveCost",
    "PricingCurrencyListUnitPrice",
    "PricingQuantity",
)
TIMES = ("BillingPeriodEnd", "BillingPeriodStart", "ChargePeriodEnd", "ChargePeriodStart")
JSON_OBJECTS = ("AllocatedMethodDetails", "AllocatedTags", "ContractApplied", "SkuPriceDetails", "Tags")
TEXTS = (
    "AllocatedMethodId",
    "AllocatedResourceId",
    "AllocatedResourceName",
    "AvailabilityZone",
    "BillingAccountId",
    "BillingAccountName",
    "BillingAccountType",
    "BillingCurrency",
    "CapacityReservationId",
    "CapacityReservationStatus",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargeFrequency",
    "CommitmentDiscountCategory",
    "CommitmentDiscountId",
    "CommitmentDiscountName",
    "CommitmentDiscountStatus",
    "CommitmentDiscountType",
    "CommitmentDiscountUnit",
    "ConsumedUnit",
    "HostProviderName",
    "InvoiceId",
    "InvoiceIssuerName",
    "PricingCategory",
    "PricingCurrency",
    "PricingUnit",
    "ProviderName",
    "PublisherName",
    "RegionId",
    "RegionName",
    "ResourceId",
    "ResourceName",
    "ResourceType",
    "ServiceCategory",
    "ServiceName",
    "ServiceProviderName",
    "ServiceSubcategory",
    "SkuId",
    "SkuMeter",
    "SkuPriceId",
    "SubAccountId",
    "SubAccountName",
    "SubAccountType",
)
FOCUS_COLUMNS = (*NUMBERS, *TIMES, *JSON_OBJECTS, *TEXTS)
PROVIDER_COLUMNS = ("ProviderName", "ServiceProviderName")
"""1.3 renames the first to the second; a file needs one of them."""

REQUIRED = (
    "BilledCost",
    "EffectiveCost",
    "BillingAccountId",
    "BillingCurrency",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargePeriodStart",
    "ServiceName",
)
"""Without these a file cannot be split into periods and services; the import fails and names them."""

EXPECTED = (
    "BillingPeriodEnd",
    "ChargeDescription",
    "ChargePeriodEnd",
    "ContractedCost",
    "InvoiceIssuerName",
    "ListCost",
    "PricingQuantity",
    "PricingUnit",
    "ServiceCategory",
)
"""Mandatory in FOCUS too, but left out by real exports; their values are then unknown and the manifest says so."""

NEEDED_IN_ROW = (
    "BilledCost",
    "ChargePeriodStart",
    "BillingPeriodStart",
    "BillingAccountId",
    "BillingCurrency",
)

GROUPS = {
    "provider": "NormalisedProvider",
    "provider_name": "ProviderName",
    "billing_account": "BillingAccountId",
    "sub_account": "SubAccountId",
    "service": "ServiceName",
    "service_category": "ServiceCategory",
    "region": "RegionId",
    "resource": "ResourceId",
    "resource_type": "ResourceType",
    "charge_category": "ChargeCategory",
    "pricing_category": "PricingCategory",
    "commitment": "CommitmentDiscountId",
    "sku": "SkuId",
    "availability_zone": "AvailabilityZone",
}
ALWAYS_STORED = frozenset(
    {*GROUPS.values(), *MONEY, "BillingCurrency", "BillingPeriodStart", "ChargePeriodStart", "Tags"}
)
MAX_EXTRA_COLUMNS = 100


@dataclass(frozen=True, kw_only=True)
class HeaderPlan:
    """How the columns of a file are used. `sources` maps a stored column to the file's own name of it."""

    sources: dict[str, str]
    extra: tuple[str, ...]
    ignored: tuple[str, ...]
    missing_required: tuple[str, ...]
    missing_expected: tuple[str, ...]
    repeated: tuple[str, ...]


def plan_header(names: Sequence[str]) -> HeaderPlan:
    """Match a file's column names to FOCUS without regard to case, order or outer spaces.

    Columns that start with `x_` are kept as text, up to 100 of them; other unknown columns are ignored.
    """
    known = {column.lower(): column for column in FOCUS_COLUMNS}
    sources: dict[str, str] = {}
    extra: dict[str, str] = {}
    ignored: list[str] = []
    repeated: list[str] = []
    for name in names:
        plain = name.strip().lower()
        target = known.get(plain)
        if target is not None and target in sources:
            repeated.append(target)
        elif target is not None:
            sources[target] = name
        elif plain.startswith("x_") and plain not in extra and len(extra) < MAX_EXTRA_COLUMNS:
            extra[plain] = name
        else:
            ignored.append(name)
    missing = [column for column in REQUIRED if column not in sources]
    if not any(column in sources for column in PROVIDER_COLUMNS):
        missing.append("ProviderName")
    return HeaderPlan(
        sources=sources,
        extra=tuple(extra.values()),
        ignored=tuple(ignored),
        missing_required=tuple(missing),
        missing_expected=tuple(column for column in EXPECTED if column not in sources),
        repeated=tuple(repeated),
    )
