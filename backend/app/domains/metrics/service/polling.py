"""Polling clouds for metrics: the inventory's resources, page by page, each page stored before the next is read."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.database import tenant_session
from app.core.errors import AppError
from app.core.tasks import enqueue
from app.domains.accounts import service as accounts
from app.domains.metrics import queries
from app.domains.metrics.errors import UnknownSource
from app.domains.metrics.models import MetricSource
from app.domains.metrics.queries import TargetRow
from app.domains.metrics.rules.limits import time_bounds
from app.domains.metrics.rules.polled import is_daily_due, make_batch, next_due, window_start
from app.domains.metrics.service.intake import store_batch
from app.providers.base import (
    CallError,
    Connection,
    ErrorKind,
    MetricReader,
    MetricTarget,
    MetricWindow,
    PolledMetrics,
    ProviderError,
)

POLL_TASK = "metrics.poll_source"
BUDGET_SECONDS = 480.0
_PAGE = 1_000  # resources, which are some ten thousand metrics
_SHOWN_ERRORS = 5
_MAX_ERROR = 2_000
# What does not pass by itself keeps no poll from going on: what is denied today is not read again for six hours.
_LASTING = frozenset({ErrorKind.ACCESS_DENIED, ErrorKind.NOT_ENABLED})
_JOIN = text(
    """
    UPDATE metric_series s SET resource_id = l.resource_id, source_id = :source, link_state = 'linked'
    FROM unnest(CAST(:keys AS bytea[]), CAST(:resources AS uuid[])) AS l (key, resource_id)
    WHERE s.organization_id = :org AND s.key = l.key
      AND (s.resource_id, s.source_id) IS DISTINCT FROM (l.resource_id, CAST(:source AS uuid))
    """
)


@dataclass
class PollOutcome:
    """What a poll brought."""

    asked: int = 0
    samples: int = 0
    series: int = 0
    resources: int = 0
    errors: list[CallError] = field(default_factory=list)

    @property
    def missing_permissions(self) -> list[str]:
        """What must be granted, sorted."""
        return sorted({error.permission for error in self.errors if error.permission})

    @property
    def error(self) -> str | None:
        """The failures in words; None where there was none."""
        told = list(dict.fromkeys(f"{error.call}: {error.message}" for error in self.errors))
        if not told:
            return None
        rest = f" … and {len(told) - _SHOWN_ERRORS} more" if len(told) > _SHOWN_ERRORS else ""
        return ("; ".join(told[:_SHOWN_ERRORS]) + rest)[:_MAX_ERROR]

    @property
    def passes_on(self) -> bool:
        """Whether the next poll may begin where this one ended."""
        return all(error.kind in _LASTING for error in self.errors)


async def enqueue_polls(session: AsyncSession, organization_id: UUID) -> None:
    """Queue the polls that are due; one that waits or runs is not queued twice."""
    for source_id in await queries.list_due_sources(session, organization_id, clock.utc_now()):
        await enqueue(
            session,
            POLL_TASK,
            {"source_id": source_id},
            organization_id=organization_id,
            dedupe=f"source:{source_id}",
        )


async def poll_source(organization_id: UUID, source_id: UUID) -> PollOutcome | None:
    """Read and store what is new; None where the source is gone, off or not due. Safe to repeat.

    Failures of the cloud are written into the source and not raised.
    """
    now = clock.utc_now()
    async with tenant_session(organization_id) as session:
        try:
            source = await queries.get_source(session, organization_id, source_id, lock=True)
        except UnknownSource:
            return None
        if source.kind != "cloud" or not source.enabled or (source.due_at is not None and source.due_at > now):
            return None
        source.due_at = next_due(source.due_at, source.interval_seconds, now)  # also if this run is killed
        source.last_attempt_at = now
        with_daily = is_daily_due(source.daily_read_at, now)
        window = MetricWindow(start=window_start(source.read_until, now), now=now, with_daily=with_daily)
    outcome = await read_cloud(organization_id, source, window)
    await _record(organization_id, source_id, outcome, window)
    return outcome


async def read_cloud(
    organization_id: UUID, source: MetricSource, window: MetricWindow, *, pages: int | None = None, keep: bool = True
) -> PollOutcome:
    """Read the source's resources, `pages` at most, and store what was measured if `keep`."""
    outcome = PollOutcome()
    after: UUID | None = None
    deadline = clock.utc_now().timestamp() + BUDGET_SECONDS
    assert source.account_id is not None  # noqa: S101  # a cloud has one
    connections: dict[UUID, tuple[MetricReader, Connection] | None] = {}
    page = 0
    while pages is None or page < pages:
        page += 1
        async with tenant_session(organization_id) as session:
            rows = await _targets(session, organization_id, source, after)
            for opened in {row.opened for row in rows} - set(connections):
                connections[opened] = await _open(session, organization_id, opened, outcome)
        if not rows:
            break
        after = rows[-1].id
        by_account: dict[UUID, list[TargetRow]] = defaultdict(list)
        for row in rows:
            by_account[row.opened].append(row)
        for opened, some in by_account.items():
            reach = connections[opened]
            remaining = deadline - clock.utc_now().timestamp()
            if reach is None:
                continue
            if remaining <= 0:
                outcome.errors.append(CallError(kind=ErrorKind.TIMED_OUT, call="poll", message="the time ended"))
                return outcome
            found = await reach[0].read_metrics(
                reach[1], [_target(row) for row in some], window, budget_seconds=remaining
            )
            outcome.resources += len(some)
            outcome.asked += found.asked
            outcome.errors.extend(found.errors)
            outcome.series += len(found.series)
            if keep and found.series:
                outcome.samples += await _store(organization_id, source.id, found, window.now)
    return outcome


async def find_reader(session: AsyncSession, organization_id: UUID, source: MetricSource) -> MetricReader | None:
    """The adapter of the source's cloud; None where it reads no metrics. Raises NotFound, ProviderNotAvailable."""
    assert source.account_id is not None  # noqa: S101  # a cloud has one
    account = await accounts.read_account(session, organization_id, source.account_id)
    provider = accounts.get_provider(account.provider)
    return provider if isinstance(provider, MetricReader) else None


def types_of(source: MetricSource, reader: MetricReader) -> frozenset[str]:
    """The types that are asked for."""
    known = reader.metric_types()
    chosen = source.settings.get("types")
    return known if chosen is None else known & frozenset(chosen)


async def _targets(
    session: AsyncSession, organization_id: UUID, source: MetricSource, after: UUID | None
) -> list[TargetRow]:
    reader = await find_reader(session, organization_id, source)
    if reader is None or source.account_id is None:
        return []
    return await queries.list_targets(
        session,
        organization_id,
        source.account_id,
        types=types_of(source, reader),
        regions=source.settings.get("regions"),
        limit=_PAGE,
        after=after,
    )


async def _open(
    session: AsyncSession, organization_id: UUID, account_id: UUID, outcome: PollOutcome
) -> tuple[MetricReader, Connection] | None:
    try:
        opened = await accounts.open_account(session, organization_id, account_id)
    except ProviderError as error:
        told = CallError(kind=error.kind, call=error.call, message=error.message, permission=error.permission)
    except AppError as error:  # no credentials, or an address that is no longer allowed
        told = CallError(kind=ErrorKind.BAD_CREDENTIALS, call="connect", message=error.detail or error.title)
    else:
        provider = accounts.get_provider(opened.provider)
        return (provider, opened.connection) if isinstance(provider, MetricReader) else None
    outcome.errors.append(told)
    return None


def _target(row: TargetRow) -> MetricTarget:
    return MetricTarget(
        key=str(row.id),
        native_id=row.native_id,
        native_type=row.native_type,
        name=row.name,
        account=row.native_account,
        region=row.region,
    )


async def _store(organization_id: UUID, source_id: UUID, found: PolledMetrics, now: datetime) -> int:
    """Store the samples and join their series to the resources; how many samples were taken."""
    polled = make_batch(found.series, time_bounds(int(now.timestamp() * 1000)))
    refused = await store_batch(organization_id, polled.batch, _weigh_nothing)
    values = {
        "org": organization_id,
        "source": source_id,
        "keys": list(polled.targets),
        "resources": [UUID(target) for target in polled.targets.values()],
    }
    async with tenant_session(organization_id) as session:
        await session.execute(_JOIN, values)
    return max(0, len(polled.batch) - refused.samples)


async def _weigh_nothing(_samples: int) -> None:
    """What we ask for ourselves is bounded by the resources and the interval, not by what senders may send."""


async def _record(organization_id: UUID, source_id: UUID, outcome: PollOutcome, window: MetricWindow) -> None:
    async with tenant_session(organization_id) as session:
        try:
            source = await queries.get_source(session, organization_id, source_id, lock=True)
        except UnknownSource:  # removed meanwhile
            return
        source.last_error = outcome.error
        source.missing_permissions = outcome.missing_permissions
        source.samples = outcome.samples
        if not window.with_daily:
            source.asked = outcome.asked  # an ordinary poll's: those with the metrics of a day are few
        elif not source.asked:
            source.asked = outcome.asked
        if outcome.passes_on:
            source.read_until = window.now
            if window.with_daily:
                source.daily_read_at = window.now
        if not outcome.errors or outcome.series:
            source.last_success_at = window.now
