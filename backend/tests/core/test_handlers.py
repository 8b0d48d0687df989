"""Where an invalid value stands, as the caller sent it."""

from typing import Annotated, Literal

import pytest
from app.core.handlers import pointer_of
from pydantic import BaseModel, Field, TypeAdapter, ValidationError


class Key(BaseModel):
    kind: Literal["key"]
    secret: str


class Role(BaseModel):
    kind: Literal["role"]
    arn: Annotated[str, Field(min_length=3)]
    tags: list[int] = []


class Body(BaseModel):
    credentials: Annotated[Key | Role, Field(discriminator="kind")]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"credentials": {"kind": "role", "arn": "x"}}, "#/credentials/arn"),
        ({"credentials": {"kind": "key"}}, "#/credentials/secret"),
        ({"credentials": {"kind": "role", "arn": "long", "tags": [1, "x"]}}, "#/credentials/tags/1"),
        ({"credentials": {"kind": "none"}}, "#/credentials"),
        ({}, "#/credentials"),
    ],
)
def test_a_pointer_names_the_value_as_it_was_sent(body: object, pointer: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(Body).validate_python(body)

    (found,) = caught.value.errors()
    assert pointer_of(("body", *found["loc"]), body, is_missing=found["type"] == "missing") == pointer
