"""The OpenAPI document, and the start-up checks that hold every route to the same rules."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, iter_route_contexts

from app.core import errors
from app.core.errors import AppError, Problem, problems
from app.core.request_checks import BodyTooSlow, HeadersTooLarge, UrlTooLong

PUBLIC_ROUTES = frozenset(
    {
        "sign_in",
        "refresh_session",
        "finish_sign_in",
        "start_mfa_passkey",
        "report_lost_factors",
        "start_passkey_sign_in",
        "sign_in_with_passkey",
        "request_password_reset",
        "reset_password",
        "verify_email",
        "start_device_sign_in",
        "exchange_token",
        "list_sign_in_methods",
        "start_oidc_sign_in",
        "finish_oidc_sign_in",
        "log_out_at_oidc_provider",
        "start_saml_sign_in",
        "finish_saml_sign_in",
        "read_saml_metadata",
        "read_scim_configuration",
        "list_scim_resource_types",
        "read_scim_resource_type",
        "list_scim_schemas",
        "read_scim_schema",
        "list_scim_users",
        "create_scim_user",
        "read_scim_user",
        "replace_scim_user",
        "patch_scim_user",
        "delete_scim_user",
        "list_scim_groups",
        "create_scim_group",
        "read_scim_group",
        "replace_scim_group",
        "patch_scim_group",
        "delete_scim_group",
        "preview_invitation",
        "accept_invitation",
        "read_public_branding",
        "read_logo",
        "read_jwks",
        "receive_cloud_events",
        "check_cloud_hook",
        "read_health",
        "read_readiness",
        "read_metrics",
        "read_page",
        "read_docs",
        "read_docs_start",
    }
)
COMMON_PROBLEMS = (errors.InvalidInput, UrlTooLong, HeadersTooLarge, errors.RateLimited, errors.Unavailable)
BODY_PROBLEMS = (errors.MalformedBody, BodyTooSlow, errors.TooLarge, errors.UnsupportedMediaType)


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
    for route in routes_of(app):
        declared = set(permissions_of(route.dependant))
        if route.name in PUBLIC_ROUTES:
            if declared:
                raise RuntimeError(f"the public route {route.name} declares {declared}")
        elif len(declared) != 1:
            raise RuntimeError(f"{route.path} ({route.name}) declares {len(declared)} permissions; it needs one")
        if route.include_in_schema and route.name in names:
            raise RuntimeError(f"two routes are named {route.name}; the name is the client's function")
        names.add(route.name)


def routes_of(app: FastAPI) -> Iterator[Any]:
    """Every route of ours as it is mounted: FastAPI's contexts, with `path`, `name`, `methods` and `dependant`."""
    for context in iter_route_contexts(app.routes):
        if isinstance(context.original_route, APIRoute):
            yield context


def _failures_of(route: Any) -> Iterator[type[AppError]]:
    """What every route of its kind can answer, whatever it declares itself."""
    yield from COMMON_PROBLEMS
    if route.name not in PUBLIC_ROUTES:
        yield from (errors.Unauthenticated, errors.Forbidden)
    if "{" in route.path:
        yield errors.NotFound
    if route.methods & {"POST", "PUT", "PATCH"} or route.dependant.body_params:
        yield from BODY_PROBLEMS


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
    by_name = {route.name: route for route in routes_of(app)}
    for path in document.get("paths", {}).values():
        for operation in path.values():
            _finish_operation(operation, by_name[operation["operationId"]])
    app.openapi_schema = document
    return document


def _finish_operation(operation: dict[str, Any], route: Any) -> None:
    answers = operation.setdefault("responses", {})
    declared = set(route.responses)
    for status, description in problems(*_failures_of(route)).items():
        if status not in declared:
            answers[str(status)] = description
    operation["responses"] = dict(sorted(answers.items()))
    if route.name not in PUBLIC_ROUTES:
        operation["security"] = [{"bearer": []}]
        operation["x-permission"] = next(permissions_of(route.dependant))
