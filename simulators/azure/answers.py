"""What the simulator answers with."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson


class Answer(NamedTuple):
    """Status, JSON body and headers."""

    status: int
    body: bytes
    headers: Mapping[str, str] = {}


def ok(value: Any) -> Answer:
    """200 with JSON."""
    return Answer(200, orjson.dumps(value))


def error(status: int, code: str, message: str, *, details: Sequence[Mapping[str, str]] = ()) -> Answer:
    """ARM's error JSON."""
    content: dict[str, Any] = {"code": code, "message": message}
    if details:
        content["details"] = list(details)
    return Answer(status, orjson.dumps({"error": content}))


def forbidden(caller: str, action: str, scope: str) -> Answer:
    """The words in which ARM refuses."""
    return error(
        403,
        "AuthorizationFailed",
        f"The client '{caller}' with object id '{caller}' does not have authorization to perform action "
        f"'{action}' over scope '{scope}' or the scope is invalid. If access was recently granted, please refresh "
        "your credentials.",
    )
