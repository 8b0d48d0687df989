"""Scores rolled up after an evaluation, so that pages read a row and not a hundred thousand results."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import or_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.domains.compliance import queries
from app.domains.compliance.models import ComplianceControlScore, ComplianceStandard
from app.domains.compliance.rules.catalogue import CONTROLS
from app.domains.compliance.rules.mapping import STANDARDS, requirements_of
from app.domains.compliance.rules.model import SEVERITY_WEIGHT, percent, score


@dataclass(frozen=True, kw_only=True)
class Score:
    """Counts of results by state, the weighted score, and the share that could be evaluated."""

    score: Decimal | None
    coverage_percent: Decimal | None
    passed: int
    failed: int
    unknown: int
    not_applicable: int


def score_controls(control_ids: Iterable[str], counts: Mapping[str, Mapping[str, int]]) -> Score:
    """The score over some controls' results."""
    totals = {"PASS": 0, "FAIL": 0, "UNKNOWN": 0, "NOT_APPLICABLE": 0}
    weights = {"PASS": 0, "FAIL": 0}
    for control_id in control_ids:
        weight = SEVERITY_WEIGHT[CONTROLS[control_id].severity]
        for state, count in counts.get(control_id, {}).items():
            totals[state] += count
            if state in weights:
                weights[state] += weight * count
    evaluated = totals["PASS"] + totals["FAIL"]
    return Score(
        score=score(weights["PASS"], weights["FAIL"]),
        coverage_percent=percent(evaluated, evaluated + totals["UNKNOWN"]),
        passed=totals["PASS"],
        failed=totals["FAIL"],
        unknown=totals["UNKNOWN"],
        not_applicable=totals["NOT_APPLICABLE"],
    )


async def refresh_scores(session: AsyncSession, organization_id: UUID, *, now: datetime) -> None:
    """Count the present results, and compute every standard's score from them."""
    counts = await queries.count_results(session, organization_id)
    await _store_control_scores(session, organization_id, counts)
    rows = []
    for standard in STANDARDS:
        controls = [control_id for control_id in CONTROLS if standard.key in requirements_of(control_id)]
        rows.append(
            vars(score_controls(controls, counts))
            | {
                "organization_id": organization_id,
                "id": standard.id,
                "name": standard.name,
                "version": standard.version,
                "provider": standard.provider,
                "last_checked": now,
            }
        )
    statement = insert(ComplianceStandard).values(sorted(rows, key=lambda row: str(row["id"])))
    new = {name: statement.excluded[name] for name in rows[0] if name not in ("organization_id", "id")}
    await session.execute(statement.on_conflict_do_update(index_elements=["organization_id", "id"], set_=new))


async def _store_control_scores(
    session: AsyncSession, organization_id: UUID, counts: Mapping[str, Mapping[str, int]]
) -> None:
    rows = [
        {
            "organization_id": organization_id,
            "control_id": control_id,
            "passed": counts.get(control_id, {}).get("PASS", 0),
            "failed": counts.get(control_id, {}).get("FAIL", 0),
            "unknown": counts.get(control_id, {}).get("UNKNOWN", 0),
            "not_applicable": counts.get(control_id, {}).get("NOT_APPLICABLE", 0),
        }
        for control_id in sorted(CONTROLS)
    ]
    statement = insert(ComplianceControlScore).values(rows)
    stored, names = ComplianceControlScore.__table__.c, ("passed", "failed", "unknown", "not_applicable")
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["organization_id", "control_id"],
            set_={name: statement.excluded[name] for name in names},
            where=or_(*(stored[name] != statement.excluded[name] for name in names)),
        )
    )
