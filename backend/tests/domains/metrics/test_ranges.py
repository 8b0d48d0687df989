"""Range questions give the same answer from blocks, chunks and roll-ups, equal to plain arithmetic over the samples."""

import math
import statistics
from collections import defaultdict

import numpy as np
import pytest
from app.core.database import tenant_session
from app.domains.metrics import queries, service
from app.domains.metrics.rules.ranges import Grid
from tests.domains.metrics.conftest import Sender, labels_of

HOUR, MINUTE = 3_600_000, 60_000
FUNCTIONS = ("avg", "min", "max", "sum", "count", "last", "increase", "rate", "p50", "p90")
Samples = dict[str, list[tuple[int, float]]]


def held(points: list[tuple[int, float]], end: int, ended_at: int | None) -> float | None:
    """The value that a series has at an instant by Prometheus' rule."""
    known = [(at, value) for at, value in points if end - 5 * MINUTE <= at < end]
    if not known or (ended_at is not None and known[-1][0] < ended_at < end):
        return None
    return known[-1][1]


def plain(samples: Samples, grid: Grid, function: str, ended_at: int | None = None) -> dict[str, list[float | None]]:
    """The expected rows, one sample after the other; `ended_at` is the time of the series `ended`'s end mark."""
    made: dict[str, list[float | None]] = {}
    for name, points in samples.items():
        cells: dict[int, list[float]] = defaultdict(list)
        grown: dict[int, float] = defaultdict(float)
        before: tuple[int, float] | None = None
        for at, value in sorted(points):
            if grid.from_ms <= at < grid.to_ms:
                cell = (at - grid.from_ms) // grid.step_ms
                cells[cell].append(value)
                if before is not None and at - before[0] <= max(5 * MINUTE, grid.step_ms):
                    grown[cell] += value - before[1] if value >= before[1] else value
            before = at, value
        made[name] = [
            _answer(function, cells[cell], grown[cell], grid.step_ms) if cells.get(cell) else None
            for cell in range(grid.cells)
        ]
        if function == "last" and grid.step_ms < 5 * MINUTE:
            made[name] = [
                held(points, grid.from_ms + (cell + 1) * grid.step_ms, ended_at if name == "ended" else None)
                if value is None
                else value
                for cell, value in enumerate(made[name])
            ]
    return made


def _answer(function: str, values: list[float], grown: float, step_ms: int) -> float:
    if function == "avg":
        return statistics.fmean(values)
    if function.startswith("p"):
        ordered, place = sorted(values), (len(values) - 1) * int(function[1:]) / 100
        low, high = ordered[math.floor(place)], ordered[math.ceil(place)]
        return low + (high - low) * (place - math.floor(place))
    if function in ("increase", "rate"):
        return grown if function == "increase" else grown * 1000 / step_ms
    if function == "last":
        return values[-1]
    return {"min": min(values), "max": max(values), "sum": sum(values), "count": float(len(values))}[function]


async def send(sender: Sender, hours: int) -> Samples:
    """A counter with a restart, a gauge with a gap of an hour, and one that ended; a sample every 40 s."""
    end = sender.now_ms - sender.now_ms % HOUR
    times = list(range(end - hours * HOUR + 7_000, end, 40_000))
    samples: Samples = {"counter": [], "gauge": [], "ended": []}
    total = 0.0
    for number, at in enumerate(times):
        total = 3.0 if number == len(times) // 2 else total + number % 13
        samples["counter"].append((at, total))
        if not end - 3 * HOUR <= at < end - 2 * HOUR:
            samples["gauge"].append((at, 20 + math.sin(number / 40) + number / 1000))
        if number < 90:
            samples["ended"].append((at, 0.1 * number))
    stale = float(np.array([0x7FF0000000000002], np.uint64).view(np.float64)[0])
    for start in range(0, len(times), 100):
        part = set(times[start : start + 100])
        series = [
            (labels_of(name), [(value, at) for at, value in points if at in part]) for name, points in samples.items()
        ]
        assert (await sender.write(*(one for one in series if one[1]))).status_code == 204
    assert (await sender.write((labels_of("ended"), [(stale, times[90])]))).status_code == 204
    return samples


async def ask(sender: Sender, grid: Grid, function: str) -> dict[str, list[float | None]]:
    rows = await sender.rows("SELECT id, name FROM metric_series ORDER BY id")
    async with tenant_session(sender.organization_id) as session:
        ids, matrix = await queries.read_points(
            session,
            sender.organization_id,
            [row["id"] for row in rows],
            grid,
            function,  # type: ignore[arg-type]
        )
    names = {row["id"]: row["name"] for row in rows}
    return {
        names[int(series)]: [None if math.isnan(value) else value for value in values]
        for series, values in zip(ids, matrix.tolist(), strict=True)
    }


def same(found: dict[str, list[float | None]], expected: dict[str, list[float | None]]) -> bool:
    return found.keys() == expected.keys() and all(
        len(found[name]) == len(expected[name])
        and all(
            (one is None) == (other is None)
            and (one is None or math.isclose(one, other or 0.0, rel_tol=1e-9, abs_tol=1e-9))
            for one, other in zip(found[name], expected[name], strict=True)
        )
        for name in expected
    )


@pytest.mark.parametrize("state", ["blocks", "chunks", "rolled", "late"])
async def test_every_function_agrees_with_plain_arithmetic_wherever_samples_are(sender: Sender, state: str) -> None:
    samples = await send(sender, hours=9)
    if state != "blocks":
        assert await service.compact(sender.organization_id) > 0
    if state in ("rolled", "late"):
        assert await service.roll_up(sender.organization_id) > 0
        assert await service.roll_up(sender.organization_id) == 0
        [count] = await sender.rows("SELECT count(*) AS rows FROM metric_rollups")
        assert count["rows"] > 5
    end = sender.now_ms - sender.now_ms % HOUR
    if state == "late":  # into the newest window that is rolled up already
        closed = sender.now_ms - 135 * MINUTE
        late = closed - closed % (2 * HOUR) + 2 * HOUR - MINUTE + 11_000
        samples["gauge"] = sorted([*samples["gauge"], (late, 99.0)])
        assert (await sender.write((labels_of("gauge"), [(99.0, late)]))).status_code == 204
    mark = end - 8 * HOUR + 7_000  # the 91st time
    for step in (20_000, MINUTE, 5 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR):
        grid = Grid.over(end - 8 * HOUR, end + HOUR, step)
        known = mark if state in ("blocks", "chunks") or step < MINUTE else None  # roll-ups know no end marks
        for function in FUNCTIONS:
            assert same(await ask(sender, grid, function), plain(samples, grid, function, known)), (step, function)
    if state == "late":
        await service.compact(sender.organization_id)
        assert await service.roll_up(sender.organization_id) == 1
        grid = Grid.over(end - 8 * HOUR, end, 5 * MINUTE)
        assert same(await ask(sender, grid, "max"), plain(samples, grid, "max"))


async def test_roll_ups_are_what_is_read_for_coarse_steps(sender: Sender) -> None:
    samples = await send(sender, hours=9)
    await service.compact(sender.organization_id)
    await service.roll_up(sender.organization_id)
    await sender.rows("UPDATE metric_samples SET payload = 'damaged' WHERE rolled RETURNING points")
    end = sender.now_ms - sender.now_ms % HOUR
    grid = Grid.over(end - 8 * HOUR, end - 3 * HOUR, HOUR)
    assert same(await ask(sender, grid, "max"), plain(samples, grid, "max"))
