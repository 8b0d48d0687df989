"""The bill: thirteen months of FOCUS 1.2 rows for the estate's own resources, a row a day and resource.

Made up, but with the shapes that real bills have: office hours, growth, one spike, one savings plan with its monthly
fee and unused rest, a credit, and a charge that belongs to no resource.
"""

import csv
import gzip
import hashlib
import io
from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from demo.estate.ledger import Charge, Ledger

MONTHS = 13
SPIKE_DAYS_AGO = range(7, 10)  # three days, seven days before the first day
PLAN_DISCOUNT = Decimal("0.72")
COLUMNS = [
    "AvailabilityZone",
    "BilledCost",
    "BillingAccountId",
    "BillingAccountName",
    "BillingAccountType",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargeFrequency",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "CommitmentDiscountCategory",
    "CommitmentDiscountId",
    "CommitmentDiscountName",
    "CommitmentDiscountStatus",
    "CommitmentDiscountType",
    "ConsumedQuantity",
    "ConsumedUnit",
    "ContractedCost",
    "ContractedUnitPrice",
    "EffectiveCost",
    "InvoiceIssuerName",
    "ListCost",
    "ListUnitPrice",
    "PricingCategory",
    "PricingQuantity",
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
    "SkuId",
    "SkuPriceId",
    "SubAccountId",
    "SubAccountName",
    "Tags",
]
REGION_NAMES = {"us-east-1": "US East (N. Virginia)", "eu-west-1": "EU (Ireland)"}


def write_bill(
    ledger: Ledger, folder: Path, *, first_day: date, until: date, months: int = MONTHS, name: str = "focus"
) -> list[Path]:
    """One gzipped CSV a billing month, up to the day before `until`; the paths, oldest first."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    start = _month_before(until, months - 1)
    while start < until:
        end = min(until, start + timedelta(days=monthrange(start.year, start.month)[1]))
        path = folder / f"{name}-{start:%Y-%m}.csv.gz"
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(_month_rows(ledger, start, end, first_day))
        path.write_bytes(gzip.compress(text.getvalue().encode(), mtime=0))
        paths.append(path)
        start = start + timedelta(days=monthrange(start.year, start.month)[1])
    return paths


def _month_before(day: date, months: int) -> date:
    index = day.year * 12 + day.month - 1 - months
    return date(index // 12, index % 12 + 1, 1)


def _month_rows(ledger: Ledger, start: date, end: date, first_day: date) -> Iterator[dict[str, str]]:
    month_days = monthrange(start.year, start.month)[1]
    common = {
        "BillingAccountId": ledger.account,
        "BillingAccountName": ledger.issuer.billing_name,
        "BillingAccountType": "Payer account" if ledger.issuer.has_extras else "Billing account",
        "BillingCurrency": "USD",
        "BillingPeriodStart": f"{start}T00:00:00Z",
        "BillingPeriodEnd": f"{start + timedelta(days=month_days)}T00:00:00Z",
        "InvoiceIssuerName": ledger.issuer.invoice,
        "ProviderName": ledger.issuer.provider,
        "PublisherName": ledger.issuer.invoice,
        "SubAccountId": ledger.account,
        "SubAccountName": ledger.issuer.sub_account_names.get("", ""),
    }
    plan = _daily_commitment(ledger)
    if ledger.issuer.has_extras:
        yield common | _plan_fee(ledger, start, plan * month_days)
    for offset in range((end - start).days):
        day = start + timedelta(days=offset)
        used = Decimal(0)
        for charge in ledger.charges:
            if (first_day - day).days > charge.age_days:
                continue
            row, effective = _usage(charge, day, first_day, ledger)
            used += effective if charge.committed else 0
            yield common | row
        if plan > used:
            yield common | _unused_plan(ledger, day, plan - used)
        if ledger.issuer.has_extras:
            yield common | _support(day)
    if ledger.issuer.has_extras and start == _month_before(first_day, 3):
        yield common | _credit(start)


def _day(day: date) -> dict[str, str]:
    return {"ChargePeriodStart": f"{day}T00:00:00Z", "ChargePeriodEnd": f"{day + timedelta(days=1)}T00:00:00Z"}


def _wobble(resource_id: str, day: date) -> float:
    digest = hashlib.sha256(f"{resource_id}|{day}".encode()).digest()
    return int.from_bytes(digest[:4]) / 2**32 - 0.5


def _list_cost(charge: Charge, day: date, first_day: date) -> Decimal:
    days_back = (first_day - day).days
    weekend = day.weekday() >= 5
    factor = {"weekday": 0.32 if weekend else 1.0, "traffic": 0.78 if weekend else 1.0}.get(charge.pattern, 1.0)
    growth = 0.45 if charge.pattern == "growing" else 0.12
    factor *= max(0.3, 1 - growth * days_back / 365)
    factor *= 1 + 0.06 * _wobble(charge.resource_id, day)
    if charge.spike and days_back in SPIKE_DAYS_AGO:
        factor *= 5.5
    return Decimal(str(round(charge.daily_usd * factor, 8)))


def _daily_commitment(ledger: Ledger) -> Decimal:
    covered = sum(Decimal(str(charge.daily_usd)) for charge in ledger.charges if charge.committed)
    return (covered * PLAN_DISCOUNT * Decimal("1.02")).quantize(Decimal("0.0001"))


def _plan_id(ledger: Ledger) -> dict[str, str]:
    return {
        "CommitmentDiscountCategory": "Spend",
        "CommitmentDiscountId": f"arn:aws:savingsplans::{ledger.account}:savingsplan/0acme-compute-1y",
        "CommitmentDiscountName": "Compute Savings Plan, 1 year, no upfront",
        "CommitmentDiscountType": "Compute Savings Plan",
    }


def _usage(charge: Charge, day: date, first_day: date, ledger: Ledger) -> tuple[dict[str, str], Decimal]:
    cost = _list_cost(charge, day, first_day)
    effective = (cost * PLAN_DISCOUNT).quantize(Decimal("0.00000001")) if charge.committed else cost
    quantity = "24" if charge.unit == "Hrs" else str(round(float(cost) * 10, 4))
    row = _day(day) | {
        "BilledCost": "0" if charge.committed else str(cost),
        "EffectiveCost": str(effective),
        "ListCost": str(cost),
        "ContractedCost": str(cost),
        "ChargeCategory": "Usage",
        "ChargeFrequency": "Usage-Based",
        "ChargeDescription": f"{charge.service}, {charge.sku or charge.resource_type}",
        "PricingCategory": "Committed" if charge.committed else "Standard",
        "PricingQuantity": quantity,
        "PricingUnit": charge.unit,
        "ConsumedQuantity": quantity,
        "ConsumedUnit": charge.unit,
        "RegionId": charge.region,
        "RegionName": REGION_NAMES.get(charge.region, charge.region),
        "AvailabilityZone": f"{charge.region}a" if charge.resource_type == "Instance" else "",
        "ResourceId": charge.resource_id,
        "ResourceName": charge.name,
        "ResourceType": charge.resource_type,
        "ServiceCategory": charge.category,
        "ServiceName": charge.service,
        "SkuId": (charge.sku or charge.resource_type).upper().replace(" ", "-"),
        "SkuPriceId": f"{(charge.sku or charge.resource_type).upper().replace(' ', '-')}.{charge.region}",
        "Tags": _json_tags(charge.tags),
    }
    if charge.sub_account:
        row |= {
            "SubAccountId": charge.sub_account,
            "SubAccountName": ledger.issuer.sub_account_names.get(charge.sub_account, charge.sub_account),
        }
    if charge.committed:
        row |= _plan_id(ledger) | {"CommitmentDiscountStatus": "Used"}
    return row, effective


def _json_tags(tags: dict[str, str]) -> str:
    inside = ", ".join(f'"{key}": "{value}"' for key, value in sorted(tags.items()) if key != "Name")
    return "{" + inside + "}"


def _plan_fee(ledger: Ledger, start: date, fee: Decimal) -> dict[str, str]:
    return (
        _day(start)
        | _plan_id(ledger)
        | {
            "BilledCost": str(fee),
            "EffectiveCost": "0",
            "ListCost": str(fee),
            "ContractedCost": str(fee),
            "ChargeCategory": "Purchase",
            "ChargeFrequency": "Recurring",
            "ChargeDescription": "Monthly fee of the Compute Savings Plan",
            "PricingCategory": "Committed",
            "PricingQuantity": "1",
            "PricingUnit": "Months",
            "ResourceId": _plan_id(ledger)["CommitmentDiscountId"],
            "ServiceCategory": "Compute",
            "ServiceName": "Savings Plans for AWS Compute usage",
        }
    )


def _unused_plan(ledger: Ledger, day: date, rest: Decimal) -> dict[str, str]:
    return (
        _day(day)
        | _plan_id(ledger)
        | {
            "BilledCost": "0",
            "EffectiveCost": str(rest.quantize(Decimal("0.00000001"))),
            "ListCost": "0",
            "ContractedCost": "0",
            "ChargeCategory": "Usage",
            "ChargeFrequency": "Usage-Based",
            "ChargeDescription": "Unused part of the Compute Savings Plan",
            "CommitmentDiscountStatus": "Unused",
            "PricingCategory": "Committed",
            "ResourceId": _plan_id(ledger)["CommitmentDiscountId"],
            "ServiceCategory": "Compute",
            "ServiceName": "Savings Plans for AWS Compute usage",
        }
    )


def _support(day: date) -> dict[str, str]:
    return _day(day) | {
        "BilledCost": "3.29",
        "EffectiveCost": "3.29",
        "ListCost": "3.29",
        "ContractedCost": "3.29",
        "ChargeCategory": "Usage",
        "ChargeFrequency": "Recurring",
        "ChargeDescription": "AWS Support, Business",
        "PricingCategory": "Standard",
        "ServiceCategory": "Management and Governance",
        "ServiceName": "AWS Support (Business)",
    }


def _credit(day: date) -> dict[str, str]:
    return _day(day) | {
        "BilledCost": "-150",
        "EffectiveCost": "-150",
        "ListCost": "-150",
        "ContractedCost": "-150",
        "ChargeCategory": "Credit",
        "ChargeFrequency": "One-Time",
        "ChargeDescription": "Promotional credit",
        "ServiceCategory": "Compute",
        "ServiceName": "Amazon Elastic Compute Cloud",
    }
