"""What the middleware must know of a route before the application runs: template, query names, body types."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, params
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel

QUERY_PREFIXES = "x-query-prefixes"
"""Key of a route's `openapi_extra`: beginnings of query names that vary, such as `["filter."]`."""

UNMATCHED = "unmatched"
_JSON, _FORM, _MULTIPART = "application/json", "application/x-www-form-urlencoded", "multipart/form-data"


@dataclass(frozen=True, kw_only=True)
class RouteFacts:
    """One route. `query_names` is None where the query is free (pages); `media_types`: what its body may be."""

    template: str
    methods: frozenset[str]
    query_names: frozenset[str] | None
    query_prefixes: tuple[str, ...]
    media_types: frozenset[str]


NO_ROUTE = RouteFacts(
    template=UNMATCHED,
    methods=frozenset(),
    query_names=None,
    query_prefixes=(),
    media_types=frozenset({_JSON, _FORM, _MULTIPART}),
)


class RouteTable:
    """Finds the route of a request in the order in which the application would."""

    def __init__(self, app: FastAPI) -> None:
        self._by_shape: dict[tuple[int, str], list[tuple[re.Pattern[str], RouteFacts]]] = defaultdict(list)
        self._open_ended: list[tuple[re.Pattern[str], RouteFacts]] = []
        for context in iter_route_contexts(app.routes):
            pattern: re.Pattern[str] | None = getattr(context, "path_regex", None)
            if pattern is None or not context.path or not context.methods:
                continue
            entry = (pattern, _facts(context))
            if ":path}" in context.path:
                self._open_ended.append(entry)
            else:
                self._by_shape[_shape(context.path)].append(entry)

    def find(self, method: str, path: str) -> RouteFacts:
        """The route for this method, else one of the same path, else NO_ROUTE."""
        other: RouteFacts = NO_ROUTE
        slashes, third = _shape(path)
        candidates = list(self._by_shape.get((slashes, ""), ()))
        if third:
            candidates += self._by_shape.get((slashes, third), ())
        candidates += self._open_ended
        for pattern, facts in candidates:
            if pattern.match(path):
                if method in facts.methods:
                    return facts
                other = facts if other is NO_ROUTE else other
        return other


def _shape(path: str) -> tuple[int, str]:
    """Number of segments and the third one (`alerts` of /api/v1/alerts/…): leaves a handful of routes to try."""
    parts = path.split("/", 4)
    third = parts[3] if len(parts) > 3 else ""
    return path.count("/"), "" if third.startswith("{") else third


def _facts(context: Any) -> RouteFacts:
    extra: dict[str, Any] = getattr(context, "openapi_extra", None) or {}
    own = isinstance(context.original_route, APIRoute) and context.path.startswith("/api/")
    return RouteFacts(
        template=context.path_format,
        methods=frozenset(context.methods),
        query_names=frozenset(_query_names(context.dependant)) if own else None,
        query_prefixes=tuple(extra.get(QUERY_PREFIXES, ())),
        media_types=_media_types(context, extra) if own else NO_ROUTE.media_types,
    )


def _query_fields(dependant: Dependant) -> Iterator[Any]:
    yield from dependant.query_params
    for dependency in dependant.dependencies:
        yield from _query_fields(dependency)


def _query_names(dependant: Dependant) -> Iterator[str]:
    """The names a route reads; a single model of parameters stands for its fields, as in FastAPI."""
    fields = list(_query_fields(dependant))
    shape = fields[0].field_info.annotation if len(fields) == 1 else None
    if isinstance(shape, type) and issubclass(shape, BaseModel):
        yield from (info.alias or name for name, info in shape.model_fields.items())
    else:
        yield from (field.alias for field in fields)


def _media_types(context: Any, extra: dict[str, Any]) -> frozenset[str]:
    declared = frozenset(extra.get("requestBody", {}).get("content", {}))
    if context.body_field is None:
        return declared or frozenset({_JSON})
    info = context.body_field.field_info
    if isinstance(info, params.File):
        return declared | {_MULTIPART}
    if isinstance(info, params.Form):
        return declared | {_FORM, _MULTIPART}
    return declared | {getattr(info, "media_type", _JSON)}
