"""Bodies of completion."""

from typing import Literal

from pydantic import Field

from app.core.schemas import ReadModel


class SearchFieldRead(ReadModel):
    """A field of the search language. `kind` tells which operators it takes: see `operators`."""

    name: str
    kind: Literal["text", "tag", "number", "instant", "flag", "property"]
    description: str
    example: str
    operators: list[str]
    values: list[str]


class SearchFields(ReadModel):
    """Every field."""

    items: list[SearchFieldRead]


class CompletionOption(ReadModel):
    """What the text between `from` and `to` may become; `detail` is for showing, such as a count."""

    text: str
    kind: Literal["field", "value", "key"]
    detail: str


class Completion(ReadModel):
    """Options for the term at the cursor. `from` and `to` are characters of the text, from 0, `to` exclusive."""

    from_: int = Field(alias="from", serialization_alias="from")
    to: int
    options: list[CompletionOption]
