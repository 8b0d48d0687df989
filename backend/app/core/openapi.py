"""The OpenAPI document, and the start-up checks that hold every route to the same rules."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from app.core import errors
from app.core.errors import Problem, problems

PUBLIC_ROUTES = frozenset(
    {
        "sign_in",
        "refresh_session",
        "read_jwks",
        "read_health",
        "read_readiness",
        "read_metrics",
        "read_page",
    }
)
COMMON_PROBLEMS = (errors.InvalidInput, errors.RateLimited, errors.Unavailable)
BODY_PROBLEMS = (errors.MalformedBody, errors.TooLarge, errors.UnsupportedMediaType)


def permissions_of(dependant: Dependant) -> Iterator[str]:
    """The permissions that a route's dependencies declare through `allow`."""
    for dependency in dependant.dependencies:
        permission = getattr(dependency.call, "permission", None)
        if permission is not None:
            yield permission
        yield from permissions_of(dependency)


def require_permissions(app: FastAPI) -> None:
    """Refuse to start when a route outside the public list declares no permission, or more than one."""
    names: set[str] = set()
    for route in api_routes(app):
        declared = set(permissions_of(route.dependant))
        if route.name in PUBLIC_ROUTES:
            if declared:
                raise RuntimeError(f"the public route {route.name} declares {declared}")
        elif len(declared) != 1:
            raise RuntimeError(f"{route.path} ({route.name}) declares {len(declared)} permissions; it needs one")
        if route.include_in_schema and route.name in names:
            raise RuntimeError(f"two routes are named {route.name}; the name is the client's function")
        names.add(route.name)


def api_routes(app: FastAPI) -> Iterator[APIRoute]:
    """Every route with an endpoint of ours."""
    for route in app.routes:
        if isinstance(route, APIRoute):
            yield route


def complete_responses(app: FastAPI) -> None:
    """Add the failures that every route shares to what each declares itself."""
    for route in api_routes(app):
        shared = list(COMMON_PROBLEMS)
        if route.name not in PUBLIC_ROUTES:
            shared += [errors.Unauthenticated, errors.Forbidden]
        if "{" in route.path:
            shared.append(errors.NotFound)
        if route.body_field is not None or route.methods & {"POST", "PUT", "PATCH"}:
            shared += BODY_PROBLEMS
        for status, description in problems(*shared).items():
            route.responses.setdefault(status, description)


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI 3.1 document, with the problem shape and the bearer scheme."""
    if app.openapi_schema is not None:
        return app.openapi_schema
    document = get_openapi(
        title=app.title, version=app.version, summary=app.summary, routes=app.routes, openapi_version="3.1.0"
    )
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs", {}))
    schemas["Problem"] = problem
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    by_name = {route.name: route for route in api_routes(app)}
    for path in document.get("paths", {}).values():
        for operation in path.values():
            _finish_operation(operation, by_name.get(operation.get("operationId", "")))
    app.openapi_schema = document
    return document


def _finish_operation(operation: dict[str, Any], route: APIRoute | None) -> None:
    if route is not None and route.name not in PUBLIC_ROUTES:
        operation["security"] = [{"bearer": []}]
        operation["x-permission"] = next(permissions_of(route.dependant))
    refused = operation.get("responses", {}).get("422")
    if refused is not None and "application/json" in refused.get("content", {}):
        refused["content"] = problems(errors.InvalidInput)[422]["content"]
