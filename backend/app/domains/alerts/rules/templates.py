"""Texts of rules with values in them, in the part of Go's templates that Prometheus' rule files use.

`{{ $labels.instance }}`, `{{ $value }}`, `{{ $value | humanize }}`, `{{ printf "%.2f" $value }}`. Nothing is run: a
term is looked up, a function is one of a table. Formats are those of Prometheus' template/template.go (v3.5).
"""

import math
import re
from collections.abc import Callable, Mapping
from decimal import Decimal

MAX_TEXT = 10_000  # characters of a rendered text
_ACTION = re.compile(r"\{\{-?([^{}]*)\}\}")
_TOKEN = re.compile(r'\s*(?:(?P<pipe>\|)|(?P<text>"(?:[^"\\]|\\.)*"|`[^`]*`)|(?P<word>[^\s|"`]+))')
_LABEL = re.compile(r"(?:\$labels|\.Labels)\.([A-Za-z_][A-Za-z0-9_]*)")
_FORMAT = re.compile(r"%(?:%|(?P<flags>[-+ 0]{0,3})(?P<width>\d{0,2})(?:\.(?P<digits>\d{1,2}))?(?P<verb>[vsdfgeq]))")
_PLAIN_EXPONENT = 6  # from here up %v writes an exponent, as Go does


class TemplateError(Exception):
    """A text that cannot be rendered; says why."""


Value = str | float


def render(template: str, labels: Mapping[str, str], value: float | None) -> str:
    """The text. Raises TemplateError for what is not in the table, at most MAX_TEXT characters."""
    if "{{" not in template:
        return template[:MAX_TEXT]
    made = _ACTION.sub(lambda match: _show(_evaluate(match[1], labels, value)), template)
    left = _ACTION.sub("", template)
    if "{{" in left or "}}" in left:
        raise TemplateError("braces are not closed")
    return made[:MAX_TEXT]


def render_or_explain(template: str, labels: Mapping[str, str], value: float | None) -> str:
    """The text, or why there is none, in the words that Prometheus puts there."""
    try:
        return render(template, labels, value)
    except TemplateError as failure:
        return f"<error expanding template: {failure}>"


def uses_value(template: str) -> bool:
    """Whether the text changes with the value, so that it must be rendered anew each time."""
    return "$value" in template or ".Value" in template


def _evaluate(action: str, labels: Mapping[str, str], value: float | None) -> Value:
    action = action.strip().removesuffix("-").strip()
    commands: list[list[Value | str]] = [[]]
    names: list[list[str]] = [[]]
    position = 0
    while position < len(action):
        match = _TOKEN.match(action, position)
        if match is None:
            raise TemplateError(f"cannot read {action[position : position + 40]!r}")
        position = match.end()
        if match["pipe"]:
            commands.append([])
            names.append([])
            continue
        word = match["word"]
        if word in _FUNCTIONS and not commands[-1] and not names[-1]:
            names[-1].append(word)
        else:
            commands[-1].append(_unquote(match["text"]) if match["text"] else _look_up(word, labels, value))
    result: Value | None = None
    for function, arguments in zip(names, commands, strict=True):
        given = [*arguments] if result is None else [*arguments, result]
        result = _call(function, given)
    if result is None:
        raise TemplateError("missing value for command")
    return result


def _call(function: list[str], given: list[Value]) -> Value:
    if not function:
        if len(given) != 1:
            raise TemplateError("one value belongs between the braces")
        return given[0]
    if function[0] == "printf":
        return _printf(given)
    if len(given) != 1:
        raise TemplateError(f"{function[0]} takes one value")
    return _FUNCTIONS[function[0]](given[0])


def _look_up(word: str, labels: Mapping[str, str], value: float | None) -> Value:
    if word in ("$value", ".Value"):
        return math.nan if value is None else value
    if match := _LABEL.fullmatch(word):
        return labels.get(match[1], "")
    try:
        return float(word)
    except ValueError:
        raise TemplateError(f"{word[:60]!r} is not known here") from None


def _unquote(text: str) -> str:
    return (
        text[1:-1] if text[0] == "`" else re.sub(r"\\(.)", lambda m: {"n": "\n", "t": "\t"}.get(m[1], m[1]), text[1:-1])
    )


def _number(value: Value) -> float:
    try:
        return float(value)
    except ValueError:
        raise TemplateError(f"{str(value)[:60]!r} is not a number") from None


def go_number(value: float) -> str:
    """A number as Go's %v writes it: 1e+06, 0.5, +Inf."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    assert isinstance(exponent, int)  # noqa: S101  # finite
    figures = "".join(map(str, digits)).lstrip("0")
    trimmed = figures.rstrip("0")
    if not trimmed:
        return "-0" if sign else "0"
    power = len(figures) + exponent - 1
    if -4 <= power < _PLAIN_EXPONENT:
        return f"{Decimal(repr(value)).normalize():f}"
    mantissa = trimmed[0] + ("." + trimmed[1:] if len(trimmed) > 1 else "")
    return f"{'-' if sign else ''}{mantissa}e{'-' if power < 0 else '+'}{abs(power):02d}"


def _show(value: Value) -> str:
    return value if isinstance(value, str) else go_number(value)


def _short(value: float) -> str:
    return f"{value:.4g}" if math.isfinite(value) else go_number(value)


def _humanize(given: Value, base: float = 1000.0) -> str:
    value = _number(given)
    if value == 0 or not math.isfinite(value):
        return _short(value)
    prefix = ""
    if abs(value) >= 1:
        for one in "kMGTPEZY" if base == 1000.0 else ("ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"):
            if abs(value) < base:
                break
            prefix, value = one, value / base
    elif base == 1000.0:
        for one in "munpfazy":
            if abs(value) >= 1:
                break
            prefix, value = one, value * 1000
    return _short(value) + prefix


def _humanize_1024(given: Value) -> str:
    value = _number(given)
    return _short(value) if abs(value) <= 1 else _humanize(value, 1024.0)


def _humanize_duration(given: Value) -> str:
    value = _number(given)
    if not math.isfinite(value):
        return _short(value)
    if value == 0:
        return "0s"
    if abs(value) < 1:
        return _humanize(value) + "s"
    whole = int(abs(value))
    sign = "-" if value < 0 else ""
    days, hours, minutes, seconds = whole // 86_400, whole // 3_600 % 24, whole // 60 % 60, whole % 60
    if days:
        return f"{sign}{days}d {hours}h {minutes}m {seconds}s"
    if hours:
        return f"{sign}{hours}h {minutes}m {seconds}s"
    return f"{sign}{minutes}m {seconds}s" if minutes else f"{_short(value)}s"


def _printf(given: list[Value]) -> str:
    if not given or not isinstance(given[0], str):
        raise TemplateError("printf takes a format first")
    values = iter(given[1:])

    def write(match: re.Match[str]) -> str:
        if match["verb"] is None:
            return "%"
        value = next(values, None)
        if value is None:
            raise TemplateError("printf has too few values")
        verb, digits = match["verb"], match["digits"]
        if verb == "v" or (verb == "s" and isinstance(value, str)):
            text = _show(value)
        elif verb == "q":
            text = '"' + _show(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
        elif verb in "feg" and not isinstance(value, str) and math.isfinite(value):
            shown = go_number(value) if verb == "g" and digits is None else f"{value:.{digits or 6}{verb}}"
            text = "+" + shown if "+" in match["flags"] and value >= 0 else shown
        elif verb in "feg" and not isinstance(value, str):
            text = go_number(value)
        else:
            raise TemplateError(f"%{verb} does not fit its value")
        width = int(match["width"] or 0)
        return text.ljust(width) if "-" in match["flags"] else text.rjust(width)

    return _FORMAT.sub(write, given[0])


_FUNCTIONS: dict[str, Callable[[Value], Value]] = {
    "printf": lambda given: given,  # has several values: see _printf
    "humanize": _humanize,
    "humanize1024": _humanize_1024,
    "humanizeDuration": _humanize_duration,
    "humanizePercentage": lambda given: f"{_short(_number(given) * 100)}%",
    "title": lambda given: re.sub(r"\b\w", lambda m: m[0].upper(), _show(given)),
    "toUpper": lambda given: _show(given).upper(),
    "toLower": lambda given: _show(given).lower(),
}
