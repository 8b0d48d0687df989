"""One rule file in Debian's Prometheus and in ours, over the same samples: the same alerts begin and end together.

Prometheus scrapes, writes to us and evaluates; we evaluate what arrived. The short form takes about a minute and a
half with intervals of two seconds; the form of an hour has the usual fifteen.
"""

import asyncio
import contextlib
import math
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from app.core.clock import utc_now
from app.core.config import SERVICES, Settings, get_settings
from app.core.database import Database, tenant_session
from app.core.http import Caller
from app.core.ids import new_id
from app.core.ratelimit import RateLimiter
from app.domains.alerts import service as alerts
from app.domains.alerts.api import prometheus as prometheus_api
from app.domains.alerts.api import routers
from app.domains.alerts.service import evaluating, importing
from app.domains.alerts.service.rule_series import forget_series
from app.domains.identity.rules import permissions_of
from app.domains.metrics.models import MetricSource
from app.main import create_app
from tests.domains.metrics.conftest import Sender
from tests.domains.metrics.test_whole_application import key as key
from tests.support.clouds import make_client
from tests.support.counts import CountCases
from tests.support.senders import Exporter, Intake, Prometheus, configured, documented

pytestmark = [pytest.mark.xdist_group("real-senders")]
RULES = """
groups:
  - name: live
    interval: {interval}s
    rules:
      - alert: HighLoad
        expr: demo_load > 90
        for: {twice}s
        keep_firing_for: {twice}s
        labels: {{severity: page}}
        annotations: {{summary: "{{{{ $labels.host }}}} is at {{{{ $value }}}}"}}
      - alert: Errors
        expr: sum by (host) (rate(demo_errors_total[{window}s])) * 100 > 50
      - alert: Full
        expr: demo_used / demo_size > 0.9
        for: {interval}s
      - alert: Gone
        expr: absent(demo_heartbeat{{host="a"}})
      - alert: Both
        expr: demo_load > 90 and demo_used > 50
      - alert: Either
        expr: demo_load > 90 or demo_used > 95
        labels: {{text: "{{{{ $labels.job }}}}"}}
      - alert: Joined
        expr: demo_load * on (host) demo_size > 9000
"""
NAMES = ("HighLoad", "Errors", "Full", "Gone", "Both", "Either", "Joined")
LAG = timedelta(seconds=1.5)
"""How long after its time an evaluation of ours is made: what Prometheus scraped before it has arrived by then."""
Span = tuple[float, float]
Episodes = dict[tuple[tuple[str, str], ...], list[Span]]


class Scene(Exporter):
    """What is scraped: calm, or in trouble."""

    def __init__(self) -> None:
        super().__init__()
        self.is_calm, self.errors = True, 0

    def page(self) -> str:
        self.errors += 0 if self.is_calm else 30
        load, used = (40, 20) if self.is_calm else (95, 96)
        lines = [f'demo_load{{host="{host}"}} {load - 30 * (host == "b")}' for host in "ab"]
        lines += [f'demo_used{{host="{host}"}} {used}' for host in "ab"]
        lines += [f'demo_size{{host="{host}"}} 100' for host in "ab"]
        lines += [f'demo_errors_total{{host="a",code="{code}"}} {1000 + self.errors}' for code in (500, 503)]
        lines += ['demo_heartbeat{host="a"} 1'] * self.is_calm
        return "\n".join(lines) + "\n"


@dataclass
class Stage:
    """Prometheus, our application and what both evaluate."""

    sender: Sender
    caller: Caller
    prometheus: Prometheus
    scene: Scene
    interval: int
    firing: dict[tuple[tuple[str, str], ...], float] = field(default_factory=dict)
    ours: Episodes = field(default_factory=dict)

    async def evaluate_until(self, end: datetime) -> None:
        """Evaluate as the task does, and note what begins and ends."""
        while utc_now() < end:
            now = utc_now() - LAG
            answers = await alerts.ask_servers(self.sender.organization_id, now)
            async with tenant_session(self.sender.organization_id) as session:
                await alerts.evaluate_rules(session, self.sender.organization_id, now, answers)
            await self._note()
            await asyncio.sleep(0.2)

    async def _note(self) -> None:
        rows = await self.sender.rows("SELECT labels, state, fired_at, resolved_at FROM alert_rule_states")
        for row in rows:
            labels = tuple(sorted(row["labels"].items()))
            if row["state"] == "firing":
                self.firing[labels] = row["fired_at"].timestamp()
            elif row["state"] == "inactive" and labels in self.firing:
                span = (self.firing.pop(labels), row["resolved_at"].timestamp())
                self.ours.setdefault(labels, []).append(span)

    async def theirs(self) -> Episodes:
        """Episodes by Prometheus' own series of alerts: from the first sample to an interval after the last."""
        told = await self.prometheus.ask("/api/v1/query", query='ALERTS{alertstate="firing"}[2h]')
        found: Episodes = {}
        for one in told["result"]:
            labels = {name: text for name, text in one["metric"].items() if name not in ("__name__", "alertstate")}
            times = [float(at) for at, _ in one["values"]]
            apart = 1.6 * self.interval
            starts = [at for before, at in zip([-math.inf, *times], times, strict=False) if at - before > apart]
            ends = [at for at, after in zip(times, [*times[1:], math.inf], strict=True) if after - at > apart]
            spans = [(start, end + self.interval) for start, end in zip(starts, ends, strict=True)]
            found[tuple(sorted(labels.items()))] = spans
        return found

    async def play(self, phases: list[tuple[bool, float]]) -> None:
        """Calm or trouble, for so many seconds each."""
        for is_calm, seconds in phases:
            self.scene.is_calm = is_calm
            await self.evaluate_until(utc_now() + timedelta(seconds=seconds))

    async def rules_of_both(self) -> tuple[Any, Any]:
        """The groups that both serve."""
        async with make_client([prometheus_api.router], self.caller) as client:
            answer = await client.get("/prometheus/api/v1/rules")
            assert answer.status_code == 200, answer.text
        theirs = await self.prometheus.ask("/api/v1/rules")
        return theirs["groups"], answer.json()["data"]["groups"]

    async def alerts_of_both(self) -> tuple[Any, Any]:
        """The alerts that both serve, by their labels."""
        async with make_client([prometheus_api.router], self.caller) as client:
            ours = (await client.get("/prometheus/api/v1/alerts")).json()["data"]["alerts"]
        theirs = (await self.prometheus.ask("/api/v1/alerts"))["alerts"]
        return by_labels(theirs), by_labels(ours)


def by_labels(told: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {repr(sorted(one["labels"].items())): one for one in told}


@contextlib.asynccontextmanager
async def staged(
    sender: Sender, key: str, database: Database, folder: Path, monkeypatch: pytest.MonkeyPatch, interval: int
) -> AsyncIterator[Stage]:
    """Both with the same file, the server named for what we do not cover."""
    monkeypatch.setattr(evaluating, "GRAIN_SECONDS", interval)
    monkeypatch.setattr(importing, "GRAIN_SECONDS", interval)
    forget_series()
    (folder / "key").write_text(key)
    window = max(16, 4 * interval)
    content = RULES.format(interval=interval, twice=2 * interval, window=window)
    (folder / "rules.yml").write_text(content)
    app = create_app(Settings(), SERVICES, database=database)
    app.state.rate_limiter = RateLimiter(None)
    scene = Scene()
    async with Intake(app).serving() as intake:
        prometheus = Prometheus(folder, settings_of(intake, folder, scene, interval), is_agent=False)
        allowed = get_settings().model_copy(update={"allowed_endpoints": (f"http://127.0.0.1:{prometheus.port}",)})
        monkeypatch.setattr("app.domains.metrics.service.asking.get_settings", lambda: allowed)
        try:
            await prometheus.start()
            user = (await sender.rows("SELECT id FROM users"))[0]["id"]
            caller = Caller(
                user_id=user,
                organization_id=sender.organization_id,
                email="kim@example.com",
                role="admin",
                permissions=permissions_of("admin"),
            )
            await import_file(sender, caller, content, f"http://127.0.0.1:{prometheus.port}")
            yield Stage(sender, caller, prometheus, scene, interval)
        finally:
            if prometheus.process is not None:
                await prometheus.kill()
            scene.close()
    forget_series()


def settings_of(intake: Intake, folder: Path, scene: Scene, interval: int) -> dict[str, Any]:
    """The documented server, with rules."""
    block = documented(has=lambda one: "remote_write" in one and "scrape_configs" in one)
    basic = documented(has=lambda one: "basic_auth" in one.get("remote_write", [{}])[0])
    settings = configured(
        {**block, "remote_write": basic["remote_write"]},
        server=intake.url,
        key_file=folder / "key",
        target=scene.address,
    )
    settings["global"] = {
        "scrape_interval": f"{interval}s",
        "scrape_timeout": f"{interval}s",
        "evaluation_interval": f"{interval}s",
    }
    settings["rule_files"] = [str(folder / "rules.yml")]
    settings["remote_write"][0]["queue_config"] |= {"batch_send_deadline": "200ms"}
    return settings


async def import_file(sender: Sender, caller: Caller, content: str, url: str) -> None:
    source_id: UUID = new_id()
    async with tenant_session(sender.organization_id) as session:
        session.add(
            MetricSource(
                organization_id=sender.organization_id,
                id=source_id,
                name="p",
                kind="prometheus",
                url=url,
                settings={},
                interval_seconds=300,
            )
        )
    async with make_client([*routers], caller) as client:
        body = {"name": "rules.yml", "content": content, "source_id": str(source_id)}
        answer: httpx.Response = await client.post("/alerts/rules/import", json=body)
    assert answer.status_code == 200, answer.text
    outcomes = [one["outcome"] for one in answer.json()["rules"]]
    assert outcomes == ["translated"] * 6 + ["server"], answer.text


def begun_after(episodes: Episodes, since: datetime) -> Episodes:
    """Without those of the start, when one of the two had no samples yet."""
    kept = {labels: [span for span in spans if span[0] > since.timestamp()] for labels, spans in episodes.items()}
    return {labels: spans for labels, spans in kept.items() if spans}


def check_episodes(theirs: Episodes, ours: Episodes, interval: int) -> int:
    """The same label sets fire equally often, and begin and end within an interval of each other; how many."""
    assert ours.keys() == theirs.keys()
    for labels, spans in theirs.items():
        mine = ours[labels]
        assert len(mine) == len(spans), (labels, spans, mine)
        for (start, end), (my_start, my_end) in zip(spans, mine, strict=True):
            assert abs(start - my_start) <= interval, (labels, start, my_start)
            assert abs(end - my_end) <= interval, (labels, end, my_end)
    return sum(map(len, theirs.values()))


@pytest.mark.timeout(300)
async def test_an_imported_file_fires_as_in_prometheus_and_is_served_as_there(
    sender: Sender,
    key: str,
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    count_cases: CountCases,
) -> None:
    async with staged(sender, key, database, tmp_path, monkeypatch, 2) as stage:
        await stage.play([(True, 18)])
        since = utc_now()
        await stage.play([(False, 18)])
        groups, own_groups = await stage.rules_of_both()
        told, own_told = await stage.alerts_of_both()
        await stage.play([(True, 34)])
        theirs = begun_after(await stage.theirs(), since)
        assert {dict(labels)["alertname"] for labels in theirs} == set(NAMES)
        episodes = check_episodes(theirs, begun_after(stage.ours, since), 2)
    count_cases("episodes of rules beside Prometheus (short form)", episodes, accepted=episodes)
    check_served(groups, own_groups, told, own_told)


def check_served(groups: Any, own_groups: Any, told: Any, own_told: Any) -> None:
    """The members are Prometheus', and so are their values where they do not depend on the moment."""
    [group], [own] = groups, own_groups
    assert own.keys() == group.keys()
    assert (own["name"], own["interval"], own["limit"]) == (group["name"], group["interval"], group["limit"])
    for rule, mine in zip(group["rules"], own["rules"], strict=True):
        assert mine.keys() == rule.keys()
        same = set(rule) - {"alerts", "evaluationTime", "lastEvaluation"}
        assert {name: mine[name] for name in same} == {name: rule[name] for name in same}
        assert by_labels(mine["alerts"]).keys() == by_labels(rule["alerts"]).keys()
    assert own_told.keys() == told.keys()
    for labels, alert in told.items():
        mine = own_told[labels]
        assert mine.keys() == alert.keys()
        assert mine["state"] == alert["state"]
        began, began_here = (datetime.fromisoformat(one["activeAt"]).astimezone(UTC) for one in (alert, mine))
        assert abs(began - began_here) <= timedelta(seconds=2)
        if "Errors" not in labels:  # a rate depends on the moment
            assert (mine["value"], mine["annotations"]) == (alert["value"], alert["annotations"])


@pytest.mark.slow
@pytest.mark.timeout(4_500)
async def test_an_imported_file_fires_as_in_prometheus_for_an_hour(
    sender: Sender,
    key: str,
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    count_cases: CountCases,
) -> None:
    rng = random.Random(4)  # noqa: S311  # cases, not secrets
    phases = [(False, 180.0)]
    while sum(seconds for _, seconds in phases) < 3_200:
        phases.append((not phases[-1][0], rng.uniform(20, 300)))
    async with staged(sender, key, database, tmp_path, monkeypatch, 15) as stage:
        await stage.play([(True, 180)])
        since = utc_now()
        await stage.play([*phases, (True, 240.0)])
        theirs, ours = (begun_after(one, since) for one in (await stage.theirs(), stage.ours))
        episodes = check_episodes(theirs, ours, 15)
    count_cases("episodes of rules beside Prometheus (an hour)", episodes, accepted=episodes)
