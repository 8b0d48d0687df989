"""The part of the Kusto query language that Resource Graph clients use: table, where, project, order by, take, count.

Comparison with `==` minds case, `=~`, `in~` and `!in~` do not, as documented for Kusto. What cannot be parsed raises
`QueryError`, which the service answers as `BadRequest` with the detail `ParserFailure`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Row = Mapping[str, Any]
Test = Callable[[Row], bool]

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(?P<number>\d+(?:\.\d+)?)"""
    r"""|(?P<op>=~|!~|==|!=|<=|>=|<|>|!in~|!in\b|in~|!contains\b|=|\(|\)|,|\||\.)|(?P<name>[A-Za-z_$][\w$]*))"""
)
_OPERATORS = {"==", "!=", "=~", "!~", "<", ">", "<=", ">=", "in", "in~", "!in", "!in~", "contains", "!contains"}
_OPERATORS |= {"startswith", "endswith", "has"}


class QueryError(Exception):
    """The text is no query that we understand."""


@dataclass
class Query:
    """A parsed query. `columns` are the dotted paths that the conditions look at."""

    table: str
    tests: list[Test] = field(default_factory=list)
    columns: set[str] = field(default_factory=set)
    project: list[tuple[str, str]] | None = None  # (name, path)
    order: list[tuple[str, bool]] = field(default_factory=list)  # (path, descending)
    take: int | None = None
    count_by: list[str] | None = None  # summarize count() by …; [] for a plain count


def value_at(row: Row, path: str) -> Any:
    """The value at a dotted path; member names are matched without case where the exact one is missing."""
    value: Any = row
    for step in path.split("."):
        if not isinstance(value, Mapping):
            return None
        if step in value:
            value = value[step]
        else:
            value = next((item for name, item in value.items() if name.lower() == step.lower()), None)
    return value


def parse(text: str) -> Query:
    """Raises QueryError."""
    return _Parser(text).query()


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        self._at = 0
        position = 0
        text = re.sub(r"//[^\n]*", "", text).strip()
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                raise QueryError(f"unexpected {text[position : position + 10]!r} at {position}")
            kind = str(match.lastgroup)
            self._tokens.append((kind, match[kind]))
            position = match.end()
            while position < len(text) and text[position].isspace():
                position += 1

    def query(self) -> Query:
        query = Query(table=self._name().lower())
        while self._at < len(self._tokens):
            self._expect("|")
            self._stage(query, self._name().lower())
        return query

    def _stage(self, query: Query, verb: str) -> None:
        if verb == "where":
            query.tests.append(self._either(query))
        elif verb in ("project", "extend"):
            query.project = [self._projected()]
            while self._takes(","):
                query.project.append(self._projected())
        elif verb in ("order", "sort"):
            self._word("by")
            query.order = [self._ordering()]
            while self._takes(","):
                query.order.append(self._ordering())
        elif verb in ("take", "limit"):
            query.take = int(self._next("number"))
        elif verb == "count":
            query.count_by = []
        elif verb == "summarize":
            self._summarize(query)
        else:
            raise QueryError(f"unknown operator {verb}")

    def _summarize(self, query: Query) -> None:
        self._word("count")
        self._expect("(")
        self._expect(")")
        query.count_by = []
        if self._at < len(self._tokens) and self._peek()[1] == "by":
            self._word("by")
            query.count_by = [self._grouping()]
            while self._takes(","):
                query.count_by.append(self._grouping())

    def _grouping(self) -> str:
        """A column; dynamic ones have to be made text, as in Kusto."""
        if not self._is_word("tostring"):
            return self._path()
        self._at += 1
        self._expect("(")
        path = self._path()
        self._expect(")")
        return path

    def _either(self, query: Query) -> Test:
        tests = [self._both(query)]
        while self._is_word("or"):
            self._at += 1
            tests.append(self._both(query))
        return tests[0] if len(tests) == 1 else lambda row: any(test(row) for test in tests)

    def _both(self, query: Query) -> Test:
        tests = [self._condition(query)]
        while self._is_word("and"):
            self._at += 1
            tests.append(self._condition(query))
        return tests[0] if len(tests) == 1 else lambda row: all(test(row) for test in tests)

    def _condition(self, query: Query) -> Test:
        if self._takes("("):
            test = self._either(query)
            self._expect(")")
            return test
        if self._is_word("not"):
            self._at += 1
            self._expect("(")
            inner = self._either(query)
            self._expect(")")
            return lambda row: not inner(row)
        for word, wanted in (("isnotempty", True), ("isempty", False)):
            if self._is_word(word):
                self._at += 1
                self._expect("(")
                path = self._column(query)
                self._expect(")")
                return lambda row: (value_at(row, path) not in (None, "", [], {})) is wanted
        return self._comparison(query)

    def _comparison(self, query: Query) -> Test:
        is_time = self._is_word("todatetime")
        if is_time or self._is_word("tostring") or self._is_word("tolower"):
            self._at += 1
            self._expect("(")
            path = self._column(query)
            self._expect(")")
        else:
            path = self._column(query)
        operator = self._peek()[1].lower()
        if operator not in _OPERATORS:
            raise QueryError(f"no comparison after {path}")
        self._at += 1
        if operator in ("in", "in~", "!in", "!in~"):
            return _membership(path, operator, self._list())
        return _compare(path, operator, self._literal(), is_time)

    def _list(self) -> list[Any]:
        self._expect("(")
        values = [self._literal()]
        while self._takes(","):
            values.append(self._literal())
        self._expect(")")
        return values

    def _literal(self) -> Any:
        kind, text = self._peek()
        self._at += 1
        if kind == "text":
            return re.sub(r"\\(.)", r"\1", text[1:-1])
        if kind == "number":
            return float(text) if "." in text else int(text)
        if kind == "name" and text.lower() in ("true", "false"):
            return text.lower() == "true"
        if kind == "name" and text.lower() in ("datetime", "todatetime"):
            return self._instant()
        raise QueryError(f"{text!r} is no value")

    def _instant(self) -> datetime:
        """`todatetime("2026-01-01T00:00:00Z")`; the literal without quotes is left out."""
        self._expect("(")
        value = self._literal()
        self._expect(")")
        return _instant(value) or _fail(f"{value!r} is no date")

    def _column(self, query: Query) -> str:
        path = self._path()
        query.columns.add(path)
        return path

    def _projected(self) -> tuple[str, str]:
        path = self._path()
        return (path, self._path()) if self._takes("=") else (path.replace(".", "_"), path)

    def _ordering(self) -> tuple[str, bool]:
        path = self._path()
        for word, descending in (("asc", False), ("desc", True)):
            if self._is_word(word):
                self._at += 1
                return path, descending
        return path, True  # Kusto sorts descending when not told

    def _path(self) -> str:
        names = [self._name()]
        while self._takes("."):
            names.append(self._name())
        return ".".join(names)

    def _peek(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise QueryError("the query ends too early")
        return self._tokens[self._at]

    def _next(self, kind: str) -> str:
        found, text = self._peek()
        if found != kind:
            raise QueryError(f"unexpected {text!r}")
        self._at += 1
        return text

    def _name(self) -> str:
        return self._next("name")

    def _word(self, word: str) -> None:
        if self._name().lower() != word:
            raise QueryError(f"{word!r} expected")

    def _is_word(self, word: str) -> bool:
        return self._at < len(self._tokens) and self._tokens[self._at] == ("name", word)

    def _takes(self, operator: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at] == ("op", operator):
            self._at += 1
            return True
        return False

    def _expect(self, operator: str) -> None:
        if not self._takes(operator):
            raise QueryError(f"{operator!r} expected at the {self._at + 1}th word")


def _membership(path: str, operator: str, values: list[Any]) -> Test:
    wanted = operator[0] != "!"
    if operator.endswith("~"):
        folded = {str(value).lower() for value in values}
        return lambda row: (str(value_at(row, path) or "").lower() in folded) is wanted
    return lambda row: (value_at(row, path) in values) is wanted


def _compare(path: str, operator: str, wanted: Any, is_time: bool) -> Test:
    text = str(wanted).lower()

    def folded(row: Row) -> str:
        value = value_at(row, path)
        return "" if value is None else str(value).lower()

    simple: dict[str, Test] = {
        "==": lambda row: value_at(row, path) == wanted,
        "!=": lambda row: value_at(row, path) != wanted,
        "=~": lambda row: folded(row) == text,
        "!~": lambda row: folded(row) != text,
        "contains": lambda row: text in folded(row),
        "!contains": lambda row: text not in folded(row),
        "startswith": lambda row: folded(row).startswith(text),
        "endswith": lambda row: folded(row).endswith(text),
        "has": lambda row: text in re.split(r"\W+", folded(row)),
    }
    if operator in simple:
        return simple[operator]

    def ordered(row: Row) -> bool:
        value = value_at(row, path)
        value = _instant(value) if is_time or isinstance(wanted, datetime) else value
        if value is None:
            return False
        try:
            return bool(
                {"<": value < wanted, ">": value > wanted, "<=": value <= wanted, ">=": value >= wanted}[operator]
            )
        except TypeError:
            return False

    return ordered


def _instant(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _fail(message: str) -> Any:
    raise QueryError(message)
