"""Connections and reads that are lost in the middle of an evaluation: nothing fires or ends that should not."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from app.domains.alerts import queries
from app.domains.alerts.service import evaluating
from app.domains.alerts.service.rule_series import forget_series
from app.domains.metrics import service as metrics
from app.domains.metrics.errors import QueryTooLarge
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from .conftest import Desk
from .test_rule_evaluation import MINUTE, NOW, evaluate, make_rule, open_titles, send

POINTS: list[tuple[Any, str]] = [
    (queries, "list_due_rules"),
    (queries, "list_instances"),
    (metrics, "read_samples"),
    (queries, "save_instances"),
    (queries, "save_outcomes"),
    (evaluating, "end_all"),
    (evaluating, "fire_all"),
]


@pytest.fixture(autouse=True)
def new_process() -> Iterator[None]:
    """Nothing is remembered from the test before."""
    metrics.forget_books()
    forget_series()
    yield
    metrics.forget_books()
    forget_series()


async def _history(desk: Desk) -> None:
    """Host a ends in the second minute, b begins in it, c fires all the time; each fired or not in the first."""
    await make_rule(desk, no_data="resolve")
    await send(desk, "a", {NOW: 95, NOW + MINUTE: 20})
    await send(desk, "b", {NOW: 20, NOW + MINUTE: 95})
    await send(desk, "c", {NOW: 95, NOW + MINUTE: 95})
    assert (await evaluate(desk, NOW)).fired == 2


async def _stored(desk: Desk) -> list[list[dict[str, Any]]]:
    return [
        await desk.rows(f"SELECT * FROM {table} ORDER BY 1, 2, 3")  # noqa: S608  # a fixed list
        for table in ("alerts", "alert_rule_states", "alert_rules", "alert_evaluations", "alert_timeline")
    ]


def _losing(real: Callable[..., Awaitable[Any]], *, after: bool) -> Callable[..., Awaitable[Any]]:
    """The same, with the database's end of the connection gone before or after it, as when the server restarts."""

    async def lose(session: AsyncSession, *args: Any, **named: Any) -> Any:
        result = await real(session, *args, **named) if after else None
        with suppress(SQLAlchemyError):
            await session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        return result if after else await real(session, *args, **named)

    return lose


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(("module", "name"), POINTS, ids=[name for _, name in POINTS])
async def test_a_server_that_is_gone_in_mid_evaluation_leaves_no_trace_and_the_repeat_does_all(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, module: Any, name: str, after: bool
) -> None:
    await _history(desk)
    before = await _stored(desk)
    with monkeypatch.context() as patched:
        patched.setattr(module, name, _losing(getattr(module, name), after=after))
        with pytest.raises(SQLAlchemyError):
            await evaluate(desk, NOW + MINUTE)
    assert await _stored(desk) == before
    done = await evaluate(desk, NOW + MINUTE)
    assert (done.fired, done.ended) == (1, 1)
    assert await open_titles(desk) == ["b is at 95", "c is at 95"]


async def test_a_read_that_is_refused_changes_no_state_and_the_next_goes_on(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _history(desk)
    alerts, states, *_ = await _stored(desk)

    async def refuse(*_: Any, **__: Any) -> Any:
        raise QueryTooLarge("too much")

    with monkeypatch.context() as patched:
        patched.setattr(metrics, "read_samples", refuse)
        done = await evaluate(desk, NOW + MINUTE)
    assert (done.failed, done.fired, done.ended) == (1, 0, 0)
    assert (await _stored(desk))[:2] == [alerts, states]
    (rule,) = await desk.rows("SELECT health, last_error FROM alert_rules")
    assert rule == {"health": "err", "last_error": "too much"}
    await send(desk, "a", {NOW + 2 * MINUTE: 20})
    done = await evaluate(desk, NOW + 2 * MINUTE)
    assert (done.fired, done.ended) == (1, 1)
    (rule,) = await desk.rows("SELECT health, last_error FROM alert_rules")
    assert rule == {"health": "ok", "last_error": None}
