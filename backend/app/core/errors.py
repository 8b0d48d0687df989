"""Failures a caller can act on, and their one rendering as RFC 9457 problems."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel, Field

PROBLEM_BASE = "https://docs.cloudops.pro/problems/"
PROBLEM_MEDIA_TYPE = "application/problem+json"


class FieldProblem(BaseModel):
    """One invalid value: a JSON pointer into the body, or `query`/`path` and the parameter's name."""

    pointer: str
    detail: str


class Problem(BaseModel):
    """An RFC 9457 problem. `type` and `title` never change for a problem; `detail` speaks to the person."""

    type: str
    title: str
    status: int
    detail: str | None = None
    instance: str | None = None
    request_id: str | None = None
    errors: list[FieldProblem] | None = Field(default=None)


class AppError(Exception):
    """Base of every failure that becomes an answer. Subclasses set `status`, `slug` and `title`."""

    status: ClassVar[int] = 500
    slug: ClassVar[str] = "internal-error"
    title: ClassVar[str] = "Something went wrong on our side"

    def __init__(
        self,
        detail: str | None = None,
        *,
        errors: Sequence[FieldProblem] = (),
        headers: Mapping[str, str] | None = None,
        extensions: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail or self.title)
        self.extensions = dict(extensions or {})  # members of this problem type besides the standard ones
        self.detail = detail
        self.errors = list(errors)
        self.headers = dict(headers or {})


class MalformedBody(AppError):
    status, slug, title = 400, "malformed-body", "The request body cannot be read"


class Unauthenticated(AppError):
    status, slug, title = 401, "unauthenticated", "Sign in to continue"

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": "Bearer"})


class Forbidden(AppError):
    status, slug, title = 403, "forbidden", "Your role does not allow this"


class PermissionMissing(Forbidden):
    """The caller lacks `permission`; whoever renders this writes it to the audit log."""

    def __init__(self, permission: str) -> None:
        super().__init__(f"This needs the permission {permission}.")
        self.permission = permission


class StepUpRequired(Forbidden):
    """The last proof of identity is older than ten minutes: sign in again and repeat."""

    slug, title = "step-up-required", "Confirm who you are to do this"


class FactorRequired(Forbidden):
    """The organization requires a second factor of the caller, and the time to set it up is over."""

    slug, title = "factor-required", "Set up a second factor to go on"


class NotFound(AppError):
    """Also for another organization's id and for one the caller may not see: same bytes for all three."""

    status, slug, title = 404, "not-found", "There is nothing at this address"


class MethodNotAllowed(AppError):
    status, slug, title = 405, "method-not-allowed", "This address does not accept that method"


class Conflict(AppError):
    status, slug, title = 409, "conflict", "The present state does not allow this"


class TooLarge(AppError):
    status, slug, title = 413, "body-too-large", "The request is too large"


class UnsupportedMediaType(AppError):
    status, slug, title = 415, "unsupported-media-type", "This media type is not accepted here"


class InvalidInput(AppError):
    status, slug, title = 422, "invalid-input", "Some values are not valid"


class RateLimited(AppError):
    status, slug, title = 429, "rate-limited", "Too many requests"

    def __init__(self, retry_after_seconds: int, detail: str | None = None) -> None:
        super().__init__(detail, headers={"Retry-After": str(max(1, retry_after_seconds))})


class Unavailable(AppError):
    status, slug, title = 503, "unavailable", "A service we depend on is not available"

    def __init__(self, detail: str | None = None, *, retry_after_seconds: int = 5) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after_seconds)})


def render_problem(error: AppError, *, instance: str | None, request_id: str | None) -> dict[str, Any]:
    """The body of the answer; absent members are left out."""
    problem = Problem(
        type=PROBLEM_BASE + error.slug,
        title=error.title,
        status=error.status,
        detail=error.detail,
        instance=instance,
        request_id=request_id,
        errors=error.errors or None,
    )
    return error.extensions | problem.model_dump(exclude_none=True)


def problems(*errors: type[AppError]) -> dict[int | str, dict[str, Any]]:
    """OpenAPI `responses` for the failures a route can answer besides those that every route shares."""
    by_status: dict[int | str, dict[str, Any]] = {}
    for error in errors:
        entry = by_status.setdefault(
            error.status,
            {"description": "", "content": {PROBLEM_MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}},
        )
        entry["description"] = "; ".join(filter(None, [entry["description"], f"{error.title} (`{error.slug}`)"]))
    return by_status
