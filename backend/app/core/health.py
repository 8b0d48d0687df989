"""Whether the process lives, whether its dependencies answer, and its Prometheus metrics."""

import asyncio
import hmac
from ipaddress import ip_address
from typing import Literal

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.core.config import get_settings
from app.core.database import get_database
from app.core.errors import NotFound, problems
from app.core.redis import get_redis
from app.core.schemas import ReadModel

router = APIRouter(tags=["health"])
CHECK_SECONDS = 2.0


class Health(ReadModel):
    """The process answers."""

    status: Literal["ok"]


class Readiness(ReadModel):
    """Each dependency's state. Redis may be down: the platform is slower then, and `degraded`."""

    status: Literal["ok", "degraded", "unavailable"]
    database: Literal["ok", "down"]
    redis: Literal["ok", "down"]


@router.get("/healthz")
async def read_health() -> Health:
    """Whether the process answers at all."""
    return Health(status="ok")


@router.get("/readyz", responses={503: {"model": Readiness, "description": "The database does not answer"}})
async def read_readiness(response: Response) -> Readiness:
    """Whether the dependencies answer: 503 without the database, `degraded` without Redis."""
    database, redis = await asyncio.gather(_database_answers(), _redis_answers())
    if not database:
        response.status_code = 503
    status: Literal["ok", "degraded", "unavailable"] = "unavailable" if not database else "ok" if redis else "degraded"
    return Readiness(status=status, database="ok" if database else "down", redis="ok" if redis else "down")


@router.get("/metrics", response_class=Response, responses=problems(NotFound), include_in_schema=False)
async def read_metrics(request: Request) -> Response:
    """Prometheus metrics; from loopback, or with the metrics token."""
    if not _may_read_metrics(request):
        raise NotFound
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def _may_read_metrics(request: Request) -> bool:
    token = get_settings().metrics_token
    if token is not None:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(given.encode(), token.get_secret_value().encode())
    try:
        # A proxy on this machine would make every stranger look local, hence no forwarded request.
        return "x-forwarded-for" not in request.headers and ip_address(request.client.host).is_loopback  # type: ignore[union-attr]  # None raises AttributeError below
    except (ValueError, AttributeError):
        return False


async def _database_answers() -> bool:
    try:
        async with asyncio.timeout(CHECK_SECONDS), get_database().engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
    except (SQLAlchemyError, OSError, TimeoutError):
        return False
    return True


async def _redis_answers() -> bool:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await get_redis(get_settings()).ping()
    except (RedisError, OSError, TimeoutError):
        return False
    return True
