"""Asking a Prometheus-compatible server: under the egress rules, within a time and a size, its errors in its words."""

import base64
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.config import get_settings
from app.core.egress import RequestFailed, fetch
from app.core.errors import FieldProblem
from app.core.secrets import open_sealed
from app.domains.metrics.errors import InvalidSelector, QueryTooLarge, SourceFailed
from app.domains.metrics.models import MetricSource

ASK_SECONDS = 30.0
MAX_ANSWER_BYTES = 32 * 1024 * 1024
MAX_STEPS = 11_000  # of Prometheus itself
_WORDS = {
    "unreachable": "it cannot be reached",
    "timed_out": f"it did not answer within {ASK_SECONDS:g} seconds",
    "tls_failed": "its certificate is not trusted",
    "invalid_answer": "its answer is no HTTP",
}
_MESSAGE = 300


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server to be asked, free of the session that read it."""

    url: str
    headers: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class AskedSeries:
    """A series of an answer; `points` are (Unix seconds, value)."""

    name: str
    labels: dict[str, str]
    points: list[tuple[float, float]]


async def open_server(session: AsyncSession, organization_id: UUID, source: MetricSource) -> Server:
    """The source's address and headers, for memory only."""
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    username, tenant = source.settings.get("username"), source.settings.get("tenant")
    if source.credentials is not None:
        sealed = source.credentials
        secret = await open_sealed(session, organization_id, "metric_sources", "credentials", source.id, sealed)
        password = secret.reveal_bytes()
        if username:
            pair = base64.b64encode(f"{username}:".encode() + password).decode()
            headers["Authorization"] = f"Basic {pair}"
        else:
            headers["Authorization"] = f"Bearer {password.decode()}"
    if tenant:
        headers["X-Scope-OrgID"] = str(tenant)
    return Server(url=str(source.url).rstrip("/"), headers=headers)


async def ask_range(server: Server, query: str, *, from_s: float, to_s: float, step_s: int) -> list[AskedSeries]:
    """Points of a PromQL expression; both ends are inside. Raises InvalidSelector, QueryTooLarge, SourceFailed."""
    if (to_s - from_s) / step_s >= MAX_STEPS:
        raise QueryTooLarge(f"Ask for at most {MAX_STEPS:,} steps: a coarser step or a shorter time.")
    answer = await _ask(
        server, "query_range", {"query": query, "start": f"{from_s:.3f}", "end": f"{to_s:.3f}", "step": str(step_s)}
    )
    return _series(answer, "values")


async def ask_now(server: Server, query: str, at_s: float) -> list[AskedSeries]:
    """The value of a PromQL expression at one time. Raises InvalidSelector, QueryTooLarge and SourceFailed."""
    return _series(await _ask(server, "query", {"query": query, "time": f"{at_s:.3f}"}), "value")


async def _ask(server: Server, endpoint: str, parameters: Mapping[str, str]) -> Any:
    content = urlencode({**parameters, "timeout": f"{ASK_SECONDS:g}s"}).encode()
    try:
        answer = await fetch(
            "POST",
            f"{server.url}/api/v1/{endpoint}",
            get_settings(),
            headers=server.headers,
            content=content,
            timeout_seconds=ASK_SECONDS,
            kept_bytes=MAX_ANSWER_BYTES,
        )
    except RequestFailed as failure:
        raise SourceFailed(f"The server was asked, but {_WORDS.get(failure.reason, 'it failed')}.") from None
    if answer.cut:
        raise QueryTooLarge("The server's answer is too large: ask for fewer series or a coarser step.")
    try:
        document = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        document = None
    if not isinstance(document, dict):
        raise SourceFailed(f"The server answered {answer.status}, and not as Prometheus does.")
    if document.get("status") == "success" and answer.status == 200:
        return document.get("data")
    told = str(document.get("error") or f"status {answer.status}")[:_MESSAGE]
    if document.get("errorType") == "bad_data":
        raise InvalidSelector(errors=[FieldProblem(pointer="query/selector", detail=told)])
    raise SourceFailed(f"The server refused: {told}")


def _series(data: Any, member: str) -> list[AskedSeries]:
    """Of a vector, a matrix or a scalar. Raises SourceFailed for what is none."""
    kind = data.get("resultType") if isinstance(data, dict) else None
    result = data.get("result") if isinstance(data, dict) else None
    if kind == "scalar" and isinstance(result, list):
        result = [{"metric": {}, "value": result}]
    if kind not in ("vector", "matrix", "scalar") or not isinstance(result, list):
        raise SourceFailed("The server's answer holds no series.")
    try:
        return [_one(entry, member) for entry in result]
    except (AttributeError, KeyError, TypeError, ValueError):
        raise SourceFailed("The server's answer holds a series that cannot be read.") from None


def _one(entry: Any, member: str) -> AskedSeries:
    labels = {str(name): str(value) for name, value in entry["metric"].items()}
    pairs = [entry[member]] if member == "value" else entry.get(member, [])
    points = [(float(at), float(value)) for at, value in pairs]
    if not all(math.isfinite(at) for at, _ in points):
        raise ValueError
    return AskedSeries(name=labels.pop("__name__", ""), labels=labels, points=points)
