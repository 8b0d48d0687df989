"""An estate stored by the inventory's own path, its evaluation as the jobs do it, and what came of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from app.core.clock import utc_now
from app.core.database import tenant_session
from app.core.events import publish
from app.core.ids import new_id
from app.domains.accounts.models import Account
from app.domains.compliance import tasks
from app.domains.inventory import service as inventory
from app.domains.inventory.events import SyncFinished
from app.providers.base import CollectedResource, Unit, UnitResult, UnitState
from sqlalchemy import text

from tests.support.clouds import NUMBER, make_context

WORLD = [{"CidrIp": "0.0.0.0/0"}]
OFFICE = [{"CidrIp": "198.51.100.0/24"}]
NOW = datetime(2026, 11, 1, tzinfo=UTC)
GROUPS = ("AWS::EC2::SecurityGroup",)


def unit_of(service: str = "ec2", region: str = "eu-west-1") -> Unit:
    """A unit of the one cloud account."""
    return Unit(account=NUMBER, region=region, service=service)


def thing(native_type: str, name: str, properties: Mapping[str, Any], **changes: Any) -> CollectedResource:
    """A resource of any type; `changes` replace any field."""
    fields: dict[str, Any] = {
        "native_id": f"arn:aws:x:eu-west-1:{NUMBER}:{native_type.rsplit('::', 1)[-1].lower()}/{name}",
        "native_type": native_type,
        "type": "other.thing",
        "name": name,
        "region": "eu-west-1",
        "status": None,
        "tags": {},
        "properties": dict(properties),
        "aliases": [name],
    }
    return CollectedResource(**(fields | changes))


def group(name: str, *ports: int, ranges: list[dict[str, str]] | None = None, **changes: Any) -> CollectedResource:
    """A security group that opens these ports, to the world unless told otherwise."""
    rules = [
        {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": WORLD if ranges is None else ranges}
        for port in ports
    ]
    properties = {"GroupId": name, "GroupName": name, "IpPermissions": rules, "IpPermissionsEgress": []}
    return thing(GROUPS[0], name, changes.pop("properties", properties), type="network.firewall", **changes)


def interface(name: str, *groups: str) -> CollectedResource:
    """A network interface with these security groups."""
    return thing("AWS::EC2::NetworkInterface", name, {"Groups": [{"GroupId": item} for item in groups]})


def volume(name: str, *, encrypted: bool = True, **changes: Any) -> CollectedResource:
    """An attached disk."""
    return thing("AWS::EC2::Volume", name, {"Encrypted": encrypted, "Attachments": [{"InstanceId": "i-1"}]}, **changes)


@dataclass(frozen=True)
class Estate:
    """One connected account of an organization, and the steps of its life."""

    organization_id: UUID
    account_id: UUID

    async def store(
        self,
        resources: Iterable[CollectedResource],
        *,
        unit: Unit | None = None,
        types: Iterable[str] | None = None,
        state: UnitState = UnitState.COMPLETE,
    ) -> None:
        """Store what one unit read; `types` are those listed whole, all that it holds unless told otherwise."""
        found = list(resources)
        complete = {item.native_type for item in found} | {"AWS::EC2::SecurityGroup", "AWS::EC2::Volume"}
        result = UnitResult(
            unit=unit or unit_of(),
            state=state,
            resources=found,
            complete_types=frozenset(complete if types is None else types),
        )
        async with tenant_session(self.organization_id) as session:
            await inventory.store_unit(
                session,
                self.organization_id,
                account_id=self.account_id,
                provider="aws",
                job_id=new_id(),
                result=result,
                now=utc_now(),
            )

    async def finish_sync(self) -> None:
        """What the inventory tells when a sync ends."""
        async with tenant_session(self.organization_id) as session:
            await publish(
                session,
                SyncFinished(
                    organization_id=self.organization_id,
                    account_id=self.account_id,
                    job_id=new_id(),
                    state="complete",
                ),
            )

    async def evaluate(self) -> None:
        """Run the job that evaluates what is pending."""
        arguments = {"account_id": str(self.account_id)}
        context = await make_context(self.organization_id, "compliance.evaluate_pending", arguments)
        await tasks.evaluate_pending(context, self.account_id)

    async def evaluate_all(self) -> None:
        """Run the job that evaluates the whole account."""
        arguments = {"account_id": str(self.account_id)}
        context = await make_context(self.organization_id, "compliance.evaluate_account", arguments)
        await tasks.evaluate_account(context, self.account_id)

    async def sync(self, resources: Iterable[CollectedResource], **options: Any) -> None:
        """Store, finish and evaluate."""
        await self.store(resources, **options)
        await self.finish_sync()
        await self.evaluate()

    async def rows(self, sql: str, **values: Any) -> list[dict[str, Any]]:
        """Rows of the organization."""
        async with tenant_session(self.organization_id) as session:
            return [dict(row) for row in (await session.execute(text(sql), values)).mappings()]

    async def states(self, control_id: str) -> dict[str, str]:
        """{resource name: state} of a control."""
        sql = """SELECT r.name, c.state FROM compliance_results c JOIN cloud_resources r
                   ON r.organization_id = c.organization_id AND r.id = c.resource_id WHERE c.control_id = :control"""
        return {row["name"]: row["state"] for row in await self.rows(sql, control=control_id)}

    async def issues(self, control_id: str = "%") -> list[dict[str, Any]]:
        """Findings by control, resource and sub-key."""
        return await self.rows(
            "SELECT * FROM compliance_issues WHERE control_id LIKE :control ORDER BY control_id, native_id, sub_key",
            control=control_id,
        )

    async def facts(self, name: str) -> list[dict[str, Any]]:
        """Payloads of published facts."""
        rows = await self.rows("SELECT payload FROM events WHERE name = :name ORDER BY position", name=name)
        return [row["payload"] for row in rows]


async def make_estate(organization_id: UUID, *, number: str | None = NUMBER) -> Estate:
    """A connected account, committed."""
    account_id = new_id()
    async with tenant_session(organization_id) as session:
        session.add(
            Account(
                organization_id=organization_id,
                id=account_id,
                provider="aws",
                name="Production",
                native_account_id=number,
                status="connected",
                credentials_kind="ambient",
            )
        )
    return Estate(organization_id, account_id)
