"""Reads of compliance, organization first; joins to the inventory below."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, DateTime, Select, Text, case, func, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.core.scope import account_conditions, resource_conditions, scope_of
from app.domains.accounts.models import Account
from app.domains.compliance.errors import IssueNotFound, ResourceNotFound
from app.domains.compliance.models import (
    ComplianceControlScore,
    ComplianceIssue,
    ComplianceResult,
    ComplianceStandard,
    EvaluatedAccount,
)
from app.domains.compliance.rules.catalogue import FIELDS_READ
from app.domains.compliance.rules.model import Resource, Sibling
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


# An unchanged result is not written again: an open finding was last seen when its resource was last listed whole.
_LAST_SEEN = case(
    (
        (ComplianceIssue.status == "resolved") | (ComplianceResult.state.is_distinct_from("FAIL")),
        ComplianceIssue.last_seen_at,
    ),
    else_=func.greatest(
        ComplianceIssue.last_seen_at,
        SyncUnit.type_seen_at[CloudResource.native_type].astext.cast(DateTime(timezone=True)),
    ),
)


def _visible(session: AsyncSession, row: Any) -> list[ColumnElement[bool]]:
    """Keeps findings or results, which both name account and resource, to the session's scope."""
    scope = scope_of(session)
    made = account_conditions(scope, row.account_id)
    if scope is not None and scope.has_tags:
        resource = aliased(CloudResource)
        seen = select(resource.id).where(
            resource.organization_id == row.organization_id,
            resource.id == row.resource_id,
            *resource_conditions(scope, resource.account_id, resource.tags),
        )
        made.append(seen.exists())
    return made


def _issues(session: AsyncSession, organization_id: UUID) -> Select[Any]:
    issue, resource, result, unit = ComplianceIssue, CloudResource, ComplianceResult, SyncUnit
    return (
        select(
            *(
                column
                for column in issue.__table__.c
                if column.name not in ("organization_id", "finding_key", "last_seen_at")
            ),
            _LAST_SEEN.label("last_seen_at"),
            resource.name.label("resource_name"),
            resource.native_type,
        )
        .select_from(issue)
        .outerjoin(resource, (resource.organization_id == issue.organization_id) & (resource.id == issue.resource_id))
        .outerjoin(
            result,
            (result.organization_id == issue.organization_id)
            & (result.control_id == issue.control_id)
            & (result.resource_id == issue.resource_id),
        )
        .outerjoin(unit, (unit.organization_id == resource.organization_id) & (unit.id == resource.unit_id))
        .where(issue.organization_id == organization_id, *_visible(session, issue))
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
    statement = _issues(session, organization_id).where(*_conditions(wanted))
    if after is not None:
        statement = statement.where(tuple_(ComplianceIssue.last_opened_at, ComplianceIssue.id) < after)
    statement = statement.order_by(ComplianceIssue.last_opened_at.desc(), ComplianceIssue.id.desc()).limit(limit)
    return [dict(row) for row in (await session.execute(statement)).mappings()]


async def count_issues(session: AsyncSession, organization_id: UUID, wanted: IssueFilter) -> int:
    """How many findings a filter finds."""
    statement = select(func.count()).select_from(ComplianceIssue)
    statement = statement.where(
        ComplianceIssue.organization_id == organization_id,
        *_conditions(wanted),
        *_visible(session, ComplianceIssue),
    )
    return int((await session.execute(statement)).scalar_one())


async def read_issue(session: AsyncSession, organization_id: UUID, issue_id: UUID) -> dict[str, Any]:
    """One finding. Raises IssueNotFound."""
    found = await session.execute(_issues(session, organization_id).where(ComplianceIssue.id == issue_id))
    row = found.mappings().one_or_none()
    if row is None:
        raise IssueNotFound
    return dict(row)


async def count_results(session: AsyncSession, organization_id: UUID) -> dict[str, dict[str, int]]:
    """{control id: {state: resources}}, counted; pages read the roll-up (`list_control_scores`)."""
    result = ComplianceResult
    statement = (
        select(result.control_id, result.state, func.count())
        .where(result.organization_id == organization_id, *_visible(session, result))
        .group_by(result.control_id, result.state)
    )
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    for control_id, state, count in await session.execute(statement):
        counts[control_id][state] = count
    return counts


async def list_control_scores(session: AsyncSession, organization_id: UUID) -> dict[str, dict[str, int]]:
    """{control id: {state: resources}} as of the last evaluation; counted anew for a part of the organization."""
    if scope_of(session) is not None:
        return await count_results(session, organization_id)
    statement = select(ComplianceControlScore).where(ComplianceControlScore.organization_id == organization_id)
    return {
        row.control_id: {
            "PASS": row.passed,
            "FAIL": row.failed,
            "UNKNOWN": row.unknown,
            "NOT_APPLICABLE": row.not_applicable,
        }
        for row in (await session.scalars(statement)).all()
    }


async def count_open_issues(session: AsyncSession, organization_id: UUID) -> dict[tuple[str, str], int]:
    """{(control id, severity): open findings}."""
    issue = ComplianceIssue
    statement = (
        select(issue.control_id, issue.severity, func.count())
        .where(issue.organization_id == organization_id, issue.status == "open", *_visible(session, issue))
        .group_by(issue.control_id, issue.severity)
    )
    return {(control, severity): count for control, severity, count in await session.execute(statement)}


async def list_standards(session: AsyncSession, organization_id: UUID) -> dict[UUID, ComplianceStandard]:
    """The rolled-up scores by standard."""
    statement = select(ComplianceStandard).where(ComplianceStandard.organization_id == organization_id)
    return {row.id: row for row in (await session.scalars(statement)).all()}


async def list_results_of(session: AsyncSession, organization_id: UUID, resource_id: UUID) -> list[ComplianceResult]:
    """Every control's result on one resource: failures first, then what is unknown. Raises ResourceNotFound."""
    known = select(CloudResource.id).where(
        CloudResource.organization_id == organization_id,
        CloudResource.id == resource_id,
        *resource_conditions(scope_of(session), CloudResource.account_id, CloudResource.tags),
    )
    if (await session.execute(known)).first() is None:
        raise ResourceNotFound
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
    for native_account, service, complete_types, type_seen_at in await session.execute(statement):
        complete[native_account, service].append(set(complete_types))
        seen[native_account, service] |= set(complete_types) | set(type_seen_at)
    known: dict[str, set[str]] = defaultdict(set)
    for (native_account, service), types in seen.items():
        listings = complete[native_account, service]
        known[native_account] |= {name for name in types if all(name in listing for listing in listings)}
    return known


async def lock_account(session: AsyncSession, organization_id: UUID, account_id: UUID) -> dict[str, list[str]] | None:
    """Wait for this account's turn to be evaluated; its `known_types`, or None of an account that is gone.

    The account is locked before, as its removal does, so that neither waits for the other in a circle.
    """
    account = select(Account.id).where(
        Account.organization_id == organization_id, Account.id == account_id, Account.removed_at.is_(None)
    )
    if (await session.execute(account.with_for_update(read=True, key_share=True))).scalar_one_or_none() is None:
        return None
    key = {"organization_id": organization_id, "account_id": account_id}
    known = select(EvaluatedAccount.known_types).filter_by(**key).with_for_update()
    found = (await session.execute(known)).scalar_one_or_none()
    if found is None:
        await session.execute(insert(EvaluatedAccount).values(**key).on_conflict_do_nothing())
        found = (await session.execute(known)).scalar_one()
    return dict(found)


async def set_known_types(
    session: AsyncSession, organization_id: UUID, account_id: UUID, known_types: dict[str, list[str]]
) -> None:
    """Remember what could be listed whole."""
    statement = update(EvaluatedAccount).where(
        EvaluatedAccount.organization_id == organization_id, EvaluatedAccount.account_id == account_id
    )
    await session.execute(statement.values(known_types=known_types))


async def read_resources(
    session: AsyncSession,
    organization_id: UUID,
    account_id: UUID,
    *,
    native_types: Sequence[str],
    ids: Sequence[UUID] | None = None,
    after: UUID | None = None,
    limit: int,
) -> list[StoredResource]:
    """Open resources of an account in the order of their ids, with their properties; JSON is read once, fast."""
    row = CloudResource
    document = func.jsonb_build_object("tags", row.tags, "properties", row.properties, "unread", row.unread_fields)
    statement = (
        select(
            row.id,
            row.native_id,
            row.native_type,
            row.region,
            row.native_account,
            row.stale_since.is_not(None),
            row.stale_reason,
            document.cast(Text),
        )
        .where(row.organization_id == organization_id, row.account_id == account_id, row.closed_at.is_(None))
        .where(row.native_type == func.any(list(native_types)))
        .order_by(row.id)
        .limit(limit)
    )
    if ids is not None:
        statement = statement.where(row.id == func.any(ids))
    if after is not None:
        statement = statement.where(row.id > after)
    found = []
    for row_found in await session.execute(statement):
        id_, native_id, native_type, region, native_account, is_stale, stale_reason, text = row_found
        parts = orjson.loads(text)
        resource = Resource(
            id_,
            native_id,
            native_type,
            region,
            parts["tags"],
            parts["properties"],
            parts["unread"],
            is_stale,
            stale_reason or "",
        )
        found.append(StoredResource(resource, native_account))
    return found


async def read_listing(
    session: AsyncSession, organization_id: UUID, account_id: UUID, native_type: str
) -> dict[str, list[Sibling]]:
    """{cloud account number: its resources of the type}, with only the properties that some control reads."""
    row = CloudResource
    parts = [part for name in FIELDS_READ[native_type] for part in (name, row.properties[name])]
    document = func.jsonb_build_object("properties", func.jsonb_build_object(*parts), "unread", row.unread_fields)
    statement = select(row.native_account, row.native_id, row.region, document.cast(Text)).where(
        row.organization_id == organization_id,
        row.account_id == account_id,
        row.native_type == native_type,
        row.closed_at.is_(None),
    )
    found: dict[str, list[Sibling]] = defaultdict(list)
    for native_account, native_id, region, text in await session.execute(statement.order_by(row.id)):
        parsed = orjson.loads(text)
        found[native_account].append(Sibling(native_id, region, parsed["properties"], parsed["unread"]))
    return found


async def list_open_resource_ids(session: AsyncSession, organization_id: UUID, ids: Sequence[UUID]) -> set[UUID]:
    """Which of these resources still exist, in whatever account."""
    statement = select(CloudResource.id).where(
        CloudResource.organization_id == organization_id,
        CloudResource.id == func.any(ids),
        CloudResource.closed_at.is_(None),
    )
    return set((await session.scalars(statement)).all())


async def list_account_ids(session: AsyncSession, organization_id: UUID) -> Sequence[UUID]:
    """Connected accounts, the oldest first."""
    statement = select(Account.id).where(Account.organization_id == organization_id, Account.removed_at.is_(None))
    return (await session.scalars(statement.order_by(Account.id))).all()
