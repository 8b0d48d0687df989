"""Cursor pagination: an opaque cursor names the last row's sort key, so pages stay right while rows arrive."""

import base64
import binascii
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import orjson
from fastapi import Query
from pydantic import BaseModel

from app.core.errors import FieldProblem, InvalidInput

T = TypeVar("T")

DEFAULT_LIMIT, MAX_LIMIT = 50, 500


class Page(BaseModel, Generic[T]):
    """One page of a list. `total` is null where counting would cost more than the page."""

    items: list[T]
    next_cursor: str | None = None
    total: int | None = None


Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Rows a page.")]
Cursor = Annotated[str | None, Query(max_length=2_000, description="`next_cursor` of the page before.")]


def encode_cursor(*key: Any) -> str:
    """An opaque cursor of the sort key's parts (JSON values, UUIDs and datetimes)."""
    return base64.urlsafe_b64encode(orjson.dumps(list(key), default=str)).decode().rstrip("=")


def decode_cursor(cursor: str | None, length: int) -> list[Any] | None:
    """The sort key's parts, `length` of them; None without a cursor. Raises InvalidInput for a foreign one."""
    if cursor is None:
        return None
    try:
        key = orjson.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error):
        key = None
    if not isinstance(key, list) or len(key) != length:
        raise invalid_cursor()
    return key


def invalid_cursor() -> InvalidInput:
    """What a cursor gets that we did not make, also when its parts turn out to have the wrong type."""
    return InvalidInput(errors=[FieldProblem(pointer="query/cursor", detail="is not a cursor of this list")])


def cursor_uuid(value: Any) -> UUID:
    """A cursor's part that is an id. Raises InvalidInput when it is not."""
    try:
        return UUID(value)
    except (ValueError, TypeError, AttributeError):
        raise invalid_cursor() from None


def cursor_instant(value: Any) -> datetime:
    """A cursor's part that is an instant with its zone, of years that a database can hold. Raises InvalidInput."""
    try:
        instant = datetime.fromisoformat(value)
    except (ValueError, TypeError):
        raise invalid_cursor() from None
    if instant.tzinfo is None or not 1970 <= instant.year < 2200:
        raise invalid_cursor()
    return instant
