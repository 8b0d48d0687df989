"""Conditions of ours as PromQL, for clients that read rules as Prometheus serves them."""

from app.domains.alerts.rules.form import (
    LOOKBACK_SECONDS,
    Absence,
    Combination,
    Condition,
    Promql,
    Ratio,
    Reading,
    Threshold,
)
from app.domains.alerts.rules.promql_files import write_duration
from app.domains.alerts.rules.templates import go_number


def expression_of(condition: Condition) -> str:
    """The expression that has results where the condition is entered; of what PromQL cannot ask, the kind's name."""
    match condition:
        case Threshold():
            return _compared(_reading(condition.reading), condition)
        case Ratio():
            ratio = f"{_reading(condition.over)} / {_reading(condition.under)}"
            return _compared(ratio if condition.times == 1 else f"({ratio})", condition)
        case Absence():
            if condition.past_marks or condition.window_seconds != LOOKBACK_SECONDS:
                return f"absent_over_time({condition.selector}[{write_duration(condition.window_seconds)}])"
            return f"absent({condition.selector})"
        case Combination():
            word = "and" if condition.kind == "all" else "or"
            matching = "" if condition.on is None else f" on ({', '.join(condition.on)})"
            return f" {word}{matching} ".join(expression_of(part) for part in condition.parts)
    return condition.query if isinstance(condition, Promql) else condition.kind


def _compared(text: str, condition: Threshold | Ratio) -> str:
    times, plus, enter = condition.times, condition.plus, condition.enter
    if plus and times < 0:
        value = f"{go_number(plus)} - {_times(text, -times)}"
    elif plus:
        value = f"{_times(text, times)} {'+' if plus > 0 else '-'} {go_number(abs(plus))}"
    else:
        value = _times(text, times)
    return f"{value} {enter.operator} {go_number(enter.threshold)}"


def _times(text: str, times: float) -> str:
    return text if times == 1 else f"-{text}" if times == -1 else f"{text} * {go_number(times)}"


def _reading(reading: Reading) -> str:
    text = _function(reading)
    if reading.aggregate is None:
        return text
    by = f" by ({', '.join(reading.by)}) " if reading.by else ""
    return f"{reading.aggregate}{by}({text})"


def _function(reading: Reading) -> str:
    window = f"{reading.selector}[{write_duration(reading.window_seconds)}]"
    match reading.function:
        case "last" if reading.window_seconds == LOOKBACK_SECONDS:
            return reading.selector
        case "rate" | "increase":
            return f"{reading.function}({window})"
        case "forecast":
            return f"predict_linear({window}, {reading.ahead_seconds})"
        case function:
            return f"{function}_over_time({window})"
