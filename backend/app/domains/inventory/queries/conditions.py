"""The filters as conditions on `cloud_resources r`."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from asyncpg import BitString

from app.core.clock import utc_now
from app.core.scope import Scope
from app.domains.inventory.queries.lookups import Lookup, listed, lookups_of
from app.domains.inventory.queries.statement import Statement, has_hash, narrow
from app.domains.inventory.rules import (
    WORD,
    WORD_BITS,
    Pattern,
    ResourceFilter,
    SearchTerm,
    asked_bits,
    query_ids,
    query_words,
)

_EXACT_COLUMNS = ("provider", "account_id", "type", "native_type", "region", "status")
# What words are of, for a first look at a row; the look-up table or `matches_words` has the last word.
_TEXTS = """lower(concat_ws(' ', r.name, r.native_id, array_to_string(r.aliases, ' '), r.native_type, r.type, r.region,
  r.tags::text))"""
_SEEN = """greatest(r.last_seen_at, (SELECT (u.type_seen_at ->> r.native_type)::timestamptz FROM sync_units u
  WHERE u.organization_id = r.organization_id AND u.id = r.unit_id AND r.closed_at IS NULL))"""
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "="}


def filter_statement(
    organization_id: UUID,
    filters: ResourceFilter,
    *,
    without: str | None = None,
    scope: Scope | None = None,
    by_lists: Collection[Lookup] | None = None,
    now: datetime | None = None,
) -> Statement:
    """Conditions for resources that match; `without` leaves one column's filters out.

    `by_lists`: the look-ups that lead to the rows; the others are checked on the rows, words only roughly. None takes
    all of them, so that the conditions are exact.
    """
    made = Statement()
    org = made.bind(organization_id)
    made.conditions += [f"r.organization_id = {org}", f"r.closed_at IS {'NOT NULL' if filters.closed else 'NULL'}"]
    narrow(made, scope, "r")
    for column in _EXACT_COLUMNS:
        values: tuple[Any, ...] = getattr(filters, column)
        if column != without and values:
            _add_values(made, column, values)
    if filters.stale is not None and now is not None:  # of a moment of the past
        was_stale = f"r.stale_since <= {made.bind(now)}::timestamptz"
        made.conditions.append(f"({was_stale}) IS {'' if filters.stale else 'NOT '}TRUE")
    elif filters.stale is not None:
        made.conditions.append(f"r.stale_since IS {'NOT NULL' if filters.stale else 'NULL'}")
    lookups = lookups_of(filters, scope)
    by_lists = lookups if by_lists is None else by_lists
    for lookup in dict.fromkeys(lookups):
        if lookup in by_lists:
            made.conditions.append(f"r.id IN ({listed(made, org, lookup)})")
    for key, wanted in filters.tags.items():
        made.conditions.append(f"r.tags ->> {made.bind(key)}::text = ANY({made.bind(list(wanted))}::text[])")
    if filters.words == ():
        made.conditions.append("false")
    for lookup in lookups:
        if lookup.word is not None and lookup not in by_lists:
            parts = (made.bind(Pattern(("", part, "")).like()) for part in lookup.word.split("-"))
            made.conditions += [f"{_TEXTS} LIKE {part}::text" for part in parts]
    for term in filters.more:
        if term.field == without or (term.field == "account" and without == "account_id"):
            continue
        condition = _of_term(made, org, term, now or utc_now())
        made.conditions.append(f"({condition}) IS NOT TRUE" if term.negated else f"({condition})")
    return made


# Terms whose conditions read nothing but what the index by name includes.
_NARROW_FIELDS = ("provider", "type", "region", "status", "account", "name", "cost", "changed")


def is_narrow(filters: ResourceFilter) -> bool:
    """Whether `narrow_statement` can say these filters."""
    return (
        not filters.ids
        and not filters.native_type
        and not filters.closed
        and all(
            term.field in _NARROW_FIELDS or (term.field == "is" and all(one.exact == "stale" for one in term.values))
            for term in filters.more
        )
    )


def narrow_statement(organization_id: UUID, filters: ResourceFilter, scope: Scope | None) -> Statement:
    """Conditions that the index by name answers alone; a few rows that do not match fit them too, see `has_hash`."""
    plain = replace(filters, tags={}, words=None if filters.words else filters.words)
    made = filter_statement(organization_id, plain, scope=accounts_of(scope), by_lists=())
    if filters.words:
        bits = made.bind(BitString(f"{asked_bits(filters.words):0{WORD_BITS}b}"))
        made.conditions.append(f"r.word_bits & {bits}::varbit = {bits}::varbit")
    made.conditions += [has_hash(made, [(key, value) for value in values]) for key, values in filters.tags.items()]
    made.conditions += [has_hash(made, part.tags) for part in (scope.parts() if scope else ()) if part.tags]
    return made


def accounts_of(scope: Scope | None) -> Scope | None:
    """The scope without its tags."""
    accounts = scope.account_ids if scope else None
    return None if accounts is None else Scope(accounts)


def _add_values(made: Statement, column: str, values: Sequence[Any]) -> None:
    if len(values) == 1:  # equality keeps the order of an index; a list of values does not
        made.conditions.append(f"r.{column} = {made.bind(values[0])}")
    else:
        kind = "uuid" if column == "account_id" else "text"
        made.conditions.append(f"r.{column} = ANY({made.bind(list(values))}::{kind}[])")


def _of_term(made: Statement, org: str, term: SearchTerm, now: datetime) -> str:
    if term.field in ("created", "first_seen"):
        return _instant(made, f"r.{term.field}_at", term, now)
    if term.field == "last_seen":
        return _instant(made, _SEEN, term, now)
    return _TERMS.get(term.field, _column)(made, org, term, now)


def _any_of(made: Statement, text: str, values: Sequence[Pattern]) -> str:
    exact = [value.exact for value in values if value.exact is not None]
    parts = [f"{text} = ANY({made.bind(exact)}::text[])"] if exact else []
    parts += [f"{text} LIKE {made.bind(value.like())}::text" for value in values if value.exact is None]
    return " OR ".join(parts)


def _column(made: Statement, _: str, term: SearchTerm, __: datetime) -> str:
    return _any_of(made, "coalesce(r.status, '')" if term.field == "status" else f"r.{term.field}", term.values)


def _account(made: Statement, org: str, term: SearchTerm, _: datetime) -> str:
    lowered = [value.lower() for value in term.values]
    texts = ("a.id::text", "lower(a.name)", "lower(coalesce(a.native_account_id, ''))")
    found = " OR ".join(_any_of(made, text, lowered) for text in texts)
    # An array, so that its accounts can lead through an index.
    return f"r.account_id = ANY(ARRAY(SELECT a.id FROM accounts a WHERE a.organization_id = {org} AND ({found})))"  # noqa: S608


def _name(made: Statement, _: str, term: SearchTerm, __: datetime) -> str:
    return _any_of(made, "lower(r.name)", [value.lower() for value in term.values])


def _id(made: Statement, _: str, term: SearchTerm, __: datetime) -> str:
    lowered = [value.lower() for value in term.values]
    ids = made.bind([value.exact for value in lowered if value.exact is not None])
    alias = _any_of(made, "lower(alias)", lowered)
    return (
        f"{_any_of(made, 'lower(r.native_id)', lowered)} OR r.id::text = ANY({ids}::text[])"
        f" OR EXISTS (SELECT FROM unnest(r.aliases) AS alias WHERE {alias})"
    )


def _tag(made: Statement, _: str, term: SearchTerm, __: datetime) -> str:
    key = made.bind(term.path[0])
    if not term.values:
        return f"jsonb_exists(r.tags, {key}::text)"
    return _any_of(made, f"(r.tags ->> {key}::text)", term.values)


def _property(made: Statement, _: str, term: SearchTerm, __: datetime) -> str:
    # Lax paths look into lists by themselves; a key is quoted as in JSON.
    path = "lax $" + "".join(f".{orjson.dumps(key).decode()}" for key in term.path) + "[*]"
    found = _any_of(made, "(item #>> '{}')", term.values)
    return (
        f"EXISTS (SELECT FROM jsonb_path_query(r.properties, {made.bind(path)}::text::jsonpath) AS item"
        f" WHERE jsonb_typeof(item) IN ('string', 'number', 'boolean') AND ({found}))"
    )


def _flag(made: Statement, org: str, term: SearchTerm, now: datetime) -> str:
    parts = []
    for value in term.values:
        flag = value.exact
        if flag in ("public", "orphan"):
            parts.append(
                f"r.id IN (SELECT m.resource_id FROM resource_marks m WHERE m.organization_id = {org}"  # noqa: S608
                f" AND m.mark = '{flag}')"
            )
        elif flag == "stale":
            parts.append(f"r.stale_since <= {made.bind(now)}::timestamptz")
        else:
            parts.append(_PLAIN_FLAGS[flag or ""])
    return " OR ".join(parts)


_PLAIN_FLAGS = {"untagged": "r.tags = '{}'", "closed": "r.closed_at IS NOT NULL"}


def _word(made: Statement, org: str, term: SearchTerm, _: datetime) -> str:
    """A word that is to be left out."""
    text = term.values[0].parts[0]
    filters = ResourceFilter(words=query_words(text), ids=query_ids(text))
    parts = [f"r.id IN ({listed(made, org, lookup)})" for lookup in lookups_of(filters, None)]
    return " AND ".join(parts) or "false"


def _cost(made: Statement, _: str, term: SearchTerm, __: datetime) -> str:
    if term.comparison is None or term.comparison.amount is None:
        return "false"
    return f"r.cost_order {term.comparison.operator} {made.bind(float(term.comparison.amount))}::float8"


def _changed(made: Statement, _: str, term: SearchTerm, now: datetime) -> str:
    """By whether there is a later change, which an index tells, instead of by the last one."""
    operator, moment = _bound(term, now)
    later = {">": ">", ">=": ">=", "<": ">=", "<=": ">"}[operator]
    exists = (
        "EXISTS (SELECT FROM resource_versions v WHERE v.organization_id = r.organization_id AND v.resource_id = r.id"
        f" AND v.at {later} {made.bind(moment)}::timestamptz)"
    )
    return exists if operator.startswith(">") else f"NOT {exists}"


def _instant(made: Statement, text: str, term: SearchTerm, now: datetime) -> str:
    operator, moment = _bound(term, now)
    return f"{text} {operator} {made.bind(moment)}::timestamptz"


def _bound(term: SearchTerm, now: datetime) -> tuple[str, datetime]:
    """The operator and the instant to compare with; a younger age is a later instant."""
    comparison = term.comparison
    if comparison is None:
        raise ValueError("a comparison has no bound")
    if comparison.age is not None:
        return _FLIPPED[comparison.operator], now - comparison.age
    return comparison.operator, comparison.moment or now


_TERMS: dict[str, Callable[[Statement, str, SearchTerm, datetime], str]] = {
    WORD: _word,
    "account": _account,
    "name": _name,
    "id": _id,
    "tag": _tag,
    "property": _property,
    "is": _flag,
    "cost": _cost,
    "changed": _changed,
}
