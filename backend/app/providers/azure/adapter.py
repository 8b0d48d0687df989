"""`AzureProvider`: implements the contract of `providers/base.py`, off the event loop."""

import asyncio
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, TypeVar

import structlog

from app.providers.azure import events, metrics
from app.providers.azure.actors import find_actors
from app.providers.azure.catalogue import GROUPS
from app.providers.azure.connection_test import run_test
from app.providers.azure.discovery import discover
from app.providers.azure.engine import UnitRead
from app.providers.azure.errors import AzureError, from_exception
from app.providers.azure.readback import read_back
from app.providers.azure.reader import ATTEMPTS, Reader
from app.providers.azure.scope import scope_name
from app.providers.azure.session import AzureSession, session_key
from app.providers.azure.throttle import Throttles
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

_log = structlog.get_logger(__name__)
_T = TypeVar("_T")

GLOBAL = "global"
_SESSIONS_KEPT, _SESSION_IDLE_SECONDS = 8, 900
_SHORT_BUDGET_SECONDS = 60


class AzureProvider:
    """Implements `Provider`. Make one per process: it holds quotas, sessions and threads, and no global does.

    A unit is (tenant or management group, "global", group of types) over all subscriptions of the connection, which are
    asked for in batches of 300; so units stay the same while subscriptions come and go.
    """

    children_sync_alone = False
    parallel_units = 4  # more only wait for the quota, and hold memory meanwhile

    def __init__(self, *, read_seconds: float = 30, attempts: int = ATTEMPTS) -> None:
        """`attempts` to make a call that fails by something that passes."""
        self._read_seconds, self._attempts = read_seconds, attempts
        self._throttles = Throttles()
        self._lock = threading.Lock()
        self._sessions: OrderedDict[str, tuple[AzureSession, float]] = OrderedDict()
        self._pool = ThreadPoolExecutor(2 * self.parallel_units + 4, thread_name_prefix="azure")

    def close(self) -> None:
        """Drop sessions and threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            for session, _ in self._sessions.values():
                session.close()
            self._sessions.clear()

    async def test(self, connection: Connection) -> ConnectionReport:
        """Raises AzureError when the credentials or the address do not work."""
        return await self._with_reader(connection, run_test, fresh=True)

    async def plan(self, connection: Connection) -> Sequence[Unit]:
        """One unit a group of types. Raises AzureError."""

        def plan(reader: Reader) -> list[Unit]:
            name = scope_name(reader)
            return [Unit(account=name, region=GLOBAL, service=group) for group in GROUPS]

        return await self._with_reader(connection, plan, fresh=True)

    async def collect(self, connection: Connection, unit: Unit, *, budget_seconds: float) -> UnitResult:
        """Never raises for a failed call: the result says what failed."""
        started = time.monotonic()
        return await self._run(lambda: self._collect(connection, unit, budget_seconds, started))

    async def discover(self, connection: Connection) -> Sequence[DiscoveredAccount]:
        """The subscriptions. Raises AzureError."""
        return await self._with_reader(connection, discover, fresh=True)

    def connect_child(self, connection: Connection, native_account: str) -> Connection:
        """Never asked for: the connection's own sync reads every subscription."""
        raise AzureError(ErrorKind.NOT_ENABLED, "subscriptions are read by their tenant's connection")

    async def read_back(self, connection: Connection, target: ResourceTarget, *, budget_seconds: float) -> ReadBack:
        """Read one resource again. Never raises for a failed call."""
        started = time.monotonic()

        def run() -> ReadBack:
            budget = budget_seconds - (time.monotonic() - started)
            try:
                reader = self._reader(self._session(connection), budget, threads=4)
            except AzureError as error:
                return ReadBack(unit=Unit(account="", region=GLOBAL, service="other"), errors=(_call_error(error),))
            try:
                return read_back(reader, target)
            finally:
                reader.close()

        return await self._run(run)

    def parse_events(self, message: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> Sequence[CloudEvent]:
        """What an Event Grid delivery tells, in its own or CloudEvents' schema. Raises AzureError(INVALID_ANSWER)."""
        return events.parse_events(message)

    async def receive_events(
        self, connection: Connection, source: Mapping[str, Any], *, wait_seconds: float
    ) -> Sequence[tuple[str, Mapping[str, Any]]]:
        """Nothing: Event Grid pushes."""
        return ()

    async def confirm_events(self, connection: Connection, source: Mapping[str, Any], receipts: Sequence[str]) -> None:
        """Nothing to confirm: Event Grid pushes."""

    async def find_actors(
        self, connection: Connection, unit: Unit, since: datetime, *, budget_seconds: float
    ) -> Sequence[CloudEvent]:
        """From the change history, then the activity log for what it leaves open. Raises AzureError."""
        group = GROUPS.get(unit.service)
        if group is None:
            return ()
        return await self._with_reader(
            connection, lambda reader: find_actors(reader, group, since), budget_seconds=budget_seconds
        )

    def metric_types(self) -> frozenset[str]:
        """The types with metrics in Azure Monitor."""
        return metrics.metric_types()

    def count_metrics(self, native_type: str, *, daily: bool) -> int:
        """How many metrics one resource of the type is asked for."""
        return metrics.count_metrics(native_type, daily=daily)

    async def read_metrics(
        self, connection: Connection, targets: Sequence[MetricTarget], window: MetricWindow, *, budget_seconds: float
    ) -> PolledMetrics:
        """Never raises for a failed call."""
        try:
            return await self._with_reader(
                connection,
                lambda reader: metrics.read_metrics(reader, targets, window),
                budget_seconds=budget_seconds,
            )
        except AzureError as error:
            return PolledMetrics(errors=(_call_error(error),))

    def _collect(self, connection: Connection, unit: Unit, budget_seconds: float, started: float) -> UnitResult:
        group = GROUPS.get(unit.service)
        if group is None:
            return _failed(unit, AzureError(ErrorKind.INVALID_ANSWER, f"no such group of types {unit.service}"))
        try:
            session = self._session(connection)
        except AzureError as error:
            return _failed(unit, error)
        reader = self._reader(session, budget_seconds - (time.monotonic() - started))
        try:
            name = scope_name(reader)
            if name.lower() != unit.account.lower():
                message = f"the credentials are of {name} now, not of {unit.account}"
                return _failed(unit, AzureError(ErrorKind.BAD_CREDENTIALS, message))
            return UnitRead(reader, group, unit).run()
        except AzureError as error:
            return _failed(unit, error)
        except Exception as error:  # noqa: BLE001  a defect of ours must not take the other units with it
            _log.exception("azure.unit_failed", service=unit.service)
            return _failed(unit, from_exception(error, "collect"))
        finally:
            reader.close()

    async def _with_reader(
        self,
        connection: Connection,
        function: Callable[[Reader], _T],
        *,
        fresh: bool = False,
        budget_seconds: float = _SHORT_BUDGET_SECONDS,
    ) -> _T:
        def run() -> _T:
            session = self._session(connection)
            if fresh:
                session.forget()
            reader = self._reader(session, budget_seconds)
            try:
                return function(reader)
            finally:
                reader.close()

        return await self._run(run)

    def _reader(self, session: AzureSession, budget_seconds: float, *, threads: int = 8) -> Reader:
        return Reader(session, self._throttles, budget_seconds=budget_seconds, threads=threads, attempts=self._attempts)

    def _session(self, connection: Connection) -> AzureSession:
        """The connection's session, made anew after a quarter of an hour without use. Raises AzureError."""
        key, now = session_key(connection), time.monotonic()
        with self._lock:
            for old in [k for k, (_, used) in self._sessions.items() if now - used > _SESSION_IDLE_SECONDS]:
                del self._sessions[old]
            known = self._sessions.get(key)
        made = known[0] if known else AzureSession(connection, read_seconds=self._read_seconds)
        with self._lock:
            session = self._sessions.get(key, (made, 0.0))[0]
            self._sessions[key] = (session, now)
            self._sessions.move_to_end(key)
            while len(self._sessions) > _SESSIONS_KEPT:
                self._sessions.popitem(last=False)
            return session

    async def _run(self, function: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, function)


def _call_error(error: AzureError) -> CallError:
    return CallError(kind=error.kind, call=error.call, message=error.message, permission=error.permission)


def _failed(unit: Unit, error: AzureError) -> UnitResult:
    return UnitResult(unit=unit, state=UnitState.FAILED, errors=(_call_error(error),))
