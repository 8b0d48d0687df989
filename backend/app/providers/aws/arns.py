"""From an ARN to the catalogue's type and the parts of the id, by the very templates that make ids."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from app.providers.aws.catalogue import all_types
from app.providers.aws.catalogue.model import ResourceType, Service

_PLACE = re.compile(r"\{([^{}]+)\}")
_OF_THE_UNIT = frozenset({"partition", "region", "account"})


class Arn(NamedTuple):
    """The six parts. `region` and `account` are empty where the service has none."""

    partition: str
    service: str
    region: str
    account: str
    resource: str


class Match(NamedTuple):
    """A type that has such ids. `parts` are the values of its template's places."""

    service: Service
    entry: ResourceType
    parts: Mapping[str, str]


class _Pattern(NamedTuple):
    service: Service
    entry: ResourceType
    regex: re.Pattern[str]
    is_alias: bool


def split(text: str) -> Arn | None:
    """None for what is no ARN."""
    pieces = text.split(":", 5)
    if len(pieces) != 6 or pieces[0] != "arn" or not pieces[2] or not pieces[5]:
        return None
    return Arn(*pieces[1:])


def template_of(entry: ResourceType) -> str:
    """The template whose places take a native id of the type apart."""
    return entry.arn or entry.native_id


def matches(text: str, native_type: str = "") -> Iterator[Match]:
    """Types that have such native ids, in the catalogue's order; also by an alias that is an ARN, those last."""
    arn = split(text)
    found = _patterns().get(arn.service, ()) if arn else ()
    for wants_alias in (False, True):
        for pattern in found:
            if pattern.is_alias is not wants_alias or native_type not in ("", pattern.entry.native_type):
                continue
            match = pattern.regex.fullmatch(text)
            if match:
                yield Match(pattern.service, pattern.entry, match.groupdict())


def is_modelled(text: str) -> bool:
    """Whether the catalogue lists such things itself."""
    return next(matches(text), None) is not None


@lru_cache(maxsize=1)
def _patterns() -> Mapping[str, list[_Pattern]]:
    """By the ARN's service, which templates have in plain text."""
    made: dict[str, list[_Pattern]] = {}
    for service, entry in all_types():
        for template in (template_of(entry), *entry.aliases):
            if template.startswith("arn:"):
                pattern = _Pattern(service, entry, _regex(template), template is not template_of(entry))
                made.setdefault(template.split(":")[2], []).append(pattern)
    return made


def _regex(template: str) -> re.Pattern[str]:
    """Places match up to the next separator; the last one whatever is left, for names may have separators in them."""
    pieces = _PLACE.split(template)
    last = max((index for index in range(1, len(pieces), 2)), default=0)
    text = ""
    for index, piece in enumerate(pieces):
        if index % 2 == 0:
            text += re.escape(piece)
            continue
        if piece in _OF_THE_UNIT:
            within = "[^:]*"
        else:  # names of log groups have slashes in them
            within = ".+" if index == last else "[^:]+" if pieces[index + 1].startswith(":") else "[^:/]+"
        name = re.sub(r"\W", "_", piece)
        text += f"(?P={name})" if f"(?P<{name}>" in text else f"(?P<{name}>{within})"
    return re.compile(text)
