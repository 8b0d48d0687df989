"""One metric of an OTLP request with the resource and the scope that it stands under, and the series of its points."""

import hashlib
from collections.abc import Iterable
from functools import cached_property
from typing import Any, NamedTuple

from app.domains.metrics.rules.otlp_messages import MESSAGES
from app.domains.metrics.rules.otlp_names import attribute_pairs, resource_labels, scope_labels, series_parts
from app.domains.metrics.rules.series import SeriesRefused, canonical_form, series_key
from app.domains.metrics.rules.wire import parse

_MARK = b"\x00"  # first byte of the cache's spellings of OTLP
CONTEXT_BYTES = 17


class Series(NamedTuple):
    """A series that was sent: its key and its canonical form."""

    key: bytes
    form: bytes


class Origin:
    """A resource and a scope, as they were sent. Their labels are made when the first new series needs them."""

    def __init__(self, resource: bytes, scope: bytes) -> None:
        self._resource, self._scope = resource, scope
        self.digest = hashlib.blake2b(b"%d:" % len(resource) + resource + b"%d:" % len(scope) + scope, digest_size=16)

    @cached_property
    def resource_labels(self) -> dict[str, str]:
        """Raises MalformedBody and UnicodeDecodeError."""
        return resource_labels(attribute_pairs(parse(MESSAGES["Resource"], self._resource).attributes))

    @cached_property
    def scope_labels(self) -> dict[str, str]:
        """Raises MalformedBody and UnicodeDecodeError."""
        scope = parse(MESSAGES["Scope"], self._scope)
        return scope_labels(scope.name.decode(), scope.version.decode(), attribute_pairs(scope.attributes))


class Family:
    """A metric. `context` stands for all of its series' labels but the points' attributes."""

    def __init__(self, origin: Origin, name: bytes, *, is_counter: bool = False) -> None:
        self.name, self.is_counter = name, is_counter
        self._origin = origin
        digest = origin.digest.copy()
        digest.update(b"\x01" + name if is_counter else b"\x00" + name)
        self.context = _MARK + digest.digest()

    def series(self, attributes: Iterable[Any]) -> Series:
        """The series of a point with these attributes. Raises SeriesRefused and MalformedBody."""
        if not self.name:
            raise SeriesRefused("a metric without a name")
        try:
            parts = series_parts(
                self.name,
                self.is_counter,
                self._origin.resource_labels,
                self._origin.scope_labels,
                attribute_pairs(attributes),
            )
        except UnicodeDecodeError:
            raise SeriesRefused("a name or an attribute is not UTF-8 text") from None
        form = canonical_form(parts, plain_names=True)
        return Series(series_key(form), form)
