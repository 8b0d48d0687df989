"""Reads of compliance, organization first; joins to the inventory below."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, Select, Text, case, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.domains.accounts.models import Account
from app.domains.compliance.errors import IssueNotFound
from app.domains.compliance.models import ComplianceIssue, ComplianceResult, ComplianceStandard
from app.domains.compliance.rules.model import Resource
from app.domains.inventory.models import CloudResource, SyncUnit


class StoredResource(NamedTuple):
    """A resource as controls read it, and the cloud account that it is of."""

    resource: Resource
    native_account: str


@dataclass(frozen=True, kw_only=True)
class IssueFilter:
    """What a list asks for; empty means all."""

    statuses: Sequence[str] = ()
    severities: Sequence[str] = ()
    controls: Sequence[str] = ()
    account_ids: Sequence[UUID] = ()
    resource_id: UUID | None = None
    text: str | None = None


def _issues(organization_id: UUID) -> Select[Any]:
    return (
        select(
            *(
                column
                for column in ComplianceIssue.__table__.c
                if column.name not in ("organization_id", "finding_key")
            ),
            CloudResource.name.label("resource_name"),
            CloudResource.native_type,
        )
        .select_from(ComplianceIssue)
        .outerjoin(
            CloudResource,
            (CloudResource.organization_id == ComplianceIssue.organization_id)
            & (CloudResource.id == ComplianceIssue.resource_id),
        )
        .where(ComplianceIssue.organization_id == organization_id)
    )


def _conditions(wanted: IssueFilter) -> Iterable[ColumnElement[bool]]:
    issue = ComplianceIssue
    if wanted.statuses:
        yield issue.status.in_(wanted.statuses)
    if wanted.severities:
        yield issue.severity.in_(wanted.severities)
    if wanted.controls:
        yield issue.control_id.in_(wanted.controls)
    if wanted.account_ids:
        yield issue.account_id.in_(wanted.account_ids)
    if wanted.resource_id is not None:
        yield issue.resource_id == wanted.resource_id
    if wanted.text:
        pattern = "%" + wanted.text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        yield or_(issue.title.ilike(pattern), issue.native_id.ilike(pattern), issue.control_id.ilike(pattern))


async def list_issues(
    session: AsyncSession,
    organization_id: UUID,
    wanted: IssueFilter,
    *,
    limit: int,
    after: tuple[datetime, UUID] | None = None,
) -> list[dict[str, Any]]:
    """Findings, newest first; `after` is the last row's (last_opened_at, id)."""
    statement = _issues(organization_id).where(*_conditions(wanted))
    if after is not None:
        statement = statement.where(tuple_(ComplianceIssue.last_opened_at, ComplianceIssue.id) < after)
    statement = statement.order_by(ComplianceIssue.last_opened_at.desc(), ComplianceIssue.id.desc()).limit(limit)
    return [dict(row) for row in (await session.execute(statement)).mappings()]


async def count_issues(session: AsyncSession, organization_id: UUID, wanted: IssueFilter) -> int:
    """How many findings a filter finds."""
    statement = select(func.count()).select_from(ComplianceIssue)
    statement = statement.where(ComplianceIssue.organization_id == organization_id, *_conditions(wanted))
    return int((await session.execute(statement)).scalar_one())


async def read_issue(session: AsyncSession, organization_id: UUID, issue_id: UUID) -> dict[str, Any]:
    """One finding. Raises IssueNotFound."""
    found = await session.execute(_issues(organization_id).where(ComplianceIssue.id == issue_id))
    row = found.mappings().one_or_none()
    if row is None:
        raise IssueNotFound
    return dict(row)


async def count_results(
    session: AsyncSession, organization_id: UUID, account_ids: Sequence[UUID] = ()
) -> dict[str, dict[str, int]]:
    """{control id: {state: resources}}."""
    result = ComplianceResult
    statement = (
        select(result.control_id, result.state, func.count())
        .where(result.organization_id == organization_id)
        .group_by(result.control_id, result.state)
    )
    if account_ids:
        statement = statement.where(result.account_id.in_(account_ids))
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    for control_id, state, count in (await session.execute(statement)).tuples():
        counts[control_id][state] = count
    return counts


async def count_open_issues(session: AsyncSession, organization_id: UUID) -> dict[tuple[str, str], int]:
    """{(control id, severity): open findings}."""
    issue = ComplianceIssue
    statement = (
        select(issue.control_id, issue.severity, func.count())
        .where(issue.organization_id == organization_id, issue.status == "open")
        .group_by(issue.control_id, issue.severity)
    )
    return {(control, severity): count for control, severity, count in (await session.execute(statement)).tuples()}


async def list_standards(session: AsyncSession, organization_id: UUID) -> dict[UUID, ComplianceStandard]:
    """The rolled-up scores by standard."""
    statement = select(ComplianceStandard).where(ComplianceStandard.organization_id == organization_id)
    return {row.id: row for row in (await session.scalars(statement)).all()}


async def list_results_of(session: AsyncSession, organization_id: UUID, resource_id: UUID) -> list[ComplianceResult]:
    """Every control's result on one resource: failures first, then what is unknown."""
    result = ComplianceResult
    order = case({"FAIL": 0, "UNKNOWN": 1, "PASS": 2}, value=result.state, else_=3)
    statement = select(result).where(result.organization_id == organization_id, result.resource_id == resource_id)
    return list((await session.scalars(statement.order_by(order, result.control_id))).all())


async def known_types(session: AsyncSession, organization_id: UUID, account_id: UUID) -> dict[str, set[str]]:
    """{cloud account number: types whose last listing completed in every region}.

    A type belongs to the services whose units ever listed it; a unit of such a service that failed makes it unknown.
    """
    statement = select(SyncUnit.native_account, SyncUnit.service, SyncUnit.complete_types, SyncUnit.type_seen_at).where(
        SyncUnit.organization_id == organization_id, SyncUnit.account_id == account_id, SyncUnit.retired_at.is_(None)
    )
    complete: dict[tuple[str, str], list[set[str]]] = defaultdict(list)
    seen: dict[tuple[str, str], set[str]] = defaultdict(set)
    for native_account, service, complete_types, type_seen_at in (await session.execute(statement)).tuples():
        complete[native_account, service].append(set(complete_types))
        seen[native_account, service] |= set(complete_types) | set(type_seen_at)
    known: dict[str, set[str]] = defaultdict(set)
    for (native_account, service), types in seen.items():
        listings = complete[native_account, service]
        known[native_account] |= {name for name in types if all(name in listing for listing in listings)}
    return known


async def read_resources(
    session: AsyncSession,
    organization_id: UUID,
    account_id: UUID,
    *,
    ids: Sequence[UUID] | None = None,
    native_types: Sequence[str] | None = None,
    after: UUID | None = None,
    limit: int,
) -> list[StoredResource]:
    """Open resources of an account in the order of their ids, with their properties; JSON is read once, fast."""
    row = CloudResource
    statement = (
        select(
            row.id,
            row.native_id,
            row.native_type,
            row.region,
            row.native_account,
            row.stale_since.is_not(None),
            func.jsonb_build_object("tags", row.tags, "properties", row.properties, "unread", row.unread_fields).cast(
                Text
            ),
        )
        .where(row.organization_id == organization_id, row.account_id == account_id, row.closed_at.is_(None))
        .order_by(row.id)
        .limit(limit)
    )
    if ids is not None:
        statement = statement.where(row.id == func.any(ids))
    if native_types is not None:
        statement = statement.where(row.native_type == func.any(list(native_types)))
    if after is not None:
        statement = statement.where(row.id > after)
    found = []
    for id_, native_id, native_type, region, native_account, is_stale, document in (
        await session.execute(statement)
    ).tuples():
        parts = orjson.loads(document)
        resource = Resource(
            id_, native_id, native_type, region, parts["tags"], parts["properties"], parts["unread"], is_stale
        )
        found.append(StoredResource(resource, native_account))
    return found


async def list_resource_ids(
    session: AsyncSession, organization_id: UUID, account_id: UUID, native_types: Sequence[str]
) -> Sequence[UUID]:
    """Ids of an account's open resources of these types."""
    statement = select(CloudResource.id).where(
        CloudResource.organization_id == organization_id,
        CloudResource.account_id == account_id,
        CloudResource.native_type.in_(native_types),
        CloudResource.closed_at.is_(None),
    )
    return (await session.scalars(statement)).all()


async def list_account_ids(session: AsyncSession, organization_id: UUID) -> Sequence[UUID]:
    """Connected accounts, the oldest first."""
    statement = select(Account.id).where(Account.organization_id == organization_id, Account.removed_at.is_(None))
    return (await session.scalars(statement.order_by(Account.id))).all()
