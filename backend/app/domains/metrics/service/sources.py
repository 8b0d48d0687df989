"""Sources of metrics: making, changing, trying and removing them, and what they sent last."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import numpy as np
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.config import get_settings
from app.core.database import tenant_session
from app.core.egress import check_address
from app.core.errors import AppError, FieldProblem, InvalidInput
from app.core.events import publish
from app.core.http import Caller
from app.core.ids import new_id
from app.core.secrets import seal
from app.domains.accounts import service as accounts
from app.domains.metrics import queries
from app.domains.metrics.errors import SourceExists
from app.domains.metrics.events import MetricSourceChanged
from app.domains.metrics.models import MetricSource
from app.domains.metrics.rules.polled import is_stale, metrics_per_hour, window_start
from app.domains.metrics.schemas import ServerSettings, SourceCreate, SourceUpdate
from app.domains.metrics.service.asking import ask_now, open_server
from app.domains.metrics.service.polling import find_reader, read_cloud, types_of
from app.providers.base import MetricWindow

_TEST_PAGES = 1
_LATEST = timedelta(hours=2)  # older samples of a source are no sign of life


@dataclass(frozen=True, slots=True)
class SourceSample:
    """The newest sample of a series."""

    name: str
    labels: dict[str, str]
    resource_id: UUID | None
    value: float | None
    timestamp: datetime


async def create_source(session: AsyncSession, caller: Caller, body: SourceCreate) -> dict[str, Any]:
    """Raises InvalidInput, NotFound of the account, SourceExists and AddressNotAllowed."""
    if (body.account_id is None) == (body.server is None) or (body.cloud is not None and body.account_id is None):
        raise InvalidInput(errors=[FieldProblem(pointer="#", detail="takes either account_id or server")])
    source = MetricSource(
        organization_id=caller.organization_id,
        id=new_id(),
        name=body.name,
        kind="cloud" if body.server is None else "prometheus",
        account_id=body.account_id,
        settings={},
        interval_seconds=body.interval_seconds,
        enabled=body.enabled,
        created_at=clock.utc_now(),
        missing_permissions=[],
        samples=0,
        asked=0,
    )
    if body.account_id is not None:
        await accounts.read_account(session, caller.organization_id, body.account_id)
        query = select(MetricSource.id).where(
            MetricSource.organization_id == caller.organization_id, MetricSource.account_id == body.account_id
        )
        if (await session.execute(query)).first() is not None:
            raise SourceExists
        if await find_reader(session, caller.organization_id, source) is None:
            detail = "is of a cloud whose metrics are not read"
            raise InvalidInput(errors=[FieldProblem(pointer="#/account_id", detail=detail)])
        source.settings = body.cloud.model_dump(exclude_none=True) if body.cloud else {}
    elif body.server is not None:
        await _set_server(session, source, body.server)
    session.add(source)
    await session.flush()
    await _announce(session, caller, source, "created", sorted(body.model_fields_set))
    return describe(source)


async def update_source(session: AsyncSession, caller: Caller, source_id: UUID, body: SourceUpdate) -> dict[str, Any]:
    """Raises UnknownSource, InvalidInput and AddressNotAllowed."""
    source = await queries.get_source(session, caller.organization_id, source_id, lock=True)
    foreign = "server" if source.kind == "cloud" else "cloud"
    if getattr(body, foreign) is not None:
        raise InvalidInput(errors=[FieldProblem(pointer=f"#/{foreign}", detail=f"does not fit a {source.kind} source")])
    if body.name is not None:
        source.name = body.name
    if body.enabled is not None:
        source.enabled = body.enabled
    if body.interval_seconds is not None:
        source.interval_seconds, source.due_at = body.interval_seconds, None
    if body.cloud is not None:
        source.settings = body.cloud.model_dump(exclude_none=True)
    if body.server is not None:
        await _set_server(session, source, body.server)
    await session.flush()
    await _announce(session, caller, source, "updated", sorted(body.model_fields_set))
    return describe(source)


async def remove_source(session: AsyncSession, caller: Caller, source_id: UUID) -> None:
    """Stop polling; what was stored stays as long as other metrics. Raises UnknownSource."""
    source = await queries.get_source(session, caller.organization_id, source_id, lock=True)
    await session.delete(source)
    await _announce(session, caller, source, "removed", [])


async def read_source(session: AsyncSession, organization_id: UUID, source_id: UUID) -> dict[str, Any]:
    """Raises UnknownSource."""
    return describe(await queries.get_source(session, organization_id, source_id))


async def list_sources(
    session: AsyncSession, organization_id: UUID, *, limit: int, after: tuple[str, UUID] | None
) -> list[dict[str, Any]]:
    """By name."""
    return [describe(one) for one in await queries.list_sources(session, organization_id, limit=limit, after=after)]


async def list_source_samples(
    session: AsyncSession, organization_id: UUID, source_id: UUID, *, limit: int
) -> list[SourceSample]:
    """The newest sample of each of the source's youngest series, of the last two hours. Raises UnknownSource."""
    await queries.get_source(session, organization_id, source_id)
    series = await queries.list_series_of_source(session, organization_id, source_id, limit)
    now_ms = int(clock.utc_now().timestamp() * 1000)
    ids = np.array(sorted(one[0] for one in series), np.int64)
    since_ms = now_ms - int(_LATEST.total_seconds() * 1000)
    found = await queries.read_samples(session, organization_id, ids, since_ms, now_ms)
    newest: dict[int, tuple[int, float]] = {}
    for number, at_ms, value in zip(found.series.tolist(), found.at_ms.tolist(), found.values.tolist(), strict=True):
        newest[number] = (at_ms, value)  # they come in the order of time
    return [
        SourceSample(name, labels, resource_id, _finite(newest[number][1]), _instant(newest[number][0]))
        for number, name, labels, resource_id in series
        if number in newest
    ]


async def test_source(organization_id: UUID, source_id: UUID) -> dict[str, Any]:
    """Try a source and store nothing; see `SourceTestRead`. What fails is a report. Raises UnknownSource."""
    async with tenant_session(organization_id) as session:
        source = await queries.get_source(session, organization_id, source_id)
    if source.kind == "prometheus":
        return await _test_server(organization_id, source)
    now = clock.utc_now()
    window = MetricWindow(start=window_start(None, now), now=now)
    outcome = await read_cloud(organization_id, source, window, pages=_TEST_PAGES, keep=False)
    resources, hourly = await _estimate(organization_id, source)
    return {
        "ok": outcome.error is None,
        "error": outcome.error,
        "missing_permissions": outcome.missing_permissions,
        "resources": resources,
        "series": outcome.series,
        "metrics_per_hour": hourly,
    }


def describe(source: MetricSource) -> dict[str, Any]:
    """See `SourceRead`; never the secret."""
    names = (
        "id", "name", "kind", "account_id", "url", "settings", "interval_seconds", "enabled", "created_at", "due_at",
        "read_until", "last_attempt_at", "last_success_at", "last_error", "missing_permissions", "samples",
    )  # fmt: skip
    stale = is_stale(source.last_success_at, source.created_at, source.interval_seconds, clock.utc_now())
    return {name: getattr(source, name) for name in names} | {
        "has_secret": source.credentials is not None,
        "metrics_per_hour": metrics_per_hour(source.asked, 0, source.interval_seconds),
        "is_stale": source.kind == "cloud" and source.enabled and stale,
    }


async def _estimate(organization_id: UUID, source: MetricSource) -> tuple[int, int]:
    """(resources with metrics, metrics an hour) by what the inventory knows."""
    async with tenant_session(organization_id) as session:
        reader = await find_reader(session, organization_id, source)
        if reader is None or source.account_id is None:
            return 0, 0
        counts = await queries.count_targets(
            session,
            organization_id,
            source.account_id,
            types=types_of(source, reader),
            regions=source.settings.get("regions"),
        )
    each_poll, each_day = (
        sum(count * reader.count_metrics(native_type, daily=daily) for native_type, count in counts.items())
        for daily in (False, True)
    )
    return sum(counts.values()), metrics_per_hour(each_poll, each_day, source.interval_seconds)


async def _test_server(organization_id: UUID, source: MetricSource) -> dict[str, Any]:
    error: str | None = None
    series = 0
    now = clock.utc_now()
    try:
        async with tenant_session(organization_id) as session:
            server = await open_server(session, organization_id, source)
        series = len(await ask_now(server, "vector(1)", now.timestamp()))
    except AppError as failure:
        error = failure.detail or failure.title
    async with tenant_session(organization_id) as session:
        known = await queries.get_source(session, organization_id, source.id, lock=True)
        known.last_attempt_at, known.last_error = now, error
        if error is None:
            known.last_success_at = now
    return {
        "ok": error is None,
        "error": error,
        "missing_permissions": [],
        "resources": 0,
        "series": series,
        "metrics_per_hour": 0,
    }


async def _set_server(session: AsyncSession, source: MetricSource, server: ServerSettings) -> None:
    """Raises AddressNotAllowed, and InvalidInput for an address with a secret in it."""
    await check_address(server.url, get_settings())
    moved = source.url is not None and source.url != server.url.rstrip("/")
    if moved and source.credentials is not None and server.secret is None:
        # Else whoever may change the address could have the secret sent to a server of their own.
        raise InvalidInput(errors=[FieldProblem(pointer="#/server/secret", detail="is required with a new address")])
    source.url = server.url.rstrip("/")
    source.settings = server.model_dump(exclude_none=True, include={"username", "tenant"})
    if server.secret is not None:
        plain = server.secret.encode()
        source.credentials = await seal(
            session, source.organization_id, "metric_sources", "credentials", source.id, plain
        )


async def _announce(
    session: AsyncSession,
    caller: Caller,
    source: MetricSource,
    action: Literal["created", "updated", "removed"],
    fields: list[str],
) -> None:
    await publish(
        session,
        MetricSourceChanged(
            organization_id=caller.organization_id,
            source_id=source.id,
            action=action,
            fields=fields,
            by=caller.user_id,
        ),
    )


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _instant(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
