"""Our questions in PromQL, for servers that are asked instead of read."""

from collections.abc import Sequence

from app.domains.metrics.rules.ranges import Function
from app.domains.metrics.rules.selectors import NAME_LABEL, Matcher

_QUANTILES = {"p50": "0.5", "p90": "0.9", "p95": "0.95", "p99": "0.99"}
_GROWTH = ("rate", "increase")


def range_expression(selector: str, function: Function, step_seconds: int) -> str:
    """What the samples of each step come to. `selector` is one that was read before, so nothing else can be in it."""
    window = f"{selector}[{step_seconds}s]"
    if function in _QUANTILES:
        return f"quantile_over_time({_QUANTILES[function]}, {window})"
    return f"{function}({window})" if function in _GROWTH else f"{function}_over_time({window})"


def name_of(matchers: Sequence[Matcher]) -> str:
    """The metric that is asked for, empty where a pattern asks for several; functions drop it from the answer."""
    return next((one.value for one in matchers if one.label == NAME_LABEL and one.operator == "="), "")
