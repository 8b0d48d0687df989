"""Protobuf messages read with descriptors of our own: as flat as the columns need them.

What is looked at a million times stays `bytes`, so that the C parser walks and Python only slices. The descriptors are
those of Remote-Write 1.0 and 2.0 and of OTLP (`wire_formats.md`, sections 3 and 4) as far as they are read; members
that are not named here are skipped by the parser. All members have presence.
"""

from collections.abc import Mapping
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory  # type: ignore[import-untyped]
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from app.core.errors import MalformedBody, TooLarge

_SCALARS = {
    "double": 1,
    "int64": 3,
    "uint64": 4,
    "int32": 5,
    "fixed64": 6,
    "bool": 8,
    "bytes": 12,
    "uint32": 13,
    "sfixed64": 16,
    "sint32": 17,
    "sint64": 18,
}
_MESSAGE, _OPTIONAL, _REPEATED = 11, 1, 3
_SCANNED_FROM = 1024 * 1024
"""Below this many bytes no number of elements is dangerous: each costs at most some 60 bytes of memory."""


def message_classes(package: str, messages: Mapping[str, str]) -> dict[str, Any]:
    """Classes for messages given as {name: "number:kind member, number:kind* repeated"}; kinds are scalars or names."""
    file = descriptor_pb2.FileDescriptorProto(name=f"cloudops/{package}.proto", package=package, syntax="proto2")
    for name, members in messages.items():
        message = file.message_type.add(name=name)
        for member in members.split(","):
            number, _, rest = member.strip().partition(":")
            kind, _, member_name = rest.partition(" ")
            scalar = _SCALARS.get(kind.rstrip("*"))
            message.field.add(
                name=member_name,
                number=int(number),
                label=_REPEATED if kind.endswith("*") else _OPTIONAL,
                type=_MESSAGE if scalar is None else scalar,
                type_name=f".{package}.{kind.rstrip('*')}" if scalar is None else None,
            )
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.{name}")) for name in messages}


def parse(message_class: Any, body: bytes) -> Any:
    """The message. Raises MalformedBody."""
    try:
        return message_class.FromString(body)
    except DecodeError:
        raise MalformedBody("The body is not the protobuf message that its type says.") from None


def check_element_count(body: bytes, most: int) -> None:
    """Raises TooLarge for a message with more members than `most`: millions of empty ones make a small body dangerous.

    What is no protobuf is left to the parser.
    """
    if len(body) < _SCANNED_FROM:
        return
    position, count, end = 0, 0, len(body)
    while position < end:
        count += 1
        if count > most:
            raise TooLarge("There is too much in one request. Send fewer samples at a time.")
        tag, position = read_varint(body, position)
        kind = tag & 7
        if kind == 0:
            _, position = read_varint(body, position)
        elif kind == 1:
            position += 8
        elif kind == 2:
            length, position = read_varint(body, position)
            position += length
        elif kind == 5:
            position += 4
        elif kind > 5:  # kinds 3 and 4 bracket a group, whose members count like any others
            return


def read_varint(body: bytes, position: int) -> tuple[int, int]:
    """A base-128 number and where it ends; one that the body cuts off ends behind the body."""
    value = shift = 0
    while position < len(body):
        byte = body[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
        if shift > 63:
            break
    return value, len(body) + 1
