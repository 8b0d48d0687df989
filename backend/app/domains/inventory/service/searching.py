"""Completion of a search: fields, then their values from what units keep and from the look-up table."""

import re
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.schemas import check_text
from app.core.scope import scope_of
from app.domains.inventory import queries
from app.domains.inventory.rules import (
    FIELDS,
    IS_VALUES,
    TAG_SEPARATOR,
    Pattern,
    SearchTerm,
    print_pattern,
    print_search,
)
from app.domains.inventory.schemas import Completion, CompletionOption, SearchFieldRead, SearchFields

OPTIONS = 20
_COUNTED = ("provider", "account", "type", "native_type", "region", "status")
_OPERATORS = {"text": [":"], "tag": [":"], "flag": [":"], "property": ["="]}
_COMPARED = ["<", "<=", ">", ">="]
# What is typed of a term: an optional minus, then the field with its operator, then the value.
_TYPED = re.compile(r"(-?)(?:([A-Za-z_]+)([:=<>]=?))?(.*)", re.DOTALL)


def list_search_fields() -> SearchFields:
    """The fields of the search language."""
    return SearchFields(
        items=[
            SearchFieldRead(
                name="property." if field.kind == "property" else field.name,
                kind=field.kind,
                description=field.description,
                example=field.example,
                operators=_OPERATORS.get(field.kind, ["=", *_COMPARED] if field.kind == "number" else _COMPARED),
                values=list(IS_VALUES) if field.kind == "flag" else [],
            )
            for field in FIELDS.values()
        ]
    )


async def complete_search(session: AsyncSession, organization_id: UUID, text: str, cursor: int | None) -> Completion:
    """What the term before the cursor may become. Never fails for what is half typed."""
    end = len(text) if cursor is None else min(cursor, len(text))
    start = _term_start(text, end)
    typed = text[start:end]
    found = _TYPED.fullmatch(typed)
    minus, field, operator, value = found.groups() if found else ("", None, None, typed)
    try:
        check_text(typed)
    except ValueError:
        return _answer(end, end, [])
    if field is None:
        return _answer(start + len(minus), end, _fields(value))
    if field == "tag":
        return _answer(start + len(minus), end, await _tags(session, organization_id, value))
    last = value.rpartition(",")[2]
    options = await _values(session, organization_id, field.lower(), operator, last.strip('"'))
    return _answer(end - len(last), end, options)


def _term_start(text: str, end: int) -> int:
    """Where the term at the cursor begins: after the last space outside of quotes."""
    start, quoted = 0, False
    for index, character in enumerate(text[:end]):
        if character == '"':
            quoted = not quoted
        elif character.isspace() and not quoted:
            start = index + 1
    return start


def _answer(start: int, end: int, options: list[CompletionOption]) -> Completion:
    return Completion.model_validate({"from": start, "to": end, "options": options})


def _fields(beginning: str) -> list[CompletionOption]:
    options = []
    for field in FIELDS.values():
        if field.name.startswith(beginning.lower()):
            text = {"property": "property."}.get(field.kind, f"{field.name}{'>' if field.kind == 'number' else ':'}")
            text = f"{field.name}<" if field.kind == "instant" else text
            options.append(CompletionOption(text=text, kind="field", detail=field.description))
    return options


async def _values(
    session: AsyncSession, organization_id: UUID, field: str, operator: str | None, beginning: str
) -> list[CompletionOption]:
    if field == "is":
        return [
            CompletionOption(text=flag, kind="value", detail=meaning)
            for flag, meaning in IS_VALUES.items()
            if flag.startswith(beginning.lower())
        ]
    if field in FIELDS and FIELDS[field].kind == "instant":
        ages = ("1h", "24h", "7d", "30d", "90d")
        return [CompletionOption(text=age, kind="value", detail="age") for age in ages if age.startswith(beginning)]
    scope = scope_of(session)
    if field not in _COUNTED or (scope is not None and scope.has_tags):  # counts of whole accounts are too much
        return []
    rows = await queries.list_values(session, organization_id, field, beginning, limit=OPTIONS)
    return [
        CompletionOption(text=print_pattern(Pattern((row["key"],))), kind="value", detail=f"{row['found']:,}")
        for row in rows
    ]


async def _tags(session: AsyncSession, organization_id: UUID, typed: str) -> list[CompletionOption]:
    """Keys until there is an equals sign, then values."""
    key, separator, value = typed.partition("=")
    key = key.strip('"')
    if not separator:
        keys = await queries.list_terms(session, organization_id, key, separator=TAG_SEPARATOR, limit=OPTIONS)
        return [
            CompletionOption(text=f"{print_search([SearchTerm('tag', path=(one,))])}=", kind="key", detail="tag")
            for one in keys
        ]
    before, comma, last = value.rpartition(",")
    terms = await queries.list_terms(
        session, organization_id, f"{key}{TAG_SEPARATOR}{last.strip(chr(34))}", limit=OPTIONS
    )
    beginning = f"{print_search([SearchTerm('tag', path=(key,))])}={before}{comma}"
    return [
        CompletionOption(
            text=beginning + print_pattern(Pattern((term.partition(TAG_SEPARATOR)[2],))), kind="value", detail="tag"
        )
        for term in terms
    ]
