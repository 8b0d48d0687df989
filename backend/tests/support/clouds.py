"""A cloud in memory, an application with only the routers under test, and the runs of tasks."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
from app.core.database import tenant_session
from app.core.handlers import install_error_handlers
from app.core.http import Caller
from app.core.ids import new_id
from app.core.secrets import create_organization_key
from app.core.tasks import Job, TaskContext
from app.providers.base import (
    CallError,
    CloudEvent,
    CollectedRelation,
    CollectedResource,
    Connection,
    ConnectionReport,
    DiscoveredAccount,
    ErrorKind,
    PermissionCheck,
    ProviderError,
    ReadBack,
    ResourceTarget,
    Unit,
    UnitResult,
    UnitState,
)
from fastapi import APIRouter, FastAPI, Request
from starlette.datastructures import State

NUMBER = "111122223333"
_APPLICATIONS: dict[tuple[int, ...], FastAPI] = {}
KEY_BODY: dict[str, Any] = {
    "provider": "aws",
    "name": "Production",
    "credentials": {"kind": "access_key", "access_key_id": "AKIAEXAMPLE1234", "secret_access_key": "very-secret-value"},
}
PERMISSIONS = frozenset({"accounts:read", "accounts:write", "accounts:sync", "inventory:read"})


def instance(number: int, *, region: str = "eu-west-1", **changes: Any) -> CollectedResource:
    """An instance with an ARN; `changes` replace any field."""
    fields: dict[str, Any] = {
        "native_id": f"arn:aws:ec2:{region}:{NUMBER}:instance/i-{number:08x}",
        "native_type": "AWS::EC2::Instance",
        "type": "compute.instance",
        "name": f"web-{number}",
        "region": region,
        "status": "running",
        "tags": {"env": "prod", "team": f"team-{number % 3}"},
        "properties": {"InstanceType": "t3.micro", "Position": number},
        "aliases": [f"i-{number:08x}"],
    }
    return CollectedResource(**(fields | changes))


def bucket(name: str, **changes: Any) -> CollectedResource:
    """A bucket."""
    fields: dict[str, Any] = {
        "native_id": f"arn:aws:s3:::{name}",
        "native_type": "AWS::S3::Bucket",
        "type": "storage.bucket",
        "name": name,
        "region": "eu-west-1",
        "status": None,
        "tags": {},
        "properties": {"Versioning": "Enabled"},
        "aliases": [name],
    }
    return CollectedResource(**(fields | changes))


EC2 = Unit(account=NUMBER, region="eu-west-1", service="ec2")
S3 = Unit(account=NUMBER, region="global", service="s3")


def complete(
    unit: Unit,
    resources: Iterable[CollectedResource],
    relations: Sequence[CollectedRelation] = (),
    types: Iterable[str] = ("AWS::EC2::Instance", "AWS::S3::Bucket"),
) -> UnitResult:
    """A unit that read everything."""
    return UnitResult(
        unit=unit,
        state=UnitState.COMPLETE,
        resources=list(resources),
        relations=relations,
        complete_types=frozenset(types),
    )


def denied(unit: Unit, permission: str = "ec2:DescribeInstances") -> UnitResult:
    """A unit whose only call was refused."""
    error = CallError(kind=ErrorKind.ACCESS_DENIED, call=permission, message="no", permission=permission)
    return UnitResult(unit=unit, state=UnitState.FAILED, errors=[error])


class FakeProvider:
    """A cloud whose answers a test sets: `results` by unit, `report` and `failure` of the connection.

    `accounts` are what it discovers, `reads` what reading one resource again finds, by native id, `queue` the messages
    of its event queue. A message is {"id", "at", "action", "actor", "targets": [{"native_id", …}], "account"}.
    """

    children_sync_alone = True

    def __init__(self) -> None:
        self.accounts: list[DiscoveredAccount] | ProviderError = []
        self.reads: dict[str, ReadBack | Exception] = {}
        self.read: list[ResourceTarget] = []
        self.before_read: Callable[[ResourceTarget], Any] | None = None
        self.queue: dict[str, Mapping[str, Any]] = {}
        self.confirmed: list[str] = []
        self.actors: list[CloudEvent] = []
        self.asked_for_actors: list[Unit] = []
        self.results: dict[Unit, UnitResult | Exception] = {}
        self.report = ConnectionReport(ok=True, account=NUMBER, identity=f"arn:aws:iam::{NUMBER}:user/reader")
        self.failure: ProviderError | None = None
        self.collected: list[Unit] = []
        self.connections: list[Connection] = []
        self.before_collect: Callable[[Unit], Any] | None = None

    def holds(self, *results: UnitResult) -> None:
        """Answer these and nothing else from now on."""
        self.results = {result.unit: result for result in results}

    async def test(self, connection: Connection) -> ConnectionReport:
        self.connections.append(connection)
        if self.failure is not None:
            raise self.failure
        return self.report

    async def plan(self, connection: Connection) -> Sequence[Unit]:
        self.connections.append(connection)
        if self.failure is not None:
            raise self.failure
        return list(self.results)

    async def collect(self, connection: Connection, unit: Unit, *, budget_seconds: float) -> UnitResult:
        self.connections.append(connection)
        self.collected.append(unit)
        if self.before_collect is not None:
            outcome = self.before_collect(unit)
            if asyncio.iscoroutine(outcome):
                await outcome
        result = self.results[unit]
        if isinstance(result, Exception):
            raise result
        return result

    async def discover(self, connection: Connection) -> Sequence[DiscoveredAccount]:
        if isinstance(self.accounts, ProviderError):
            raise self.accounts
        return self.accounts

    def connect_child(self, connection: Connection, native_account: str) -> Connection:
        return replace(connection, connection_id=f"{connection.connection_id}/{native_account}")

    async def read_back(self, connection: Connection, target: ResourceTarget, *, budget_seconds: float) -> ReadBack:
        self.read.append(target)
        if self.before_read is not None:
            outcome = self.before_read(target)
            if asyncio.iscoroutine(outcome):
                await outcome
        found = self.reads[target.native_id]
        if isinstance(found, Exception):
            raise found
        return found

    def parse_events(self, message: Mapping[str, Any]) -> Sequence[CloudEvent]:
        if "id" not in message:
            raise ProviderError(ErrorKind.INVALID_ANSWER, "no event")
        return [
            CloudEvent(
                id=message["id"],
                at=datetime.fromisoformat(message["at"]),
                action=message.get("action", "ec2:Change"),
                actor=message.get("actor"),
                targets=[ResourceTarget(**target) for target in message["targets"]],
                account=message.get("account", ""),
            )
        ]

    async def receive_events(
        self, connection: Connection, source: Mapping[str, Any], *, wait_seconds: float
    ) -> Sequence[tuple[str, Mapping[str, Any]]]:
        if not self.queue:
            await asyncio.sleep(0.01)
        return list(self.queue.items())

    async def confirm_events(self, connection: Connection, source: Mapping[str, Any], receipts: Sequence[str]) -> None:
        for receipt in receipts:
            self.confirmed.append(receipt)
            self.queue.pop(receipt, None)

    async def find_actors(
        self, connection: Connection, unit: Unit, since: datetime, *, budget_seconds: float
    ) -> Sequence[CloudEvent]:
        self.asked_for_actors.append(unit)
        return self.actors


def failing_check(permission: str) -> ConnectionReport:
    """A report whose identity works and whose one read is not permitted."""
    check = PermissionCheck(service="ec2", call=permission, permission=permission, ok=False, detail="denied")
    return ConnectionReport(
        ok=False, account=NUMBER, identity="arn", checks=[check], grant={"Version": "2012-10-17", "Statement": []}
    )


def make_caller(organization_id: UUID, permissions: Iterable[str] = PERMISSIONS) -> Caller:
    """A person of the organization."""
    return Caller(
        user_id=new_id(),
        organization_id=organization_id,
        email="ada@example.com",
        role="admin",
        permissions=frozenset(permissions),
        is_stepped_up=True,
    )


def _application(routers: Sequence[APIRouter]) -> FastAPI:
    """One for the same routers: routes are compiled at the first request, which takes longer than the request."""
    key = tuple(id(router) for router in routers)
    if key not in _APPLICATIONS:
        app = _APPLICATIONS[key] = FastAPI()
        for router in routers:
            app.include_router(router, prefix="/api/v1")
        install_error_handlers(app)
    return _APPLICATIONS[key]


def make_client(routers: Sequence[APIRouter], caller: Caller | None) -> httpx.AsyncClient:
    """A client of an application with these routers, signed in as `caller`."""
    from app.core.errors import Unauthenticated

    async def authenticate(_: Request) -> Caller:
        if caller is None:
            raise Unauthenticated
        return caller

    app = copy(_application(routers))
    app.state = State()
    app.state.authenticate = authenticate
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test/api/v1")


async def make_organization() -> UUID:
    """A new organization that can seal secrets; its rows stay."""
    organization_id = new_id()
    async with tenant_session(organization_id) as session:
        await create_organization_key(session, organization_id)
    return organization_id


async def make_context(organization_id: UUID, kind: str, arguments: Mapping[str, Any]) -> TaskContext:
    """A running job's context."""
    job_id, lease = new_id(), new_id()
    async with tenant_session(organization_id) as session:
        session.add(
            Job(
                organization_id=organization_id,
                id=job_id,
                kind=kind,
                state="running",
                arguments=dict(arguments),
                lease=lease,
                attempt=1,
            )
        )
    return TaskContext(organization_id=organization_id, job_id=job_id, kind=kind, attempt=1, lease=lease)
