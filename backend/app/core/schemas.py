"""Base classes of request and response bodies, strict about what the database and the log cannot hold."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from app.core.errors import FieldProblem, InvalidInput

MAX_DEPTH = 64
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def check_text(text: str) -> str:
    """Refuse NUL, control characters (tab and line breaks are fine) and lone surrogates."""
    if _FORBIDDEN.search(text):
        raise ValueError("must not contain control characters or broken characters")
    return text


def _check_name(text: str) -> str:
    check_text(text)
    if any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in text):
        raise ValueError("must be a single line")
    if not text.strip():
        raise ValueError("must not be blank")
    return text.strip()


def _check_instant(value: datetime) -> datetime:
    value = value.replace(tzinfo=UTC) if value.tzinfo is None else value
    try:
        value = value.astimezone(UTC)
    except OverflowError:
        raise ValueError("must lie between 1970 and 2200") from None
    if not _EARLIEST <= value < _LATEST:
        raise ValueError("must lie between 1970 and 2200")
    return value


Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_check_name)]
Text = Annotated[str, Field(max_length=10_000), AfterValidator(check_text)]
ShortText = Annotated[str, Field(max_length=500), AfterValidator(check_text)]
Instant = Annotated[datetime, AfterValidator(_check_instant)]


def _check_value(value: Any, depth: int = 0) -> None:
    if depth > MAX_DEPTH:
        raise ValueError(f"is nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, str):
        check_text(value)
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_value(key, depth + 1)
            _check_value(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _check_value(item, depth + 1)


class RequestModel(BaseModel):
    """A request body: unknown fields, non-finite numbers, control characters and surrogates are refused."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _check_characters(cls, value: Any) -> Any:
        if isinstance(value, dict | list):
            _check_value(value)
        return value


class ReadModel(BaseModel):
    """A response body, its fields listed one by one; built from rows or plain objects."""

    model_config = ConfigDict(from_attributes=True, allow_inf_nan=False)


def one_of(pointer: str, value: str | None, allowed: Sequence[str]) -> tuple[str, ...]:
    """The comma-separated values of a query parameter. Raises InvalidInput for a value that is not allowed."""
    if value is None:
        return ()
    parts = tuple(dict.fromkeys(part.strip() for part in value.split(",")))
    for part in parts:
        if part not in allowed:
            raise InvalidInput(errors=[FieldProblem(pointer=pointer, detail=f"takes {', '.join(allowed)}")])
    return parts
