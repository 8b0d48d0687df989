"""Deterministic FOCUS rows of one month of one payer: 40 accounts and services, tags on each row.

As in an hourly bill of a real estate, a resource has some eight lines a day: 4,000 resources in a million rows; at
most 20,000.
"""

from pathlib import Path

import duckdb

ROWS_PER_RESOURCE, MAX_RESOURCES = 250, 20_000
TEXT_COLUMNS = {
    "AvailabilityZone": "'us-east-1' || chr(97 + CAST(i % 3 AS INTEGER))",
    "BilledCost": "printf('%.10f', cost)",
    "BillingAccountId": "'123456789012'",
    "BillingAccountName": "'Main payer'",
    "BillingCurrency": "'USD'",
    "BillingPeriodEnd": "'2026-11-01T00:00:00Z'",
    "BillingPeriodStart": "'2026-10-01T00:00:00Z'",
    "ChargeCategory": "CASE WHEN h % 50 = 0 THEN 'Tax' WHEN h % 70 = 0 THEN 'Credit' ELSE 'Usage' END",
    "ChargeClass": "NULL",
    "ChargeDescription": "'$0.0' || (h % 90) || ' per hour of service ' || (r % 40)",
    "ChargeFrequency": "'Usage-Based'",
    "ChargePeriodEnd": "strftime(starts + INTERVAL 1 HOUR, '%Y-%m-%dT%H:%M:%SZ')",
    "ChargePeriodStart": "strftime(starts, '%Y-%m-%dT%H:%M:%SZ')",
    "CommitmentDiscountCategory": "NULL",
    "CommitmentDiscountId": "CASE WHEN r % 11 = 0 THEN 'sp-' || (r % 7) END",
    "CommitmentDiscountName": "NULL",
    "CommitmentDiscountStatus": "CASE WHEN r % 11 = 0 THEN 'Used' END",
    "CommitmentDiscountType": "NULL",
    "ConsumedQuantity": "printf('%.6f', (h % 1000) / 7.0)",
    "ConsumedUnit": "'Hours'",
    "ContractedCost": "printf('%.10f', cost * 0.9)",
    "ContractedUnitPrice": "printf('%.6f', 0.01 * (h % 90))",
    "EffectiveCost": "printf('%.10f', cost * 0.8)",
    "InvoiceIssuerName": "'Amazon Web Services, Inc.'",
    "ListCost": "printf('%.10f', cost * 1.1)",
    "ListUnitPrice": "printf('%.6f', 0.012 * (h % 90))",
    "PricingCategory": "CASE WHEN r % 11 = 0 THEN 'Committed' ELSE 'Standard' END",
    "PricingQuantity": "printf('%.6f', (h % 1000) / 7.0)",
    "PricingUnit": "'Hours'",
    "ProviderName": "'AWS'",
    "PublisherName": "'Amazon Web Services, Inc.'",
    "RegionId": "['us-east-1', 'eu-west-1', 'eu-central-1', 'us-west-2', 'ap-south-1'][1 + CAST(r % 5 AS INTEGER)]",
    "RegionName": "NULL",
    "ResourceId": "'arn:aws:ec2:us-east-1:' || (100000000000 + r % 40) || ':instance/i-' || lower(hex(r * 7919))",
    "ResourceName": "'node-' || r",
    "ResourceType": "'instance'",
    "ServiceCategory": "['Compute', 'Storage', 'Databases', 'Networking'][1 + CAST(r % 4 AS INTEGER)]",
    "ServiceName": "'Amazon Service ' || (r % 40)",
    "SkuId": "'SKU' || (h % 900)",
    "SkuPriceId": "'SKU' || (h % 900) || '.JRTCKXETXF'",
    "SubAccountId": "CAST(100000000000 + r % 40 AS VARCHAR)",
    "SubAccountName": "'Team ' || (r % 40)",
    "Tags": '\'{"application": "app-\' || (r % 200) || \'", "environment": "\' || '
    "['prod', 'dev', 'test'][1 + CAST(r % 3 AS INTEGER)] || '\", \"team\": \"team-' || (r % 25) || "
    '\'", "owner": "owner-\' || (r % 300) || \'"}\'',
}


def select_rows(rows: int, first: int = 0, *, of: int | None = None) -> str:
    """SQL of `rows` rows from `first` on, as text, of a bill of `of` rows spread over October 2026 in order of time."""
    whole = of or first + rows
    resources = max(40, min(MAX_RESOURCES, whole // ROWS_PER_RESOURCE))
    columns = ", ".join(f'{value} AS "{name}"' for name, value in TEXT_COLUMNS.items())
    return f"""SELECT {columns} FROM (
        SELECT i, hash(i) % 1000003 AS h, hash(i * 31) % {resources} AS r, (hash(i) % 1000003) / 3000.0 AS cost,
               TIMESTAMP '2026-10-01' + to_hours(CAST(i * 744 // {whole} AS INTEGER)) AS starts
        FROM range({first}, {first + rows}) t(i))"""


def write_csv(path: Path, rows: int) -> None:
    """A CSV file of `rows` rows, about 650 bytes each."""
    with duckdb.connect(config={"threads": os_threads()}) as engine:
        engine.execute(f"COPY ({select_rows(rows)}) TO '{path}' (HEADER, QUOTE '\"')")


def os_threads() -> int:
    """The threads that both sides of a measurement may use."""
    return 2
