"""OTLP's JSON made protobuf, so that there is one way to read points.

It is proto3's JSON but for what the OTLP specification changes: enumerations are integers only, trace and span ids are
hexadecimal, members are in lower camel case only, and unknown ones are ignored.
"""

import base64
import math
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import orjson
from google.protobuf.descriptor import Descriptor, FieldDescriptor  # type: ignore[import-untyped]
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from app.core.errors import MalformedBody, TooLarge

_MAX_PARTS = 1_500_000
"""Objects, arrays and members of a body: each costs up to 250 bytes of memory."""
_MAX_DEPTH = 64
_IDS = frozenset({"trace_id", "span_id"})
_WHOLE = re.compile(r"-?[0-9]{1,20}", re.ASCII)
_NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


class _Field(NamedTuple):
    name: str
    is_repeated: bool
    message: Any  # its descriptor, None for scalars
    convert: Callable[[Any], Any]


def protobuf_of_json(body: bytes) -> bytes:
    """The same request in protobuf. Raises MalformedBody and TooLarge."""
    if body.count(b"{") + body.count(b"[") + body.count(b",") > _MAX_PARTS:
        raise TooLarge("There is too much in one request. Send fewer points at a time.")
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise MalformedBody("The body is not valid JSON.") from None
    request = ExportMetricsServiceRequest()
    try:
        _fill(request, content, 0)
        packed: bytes = request.SerializeToString()
    except (ValueError, TypeError):  # also what protobuf raises for a number out of range
        raise MalformedBody("The body is not OTLP's JSON: a member has a value of another type.") from None
    return packed


def _fill(message: Any, content: Any, depth: int) -> None:
    """Set the members of a message. Raises ValueError and TypeError."""
    if not isinstance(content, dict) or depth > _MAX_DEPTH:
        raise ValueError
    fields = _fields_of(message.DESCRIPTOR)
    for name, value in content.items():
        field = fields.get(name)
        if field is None or value is None:
            continue
        if field.is_repeated:
            if not isinstance(value, list):
                raise TypeError
            target = getattr(message, field.name)
            if field.message is None:
                target.extend(map(field.convert, value))
            else:
                for item in value:
                    _fill(target.add(), item, depth + 1)
        elif field.message is None:
            setattr(message, field.name, field.convert(value))
        else:
            child = getattr(message, field.name)
            child.SetInParent()
            _fill(child, value, depth + 1)


@lru_cache(maxsize=64)
def _fields_of(descriptor: Descriptor) -> dict[str, _Field]:
    """The members of a message by their JSON names."""
    return {
        field.json_name: _Field(field.name, field.is_repeated, field.message_type, _converter(field))
        for field in descriptor.fields
    }


def _converter(field: FieldDescriptor) -> Callable[[Any], Any]:
    if field.type == field.TYPE_BYTES:
        return bytes.fromhex if field.name in _IDS else _base64
    if field.type in (field.TYPE_DOUBLE, field.TYPE_FLOAT):
        return _number
    if field.type == field.TYPE_BOOL:
        return _flag
    if field.type == field.TYPE_STRING:
        return _string
    return _enumeration if field.type == field.TYPE_ENUM else _whole


def _base64(value: Any) -> bytes:
    text = _string(value).replace("-", "+").replace("_", "/")
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool):
        raise TypeError
    if isinstance(value, str):
        return _NOT_FINITE[value] if value in _NOT_FINITE else float(orjson.loads(value))
    return float(value)


def _whole(value: Any) -> Any:
    """The number of a text or of a fraction of nothing; what is neither is refused where it is set."""
    if (isinstance(value, str) and _WHOLE.fullmatch(value)) or (isinstance(value, float) and value.is_integer()):
        return int(value)
    return value


def _enumeration(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError
    return value
