"""Rules in PromQL that a Prometheus-compatible server answers: asked at the evaluation's time, before it begins."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import numpy as np

from app.core.database import tenant_session
from app.core.errors import AppError, InvalidInput
from app.domains.alerts import queries
from app.domains.alerts.rules.conditions import Verdict
from app.domains.alerts.rules.form import Promql
from app.domains.alerts.service.evaluating import NO_SERVER, Answers, asked_at, read_stored_condition, whole_grain
from app.domains.metrics import service as metrics

QUESTION_SECONDS = 10.0
BUDGET_SECONDS = 40.0
"""For all questions of an evaluation together: what is not answered by then is an error of its rule."""
QUESTIONS_AT_ONCE = 8
MAX_RESULTS = 10_000
_TOO_LATE = f"The server did not answer within {QUESTION_SECONDS:g} seconds."
_NO_TIME = f"The servers took {BUDGET_SECONDS:g} seconds for the rules before this one."


@dataclass(frozen=True, slots=True)
class _Question:
    rule_id: UUID
    version: int
    at: datetime
    query: str
    source_id: UUID | None


async def ask_servers(organization_id: UUID, now: datetime) -> Answers:
    """What servers say of the rules in PromQL that are due at `now`. No transaction is open while they are asked."""
    questions, servers = await _read_questions(organization_id, now)
    answers: dict[tuple[UUID, int, datetime], Verdict | str] = {}
    limit = asyncio.Semaphore(QUESTIONS_AT_ONCE)

    async def answer(one: _Question) -> None:
        server = servers.get(one.source_id, NO_SERVER)
        async with limit:
            answers[one.rule_id, one.version, one.at] = server if isinstance(server, str) else await _ask(server, one)

    try:
        async with asyncio.timeout(BUDGET_SECONDS):
            await asyncio.gather(*(answer(one) for one in questions))
    except TimeoutError:
        pass
    return {(one.rule_id, one.version, one.at): _NO_TIME for one in questions} | answers


async def _read_questions(
    organization_id: UUID, now: datetime
) -> tuple[list[_Question], dict[UUID | None, metrics.Server | str]]:
    at = whole_grain(now)
    questions: list[_Question] = []
    servers: dict[UUID | None, metrics.Server | str] = {}
    async with tenant_session(organization_id) as session:
        row = await queries.read_evaluation(session, organization_id)
        after = row.evaluated_at if row is not None else None
        for rule, ended_at in await queries.list_due_rules(session, organization_id, after, at, kinds=("promql",)):
            condition = read_stored_condition(rule)
            assert isinstance(condition, Promql)  # noqa: S101  # asked for by kind
            questions.append(
                _Question(rule.id, rule.version, asked_at(rule, ended_at), condition.query, condition.source_id)
            )
        for source_id in {one.source_id for one in questions if one.source_id is not None}:
            try:
                servers[source_id] = await metrics.connect_server(session, organization_id, source_id)
            except AppError as failure:
                servers[source_id] = words_of(failure)
    return questions, servers


async def _ask(server: metrics.Server, one: _Question) -> Verdict | str:
    try:
        async with asyncio.timeout(QUESTION_SECONDS):
            found = await metrics.ask_now(server, one.query, one.at.timestamp())
    except TimeoutError:
        return _TOO_LATE
    except AppError as failure:
        return words_of(failure)
    if len(found) > MAX_RESULTS:
        return f"The expression has {len(found):,} results; a rule has at most {MAX_RESULTS:,}."
    return verdict_of(found)


def verdict_of(found: Sequence[metrics.AskedSeries]) -> Verdict:
    """Each result of an expression is an alert, as in Prometheus; the metric's name is none of its labels."""
    labels: list[Mapping[str, str]] = [one.labels for one in found]
    values = np.array([[one.points[0][1]] for one in found], np.float64).reshape(len(found), 1)
    holds = np.ones(values.shape, np.bool_)
    return Verdict(labels, values, holds, holds)


def words_of(failure: AppError) -> str:
    """What a rule's error says of a failed question."""
    if isinstance(failure, InvalidInput) and failure.errors:
        return "; ".join(one.detail for one in failure.errors)
    return failure.detail or failure.title
