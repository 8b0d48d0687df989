"""PromQL expressions as conditions of ours, where ours mean exactly the same; what they do not cover is said why.

Parsed with promql-parser, which reads Prometheus 3's grammar.
"""

import math
import re
from datetime import timedelta
from typing import Any

import promql_parser as promql

from app.domains.alerts.rules.form import (
    LOOKBACK_SECONDS,
    MAX_AHEAD_SECONDS,
    MAX_PARTS,
    MAX_WINDOW_SECONDS,
    Absence,
    Aggregate,
    Combination,
    Comparison,
    Condition,
    Operator,
    Part,
    Ratio,
    ReadFunction,
    Reading,
    Threshold,
)
from app.domains.metrics.rules.selectors import NAME_LABEL, SelectorError, parse_selector

MAX_EXPRESSION = 20_000
MAX_OPERATORS = 500
"""Brackets and operators of an expression. The parser's time grows with their square: 500 take a fifth of a second."""
MIN_WINDOW_SECONDS = 15
_TEXT = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|`[^`]*`|#[^\n]*")
_OPERATOR = re.compile(r"[-+*/%^<>=!(\[]|\b(?:and|or|unless|atan2)\b", re.IGNORECASE)
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_MATCH = {"MatchOp.Equal": "=", "MatchOp.NotEqual": "!=", "MatchOp.Re": "=~", "MatchOp.NotRe": "!~"}
_MIRRORED: dict[Operator, Operator] = {">": "<", ">=": "<=", "<": ">", "<=": ">=", "==": "==", "!=": "!="}
_FUNCTIONS: dict[str, ReadFunction] = {
    "rate": "rate",
    "increase": "increase",
    "avg_over_time": "avg",
    "min_over_time": "min",
    "max_over_time": "max",
    "sum_over_time": "sum",
    "count_over_time": "count",
}
_AGGREGATES: dict[str, Aggregate] = {"sum": "sum", "avg": "avg", "min": "min", "max": "max", "count": "count"}


class PromqlError(Exception):
    """No PromQL, or more of it than is read here; says why."""


class NotCovered(Exception):
    """PromQL that no condition of ours means exactly; says which part."""


def parse(expression: str) -> Any:
    """The expression's tree. Raises PromqlError."""
    if len(expression) > MAX_EXPRESSION:
        raise PromqlError(f"An expression has at most {MAX_EXPRESSION:,} characters.")
    if len(_OPERATOR.findall(_TEXT.sub("", expression))) > MAX_OPERATORS:
        raise PromqlError(f"An expression has at most {MAX_OPERATORS} brackets and operators.")
    try:
        return promql.parse(expression)
    except ValueError as failure:
        raise PromqlError(str(failure)[:500]) from None


def written_plainly(tree: Any) -> str:
    """The expression on one line, as Prometheus shows it."""
    text: str = tree.prettify()
    text = re.sub(r"\(\n\s*", "(", text)
    return re.sub(r"\n\s*", " ", re.sub(r"\n\s*\)", ")", text)).strip()


def names_of(tree: Any) -> set[str]:
    """The metrics that an expression reads, as far as it names them."""
    if isinstance(tree, promql.VectorSelector):
        return {one.value for one in tree.matchers.matchers if _is_name(one)} | ({tree.name} if tree.name else set())
    if isinstance(tree, promql.MatrixSelector):
        return names_of(tree.vector_selector)
    if isinstance(tree, promql.BinaryExpr):
        return names_of(tree.lhs) | names_of(tree.rhs)
    if isinstance(tree, promql.Call):
        return set().union(*(names_of(one) for one in tree.args)) if tree.args else set()
    inner = getattr(tree, "expr", None)
    return names_of(inner) if inner is not None else set()


def translate(tree: Any) -> Condition:
    """The condition that is true and has the labels and values where the expression has results. Raises NotCovered."""
    tree = _bare(tree)
    if not isinstance(tree, promql.BinaryExpr) or _operator(tree) not in ("and", "or"):
        return _part(tree)
    kind = _operator(tree)
    trees = _chain(tree, kind)
    if len(trees) > MAX_PARTS:
        raise NotCovered(f"more than {MAX_PARTS} conditions joined by {kind}")
    on = _common_labels(tree, kind)
    parts = tuple(_part(one) for one in trees)
    if on is not None and not all(_is_one_per(part, on) for part in parts[1:]):
        raise NotCovered(f"and on ({', '.join(on)}) with a side that may have several series for these labels")
    return Combination("all" if kind == "and" else "any", parts, on)


def _bare(tree: Any) -> Any:
    while isinstance(tree, promql.ParenExpr):
        tree = tree.expr
    return tree


def _operator(tree: Any) -> str:
    return str(tree.op)


def _is_name(matcher: Any) -> bool:
    return bool(matcher.name == NAME_LABEL and matcher.op == promql.MatchOp.Equal)


def _chain(tree: Any, kind: str) -> list[Any]:
    """`a and b and c` as its three sides; grouping does not matter for what the form can say."""
    tree = _bare(tree)
    if isinstance(tree, promql.BinaryExpr) and _operator(tree) == kind:
        return [*_chain(tree.lhs, kind), *_chain(tree.rhs, kind)]
    return [tree]


def _common_labels(tree: Any, kind: str) -> tuple[str, ...] | None:
    """The labels of `on` at each of the chain's operators; None where all labels count. Raises NotCovered."""
    tree = _bare(tree)
    if not (isinstance(tree, promql.BinaryExpr) and _operator(tree) == kind):
        return None
    matching = tree.modifier.matching if tree.modifier is not None else None
    on: tuple[str, ...] | None = None
    if matching is not None:
        if matching.type != promql.LabelModifierType.Include:
            raise NotCovered(f"{kind} ignoring (…)")
        if kind == "or":
            raise NotCovered("or on (…)")
        on = _label_names(matching.labels, f"{kind} on (…)")
    inner = [_common_labels(one, kind) for one in (tree.lhs, tree.rhs) if _is_chain(one, kind)]
    if any(one != on for one in inner):
        raise NotCovered(f"several {kind} that match by different labels")
    return on


def _is_chain(tree: Any, kind: str) -> bool:
    tree = _bare(tree)
    return isinstance(tree, promql.BinaryExpr) and _operator(tree) == kind


def _is_one_per(part: Part, on: tuple[str, ...]) -> bool:
    """Whether a condition has at most one series for the labels: `and` asks only whether one holds, we compare one."""
    if isinstance(part, Absence):
        return True
    reading = part.reading if isinstance(part, Threshold) else part.over
    return reading.aggregate is not None and set(reading.by) <= set(on)


def _part(tree: Any) -> Part:
    """A comparison with a number, or an absence."""
    tree = _bare(tree)
    absence = _absence(tree)
    if absence is not None:
        return absence
    if not isinstance(tree, promql.BinaryExpr):
        raise NotCovered("a value that is compared with nothing")
    operator = _operator(tree)
    if operator not in _MIRRORED:
        raise NotCovered(f"{operator} at the top of a condition")
    if tree.modifier is not None and tree.modifier.return_bool:
        raise NotCovered(f"{operator} bool")
    right, left = _constant(tree.rhs), _constant(tree.lhs)
    if right is None and left is None:
        raise NotCovered("two series compared with each other")
    threshold = right if right is not None else left
    assert threshold is not None  # noqa: S101  # one of them is
    if not math.isfinite(threshold):
        raise NotCovered("a comparison with NaN or infinity")
    value = tree.lhs if right is not None else tree.rhs
    enter = Comparison(operator if right is not None else _MIRRORED[operator], threshold)
    absence = _absence(_bare(value))
    if absence is not None:
        if (enter.operator, enter.threshold) not in {("==", 1.0), (">", 0.0), (">=", 1.0)}:
            raise NotCovered("absent() compared with anything but 1")
        return absence
    return _compared(value, enter)


def _absence(tree: Any) -> Absence | None:
    if not (isinstance(tree, promql.Call) and tree.func.name in ("absent", "absent_over_time")):
        return None
    inner = _bare(tree.args[0])
    if tree.func.name == "absent":
        selector, window = _selector(inner), LOOKBACK_SECONDS
    else:
        selector, window = _range(inner)
    labels = [one.label for one in parse_selector(selector)]
    if len(set(labels)) < len(labels):
        raise NotCovered(f"{tree.func.name}() of a selector with two conditions on one label")
    return Absence("absence", selector, window, past_marks=tree.func.name == "absent_over_time")


def _compared(tree: Any, enter: Comparison) -> Part:
    inner, times, plus = _shifted(tree)
    if isinstance(inner, promql.BinaryExpr) and _operator(inner) == "/":
        modifier = inner.modifier
        if modifier is not None and modifier.matching is not None:
            raise NotCovered("a ratio that matches by some of the labels")
        return Ratio("ratio", _reading(inner.lhs), _reading(inner.rhs), enter, times=times, plus=plus)
    return Threshold(_reading(inner), enter, times=times, plus=plus)


def _shifted(tree: Any) -> tuple[Any, float, float]:
    """What is multiplied by a number before another is added, and both; `100 - x` is -x plus 100, to the same bits."""
    tree = _bare(tree)
    if isinstance(tree, promql.BinaryExpr) and _operator(tree) in ("+", "-"):
        right, left = _constant(tree.rhs), _constant(tree.lhs)
        constant, other = (right, tree.lhs) if right is not None else (left, tree.rhs)
        if constant is not None and math.isfinite(constant):
            inner, times = _scaled(other)
            if _operator(tree) == "+":
                return inner, times, constant
            return (inner, times, -constant) if right is not None else (inner, -times, constant)
    return *_scaled(tree), 0.0


def _scaled(tree: Any) -> tuple[Any, float]:
    """What is multiplied by a number, and the number; only where one multiplication gives the same bits."""
    tree = _bare(tree)
    if isinstance(tree, promql.UnaryExpr):
        inner, times = _scaled(tree.expr)
        return inner, -times
    if isinstance(tree, promql.BinaryExpr) and _operator(tree) in ("*", "/"):
        right, left = _constant(tree.rhs), _constant(tree.lhs)
        if _operator(tree) == "*" and (right is not None or left is not None):
            factor, other = (right, tree.lhs) if right is not None else (left, tree.rhs)
        elif right is not None:
            factor, other = (1 / right if _is_power_of_two(right) else None), tree.lhs
            if factor is None:
                raise NotCovered(f"a division by {right:g}, which no multiplication equals exactly")
        else:
            return tree, 1.0
        inner, times = _scaled(other)
        assert factor is not None  # noqa: S101  # one of the two branches
        if not (_is_power_of_two(times) or _is_power_of_two(factor)) or not math.isfinite(factor * times):
            raise NotCovered("several factors, which one multiplication does not equal exactly")
        return inner, times * factor
    return tree, 1.0


def _is_power_of_two(number: float) -> bool:
    return number != 0 and math.isfinite(number) and abs(math.frexp(number)[0]) == 0.5


def _reading(tree: Any) -> Reading:
    """A function of one selector, aggregated or not."""
    tree = _bare(tree)
    if not isinstance(tree, promql.AggregateExpr):
        return _function(tree)
    aggregate = _AGGREGATES.get(_operator(tree))
    if aggregate is None:
        raise NotCovered(f"{_operator(tree)}()")
    by: tuple[str, ...] = ()
    if tree.modifier is not None:
        if tree.modifier.type != promql.AggModifierType.By:
            raise NotCovered(f"{aggregate} without (…)")
        by = _label_names(tree.modifier.labels, f"{aggregate} by (…)")
    inner = _function(_bare(tree.expr))
    return Reading(
        inner.selector, inner.function, inner.window_seconds, inner.ahead_seconds, aggregate=aggregate, by=by
    )


def _function(tree: Any) -> Reading:
    if isinstance(tree, promql.VectorSelector):
        return Reading(_selector(tree))
    if not isinstance(tree, promql.Call):
        raise NotCovered(_described(tree))
    name = tree.func.name
    if name == "predict_linear":
        ahead = _constant(tree.args[1])
        if ahead is None or ahead != int(ahead) or not 0 <= ahead <= MAX_AHEAD_SECONDS:
            raise NotCovered("predict_linear() to a time that is not 0 to 90 days ahead in whole seconds")
        selector, window = _range(_bare(tree.args[0]))
        return Reading(selector, "forecast", window, int(ahead))
    if name not in _FUNCTIONS:
        raise NotCovered(f"{name}()")
    selector, window = _range(_bare(tree.args[0]))
    return Reading(selector, _FUNCTIONS[name], window)


def _described(tree: Any) -> str:
    if isinstance(tree, promql.BinaryExpr):
        return f"{_operator(tree)} between series, or with a number inside of a function"
    if isinstance(tree, promql.SubqueryExpr):
        return "a subquery"
    if isinstance(tree, promql.AggregateExpr):
        return "an aggregation of an aggregation"
    return "a value that is no series"


def _range(tree: Any) -> tuple[str, int]:
    if not isinstance(tree, promql.MatrixSelector):
        raise NotCovered(_described(tree))
    seconds = tree.range / timedelta(seconds=1)
    if seconds != int(seconds) or not MIN_WINDOW_SECONDS <= seconds <= MAX_WINDOW_SECONDS:
        raise NotCovered(f"a window that is not {MIN_WINDOW_SECONDS} seconds to 7 days long, in whole seconds")
    return _selector(tree.vector_selector), int(seconds)


def _selector(tree: Any) -> str:
    """Our text of a selector. A metric must be named: only then do its series still differ without the name."""
    if not isinstance(tree, promql.VectorSelector):
        raise NotCovered(_described(tree))
    if tree.offset is not None or tree.at is not None:
        raise NotCovered("offset or @")
    if tree.matchers.or_matchers:
        raise NotCovered("or inside of a selector")
    named = [tree.name] if tree.name else []
    conditions = []
    for one in tree.matchers.matchers:
        if _is_name(one):
            named.append(one.value)
        else:
            label = one.name if _LABEL.fullmatch(one.name) else _quoted(one.name)
            conditions.append(f"{label}{_MATCH[str(one.op)]}{_quoted(one.value)}")
    if len(set(named)) != 1:
        raise NotCovered("a selector without the metric's name")
    name = named[0] if _METRIC.fullmatch(named[0]) else ""
    inside = conditions if name else [_quoted(named[0]), *conditions]
    selector = f"{name}{{{','.join(inside)}}}" if inside else name
    try:
        parse_selector(selector)
    except SelectorError as failure:
        raise NotCovered(f"a selector that is not read here ({failure})") from None
    return selector


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _label_names(labels: list[str], where: str) -> tuple[str, ...]:
    if len(labels) > 20 or any(name == NAME_LABEL or not _LABEL.fullmatch(name) for name in labels):
        raise NotCovered(f"{where} with more than 20 labels, or with names that are no plain ones")
    return tuple(labels)


def _constant(tree: Any) -> float | None:
    """The number that an expression of numbers comes to; None where there are series in it."""
    tree = _bare(tree)
    if isinstance(tree, promql.NumberLiteral):
        return float(tree.val)
    if isinstance(tree, promql.UnaryExpr):
        inner = _constant(tree.expr)
        return None if inner is None else -inner
    if not isinstance(tree, promql.BinaryExpr):
        return None
    left, right = _constant(tree.lhs), _constant(tree.rhs)
    if left is None or right is None:
        return None
    match _operator(tree):
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/" if right:
            return left / right
    return None
