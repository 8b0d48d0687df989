"""The SQL of questions to the bill files. Column names come from a fixed list; every value is a bound parameter."""

# ruff: noqa: S608 - names come from fixed lists or are quoted, paths are ours, values are bound

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from app.core.errors import FieldProblem
from app.domains.costs.bills.columns import GROUPS
from app.domains.costs.bills.sql import quote_name
from app.domains.costs.errors import UnknownGroup

TAG_PREFIX = "tag:"
COST_COLUMNS = {
    "effective": "EffectiveCost",
    "billed": "BilledCost",
    "list": "ListCost",
    "contracted": "ContractedCost",
}
PERIODS = {
    "day": 'CAST("ChargePeriodStart" AS DATE)',
    "month": "CAST(date_trunc('month', \"ChargePeriodStart\") AS DATE)",
}
MAX_GROUPS = 2
MAX_TAG_KEY = 128


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Which lines count: charge days from `first` (inclusive) to `end` (exclusive), and filters by group.

    `accounts` (provider, number) and `resources` (the bill's ids) keep to what a caller may see; None is everything.
    """

    first: date | None = None
    end: date | None = None
    filters: Mapping[str, Sequence[str]] = field(default_factory=dict)
    accounts: Sequence[tuple[str, str]] | None = None
    resources: Sequence[str] | None = None


def parse_groups(text: str) -> list[str]:
    """One or two groups of a comma-separated list. Raises UnknownGroup."""
    groups = [part.strip() for part in text.split(",")]
    for group in groups:
        _check_group(group, "query/group_by")
    if len(groups) > MAX_GROUPS:
        raise UnknownGroup(errors=[FieldProblem(pointer="query/group_by", detail="takes one or two groups")])
    if len(set(groups)) != len(groups):
        raise UnknownGroup(errors=[FieldProblem(pointer="query/group_by", detail="names a group twice")])
    return groups


def _check_group(group: str, pointer: str) -> None:
    key = group.removeprefix(TAG_PREFIX)
    if group in GROUPS or (key != group and 0 < len(key) <= MAX_TAG_KEY and key.isprintable()):
        return
    known = ", ".join([*GROUPS, "tag:<key>"])
    raise UnknownGroup(errors=[FieldProblem(pointer=pointer, detail=f"must be one of {known}")])


def breakdown(
    files: Sequence[str], groups: Sequence[str], granularity: str, cost: str, scope: Scope, limit: int
) -> tuple[str, list[Any]]:
    """Rows of part, group values, first day of the period (if any), currency and sum.

    Part 0 are the groups, highest cost first in a period, at most `limit`; part 1 the totals per currency over all
    groups. Tags are read from the few distinct tag texts, not from every line: inner groups hold the text, outer the
    value.
    """
    values: list[Any] = []
    has_period = granularity in PERIODS
    names = [f"g{number}" for number in range(len(groups))]
    inner = [f"{GROUPS_SQL[group]} AS {name}" for group, name in zip(groups, names, strict=True) if group in GROUPS]
    outer = [name if group in GROUPS else _tag(group, values, name) for group, name in zip(groups, names, strict=True)]
    needs_tags = any(group.startswith(TAG_PREFIX) for group in [*groups, *scope.filters])
    if needs_tags:
        inner.append('"Tags" AS tags')
    if has_period:
        inner.append(f"{PERIODS[granularity]} AS period")
        outer.append("period")
    inner += ['"BillingCurrency" AS currency', f"sum({quote_name(COST_COLUMNS[cost])}) AS cost"]
    found = f"SELECT {', '.join(inner)} FROM read_parquet(?){_where(files, scope, values)} GROUP BY ALL"
    if needs_tags:
        conditions = _tag_conditions(scope, values)
        found = f"SELECT {', '.join(outer)}, currency, sum(cost) AS cost FROM ({found}){conditions} GROUP BY ALL"
    order = ", ".join([*(["period"] if has_period else []), "cost DESC NULLS LAST", *names])
    blanks = [f"NULL AS {name}" for name in [*names, *(["period"] if has_period else [])]]
    values.append(limit)
    return (
        f"WITH found AS MATERIALIZED ({found}) SELECT * FROM ("
        f"(SELECT 0 AS part, * FROM found ORDER BY {order} LIMIT ?) UNION ALL "
        f"(SELECT 1 AS part, {', '.join(blanks)}, currency, sum(cost) AS cost FROM found GROUP BY currency)"
        f") ORDER BY part, {order}, currency",
        values,
    )


def dimension(files: Sequence[str], group: str, scope: Scope, contains: str, limit: int) -> tuple[str, list[Any]]:
    """Rows of value and number of lines; `group` may be `tag` for the keys of tags."""
    values: list[Any] = []
    if group == "tag":
        inner, outer = '"Tags" AS tags', "unnest(json_keys(tags))"
    elif group.startswith(TAG_PREFIX):
        inner, outer = '"Tags" AS tags', _tag(group, values, "key").removesuffix(" AS key")
    else:
        _check_group(group, "query/group")
        inner, outer = f"{GROUPS_SQL[group]} AS value", "value"
    source = f"SELECT {inner}, count(*) AS lines FROM read_parquet(?){_where(files, scope, values)} GROUP BY ALL"
    statement = f"SELECT key, CAST(sum(lines) AS BIGINT) FROM (SELECT {outer} AS key, lines FROM ({source}))"
    if contains:
        statement += " WHERE contains(lower(key), lower(?))"
        values.append(contains)
    values.append(limit)
    return f"{statement} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ?", values


GROUPS_SQL = {group: quote_name(column) for group, column in GROUPS.items()}


def _pointer(key: str) -> str:
    """The JSON pointer of a tag key (RFC 6901)."""
    return "/" + key.replace("~", "~0").replace("/", "~1")


def _tag(group: str, values: list[Any], alias: str) -> str:
    values.append(_pointer(group.removeprefix(TAG_PREFIX)))
    return f"json_extract_string(tags, ?) AS {alias}"


def _where(files: Sequence[str], scope: Scope, values: list[Any]) -> str:
    """The condition on lines; binds the files first, then each value in the order of its mark."""
    values.append(list(files))
    conditions: list[str] = []
    if scope.first is not None:
        conditions.append('"ChargePeriodStart" >= CAST(? AS TIMESTAMP)')
        values.append(scope.first)
    if scope.end is not None:
        conditions.append('"ChargePeriodStart" < CAST(? AS TIMESTAMP)')
        values.append(scope.end)
    for group, wanted in scope.filters.items():
        if group in GROUPS:
            conditions.append(f"{GROUPS_SQL[group]} IN ({', '.join('?' for _ in wanted)})")
            values.extend(wanted)
    if scope.accounts is not None:
        number = 'coalesce("SubAccountId", "BillingAccountId")'
        alternatives = [f'("NormalisedProvider" = ? AND {number} = ?)' for _ in scope.accounts]
        conditions.append(f"({' OR '.join(alternatives)})" if alternatives else "false")
        values.extend(part for account in scope.accounts for part in account)
    if scope.resources is not None:
        conditions.append('"ResourceId" IN (SELECT unnest(CAST(? AS VARCHAR[])))')
        values.append(list(scope.resources))
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""


def _tag_conditions(scope: Scope, values: list[Any]) -> str:
    conditions: list[str] = []
    for group, wanted in scope.filters.items():
        if group.startswith(TAG_PREFIX):
            conditions.append(f"json_extract_string(tags, ?) IN ({', '.join('?' for _ in wanted)})")
            values.extend([_pointer(group.removeprefix(TAG_PREFIX)), *wanted])
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""
