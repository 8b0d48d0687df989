"""Results and findings as rows. An unchanged result writes nothing; a finding is opened and resolved once."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.events import publish_all
from app.core.ids import new_id
from app.domains.compliance.events import FindingChanged, FindingOpened, FindingResolved
from app.domains.compliance.rules.model import Control, Failure, Outcome, Resource, finding_key

_UPSERT_RESULTS = text("""
INSERT INTO compliance_results
  (organization_id, control_id, resource_id, account_id, control_version, state, reason, evaluated_at)
SELECT :org, t.control_id, t.resource_id, :account, t.version, t.state, t.reason, :now
FROM unnest(CAST(:controls AS text[]), CAST(:resources AS uuid[]), CAST(:versions AS int[]),
            CAST(:states AS text[]), CAST(:reasons AS text[])) AS t(control_id, resource_id, version, state, reason)
WHERE (  -- a conflict would lock the row, which writes it, even with nothing to change
  SELECT (k.state, k.reason, k.control_version, k.account_id) = (t.state, t.reason, t.version, :account)
  FROM compliance_results k
  WHERE k.organization_id = :org AND k.control_id = t.control_id AND k.resource_id = t.resource_id) IS NOT TRUE
ORDER BY t.control_id, t.resource_id
ON CONFLICT (organization_id, control_id, resource_id) DO UPDATE
SET state = excluded.state, reason = excluded.reason, control_version = excluded.control_version,
    account_id = excluded.account_id, evaluated_at = excluded.evaluated_at
""")

_ISSUE_COLUMNS = """id, finding_key, status, severity, evidence::text AS evidence, reason, control_version, control_id,
    resource_id, account_id"""

# One look into an index for each: with a join, a table that was never analysed is read whole for every batch.
_READ_ISSUES = text(f"""
SELECT found.* FROM unnest(CAST(:resources AS uuid[])) AS wanted(id) CROSS JOIN LATERAL (
  SELECT {_ISSUE_COLUMNS} FROM compliance_issues
  WHERE organization_id = :org AND resource_id = wanted.id OFFSET 0) AS found
UNION ALL
SELECT found.* FROM unnest(CAST(:keys AS bytea[])) AS wanted(key) CROSS JOIN LATERAL (
  SELECT {_ISSUE_COLUMNS} FROM compliance_issues
  WHERE organization_id = :org AND finding_key = wanted.key OFFSET 0) AS found
""")  # noqa: S608  # the columns are ours

_UPSERT_ISSUES = text("""
INSERT INTO compliance_issues AS i (organization_id, id, finding_key, control_id, control_version, title, severity,
  status, reason, evidence, remediation, resource_id, native_id, sub_key, provider, account_id, region,
  first_seen_at, last_opened_at, last_seen_at)
SELECT :org, t.id, t.finding_key, t.control_id, t.version, t.title, t.severity, 'open', t.reason,
  CAST(t.evidence AS jsonb), t.remediation, t.resource_id, t.native_id, t.sub_key, t.provider, :account, t.region,
  :now, :now, :now
FROM unnest(CAST(:id AS uuid[]), CAST(:finding_key AS bytea[]), CAST(:control_id AS text[]),
  CAST(:version AS int[]), CAST(:title AS text[]), CAST(:severity AS text[]), CAST(:reason AS text[]),
  CAST(:evidence AS text[]), CAST(:remediation AS text[]), CAST(:resource_id AS uuid[]), CAST(:native_id AS text[]),
  CAST(:sub_key AS text[]), CAST(:provider AS text[]), CAST(:region AS text[]))
  AS t(id, finding_key, control_id, version, title, severity, reason, evidence, remediation, resource_id, native_id,
       sub_key, provider, region)
ORDER BY t.finding_key
ON CONFLICT (organization_id, finding_key) DO UPDATE
SET status = CASE i.status WHEN 'resolved' THEN 'open' ELSE i.status END, severity = excluded.severity,
  reason = excluded.reason, evidence = excluded.evidence, control_version = excluded.control_version,
  title = excluded.title, remediation = excluded.remediation, resource_id = excluded.resource_id,
  account_id = excluded.account_id, region = excluded.region, resolved_at = NULL, last_seen_at = excluded.last_seen_at,
  last_opened_at = CASE i.status WHEN 'resolved' THEN excluded.last_opened_at ELSE i.last_opened_at END
""")

_RESOLVE_ISSUES = text("""
UPDATE compliance_issues SET status = 'resolved', resolved_at = :now
WHERE organization_id = :org AND id = ANY(CAST(:ids AS uuid[])) AND status <> 'resolved'
RETURNING id, control_id, native_id, resource_id
""")

_FORGET_RESULTS = text("""
DELETE FROM compliance_results WHERE organization_id = :org AND resource_id = ANY(CAST(:resources AS uuid[]))
""")


# One outcome with what it is about. A plain tuple: there are hundreds of thousands of them.
Evaluated: TypeAlias = tuple[Resource, Control, Outcome]


class _Known(NamedTuple):
    """A finding as it is stored."""

    id: UUID
    finding_key: bytes
    status: str
    severity: str
    evidence: str
    reason: str
    control_version: int
    control_id: str
    resource_id: UUID | None
    account_id: UUID


class _Failing(NamedTuple):
    """One failure with what it is about."""

    item: Evaluated
    failure: Failure

    @property
    def severity(self) -> str:
        _, control, outcome = self.item
        return outcome.severity or control.severity


async def store_results(
    session: AsyncSession, organization_id: UUID, account_id: UUID, results: Sequence[Evaluated], now: datetime
) -> tuple[int, int]:
    """Store outcomes and the findings that follow: (findings opened, findings resolved).

    The caller holds the account's turn (`queries.lock_account`).
    """
    if not results:
        return 0, 0
    await session.execute(
        _UPSERT_RESULTS,
        {
            "org": organization_id,
            "account": account_id,
            "now": now,
            "controls": [control.id for _, control, _ in results],
            "resources": [resource.id for resource, _, _ in results],
            "versions": [control.version for _, control, _ in results],
            "states": [outcome.state for _, _, outcome in results],
            "reasons": [outcome.reason for _, _, outcome in results],
        },
    )
    failing: dict[bytes, _Failing] = {}
    for resource, control, outcome in results:
        for failure in outcome.failures:
            key = finding_key(control.id, resource.native_id, failure.sub_key)
            failing.setdefault(key, _Failing((resource, control, outcome), failure))
    known = await _read_known(session, organization_id, {resource.id for resource, _, _ in results}, failing)
    opened = await _store_findings(session, organization_id, account_id, failing, known, now)
    resolved = await _resolve_passed(session, organization_id, results, failing, known, now)
    return opened, resolved


async def _read_known(
    session: AsyncSession, organization_id: UUID, resource_ids: Iterable[UUID], keys: Iterable[bytes]
) -> dict[bytes, _Known]:
    parameters = {"org": organization_id, "resources": sorted(resource_ids), "keys": list(keys)}
    rows = (await session.execute(_READ_ISSUES, parameters)).mappings()
    return {bytes(row["finding_key"]): _Known(**{name: row[name] for name in _Known._fields}) for row in rows}


async def _store_findings(
    session: AsyncSession,
    organization_id: UUID,
    account_id: UUID,
    failing: dict[bytes, _Failing],
    known: dict[bytes, _Known],
    now: datetime,
) -> int:
    """Write new, changed and reopened findings in one statement and tell of them; how many were opened."""
    written: list[dict[str, Any]] = []
    facts: list[FindingOpened] = []
    opened = 0
    for key, found in failing.items():
        before = known.get(key)
        if before is not None and _is_same(before, found, account_id):
            continue
        issue_id = before.id if before else new_id()
        written.append(_finding_row(issue_id, key, found))
        if before is None or before.status == "resolved":
            opened += 1
            facts.append(_fact(FindingOpened, organization_id, account_id, issue_id, found))
        elif before.severity != found.severity:
            facts.append(_fact(FindingChanged, organization_id, account_id, issue_id, found))
    if written:
        columns = {name: [row[name] for row in written] for name in written[0]}
        parameters = {"org": organization_id, "account": account_id, "now": now}
        await session.execute(_UPSERT_ISSUES, parameters | columns)
        await publish_all(session, facts)
    return opened


def _finding_row(issue_id: UUID, key: bytes, found: _Failing) -> dict[str, Any]:
    resource, control, outcome = found.item
    return {
        "id": issue_id,
        "finding_key": key,
        "control_id": control.id,
        "version": control.version,
        "title": control.title,
        "severity": found.severity,
        "reason": outcome.reason,
        "evidence": _evidence(found.failure),
        "remediation": control.remediation,
        "resource_id": resource.id,
        "native_id": resource.native_id,
        "sub_key": found.failure.sub_key,
        "provider": control.provider,
        "region": resource.region,
    }


def _evidence(failure: Failure) -> str:
    return orjson.dumps(dict(failure.evidence), default=str).decode()


def _is_same(before: _Known, found: _Failing, account_id: UUID) -> bool:
    resource, control, outcome = found.item
    return bool(
        before.status != "resolved"
        and before.severity == found.severity
        and before.reason == outcome.reason
        and before.control_version == control.version
        and before.resource_id == resource.id
        and before.account_id == account_id
        and orjson.loads(before.evidence) == orjson.loads(_evidence(found.failure))
    )


def _fact(
    kind: type[FindingOpened], organization_id: UUID, account_id: UUID, issue_id: UUID, found: _Failing
) -> FindingOpened:
    resource, control, outcome = found.item
    return kind(
        organization_id=organization_id,
        issue_id=issue_id,
        control_id=control.id,
        severity=found.severity,
        # what is wrong, not the control's title: that one says how things ought to be
        title=f"{outcome.reason.rstrip('.')}: {resource.tags.get('Name') or resource.native_id}",
        description=f"{control.title}. {control.remediation}",
        resource_id=resource.id,
        native_id=resource.native_id,
        account_id=account_id,
        region=resource.region,
    )


async def _resolve_passed(
    session: AsyncSession,
    organization_id: UUID,
    results: Sequence[Evaluated],
    failing: dict[bytes, _Failing],
    known: dict[bytes, _Known],
    now: datetime,
) -> int:
    """Findings end when their control no longer reports them; UNKNOWN ends nothing."""
    decided = {(control.id, resource.id) for resource, control, outcome in results if outcome.state != "UNKNOWN"}
    over = [
        row.id
        for key, row in known.items()
        if row.status != "resolved" and key not in failing and (row.control_id, row.resource_id) in decided
    ]
    return await _resolve(session, organization_id, over, now)


async def forget_resources(
    session: AsyncSession, organization_id: UUID, resource_ids: Sequence[UUID], now: datetime
) -> int:
    """Resources are gone: their results go, their findings are resolved; how many findings."""
    if not resource_ids:
        return 0
    await session.execute(_FORGET_RESULTS, {"org": organization_id, "resources": list(resource_ids)})
    known = await _read_known(session, organization_id, resource_ids, ())
    return await _resolve(session, organization_id, [row.id for row in known.values() if row.status != "resolved"], now)


async def forget_account(session: AsyncSession, organization_id: UUID, account_id: UUID, now: datetime) -> int:
    """An account is disconnected: its open findings are resolved, the rest goes; how many findings."""
    of_account = {"org": organization_id, "account": account_id}
    rows = await session.scalars(
        text(
            "SELECT id FROM compliance_issues WHERE organization_id = :org AND account_id = :account"
            " AND status <> 'resolved' ORDER BY id FOR UPDATE"
        ),
        of_account,
    )
    resolved = await _resolve(session, organization_id, list(rows.all()), now)
    for table in ("compliance_results", "compliance_pending", "compliance_accounts"):
        await session.execute(
            text(f"DELETE FROM {table} WHERE organization_id = :org AND account_id = :account"),  # noqa: S608  # fixed names
            of_account,
        )
    return resolved


async def _resolve(session: AsyncSession, organization_id: UUID, ids: Sequence[UUID], now: datetime) -> int:
    if not ids:
        return 0
    rows = (await session.execute(_RESOLVE_ISSUES, {"org": organization_id, "ids": list(ids), "now": now})).mappings()
    facts = [
        FindingResolved(
            organization_id=organization_id,
            issue_id=row["id"],
            control_id=row["control_id"],
            native_id=row["native_id"],
            resource_id=row["resource_id"],
        )
        for row in rows
    ]
    await publish_all(session, facts)
    return len(facts)
