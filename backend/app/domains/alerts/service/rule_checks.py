"""What a rule must fulfil before it is stored or tried: selectors and templates that can be read, labels of its own."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import TypeAdapter

from app.core.errors import FieldProblem, InvalidInput
from app.domains.alerts.rules.changing import first_threshold
from app.domains.alerts.rules.form import Condition
from app.domains.alerts.rules.observing import Wording
from app.domains.alerts.rules.states import ERROR_LABEL, Timing
from app.domains.alerts.rules.templates import TemplateError, render
from app.domains.alerts.schemas import RuleDraft
from app.domains.alerts.service.evaluating import RULE_LABEL
from app.domains.inventory.rules import parse_filter
from app.domains.metrics.rules.selectors import SelectorError, parse_selector

RESERVED_LABELS = frozenset({"alertname", "__name__", RULE_LABEL, ERROR_LABEL})
_conditions: TypeAdapter[Condition] = TypeAdapter(Condition)


class _AnyLabel(dict[str, str]):
    """Has every label, with a value that is a number too: only what no label could mend is an error."""

    def get(self, key: str, default: Any = None) -> Any:
        return "1"


def check_draft(draft: RuleDraft, pointer: str = "#") -> None:
    """Raises InvalidInput that names each selector, template and label that cannot be used."""
    errors = [*_check_condition(plain_condition(draft.condition), f"{pointer}/condition")]
    for field in ("labels", "annotations"):
        for name, text in getattr(draft, field).items():
            if field == "labels" and name in RESERVED_LABELS:
                errors.append(FieldProblem(pointer=f"{pointer}/labels/{name}", detail="is set by the product"))
            try:
                render(text, _AnyLabel(), 1.0)
            except TemplateError as failure:
                errors.append(FieldProblem(pointer=f"{pointer}/{field}/{name}", detail=str(failure)))
    if errors:
        raise InvalidInput(errors=errors)


def columns_of(draft: RuleDraft) -> dict[str, Any]:
    """The columns of a stored rule that a person decides."""
    fields = draft.model_dump(exclude={"condition", "version"})
    condition = plain_condition(draft.condition)
    return fields | {"condition": condition, "threshold": first_threshold(condition)}


def plain_condition(condition: Condition) -> dict[str, Any]:
    """A condition as JSON with all its defaults, so that equal ones are equal."""
    made: dict[str, Any] = _conditions.dump_python(condition, mode="json")
    return made


def read_condition(stored: Mapping[str, Any]) -> Condition:
    """A stored condition."""
    return _conditions.validate_python(stored)


def timing_of_draft(draft: RuleDraft) -> Timing:
    """What the machine needs of a draft."""
    return Timing(
        name=draft.name,
        for_ms=draft.for_seconds * 1000,
        keep_firing_ms=draft.keep_firing_seconds * 1000,
        no_data=draft.no_data,
        on_error=draft.on_error,
        limit=draft.instance_limit,
    )


def wording_of_draft(draft: RuleDraft) -> Wording:
    """What a draft puts on its alerts."""
    return Wording(draft.name, draft.severity, draft.labels, draft.annotations)


def _check_condition(part: Any, pointer: str) -> Iterator[FieldProblem]:
    if isinstance(part, Mapping):
        for name, value in part.items():
            if name == "selector" and isinstance(value, str):
                try:
                    parse_selector(value)
                except SelectorError as failure:
                    yield FieldProblem(pointer=f"{pointer}/{name}", detail=str(failure))
            elif name == "search" and isinstance(value, str):
                try:
                    parse_filter(search=value)
                except InvalidInput as failure:
                    yield from (FieldProblem(pointer=f"{pointer}/{name}", detail=one.detail) for one in failure.errors)
            else:
                yield from _check_condition(value, f"{pointer}/{name}")
    elif isinstance(part, list):
        for place, value in enumerate(part):
            yield from _check_condition(value, f"{pointer}/{place}")
