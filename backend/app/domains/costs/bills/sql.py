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
MAX_KEY_BYTES, MAX_CURRENCY_BYTES = 200, 40
MAX_UNREADABLE_ROWS, SPARE_COLUMNS = 100_000, 32
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
    column: str | None


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


def read_csv(path: Path, types: Sequence[str], delimiter: str) -> str:
    """The table function over a sound CSV file; its columns are c0, c1, … of these SQL types, null words made null.

    The first value or row that does not fit ends the read.
    """
    columns = ", ".join(f"'c{index}': '{sql_type}'" for index, sql_type in enumerate(types))
    nulls = ", ".join(quote_text(word) for word in NULL_WORDS)
    return f"read_csv({_csv_options(path, delimiter)}, columns = {{{columns}}}, nullstr = [{nulls}])"


def read_any_csv(path: Path, column_count: int, delimiter: str) -> str:
    """The table function over any CSV file: short rows end in nulls, long ones reach into spare columns.

    Only rows that are not UTF-8 or longer still go to `reject_errors`. One thread reads: several lose good rows beside
    many rejected ones (DuckDB 2.0.0), and rows must come in the order of the file to be numbered.
    """
    columns = ", ".join(f"'c{index}': 'VARCHAR'" for index in range(column_count + SPARE_COLUMNS))
    return (
        f"read_csv({_csv_options(path, delimiter)}, columns = {{{columns}}}, nullstr = '\x01', null_padding = true, "
        f"parallel = false, store_rejects = true, rejects_limit = {MAX_UNREADABLE_ROWS})"
    )


def _csv_options(path: Path, delimiter: str) -> str:
    return (
        f"{quote_text(str(path))}, auto_detect = false, header = true, delim = {quote_text(delimiter)}, "
        "quote = '\"', escape = '\"'"
    )


def read_type(column: str | None) -> str:
    """The type under which the strict read takes a FOCUS column; None is any other column."""
    if column in NUMBERS:
        return NUMBER_TYPE
    return "TIMESTAMPTZ" if column in TIMES else "VARCHAR"


def read_parquet(path: Path, *, with_row_number: bool = False) -> str:
    """The table function over a Parquet file."""
    return f"read_parquet({quote_text(str(path))}{', file_row_number = true' if with_row_number else ''})"


def raw_text(name: str, sql_type: str) -> str:
    """A source column as text with null words made null, whatever its type in a Parquet file."""
    column = quote_name(name)
    words = ", ".join(quote_text(word) for word in NULL_WORDS)
    kind = sql_type.upper()
    if kind.startswith("STRUCT(") and kind.endswith("[]") and "KEY" in kind:
        column = f"CAST(to_json(map_from_entries({column})) AS VARCHAR)"
    elif kind.startswith(("MAP(", "STRUCT(", "JSON")) or kind.endswith("[]"):
        column = f"CAST(to_json({column}) AS VARCHAR)"
    elif kind != "VARCHAR":
        return f"CAST({column} AS VARCHAR)"
    return f"CASE WHEN {column} IN ({words}) THEN NULL ELSE {column} END"


def build_strict(source: str, plan: HeaderPlan, names: Mapping[str, str]) -> str:
    """The SELECT for a file whose every value the reader could type itself; IS_CLEAN must be asked afterwards."""
    values = [
        f"CAST({names[plan.sources[column]]} AS TIMESTAMP) AS {quote_name(column)}"
        if column in TIMES
        else f"{names[plan.sources[column]]} AS {quote_name(column)}"
        for column in stored_columns(plan)
        if column in plan.sources
    ]
    if "ProviderName" not in plan.sources:
        values.append(f"{names[plan.sources['ServiceProviderName']]} AS {quote_name('ProviderName')}")
    values += [f"{names[name]} AS {quote_name(name.strip())}" for name in plan.extra]
    values += [null_column(column) for column in sorted(ALWAYS_STORED - {*plan.sources, *DERIVED})]
    return (
        f"SELECT *, {provider_case()} AS {quote_name('NormalisedProvider')}, "
        f"CAST(NULL AS UTINYINT) AS {quote_name(FLAG)} FROM (SELECT {', '.join(values)} FROM {source})"
    )


IS_CLEAN = f"""
SELECT count(*) = count("BilledCost") AND count(*) = count("ChargePeriodStart")
   AND count(*) = count("BillingPeriodStart") AND count(*) = count("BillingAccountId")
   AND count(*) = count("BillingCurrency") AND count(*) = count("ProviderName")
   AND min("ChargePeriodStart") >= TIMESTAMP '{EARLIEST}' AND max("ChargePeriodStart") < TIMESTAMP '{LATEST}'
   AND min("BillingPeriodStart") >= TIMESTAMP '{EARLIEST}' AND max("BillingPeriodStart") < TIMESTAMP '{LATEST}'
   AND max(strlen("BillingAccountId")) <= {MAX_KEY_BYTES} AND max(strlen("ProviderName")) <= {MAX_KEY_BYTES}
   AND min("BillingCurrency") >= 'A' AND max(strlen("BillingCurrency")) <= {MAX_CURRENCY_BYTES}
   AND count(*) FILTER (NOT (starts_with("Tags", '{{{{') AND json_valid("Tags"))) = 0
FROM {{rows}}"""
"""Whether every row passes the checks of `row_checks`. Null for a file without rows."""


def build_conversion(
    source: str, plan: HeaderPlan, types: Mapping[str, str], names: Mapping[str, str], csv_columns: int | None = None
) -> Conversion:
    """The conversion of `source` with a flag on each row.

    `types` are the SQL types of a Parquet file's columns (others are text), `names` maps the file's names to the
    source's, `csv_columns` is the width of a CSV file's header.
    """
    raw = {column: raw_text(names[name], types.get(names[name], "VARCHAR")) for column, name in plan.sources.items()}
    inner = [f"{text} AS {quote_name('r_' + column)}" for column, text in raw.items()]
    inner += [f"{typed_value(column, text)} AS {quote_name(column)}" for column, text in raw.items()]
    if "ProviderName" not in raw:
        inner.append(f"{raw['ServiceProviderName']} AS {quote_name('ProviderName')}")
    inner += [
        f"{raw_text(names[name], types.get(names[name], 'VARCHAR'))} AS {quote_name(name.strip())}"
        for name in plan.extra
    ]
    checks = row_checks(raw)
    if csv_columns is not None:
        inner += [f"c{csv_columns - 1} IS NULL AS is_short", f"c{csv_columns} IS NOT NULL AS is_long"]
        checks = [
            Check(condition="is_short", reason="The row has too few values.", column=None),
            Check(condition="is_long", reason="The row has too many values.", column=None),
            *checks,
        ]
    columns = [quote_name(column) for column in stored_columns(plan)]
    columns += [null_column(column) for column in sorted(ALWAYS_STORED - {*plan.sources, *DERIVED})]
    columns += [quote_name(name.strip()) for name in plan.extra]
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
            condition=f"{currency} < 'A' OR strlen({currency}) > {MAX_CURRENCY_BYTES}",
            reason="The value is not a currency.",
            column="BillingCurrency",
        )
    )
    for column in ("BillingAccountId", provider):
        condition = f"strlen({quote_name(column)}) > {MAX_KEY_BYTES}"
        checks.append(
            Check(condition=condition, reason=f"The value is longer than {MAX_KEY_BYTES} bytes.", column=column)
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
    usual = (("AWS", "aws"), ("Microsoft", "azure"), ("Google Cloud", "gcp"))  # a plain comparison is ten times faster
    branches = [f"WHEN {quote_name('ProviderName')} = {quote_text(name)} THEN {quote_text(key)}" for name, key in usual]
    branches += [
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

PLAIN_TEXT = "replace(replace({column}, chr(0), ''), chr(10), ' ')"
"""PostgreSQL cannot hold NUL in text, and its COPY (before 18) ends at a line that is only a backslash and a dot."""


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
