"""A value that must not be shown by accident."""

import hmac
from typing import Any, NoReturn

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

MASK = "**********"


class Secret:
    """A value that shows itself only through `reveal`; text, JSON and logs get a mask, pickling is refused.

    As a field of a request model it takes a JSON string.
    """

    __slots__ = ("_content",)

    def __init__(self, content: str | bytes) -> None:
        self._content = content.encode() if isinstance(content, str) else bytes(content)

    def reveal(self) -> str:
        """The value as text."""
        return self._content.decode()

    def reveal_bytes(self) -> bytes:
        """The value as bytes."""
        return self._content

    @property
    def hint(self) -> str:
        """What a person may see to recognise it: the last four characters of a long enough value."""
        text = self._content.decode(errors="replace")
        return f"…{text[-4:]}" if len(text) >= 16 else "…"

    def __str__(self) -> str:
        return MASK

    def __repr__(self) -> str:
        return f"Secret('{MASK}')"

    def __format__(self, format_spec: str) -> str:
        return format(MASK, format_spec)

    def __bool__(self) -> bool:
        return bool(self._content)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._content, other._content)

    def __hash__(self) -> int:
        raise TypeError("a Secret cannot be hashed")

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret cannot be pickled or copied")

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("a Secret cannot be pickled or copied")

    def __copy__(self) -> "Secret":
        return self

    def __deepcopy__(self, memo: Any) -> "Secret":
        return self

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from_text = core_schema.no_info_after_validator_function(cls, core_schema.str_schema(strict=True))
        return core_schema.json_or_python_schema(
            json_schema=from_text,
            python_schema=core_schema.union_schema([core_schema.is_instance_schema(cls), from_text]),
            serialization=core_schema.plain_serializer_function_ser_schema(str),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "format": "password", "writeOnly": True}
