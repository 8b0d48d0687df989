"""Expressions that are translated, beside Debian's Prometheus over the same samples: the same results at each time.

Prometheus 2.42 has windows that are closed at their start, Prometheus 3 and we leave the start out; and growth that
begins near zero behind a gap reaches further back in 2.42. The times asked for here have neither; both are tested by
themselves.
"""

import random
import struct
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from app.core.clock import utc_now
from app.core.database import tenant_session
from app.domains.alerts.rules.form import Condition, readings_of
from app.domains.alerts.rules.promql_reading import parse, translate
from app.domains.alerts.service.evaluating import judge_frames
from app.domains.alerts.service.rule_frames import read_frames
from app.domains.alerts.service.rule_series import book_of, forget_series
from app.domains.metrics import service as metrics
from app.domains.metrics.api import routers
from tests.support.clouds import make_caller, make_client
from tests.support.counts import CountCases
from tests.support.protobuf_bytes import snappy, v1_request, v1_series
from tests.support.senders import Prometheus

from .conftest import Desk

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("real-senders")]
STALE: float = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]
STEP_MS, STEPS = 15_000, 160
EXPRESSIONS, TIMES = 120, 12
Points = list[tuple[float, int]]
Results = dict[tuple[tuple[str, str], ...], float]
Made = dict[tuple[tuple[str, str], ...], Points]


def make_series(rng: random.Random, first_ms: int) -> Made:
    """Gauges and counters of two jobs with jitter, gaps, resets and ends that are told."""
    made: Made = {}
    for name in ("load", "used_bytes", "size_bytes", "requests_total", "errors_total"):
        for job in ("api", "web"):
            for host in ("a", "b", "c"):
                if rng.random() < 0.1:
                    continue
                labels = tuple(sorted({"__name__": name, "job": job, "host": host, "path": "C:\\x"}.items()))
                made[labels] = make_points(rng, first_ms, counts=name.endswith("_total"))
    return made


def make_points(rng: random.Random, first_ms: int, *, counts: bool) -> Points:
    points: Points = []
    value = rng.uniform(1e6, 2e6) if counts else rng.choice([0.0, 1.0, 50.0])
    silent_until = 0
    fell = False  # from then on there is no gap: how far growth reaches into one differs, see the last test
    for step in range(STEPS):
        at_ms = first_ms + step * STEP_MS + rng.randrange(400)
        if step < silent_until:
            continue
        if points and not fell and rng.random() < 0.012:
            points.append((STALE, at_ms))
            silent_until = step + rng.randrange(1, 40)
            continue
        if not fell and rng.random() < 0.01:
            silent_until = step + rng.randrange(1, 40)  # a gap without an end
        if counts:
            falls = step >= silent_until and rng.random() < 0.01
            fell = fell or falls
            value = 0.0 if falls else value + rng.randrange(0, 500)
        else:
            value = rng.choice([value, value + rng.uniform(-10, 10), float(rng.randrange(0, 100))])
        points.append((value, at_ms))
    return points


class Writer:
    """Expressions of the forms that are translated, written from the grammar and not from our form."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.kinds: Counter[str] = Counter()

    def condition(self) -> str:
        kind = self.rng.choice(["compared"] * 6 + ["ratio"] * 2 + ["and", "and on", "or", "absent", "absent_over_time"])
        self.kinds[kind] += 1
        match kind:
            case "compared":
                return self.compared()
            case "ratio":
                return self.ratio()
            case "and":
                return f"{self.compared('load', plain=True)} and {self.compared('used_bytes', plain=True)}"
            case "and on":
                return f"{self.compared('load', plain=True)} and on (job) sum by (job) (size_bytes) > {self.number()}"
            case "or":
                return f"{self.compared('load', plain=True)} or {self.compared('used_bytes', plain=True)}"
            case "absent":
                return f'absent(load{{job="{self.rng.choice(["api", "db"])}", host="{self.rng.choice("abc")}"}})'
            case _:
                return f'absent_over_time(load{{job=~"ap.", host="{self.rng.choice("abc")}"}}[{self.window()}])'

    def compared(self, name: str = "", *, plain: bool = False) -> str:
        value = self.vector(name) if plain else self.value(name)
        scale = self.rng.choice(
            ["{}"] * 3 + ["{} * 100", "-{}", "2.5 * {}", "({} / 1024)", "100 - {}", "(0.1 + {} * 3)"]
        )
        operator = self.rng.choice([">", ">=", "<", "<=", "==", "!="])
        if self.rng.random() < 0.2:
            return f"{self.number()} {operator} {scale.format(value)}"
        return f"{scale.format(value)} {operator} {self.number()}"

    def ratio(self) -> str:
        window = self.window()
        by = self.rng.choice(["job", "job, host"])
        over, under = (f"sum by ({by}) (rate({name}[{window}]))" for name in ("errors_total", "requests_total"))
        ratio = self.rng.choice([f"{over} / {under}", "used_bytes / size_bytes", "avg(used_bytes) / avg(size_bytes)"])
        return self.rng.choice([f"{ratio} > 0.5", f"({ratio}) * 100 < 90", f"0.9 <= {ratio}"])

    def value(self, name: str) -> str:
        inner = self.vector(name)
        by = self.rng.choice(["", " by (job) ", " by (host, job) ", " by (missing) "])
        return self.rng.choice([inner, f"{self.rng.choice(['sum', 'avg', 'min', 'max', 'count'])}{by}({inner})"])

    def vector(self, name: str) -> str:
        gauge = name or self.rng.choice(["load", "used_bytes"])
        counter = self.rng.choice(["requests_total", "errors_total"])
        over = self.rng.choice(["avg", "min", "max", "sum", "count"])
        window, matchers = self.window(), self.matchers()
        return self.rng.choice(
            [
                f"{gauge}{matchers}",
                f"rate({counter}{matchers}[{window}])",
                f"increase({counter}{matchers}[{window}])",
                f"{over}_over_time({gauge}{matchers}[{window}])",
                f"predict_linear({gauge}{matchers}[{window}], {self.rng.choice(['3600', '4 * 3600', '0'])})",
            ]
        )

    def matchers(self) -> str:
        return self.rng.choice(
            ["", '{job="api"}', '{host=~"a|b"}', '{host!~"a.*", job!="web"}', '{path="C:\\\\x"}', '{missing=""}']
        )

    def window(self) -> str:
        return self.rng.choice(["20s", "1m", "1m30s", "5m", "600", "25m"]).replace("600", "10m")

    def number(self) -> str:
        return self.rng.choice(["0", "1", "50", "-3.5", "1e6", "2.5e3", "0.25"])


class Both:
    """Prometheus and our store with the same samples."""

    def __init__(self, prometheus: Prometheus, desk: Desk) -> None:
        self.prometheus, self.desk = prometheus, desk

    async def write(self, series: Made) -> None:
        body = snappy(v1_request(*(v1_series(list(labels), points) for labels, points in series.items())))
        headers = {"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy"}
        async with httpx.AsyncClient() as client:
            url = f"http://127.0.0.1:{self.prometheus.port}/api/v1/write"
            answer = await client.post(
                url, content=body, headers={**headers, "X-Prometheus-Remote-Write-Version": "0.1.0"}
            )
            assert answer.status_code == 204, answer.text
        caller = make_caller(self.desk.organization_id, {"metrics:ingest"})
        async with make_client(routers, caller) as own:
            answer = await own.post("/ingest/prometheus/write", content=body, headers=headers)
            assert answer.status_code == 204, answer.text

    async def theirs(self, expression: str, at_ms: int) -> Results:
        told = await self.prometheus.ask("/api/v1/query", query=expression, time=f"{at_ms / 1000:.3f}")
        return {
            tuple(sorted((name, text) for name, text in one["metric"].items() if name != "__name__")): float(
                one["value"][1]
            )
            for one in told["result"]
        }

    async def ours(self, condition: Condition, times_ms: list[int]) -> list[Results]:
        times = np.array(times_ms, np.int64)
        async with tenant_session(self.desk.organization_id) as session:
            book = await book_of(session, self.desk.organization_id, None)
            frames = await read_frames(session, self.desk.organization_id, book, list(readings_of(condition)), times)
        verdict = judge_frames(condition, frames)
        assert not isinstance(verdict, str), verdict
        return [
            {
                tuple(sorted(verdict.labels[row].items())): float(verdict.values[row, column])
                for row in np.flatnonzero(verdict.enters[:, column]).tolist()
            }
            for column in range(len(times))
        ]


@pytest.fixture
async def both(desk: Desk, tmp_path: Path) -> AsyncIterator[Both]:
    metrics.forget_books()
    forget_series()
    prometheus = Prometheus(
        tmp_path,
        {"global": {"scrape_interval": "1h"}},
        is_agent=False,
        flags=("--web.enable-remote-write-receiver",),
    )
    try:
        await prometheus.start()
        yield Both(prometheus, desk)
    finally:
        if prometheus.process is not None:
            await prometheus.kill()
    metrics.forget_books()
    forget_series()


def differences(theirs: Results, ours: Results) -> Iterator[str]:
    """What is not the same; values may differ by the order in which sums are made."""
    for labels in sorted(theirs.keys() ^ ours.keys()):
        yield f"{dict(labels)} only in {'Prometheus' if labels in theirs else 'ours'}"
    for labels in theirs.keys() & ours.keys():
        if not np.isclose(theirs[labels], ours[labels], rtol=1e-9, atol=1e-12, equal_nan=True):
            yield f"{dict(labels)}: Prometheus {theirs[labels]!r}, ours {ours[labels]!r}"


async def test_translated_expressions_have_the_results_of_prometheus(both: Both, count_cases: CountCases) -> None:
    rng = random.Random(20_261_123)  # noqa: S311  # cases, not secrets
    first_ms = int(utc_now().timestamp() * 1000) // 60_000 * 60_000 - STEPS * STEP_MS
    series = make_series(rng, first_ms)
    await both.write(series)
    writer = Writer(rng)
    seen = with_results = 0
    wrong: list[str] = []
    for _ in range(EXPRESSIONS):
        expression = writer.condition()
        condition = translate(parse(expression))
        # samples lie in the first 400 ms of a step and windows are whole multiples of 5 s: nothing is at 700 ms
        times = [first_ms + rng.randrange(STEPS + 30) * STEP_MS + rng.randrange(3) * 5_000 + 700 for _ in range(TIMES)]
        for at_ms, ours in zip(times, await both.ours(condition, times), strict=True):
            theirs = await both.theirs(expression, at_ms)
            seen, with_results = seen + 1, with_results + bool(theirs)
            wrong += [f"{expression} at {at_ms - first_ms}: {one}" for one in differences(theirs, ours)]
    count_cases("expressions × times beside Prometheus (accepted: with results)", seen, accepted=with_results)
    assert not wrong, f"{len(wrong)} of {seen}:\n" + "\n".join(wrong[:20])
    assert with_results > seen / 3


@pytest.mark.parametrize("expression", ["load > 0", "count_over_time(load[1m]) > 0"])
async def test_a_window_begins_after_its_start_as_in_prometheus_3_and_not_at_it_as_in_2(
    both: Both, expression: str
) -> None:
    first_ms = int(utc_now().timestamp() * 1000) // 60_000 * 60_000 - 1_200_000
    await both.write({(("__name__", "load"), ("host", "a")): [(1.0, first_ms)]})
    border_ms = first_ms + (300_000 if expression == "load > 0" else 60_000)
    condition = translate(parse(expression))
    at_border, before = await both.ours(condition, [border_ms, border_ms - 1])
    assert (at_border, before) == ({}, {(("host", "a"),): 1.0})
    assert await both.theirs(expression, border_ms - 1) == before
    is_2 = (await both.prometheus.ask("/api/v1/status/buildinfo"))["version"].startswith("2.")
    assert await both.theirs(expression, border_ms) == (before if is_2 else {})


async def test_growth_from_near_zero_reaches_back_half_a_distance_as_in_prometheus_3(both: Both) -> None:
    first_ms = int(utc_now().timestamp() * 1000) // 60_000 * 60_000 - 1_200_000
    # two samples ten seconds apart, the first 40 s after the window's start; at this pace zero was 8 s before it
    await both.write({(("__name__", "c"), ("host", "a")): [(8.0, first_ms + 40_000), (18.0, first_ms + 50_000)]})
    expression, at_ms = "increase(c[60s]) > 0", first_ms + 60_000
    [ours] = await both.ours(translate(parse(expression)), [at_ms])
    assert ours[("host", "a"),] == pytest.approx(10 * (10 + 5 + 10) / 10)
    is_2 = (await both.prometheus.ask("/api/v1/status/buildinfo"))["version"].startswith("2.")
    reached = 8 if is_2 else 5
    assert (await both.theirs(expression, at_ms))[("host", "a"),] == pytest.approx(10 * (10 + reached + 10) / 10)
