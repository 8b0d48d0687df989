"""What pages show of compliance."""

from collections import defaultdict
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.scope import scope_of
from app.domains.compliance import queries
from app.domains.compliance.errors import StandardNotFound
from app.domains.compliance.queries import IssueFilter
from app.domains.compliance.rules.catalogue import CONTROLS
from app.domains.compliance.rules.mapping import STANDARDS, Standard, requirements_of
from app.domains.compliance.rules.model import SEVERITIES
from app.domains.compliance.service.scoring import score_controls

list_account_ids = queries.list_account_ids

_NOTHING: dict[str, Any] = {
    "score": None, "coverage_percent": None, "passed": 0, "failed": 0, "unknown": 0, "not_applicable": 0,
    "last_checked": None,
}  # fmt: skip


async def list_standards(session: AsyncSession, organization_id: UUID) -> list[dict[str, Any]]:
    """Every standard with the organization's score; a score of None means not assessed."""
    rows = await _standard_scores(session, organization_id)
    return [_standard(standard, rows.get(standard.id)) for standard in STANDARDS]


async def _standard_scores(session: AsyncSession, organization_id: UUID) -> dict[UUID, Any]:
    """The rolled-up scores by standard; for a part of the organization, computed from its results."""
    stored = await queries.list_standards(session, organization_id)
    if scope_of(session) is None:
        return dict(stored)
    counts = await queries.list_control_scores(session, organization_id)
    scores: dict[UUID, Any] = {}
    for standard in STANDARDS:
        if standard.id in stored:
            controls = [control_id for control_id in CONTROLS if standard.key in requirements_of(control_id)]
            checked = {"last_checked": stored[standard.id].last_checked}
            scores[standard.id] = SimpleNamespace(**vars(score_controls(controls, counts)), **checked)
    return scores


def _standard(standard: Standard, row: Any) -> dict[str, Any]:
    named = {
        "id": standard.id,
        "key": standard.key,
        "name": standard.name,
        "version": standard.version,
        "provider": standard.provider,
    }
    return named | ({name: getattr(row, name) for name in _NOTHING} if row is not None else _NOTHING)


async def get_standard(session: AsyncSession, organization_id: UUID, standard_id: UUID) -> dict[str, Any]:
    """One standard with its requirements in their order. Raises StandardNotFound."""
    standard = next((item for item in STANDARDS if item.id == standard_id), None)
    if standard is None:
        raise StandardNotFound
    rows = await _standard_scores(session, organization_id)
    counts = await queries.list_control_scores(session, organization_id)
    by_requirement: dict[str, list[str]] = defaultdict(list)
    for control_id in CONTROLS:
        for requirement in requirements_of(control_id).get(standard.key, ()):
            by_requirement[requirement].append(control_id)
    requirements = [
        {"requirement": requirement, "controls": controls} | vars(score_controls(controls, counts))
        for requirement, controls in sorted(by_requirement.items(), key=lambda item: _natural(item[0]))
    ]
    return _standard(standard, rows.get(standard.id)) | {"requirements": requirements}


def _natural(requirement: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (0, part) for part in requirement.replace("-", ".").split(".")]


async def list_controls(session: AsyncSession, organization_id: UUID) -> list[dict[str, Any]]:
    """Every control with its results, the ones with most failing resources first."""
    counts = await queries.list_control_scores(session, organization_id)
    open_issues: dict[str, int] = defaultdict(int)
    for (control_id, _), count in (await queries.count_open_issues(session, organization_id)).items():
        open_issues[control_id] += count
    items = [
        {
            "id": control.id,
            "version": control.version,
            "title": control.title,
            "severity": control.severity,
            "provider": control.provider,
            "native_types": list(control.native_types),
            "permissions": list(control.permissions),
            "remediation": control.remediation,
            "standards": requirements_of(control.id),
            "open_issues": open_issues[control.id],
        }
        | vars(score_controls([control.id], counts))
        for control in CONTROLS.values()
    ]
    return sorted(items, key=lambda item: (-item["failed"], SEVERITIES.index(item["severity"]), item["id"]))


async def list_issues(
    session: AsyncSession,
    organization_id: UUID,
    wanted: IssueFilter,
    *,
    limit: int,
    after: tuple[datetime, UUID] | None = None,
) -> tuple[list[dict[str, Any]], int | None]:
    """Findings with the standards they touch, and the total on the first page."""
    rows = await queries.list_issues(session, organization_id, wanted, limit=limit, after=after)
    total = None if after else await queries.count_issues(session, organization_id, wanted)
    return [_issue(row) for row in rows], total


async def read_issue(session: AsyncSession, organization_id: UUID, issue_id: UUID) -> dict[str, Any]:
    """One finding. Raises IssueNotFound."""
    return _issue(await queries.read_issue(session, organization_id, issue_id))


def _issue(row: dict[str, Any]) -> dict[str, Any]:
    return row | {
        "standards": [
            f"{key} {requirement}"
            for key, requirements in requirements_of(row["control_id"]).items()
            for requirement in requirements
        ]
    }


async def list_results(session: AsyncSession, organization_id: UUID, resource_id: UUID) -> list[dict[str, Any]]:
    """Every control's result on one resource. Raises ResourceNotFound."""
    rows = await queries.list_results_of(session, organization_id, resource_id)
    return [
        {
            "control_id": row.control_id,
            "title": CONTROLS[row.control_id].title,
            "severity": CONTROLS[row.control_id].severity,
            "state": row.state,
            "reason": row.reason,
            "evaluated_at": row.evaluated_at,
        }
        for row in rows
        if row.control_id in CONTROLS
    ]


async def summarise(session: AsyncSession, organization_id: UUID) -> dict[str, Any]:
    """The estate at a glance: the score over all controls, and open findings by severity."""
    counts = await queries.list_control_scores(session, organization_id)
    by_severity = dict.fromkeys(SEVERITIES, 0)
    for (_, severity), count in (await queries.count_open_issues(session, organization_id)).items():
        by_severity[severity] += count  # type: ignore[index]  # stored from a Severity
    standards = await queries.list_standards(session, organization_id)
    return vars(score_controls(CONTROLS, counts)) | {
        "open_issues": sum(by_severity.values()),
        "by_severity": by_severity,
        "last_evaluated_at": max((row.last_checked for row in standards.values()), default=None),
    }
