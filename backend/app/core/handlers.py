"""From an exception to its answer: the one place where failures become HTTP."""

import logging
from collections.abc import Sequence
from typing import Any

import asyncpg
import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.responses import Response

from app.core import errors
from app.core.errors import PROBLEM_MEDIA_TYPE, AppError, FieldProblem, PermissionMissing, render_problem

logger = logging.getLogger(__name__)

_BY_STATUS: dict[int, type[AppError]] = {
    400: errors.MalformedBody,
    401: errors.Unauthenticated,
    403: errors.Forbidden,
    404: errors.NotFound,
    405: errors.MethodNotAllowed,
    409: errors.Conflict,
    413: errors.TooLarge,
    415: errors.UnsupportedMediaType,
    422: errors.InvalidInput,
    503: errors.Unavailable,
}
_LOST_RACE = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)
_LOST_CONNECTION = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.QueryCanceledError,
    ConnectionError,
    OSError,
)


def answer(request: Request, error: AppError) -> Response:
    """The problem document of a failure."""
    body = render_problem(
        error, instance=request.scope.get("path"), request_id=getattr(request.state, "request_id", None)
    )
    return Response(orjson.dumps(body), error.status, headers=error.headers, media_type=PROBLEM_MEDIA_TYPE)


def pointer_of(location: Sequence[Any], body: object = None, *, is_missing: bool = False) -> str:
    """Where a value stands: `#/tags/0` in a body, `query/limit`, `path/account_id`.

    With the `body` that was sent, steps that are no keys of it are left out: they name the branch of a union.
    """
    source, *rest = location or ("body",)
    if source == "body" and isinstance(body, dict | list):
        rest = _sent_steps(rest, body, is_missing=is_missing)
    steps = [str(step).replace("~", "~0").replace("/", "~1") for step in rest]
    return "/".join(["#", *steps]) if source == "body" else "/".join([str(source), *steps])


def _sent_steps(steps: Sequence[Any], body: object, *, is_missing: bool) -> list[Any]:
    kept: list[Any] = []
    here: object = body
    for number, step in enumerate(steps, 1):
        is_there = step in here if isinstance(here, dict) else isinstance(here, list) and isinstance(step, int)
        if is_there:
            kept.append(step)
            here = here[step]  # type: ignore[index]  # a dict that has the key, or a list
        elif is_missing and number == len(steps):
            kept.append(step)
    return kept


async def _app_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, AppError)  # noqa: S101  # the type this handler is registered for
    if isinstance(error, PermissionMissing):
        await _record_refusal(request, error.permission)
    return answer(request, error)


async def _validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101  # the type this handler is registered for
    found = error.errors()
    if any(item["type"] == "json_invalid" for item in found):
        return answer(request, errors.MalformedBody("The body is not valid JSON."))
    details = [
        FieldProblem(
            pointer=pointer_of(item["loc"], error.body, is_missing=item["type"] == "missing"),
            detail=str(item["msg"]).removeprefix("Value error, "),
        )
        for item in found[:50]
    ]
    return answer(request, errors.InvalidInput(errors=details))


async def _record_refusal(request: Request, permission: str) -> None:
    """The function that `main.py` took from audit; the answer is the same when it cannot write."""
    record = getattr(request.app.state, "record_refusal", None)
    try:
        if record is not None:
            await record(request, permission)
    except Exception:
        logger.exception("a refusal could not be written to the audit log")


async def _http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  # the type this handler is registered for
    kind = _BY_STATUS.get(error.status_code, errors.MalformedBody if error.status_code < 500 else AppError)
    made = kind()
    made.headers.update(error.headers or {})
    if error.status_code == 400 and isinstance(error.detail, str):
        made.detail = error.detail
    return answer(request, made)


async def _database_error(request: Request, error: Exception) -> Response:
    cause = getattr(error, "orig", None)
    cause = getattr(cause, "__cause__", None) or cause
    if isinstance(cause, asyncpg.DiskFullError | asyncpg.OutOfMemoryError):
        logger.error("the database is out of space: %s", cause)
        return answer(request, errors.Unavailable("The database has no room left. Reading still works."))
    if isinstance(error, PoolTimeout | OperationalError | InterfaceError) or isinstance(cause, _LOST_CONNECTION):
        logger.warning("the database is not reachable: %s", type(cause or error).__name__)
        return answer(request, errors.Unavailable("The database does not answer. Try again in a moment."))
    if isinstance(error, IntegrityError) or isinstance(cause, _LOST_RACE):
        # Constraint details are never shown: they could name another organization's row.
        logger.warning("a constraint refused a write: %s", type(cause or error).__name__)
        return answer(request, errors.Conflict("Somebody else changed this at the same moment. Load it again."))
    return await _unexpected(request, error)


async def _lost_connection(request: Request, error: Exception) -> Response:
    logger.warning("a dependency is not reachable: %s", type(error).__name__)
    return answer(request, errors.Unavailable())


async def _unexpected(request: Request, error: Exception) -> Response:
    logger.error("unexpected failure", exc_info=error)
    return answer(request, AppError())


def install_error_handlers(app: FastAPI) -> None:
    """Register every handler; nothing but problem documents leaves the application."""
    app.add_exception_handler(AppError, _app_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_exception)
    app.add_exception_handler(DBAPIError, _database_error)
    app.add_exception_handler(PoolTimeout, _database_error)
    app.add_exception_handler(ConnectionError, _lost_connection)
    app.add_exception_handler(asyncpg.PostgresConnectionError, _lost_connection)
    app.add_exception_handler(asyncpg.InterfaceError, _lost_connection)
    app.add_exception_handler(Exception, _unexpected)
