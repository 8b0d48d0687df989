"""Results and findings as rows. An unchanged result writes nothing; a finding is opened and resolved once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.events import publish
from app.core.ids import new_id
from app.domains.compliance.events import FindingOpened, FindingResolved
from app.domains.compliance.rules.model import Control, Outcome, Resource, finding_key

_UPSERT_RESULTS = text("""
INSERT INTO compliance_results AS r
  (organization_id, control_id, resource_id, account_id, control_version, state, reason, evaluated_at)
SELECT :org, t.control_id, t.resource_id, :account, t.version, t.state, t.reason, :now
FROM unnest(CAST(:controls AS text[]), CAST(:resources AS uuid[]), CAST(:versions AS int[]),
            CAST(:states AS text[]), CAST(:reasons AS text[])) AS t(control_id, resource_id, version, state, reason)
ORDER BY t.control_id, t.resource_id
ON CONFLICT (organization_id, control_id, resource_id) DO UPDATE
SET state = excluded.state, reason = excluded.reason, control_version = excluded.control_version,
    account_id = excluded.account_id, evaluated_at = excluded.evaluated_at
WHERE (r.state, r.reason, r.control_version)
  IS DISTINCT FROM (excluded.state, excluded.reason, excluded.control_version)
""")

_READ_ISSUES = text("""
SELECT id, finding_key, status, severity, evidence::text AS evidence, control_version, control_id, resource_id
FROM compliance_issues
WHERE organization_id = :org AND resource_id = ANY(CAST(:resources AS uuid[]))
ORDER BY id FOR UPDATE
""")

_INSERT_ISSUE = text("""
INSERT INTO compliance_issues (organization_id, id, finding_key, control_id, control_version, title, severity, status,
  reason, evidence, remediation, resource_id, native_id, sub_key, provider, account_id, region,
  first_seen_at, last_opened_at, last_seen_at)
VALUES (:org, :id, :key, :control_id, :version, :title, :severity, 'open', :reason, CAST(:evidence AS jsonb),
  :remediation, :resource_id, :native_id, :sub_key, :provider, :account, :region, :now, :now, :now)
ON CONFLICT (organization_id, finding_key) DO NOTHING
""")

_REOPEN_ISSUE = text("""
UPDATE compliance_issues SET status = 'open', severity = :severity, reason = :reason,
  evidence = CAST(:evidence AS jsonb), control_version = :version, title = :title, remediation = :remediation,
  resource_id = :resource_id, last_opened_at = CASE WHEN status = 'resolved' THEN :now ELSE last_opened_at END,
  last_seen_at = :now, resolved_at = NULL
WHERE organization_id = :org AND id = :id
""")

_RESOLVE_ISSUES = text("""
UPDATE compliance_issues SET status = 'resolved', resolved_at = :now
WHERE organization_id = :org AND id = ANY(CAST(:ids AS uuid[])) AND status <> 'resolved'
RETURNING id, control_id, resource_id
""")

_FORGET_RESULTS = text("""
DELETE FROM compliance_results WHERE organization_id = :org AND resource_id = ANY(CAST(:resources AS uuid[]))
""")


class Evaluated(NamedTuple):
    """One outcome with what it is about."""

    resource: Resource
    control: Control
    outcome: Outcome


async def store_results(
    session: AsyncSession, organization_id: UUID, account_id: UUID, results: Sequence[Evaluated], now: datetime
) -> tuple[int, int]:
    """Store outcomes and the findings that follow: (findings opened, findings resolved)."""
    if not results:
        return 0, 0
    await session.execute(
        _UPSERT_RESULTS,
        {
            "org": organization_id,
            "account": account_id,
            "now": now,
            "controls": [item.control.id for item in results],
            "resources": [item.resource.id for item in results],
            "versions": [item.control.version for item in results],
            "states": [item.outcome.state for item in results],
            "reasons": [item.outcome.reason for item in results],
        },
    )
    resource_ids = sorted({item.resource.id for item in results})
    rows = await session.execute(_READ_ISSUES, {"org": organization_id, "resources": resource_ids})
    issues = {bytes(row["finding_key"]): row for row in rows.mappings()}
    opened = await _open_issues(session, organization_id, account_id, results, issues, now)
    resolved = await _resolve_passed(session, organization_id, results, issues, now)
    return opened, resolved


async def _open_issues(
    session: AsyncSession,
    organization_id: UUID,
    account_id: UUID,
    results: Sequence[Evaluated],
    issues: dict[bytes, RowMapping],
    now: datetime,
) -> int:
    opened = 0
    for resource, control, outcome in results:
        for failure in outcome.failures:
            key = finding_key(control.id, resource.native_id, failure.sub_key)
            known = issues.get(key)
            values: dict[str, Any] = {
                "org": organization_id,
                "id": known["id"] if known else new_id(),
                "version": control.version,
                "title": control.title,
                "severity": outcome.severity or control.severity,
                "reason": outcome.reason,
                "evidence": orjson.dumps(dict(failure.evidence), default=str).decode(),
                "remediation": control.remediation,
                "resource_id": resource.id,
                "now": now,
            }
            if known is not None and _is_same(known, values):
                continue
            if known is not None:
                await session.execute(_REOPEN_ISSUE, values)
            else:
                placed = {
                    "key": key,
                    "control_id": control.id,
                    "native_id": resource.native_id,
                    "sub_key": failure.sub_key,
                    "provider": control.provider,
                    "account": account_id,
                    "region": resource.region,
                }
                await session.execute(_INSERT_ISSUE, values | placed)
            if known is None or known["status"] == "resolved":
                opened += 1
                await _tell_opened(session, organization_id, account_id, Evaluated(resource, control, outcome), values)
    return opened


def _is_same(known: RowMapping, values: dict[str, Any]) -> bool:
    return bool(
        known["status"] != "resolved"
        and known["severity"] == values["severity"]
        and known["control_version"] == values["version"]
        and known["resource_id"] == values["resource_id"]
        and orjson.loads(known["evidence"]) == orjson.loads(values["evidence"])
    )


async def _tell_opened(
    session: AsyncSession, organization_id: UUID, account_id: UUID, item: Evaluated, values: dict[str, Any]
) -> None:
    name = item.resource.tags.get("Name") or item.resource.native_id
    await publish(
        session,
        FindingOpened(
            organization_id=organization_id,
            issue_id=values["id"],
            control_id=item.control.id,
            severity=values["severity"],
            title=f"{item.control.title}: {name}",
            description=f"{item.outcome.reason} {item.control.remediation}",
            resource_id=item.resource.id,
            native_id=item.resource.native_id,
            account_id=account_id,
            region=item.resource.region,
        ),
    )


async def _resolve_passed(
    session: AsyncSession,
    organization_id: UUID,
    results: Sequence[Evaluated],
    issues: dict[bytes, RowMapping],
    now: datetime,
) -> int:
    """Findings end when their control no longer reports them; UNKNOWN ends nothing."""
    still = {
        finding_key(control.id, resource.native_id, failure.sub_key)
        for resource, control, outcome in results
        for failure in outcome.failures
    }
    decided = {(item.control.id, item.resource.id) for item in results if item.outcome.state != "UNKNOWN"}
    over = [
        row["id"]
        for key, row in issues.items()
        if row["status"] != "resolved" and key not in still and (row["control_id"], row["resource_id"]) in decided
    ]
    return await _resolve(session, organization_id, over, now)


async def forget_resources(
    session: AsyncSession, organization_id: UUID, resource_ids: Sequence[UUID], now: datetime
) -> int:
    """Resources are gone: their results go, their findings are resolved; how many findings."""
    if not resource_ids:
        return 0
    parameters = {"org": organization_id, "resources": list(resource_ids)}
    await session.execute(_FORGET_RESULTS, parameters)
    rows = await session.execute(_READ_ISSUES, parameters)
    return await _resolve(
        session, organization_id, [row["id"] for row in rows.mappings() if row["status"] != "resolved"], now
    )


async def forget_account(session: AsyncSession, organization_id: UUID, account_id: UUID, now: datetime) -> int:
    """An account is disconnected: its open findings are resolved, the rest goes; how many findings."""
    of_account = {"org": organization_id, "account": account_id}
    rows = await session.execute(
        text(
            "SELECT id FROM compliance_issues WHERE organization_id = :org AND account_id = :account"
            " AND status <> 'resolved' ORDER BY id FOR UPDATE"
        ),
        of_account,
    )
    resolved = await _resolve(session, organization_id, list(rows.scalars()), now)
    for table in ("compliance_results", "compliance_pending"):
        await session.execute(
            text(f"DELETE FROM {table} WHERE organization_id = :org AND account_id = :account"),  # noqa: S608  # two fixed names
            of_account,
        )
    return resolved


async def _resolve(session: AsyncSession, organization_id: UUID, ids: Sequence[UUID], now: datetime) -> int:
    if not ids:
        return 0
    ended = (await session.execute(_RESOLVE_ISSUES, {"org": organization_id, "ids": list(ids), "now": now})).all()
    for issue_id, control_id, resource_id in ended:
        await publish(
            session,
            FindingResolved(
                organization_id=organization_id, issue_id=issue_id, control_id=control_id, resource_id=resource_id
            ),
        )
    return len(ended)
