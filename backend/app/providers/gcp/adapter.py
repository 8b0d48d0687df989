"""`GcpProvider`: Google Cloud by Cloud Asset Inventory, off the event loop."""

import asyncio
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

import structlog

from app.providers.base import (
    CallError,
    CloudEvent,
    Connection,
    ConnectionReport,
    DiscoveredAccount,
    ErrorKind,
    MetricTarget,
    MetricWindow,
    PolledMetrics,
    ReadBack,
    ResourceTarget,
    Unit,
    UnitResult,
    UnitState,
)
from app.providers.gcp import metrics
from app.providers.gcp.actors import find_changes
from app.providers.gcp.catalogue import GROUPS
from app.providers.gcp.connection_test import report_on
from app.providers.gcp.errors import GcpError, translate
from app.providers.gcp.events import parse_message
from app.providers.gcp.projects import tree_of
from app.providers.gcp.read_back import read_again
from app.providers.gcp.scope import account_of, parents_of
from app.providers.gcp.session import GcpSession, Reads, session_key
from app.providers.gcp.throttle import Throttles
from app.providers.gcp.unit import UnitRead

_log = structlog.get_logger(__name__)
_T = TypeVar("_T")

GLOBAL = "global"
_SESSIONS_KEPT, _SESSION_IDLE_SECONDS = 16, 900
_DISCOVER_SECONDS = 120
_CALL = "cloudasset.assets.list"


class GcpProvider:
    """Implements `Provider`. Make one per process: it holds rate limits, sessions and threads, and no global does.

    `lists_per_minute` replaces the allowance of asset listings, for a project with another quota than Google's usual
    one; `throttled_seconds` is the first pause after a refusal that names none. `parallel_units` is how many units are
    worth collecting at a time: their memory adds up.
    """

    children_sync_alone = False
    parallel_units = 3

    def __init__(
        self,
        *,
        read_seconds: float = 60,
        attempts: int = 4,
        lists_per_minute: float | None = None,
        throttled_seconds: float = 2.0,
    ) -> None:
        self._read_seconds, self._attempts, self._lists_per_minute = read_seconds, attempts, lists_per_minute
        self._throttled_seconds = throttled_seconds
        self._throttles = Throttles()
        self._lock = threading.Lock()
        self._sessions: OrderedDict[str, tuple[GcpSession, float]] = OrderedDict()
        self._pool = ThreadPoolExecutor(16, thread_name_prefix="gcp")

    def close(self) -> None:
        """Drop sessions and threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            for session, _ in self._sessions.values():
                session.close()
            self._sessions.clear()

    async def test(self, connection: Connection) -> ConnectionReport:
        """Raises GcpError when the credentials or the address do not work."""
        return await self._run(lambda: report_on(self._session(connection)))

    async def plan(self, connection: Connection) -> Sequence[Unit]:
        """One unit per parent of the scope and group of asset types. Raises GcpError when the scope names nothing."""

        def plan() -> list[Unit]:
            parents = parents_of(connection, self._session(connection))
            return [
                Unit(account=account_of(parent), region=GLOBAL, service=group) for parent in parents for group in GROUPS
            ]

        return await self._run(plan)

    async def collect(self, connection: Connection, unit: Unit, *, budget_seconds: float) -> UnitResult:
        """Never raises for a failed call: the result says what failed."""
        deadline = time.monotonic() + budget_seconds
        return await self._run(lambda: self._collect(connection, unit, deadline))

    async def discover(self, connection: Connection) -> Sequence[DiscoveredAccount]:
        """The projects below an organization or folder, or those named; empty for a single one. Raises GcpError."""

        def discover() -> list[DiscoveredAccount]:
            session = self._session(connection)
            parents = parents_of(connection, session)
            if len(parents) == 1 and parents[0].startswith("projects/"):
                return []
            return tree_of(session, parents, self._reads(time.monotonic() + _DISCOVER_SECONDS), fresh=True).accounts

        return await self._run(discover)

    def connect_child(self, connection: Connection, native_account: str) -> Connection:
        """The same identity, looking at one project only."""
        return replace(connection, scope={"projects": [native_account]})

    async def read_back(self, connection: Connection, target: ResourceTarget, *, budget_seconds: float) -> ReadBack:
        """Never raises for a failed call."""
        deadline = time.monotonic() + budget_seconds

        def read() -> ReadBack:
            try:
                return read_again(self._session(connection), target, self._reads(deadline))
            except Exception as error:  # noqa: BLE001  a defect of ours must not stop the other events
                failure = _noted(error, "read_back")
                unit = Unit(account=target.account, region=GLOBAL, service="other")
                return ReadBack(unit=unit, errors=(_told(failure),))

        return await self._run(read)

    def parse_events(self, message: Mapping[str, Any]) -> Sequence[CloudEvent]:
        """What one message of an asset feed tells. Raises GcpError for what is no Pub/Sub message."""
        return parse_message(message)

    async def receive_events(
        self, connection: Connection, source: Mapping[str, Any], *, wait_seconds: float
    ) -> Sequence[tuple[str, Mapping[str, Any]]]:
        """Always empty: Pub/Sub pushes."""
        return ()

    async def confirm_events(self, connection: Connection, source: Mapping[str, Any], receipts: Sequence[str]) -> None:
        """Nothing to do: an answer of 2xx confirms a push."""

    async def find_actors(
        self, connection: Connection, unit: Unit, since: datetime, *, budget_seconds: float
    ) -> Sequence[CloudEvent]:
        """Changes of the unit's resources since then, from the admin activity log. Raises GcpError."""
        deadline = time.monotonic() + budget_seconds
        return await self._run(lambda: find_changes(self._session(connection), unit, since, self._reads(deadline)))

    def metric_types(self) -> frozenset[str]:
        """The types with metrics in Cloud Monitoring."""
        return metrics.metric_types()

    def count_metrics(self, native_type: str, *, daily: bool) -> int:
        """How many metrics one resource of the type is asked for."""
        return metrics.count_metrics(native_type, daily=daily)

    async def read_metrics(
        self, connection: Connection, targets: Sequence[MetricTarget], window: MetricWindow, *, budget_seconds: float
    ) -> PolledMetrics:
        """Never raises for a failed call."""
        deadline = time.monotonic() + budget_seconds

        def read() -> PolledMetrics:
            try:
                return metrics.read_metrics(self._session(connection), targets, window, self._reads(deadline))
            except GcpError as error:
                return PolledMetrics(errors=(_told(error),))

        return await self._run(read)

    def _collect(self, connection: Connection, unit: Unit, deadline: float) -> UnitResult:
        if unit.service not in GROUPS:
            return _failed(unit, GcpError(ErrorKind.INVALID_ANSWER, f"no such group {unit.service}"))
        try:
            return UnitRead(self._session(connection), unit, self._reads(deadline)).run()
        except Exception as error:  # noqa: BLE001  a defect of ours must not take the other units with it
            return _failed(unit, _noted(error, unit.service))

    def _reads(self, deadline: float) -> Reads:
        return Reads(deadline=deadline, attempts=self._attempts)

    def _session(self, connection: Connection) -> GcpSession:
        """The connection's session, made anew after a quarter of an hour without use. Raises GcpError."""
        key, now = session_key(connection), time.monotonic()
        with self._lock:
            for old in [k for k, (_, used) in self._sessions.items() if now - used > _SESSION_IDLE_SECONDS]:
                del self._sessions[old]
            known = self._sessions.get(key)
        if known is None:
            try:
                made = GcpSession(
                    connection,
                    self._throttles,
                    read_seconds=self._read_seconds,
                    lists_per_minute=self._lists_per_minute,
                    throttled_seconds=self._throttled_seconds,
                )
            except Exception as error:
                raise translate(error, "oauth2.token") from error
        with self._lock:
            session = self._sessions.get(key, (None, 0.0))[0] or (known[0] if known else made)
            self._sessions[key] = (session, now)
            self._sessions.move_to_end(key)
            while len(self._sessions) > _SESSIONS_KEPT:
                self._sessions.popitem(last=False)
            return session

    async def _run(self, function: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, function)


def _noted(error: Exception, where: str) -> GcpError:
    if not isinstance(error, GcpError):
        _log.error("gcp.unit_failed", service=where, exc_info=error)
    return translate(error, _CALL)


def _told(error: GcpError) -> CallError:
    return CallError(kind=error.kind, call=error.call, message=error.message, permission=error.permission)


def _failed(unit: Unit, error: GcpError) -> UnitResult:
    return UnitResult(unit=unit, state=UnitState.FAILED, errors=(_told(error),))
