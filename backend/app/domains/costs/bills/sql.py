"""The SQL that turns a FOCUS file into typed Parquet: one pass that reads, checks, converts and marks bad rows.

Values never become part of the text: the file's columns get names of ours (CSV) or are quoted (Parquet), and paths
are made by us.
"""

# ruff: noqa: S608 - names come from fixed lists or are quoted, paths are ours, values are bound

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.domains.costs import rules
from app.domains.costs.bills.columns import (
    ALWAYS_STORED,
    FOCUS_COLUMNS,
    MONEY,
    NEEDED_IN_ROW,
    NUMBERS,
    PROVIDER_COLUMNS,
    TIMES,
    HeaderPlan,
)

NUMBER_TYPE = "DECIMAL(38,18)"
"""Exact to 18 places; longer fractions are rounded half up, which only touches doubles printed in full."""

EARLIEST, LATEST = "1970-01-01", "2200-01-01"
NOT_A_TIME = "The value is not an ISO 8601 time between 1970 and 2199."
MAX_KEY_LENGTH = 200
NULL_WORDS = ("", "NULL", "null", "Null")
DERIVED = ("ProviderName", "NormalisedProvider")
WARNING_CODES = 200
UNREADABLE_TAGS = WARNING_CODES
FLAG = "ImportFlag"
"""Null for a good row; from 200 a kept row with a warning; else the number of the first check that failed."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """A condition that rejects a row, in SQL, and its words."""

    condition: str
    reason: str
    column: str


@dataclass(frozen=True, kw_only=True)
class Conversion:
    """The SELECT over the file, and what its flag values mean (the flag is the index in `checks` plus one)."""

    select: str
    checks: tuple[Check, ...]


def quote_name(name: str) -> str:
    """A column name as a SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def quote_text(value: str) -> str:
    """A path or word of ours as a SQL literal."""
    return "'" + value.replace("'", "''") + "'"


def read_csv(path: Path, column_count: int, delimiter: str) -> str:
    """The table function over a CSV file; its columns are c0, c1, … as text, nulls made null."""
    columns = ", ".join(f"'c{index}': 'VARCHAR'" for index in range(column_count))
    nulls = ", ".join(quote_text(word) for word in NULL_WORDS)
    return (
        f"read_csv({quote_text(str(path))}, auto_detect = false, header = true, delim = {quote_text(delimiter)}, "
        f"""quote = '"', escape = '"', columns = {{{columns}}}, nullstr = [{nulls}], store_rejects = true)"""
    )


def read_parquet(path: Path, *, with_row_number: bool = False) -> str:
    """The table function over a Parquet file."""
    return f"read_parquet({quote_text(str(path))}{', file_row_number = true' if with_row_number else ''})"


def raw_text(name: str, sql_type: str, *, from_csv: bool) -> str:
    """A source column as nullable text, whatever its type in a Parquet file."""
    column = quote_name(name)
    if from_csv:
        return column
    words = ", ".join(quote_text(word) for word in NULL_WORDS)
    kind = sql_type.upper()
    if kind.startswith("STRUCT(") and kind.endswith("[]") and "KEY" in kind:
        column = f"CAST(to_json(map_from_entries({column})) AS VARCHAR)"
    elif kind.startswith(("MAP(", "STRUCT(", "JSON")) or kind.endswith("[]"):
        column = f"CAST(to_json({column}) AS VARCHAR)"
    elif kind != "VARCHAR":
        return f"CAST({column} AS VARCHAR)"
    return f"CASE WHEN {column} IN ({words}) THEN NULL ELSE {column} END"


def build_conversion(source: str, plan: HeaderPlan, types: Mapping[str, str], names: Mapping[str, str]) -> Conversion:
    """The conversion of `source`; `types` are its SQL types by its column names, `names` maps file names to those."""
    from_csv = not types
    raw = {
        column: raw_text(names[name], types.get(names[name], "VARCHAR"), from_csv=from_csv)
        for column, name in plan.sources.items()
    }
    inner = [f"{text} AS {quote_name('r_' + column)}" for column, text in raw.items()]
    inner += [f"{typed_value(column, text)} AS {quote_name(column)}" for column, text in raw.items()]
    if "ProviderName" not in raw:
        inner.append(f"{raw['ServiceProviderName']} AS {quote_name('ProviderName')}")
    stored_extra = [name for name in plan.extra if name in names]
    inner += [
        f"{raw_text(names[name], types.get(names[name], 'VARCHAR'), from_csv=from_csv)} AS {quote_name(name.strip())}"
        for name in stored_extra
    ]
    checks = row_checks(raw)
    columns = [quote_name(column) for column in stored_columns(plan)]
    columns += [null_column(column) for column in sorted(ALWAYS_STORED - {*plan.sources, *DERIVED})]
    columns += [quote_name(name.strip()) for name in stored_extra]
    select = (
        f"SELECT {', '.join(columns)}, {provider_case()} AS {quote_name('NormalisedProvider')}, "
        f"{flag_case(checks, 'Tags' in raw)} AS {quote_name(FLAG)} FROM (SELECT {', '.join(inner)} FROM {source})"
    )
    return Conversion(select=select, checks=tuple(checks))


def stored_columns(plan: HeaderPlan) -> list[str]:
    """FOCUS columns of the file in a fixed order; the provider's name is always one of them."""
    present = {*plan.sources, "ProviderName"}
    return [column for column in FOCUS_COLUMNS if column in present]


def null_column(column: str) -> str:
    """A column that the file does not have but questions ask for."""
    return f"CAST(NULL AS {NUMBER_TYPE if column in NUMBERS else 'VARCHAR'}) AS {quote_name(column)}"


def typed_value(column: str, text: str) -> str:
    """The stored value of a column from its text; null when it cannot be read."""
    if column in NUMBERS:
        return f"try_cast({text} AS {NUMBER_TYPE})"
    if column in TIMES:  # through TIMESTAMPTZ: a plain timestamp cast would drop the offset
        return f"CAST(try_cast({text} AS TIMESTAMPTZ) AS TIMESTAMP)"
    if column == "Tags":  # some exports leave out the outer braces, others list {"key", "value"} pairs
        pairs = f"""from_json({text}, '[{{"key": "VARCHAR", "value": "VARCHAR"}}]')"""
        return (
            f"CASE WHEN starts_with(ltrim({text}), '{{') AND json_valid({text}) THEN {text} "
            f"WHEN starts_with(ltrim({text}), '[') THEN try(CAST(to_json(map_from_entries({pairs})) AS VARCHAR)) "
            f"WHEN json_valid('{{' || {text} || '}}') THEN '{{' || {text} || '}}' END"
        )
    return text


def row_checks(present: Mapping[str, str]) -> list[Check]:
    """The checks of a row, first failure wins. A value that cannot be read rejects the row: it is never guessed."""
    provider = next(column for column in PROVIDER_COLUMNS if column in present)
    checks = [
        Check(condition=f"{quote_name('r_' + column)} IS NULL", reason="The value is missing.", column=column)
        for column in (*NEEDED_IN_ROW, provider)
    ]
    for columns, reason in ((NUMBERS, "The value is not a number."), (TIMES, NOT_A_TIME)):
        checks += [
            Check(
                condition=f"{quote_name(column)} IS NULL AND {quote_name('r_' + column)} IS NOT NULL",
                reason=reason,
                column=column,
            )
            for column in columns
            if column in present
        ]
    for column in ("ChargePeriodStart", "BillingPeriodStart"):
        name = quote_name(column)
        condition = f"{name} < TIMESTAMP '{EARLIEST}' OR {name} >= TIMESTAMP '{LATEST}'"
        checks.append(Check(condition=condition, reason=NOT_A_TIME, column=column))
    currency = quote_name("BillingCurrency")
    checks.append(
        Check(
            condition=f"ascii({currency}) < 65 OR length({currency}) > 40",
            reason="The value is not a currency.",
            column="BillingCurrency",
        )
    )
    for column in ("BillingAccountId", provider):
        condition = f"length({quote_name(column)}) > {MAX_KEY_LENGTH}"
        checks.append(
            Check(condition=condition, reason=f"The value is longer than {MAX_KEY_LENGTH} letters.", column=column)
        )
    return checks


def flag_case(checks: Sequence[Check], has_tags: bool) -> str:
    """The flag of a row; see FLAG."""
    branches = [f"WHEN {check.condition} THEN {number}" for number, check in enumerate(checks, 1)]
    if has_tags:
        branches.append(
            f"WHEN {quote_name('Tags')} IS NULL AND {quote_name('r_Tags')} IS NOT NULL THEN {UNREADABLE_TAGS}"
        )
    return f"CAST(CASE {' '.join(branches)} END AS UTINYINT)"


def provider_case() -> str:
    """`rules.normalise_provider` in SQL."""
    plain = f"lower(trim({quote_name('ProviderName')}))"
    branches = [
        f"WHEN {plain} IN ({', '.join(quote_text(alias) for alias in aliases)}) THEN {quote_text(provider)}"
        for provider, aliases in rules.PROVIDER_ALIASES.items()
    ]
    dashed = f"trim(regexp_replace({plain}, '[^a-z0-9]+', '-', 'g'), '-')"
    return f"CASE {' '.join(branches)} WHEN {dashed} <> '' THEN {dashed} ELSE {plain} END"


def stored_rows(files: Sequence[Path]) -> str:
    """The stored rows of converted files."""
    return f"read_parquet([{', '.join(quote_text(str(path)) for path in files)}])"


KEPT = f"({quote_name(FLAG)} IS NULL OR {quote_name(FLAG)} >= {WARNING_CODES})"

PERIODS = """
SELECT "ProviderName", "NormalisedProvider", "BillingAccountId", CAST("BillingPeriodStart" AS DATE) AS period,
       count(*), min("ChargePeriodStart"), max("ChargePeriodStart")
FROM {rows} WHERE {kept} GROUP BY ALL ORDER BY ALL"""

SUMS = 'SELECT "BillingCurrency", ' + ", ".join(f'sum("{column}")' for column in MONEY)
SUMS += " FROM {rows} WHERE {kept} GROUP BY 1 ORDER BY 1"

PLAIN_TEXT = "regexp_replace({column}, '[\\x00-\\x1f\\x7f]', ' ', 'g')"
"""PostgreSQL cannot hold NUL in text, and its COPY ends at a lone backslash-dot line: no control codes in roll-ups."""


def roll_up(rows: str) -> str:
    """Costs per day, resource and whatever dashboards group by, in the column order of ROLL_UP_COLUMNS."""
    texts = ", ".join(
        PLAIN_TEXT.format(column=quote_name(column)) + f" AS {quote_name(column)}"
        for column in (
            "BillingCurrency",
            "NormalisedProvider",
            "ProviderName",
            "BillingAccountId",
            "SubAccountId",
            "ResourceId",
            "ServiceName",
            "RegionId",
            "ChargeCategory",
        )
    )
    sums = ", ".join(f'sum("{column}") AS "{column}"' for column in MONEY)
    return f"""
        SELECT uuidv7(), charged_on, "EffectiveCost", "BilledCost", "ListCost", "ContractedCost", period, {texts}
        FROM (SELECT CAST("ChargePeriodStart" AS DATE) AS charged_on, CAST("BillingPeriodStart" AS DATE) AS period,
                     "BillingCurrency", "NormalisedProvider", "ProviderName", "BillingAccountId", "SubAccountId",
                     "ResourceId", "ServiceName", "RegionId", "ChargeCategory", {sums}
              FROM {rows} GROUP BY ALL)"""


ROLL_UP_COLUMNS = (
    "id",
    "date",
    "cost",
    "billed_cost",
    "list_cost",
    "contracted_cost",
    "billing_period",
    "currency",
    "provider",
    "provider_name",
    "billing_account",
    "sub_account",
    "native_resource_id",
    "service",
    "region",
    "charge_category",
)
