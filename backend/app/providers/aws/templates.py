"""Ids and names from templates: `arn:{partition}:ec2:{region}:{account}:instance/{InstanceId}`."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from app.providers.aws.paths import find_all

_PLACE = re.compile(r"\{([^{}]+)\}")


@lru_cache(maxsize=4096)
def _parts(template: str) -> tuple[str, ...]:
    """Literals at even positions, places at odd ones."""
    return tuple(_PLACE.split(template))


def fill_all(template: str, place: Mapping[str, str], item: Any) -> list[str]:
    """One text per value of the item's path in the template; none where a path has no value.

    At most one place of a template may have several values.
    """
    texts = [""]
    for index, part in enumerate(_parts(template)):
        if index % 2 == 0:
            texts = [text + part for text in texts]
            continue
        known = place.get(part)
        values: Sequence[Any] = [known] if known is not None else find_all(item, part)
        texts = [f"{text}{value}" for text in texts for value in values if value != ""]
        if not texts:
            break
    return texts


def fill(template: str, place: Mapping[str, str], item: Any) -> str | None:
    """The first text, or None."""
    texts = fill_all(template, place, item)
    return texts[0] if texts else None
