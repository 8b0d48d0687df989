"""`AwsProvider`: the connection test, the plan of units and the reading of one unit, off the event loop."""

import asyncio
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, TypeVar

import structlog
from botocore.loaders import Loader

from app.providers.aws import accounts, events, metrics, reading_back, tail
from app.providers.aws.catalogue import SERVICES
from app.providers.aws.catalogue.model import Service
from app.providers.aws.connection_test import MISSING, check_trust_policy, checks_of
from app.providers.aws.credentials import Limit
from app.providers.aws.engine import UnitRead
from app.providers.aws.errors import AwsError, translate
from app.providers.aws.metrics_catalogue import GROUPS as METRIC_GROUPS
from app.providers.aws.policies import grant_for, narrow_policy
from app.providers.aws.reader import Reader
from app.providers.aws.reading_back import GLOBAL
from app.providers.aws.session import AwsSession, home_region, session_key
from app.providers.aws.throttle import Throttles
from app.providers.base import (
    CallError,
    CloudEvent,
    Connection,
    ConnectionReport,
    DiscoveredAccount,
    ErrorKind,
    MetricTarget,
    MetricWindow,
    PermissionCheck,
    PolledMetrics,
    ReadBack,
    ResourceTarget,
    Unit,
    UnitResult,
    UnitState,
)

_log = structlog.get_logger(__name__)
_T = TypeVar("_T")

_SESSIONS_KEPT, _SESSION_IDLE_SECONDS = 8, 900
_TEST_BUDGET_SECONDS = 60


class AwsProvider:
    """Implements `Provider`. Make one per process: it holds rate limits, sessions and threads, and no global does.

    `parallel_units` is how many units are worth collecting at a time; more only wait for a thread.
    """

    parallel_units = 12
    children_sync_alone = True

    def __init__(self, *, read_seconds: float = 30, attempts: int = 4) -> None:
        self._read_seconds, self._attempts = read_seconds, attempts
        self.loader = Loader()
        self._throttles = Throttles()
        self._lock = threading.Lock()
        self._sessions: OrderedDict[str, tuple[AwsSession, float]] = OrderedDict()
        self._pool = ThreadPoolExecutor(self.parallel_units + len(SERVICES), thread_name_prefix="aws")

    def close(self) -> None:
        """Drop sessions and threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._sessions.clear()

    def call_rate(self, account: str, region: str, service: str) -> float | None:
        """Calls per second allowed now; None where nothing was called yet."""
        return self._throttles.rate(account, region, service)

    async def test(self, connection: Connection) -> ConnectionReport:
        """Raises AwsError when the credentials or the address do not work, or the role's trust policy is open."""
        session, warnings, regions = await self._run(lambda: self._reach(connection))
        tasks = [self._run(self._tester(session, service)) for service in _services(connection)]
        checks = [
            PermissionCheck(service="ec2", call="ec2:DescribeRegions", permission="ec2:DescribeRegions", ok=True),
            *(check for group in await asyncio.gather(*tasks) for check in group),
        ]
        identity = session.identity()
        missing = [check.permission for check in checks if not check.ok and check.detail.startswith(MISSING)]
        return ConnectionReport(
            ok=all(check.ok for check in checks),
            account=identity.account,
            identity=identity.arn,
            regions=regions,
            checks=checks,
            warnings=warnings,
            grant=grant_for(missing),
        )

    async def plan(self, connection: Connection) -> Sequence[Unit]:
        """One unit per service and enabled region, global services once. Raises AwsError."""

        def plan() -> list[Unit]:
            session = self._session(connection)
            account = session.identity().account
            regions = _regions(session, connection)
            services = _services(connection)
            units = [Unit(account=account, region=GLOBAL, service=one.name) for one in services if one.is_global]
            units.extend(Unit(account=account, region=region, service=tail.SERVICE) for region in regions)
            units.extend(
                Unit(account=account, region=region, service=service.name)
                for service in services
                if not service.is_global
                for region in regions
                if session.is_offered(service.name, region)
            )
            return units

        return await self._run(plan)

    async def collect(self, connection: Connection, unit: Unit, *, budget_seconds: float) -> UnitResult:
        """Never raises for a failed call: the result says what failed."""
        started = time.monotonic()
        return await self._run(lambda: self._collect(connection, unit, budget_seconds, started))

    def _collect(self, connection: Connection, unit: Unit, budget_seconds: float, started: float) -> UnitResult:
        service = reading_back.TAIL if unit.service == tail.SERVICE else SERVICES.get(unit.service)
        if service is None:
            return _failed(unit, AwsError(ErrorKind.INVALID_ANSWER, f"no such service {unit.service}"))
        try:
            session = self._session(connection)
            identity = session.identity()
        except AwsError as error:
            return _failed(unit, error)
        if identity.account != unit.account:
            return _failed(unit, reading_back.wrong_account(identity.account, unit.account))
        region = session.home_region if unit.region == GLOBAL else unit.region
        remaining = budget_seconds - (time.monotonic() - started)
        reader = Reader(session, self._throttles, service, region, budget_seconds=remaining)
        try:
            if unit.service == tail.SERVICE:
                # No simulated cloud has the explorer, and asking one for it in vain costs each region its retries.
                return tail.collect(reader, unit, with_explorer=not connection.endpoint_url)
            return UnitRead(reader, service, unit).run()
        except Exception as error:  # noqa: BLE001  a defect of ours must not take the other units with it
            _log.exception("aws.unit_failed", service=unit.service, region=unit.region)
            return _failed(unit, translate(error, unit.service, "Collect"))
        finally:
            reader.close()

    async def discover(self, connection: Connection) -> Sequence[DiscoveredAccount]:
        """Every account of the organization, where `scope` says that there is one. Raises AwsError."""
        return await self._run(lambda: accounts.discover(self._session(connection), connection.scope))

    def connect_child(self, connection: Connection, native_account: str) -> Connection:
        """By the scope's role in that account."""
        return accounts.connect_child(connection, native_account)

    async def read_back(self, connection: Connection, target: ResourceTarget, *, budget_seconds: float) -> ReadBack:
        """Never raises for a failed call."""

        def read() -> ReadBack:
            unit = Unit(account=target.account, region=target.region, service="")
            try:
                session = self._session(connection)
                account = session.identity().account
                if target.account not in ("", account):
                    return reading_back.failed(unit, reading_back.wrong_account(account, target.account))
                return reading_back.read_back(session, self._throttles, target, budget_seconds=budget_seconds)
            except AwsError as error:
                return reading_back.failed(unit, error)
            except Exception as error:  # noqa: BLE001  an event of a shape nobody foresaw must not stop the others
                _log.exception("aws.read_back_failed", native_id=target.native_id)
                return reading_back.failed(unit, translate(error, "aws", "ReadBack"))

        return await self._run(read)

    def parse_events(self, message: Mapping[str, Any]) -> Sequence[CloudEvent]:
        """Raises AwsError (INVALID_ANSWER) for what is no event of AWS."""
        return events.parse_message(message)

    async def receive_events(
        self, connection: Connection, source: Mapping[str, Any], *, wait_seconds: float
    ) -> Sequence[tuple[str, Mapping[str, Any]]]:
        """From the queue at `source.queue_url`, ten at most. Raises AwsError."""
        return await self._run(lambda: events.receive(*self._queue(connection, source), wait_seconds))

    async def confirm_events(self, connection: Connection, source: Mapping[str, Any], receipts: Sequence[str]) -> None:
        """Raises AwsError when some stay on the queue."""
        await self._run(lambda: events.confirm(*self._queue(connection, source), receipts))

    async def find_actors(
        self, connection: Connection, unit: Unit, since: datetime, *, budget_seconds: float
    ) -> Sequence[CloudEvent]:
        """From CloudTrail's log, a thousand at most. Raises AwsError."""

        def find() -> list[CloudEvent]:
            session = self._session(connection)
            region = events.log_region(session) if unit.region == GLOBAL else unit.region
            reader = Reader(session, self._throttles, reading_back.TAIL, region, budget_seconds=budget_seconds)
            try:
                return events.look_up(reader, self._throttles, unit.service, since)
            finally:
                reader.close()

        return await self._run(find)

    def metric_types(self) -> frozenset[str]:
        """The types with metrics in CloudWatch."""
        return frozenset(METRIC_GROUPS)

    def count_metrics(self, native_type: str, *, daily: bool) -> int:
        """How many metrics one resource of the type is asked for."""
        return metrics.count_metrics(native_type, daily=daily)

    async def read_metrics(
        self, connection: Connection, targets: Sequence[MetricTarget], window: MetricWindow, *, budget_seconds: float
    ) -> PolledMetrics:
        """By a session that may do nothing else. Never raises for a failed call."""
        limit = Limit(narrow_policy([metrics.CALL], "*"))
        started = time.monotonic()

        def read() -> PolledMetrics:
            try:
                session = self._session(connection, limit=limit)
                remaining = budget_seconds - (time.monotonic() - started)
                return metrics.read_metrics(
                    session,
                    self._throttles,
                    targets,
                    window,
                    budget_seconds=remaining,
                    home_region=session.home_region,
                )
            except AwsError as error:
                return PolledMetrics(errors=(_told(error),))

        return await self._run(read)

    def _queue(self, connection: Connection, source: Mapping[str, Any]) -> tuple[Any, str]:
        """A client that may do nothing but take messages off that queue, and the queue's address. Raises AwsError."""
        url = str(source.get("queue_url") or "")
        region = home_region(connection)
        limit = Limit(narrow_policy(["sqs:ReceiveMessage", "sqs:DeleteMessage"], events.queue_arn(url, region)))
        session = self._session(connection, limit=limit)
        return session.client("sqs", events.queue_region(url, region)), url

    def _reach(self, connection: Connection) -> tuple[AwsSession, list[str], list[str]]:
        session = self._session(connection)
        session.identity()
        warnings: list[str] = []
        if connection.credentials.get("kind") == "assume_role":
            warnings = check_trust_policy(connection, session.home_region, session.client_options)
        elif connection.credentials.get("kind") == "access_key" and not connection.credentials.get("session_token"):
            warnings = ["Long-lived access keys can leak. A role with an external id is safer."]
        return session, warnings, _regions(session, connection)

    def _tester(self, session: AwsSession, service: Service) -> Callable[[], list[PermissionCheck]]:
        def run() -> list[PermissionCheck]:
            region = session.home_region
            unit = Unit(account=session.identity().account, region=region, service=service.name)
            reader = Reader(
                session, self._throttles, service, region, budget_seconds=_TEST_BUDGET_SECONDS, first_page_only=True
            )
            try:
                UnitRead(reader, service, unit, first_only=True).run()
                return checks_of(service, reader.attempts)
            finally:
                reader.close()

        return run

    def _session(self, connection: Connection, *, limit: Limit | None = None) -> AwsSession:
        """The connection's session, made anew after a quarter of an hour without use. Raises AwsError."""
        key, now = f"{session_key(connection)}{limit or ''}", time.monotonic()
        with self._lock:
            for old in [k for k, (_, used) in self._sessions.items() if now - used > _SESSION_IDLE_SECONDS]:
                del self._sessions[old]
            known = self._sessions.get(key)
        if known is None:
            try:
                made = AwsSession(
                    connection, self.loader, read_seconds=self._read_seconds, attempts=self._attempts, limit=limit
                )
            except Exception as error:
                raise translate(error, "sts", "AssumeRole") from error
        with self._lock:
            session = self._sessions.get(key, (None, 0.0))[0] or (known[0] if known else made)
            self._sessions[key] = (session, now)
            self._sessions.move_to_end(key)
            while len(self._sessions) > _SESSIONS_KEPT:
                self._sessions.popitem(last=False)
            return session

    async def _run(self, function: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, function)


def _services(connection: Connection) -> list[Service]:
    """Those that the connection's cloud can know."""
    return [service for service in SERVICES.values() if service.simulated or not connection.endpoint_url]


def _regions(session: AwsSession, connection: Connection) -> list[str]:
    """Those named, or those enabled for the account, without the excluded ones. Raises AwsError."""
    found = list(connection.regions) or _enabled_regions(session)
    return [region for region in found if region not in connection.excluded_regions]


def _enabled_regions(session: AwsSession) -> list[str]:
    """Raises AwsError; the permission is named, for without it nothing can be planned."""
    try:
        answer = session.client("ec2", session.home_region).describe_regions(AllRegions=False)
        return sorted(str(region["RegionName"]) for region in answer["Regions"])
    except Exception as error:
        raise translate(error, "ec2", "DescribeRegions") from error


def _failed(unit: Unit, error: AwsError) -> UnitResult:
    return UnitResult(
        unit=unit,
        state=UnitState.FAILED,
        errors=(_told(error),),
    )


def _told(error: AwsError) -> CallError:
    return CallError(kind=error.kind, call=error.call, message=error.message, permission=error.permission)
