"""Debian's Prometheus writes to the whole application over a socket, as server and as agent, as the document says."""

import asyncio
import math
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import numpy as np
import pytest
from app.core.config import SERVICES, Settings
from app.core.database import Database, tenant_session
from app.core.ratelimit import LIMITS, Limit, RateLimiter
from app.domains.metrics import queries, service
from app.domains.metrics.rules.blocks import Samples
from app.main import create_app
from tests.domains.metrics.conftest import Sender, labels_of
from tests.domains.metrics.test_whole_application import key as key
from tests.support.inventory import make_account, make_resource, store
from tests.support.senders import (
    Exporter,
    Intake,
    Prometheus,
    configured,
    documented,
    free_port,
    program,
    start_program,
    until,
    wave,
)

pytestmark = [pytest.mark.timeout(150), pytest.mark.xdist_group("real-senders")]
MEMORY = Path("/proc/meminfo").read_text()
MACHINE = "i-0123456789abcdef0"
STALE_BITS = 0x7FF0000000000002
MODES = pytest.mark.parametrize("is_agent", [False, True], ids=["server", "agent"])
Labels = tuple[tuple[str, str], ...]
Stored = dict[Labels, dict[int, float]]


def bits(value: float) -> int:
    return int(np.float64(value).view(np.uint64))


async def stored(sender: Sender) -> Stored:
    """All samples by labels, with the name among them; a sample that is there twice fails."""
    await service.compact(sender.organization_id)
    rows = await sender.rows("SELECT id, name, labels FROM metric_series")
    names = {row["id"]: tuple(sorted({"__name__": row["name"], **row["labels"]}.items())) for row in rows}
    assert len(set(names.values())) == len(names)
    ids = np.array(sorted(names), np.int64)
    span = sender.now_ms - 3_600_000, sender.now_ms + 3_600_000
    async with tenant_session(sender.organization_id) as session:
        blocks = await queries.read_open_blocks(session, sender.organization_id)
        chunks = await queries.read_chunks(session, sender.organization_id, ids, *span)
    found: Stored = {labels: {} for labels in names.values()}
    samples = Samples.join([blocks, chunks])
    for series, at_ms, value in zip(
        samples.series.tolist(), samples.at_ms.tolist(), samples.values.tolist(), strict=True
    ):
        assert at_ms not in found[names[series]], (names[series], at_ms)
        found[names[series]][at_ms] = value
    return found


def of_name(samples: Stored, name: str) -> Stored:
    return {labels: points for labels, points in samples.items() if dict(labels)["__name__"] == name}


def one_of(samples: Stored, name: str, **wanted: str) -> dict[int, float]:
    """The points of the only such series."""
    [points] = [points for labels, points in of_name(samples, name).items() if wanted.items() <= dict(labels).items()]
    return points


def scrapes_of(samples: Stored) -> dict[int, int]:
    """When each scrape was: {Unix milliseconds: its number}."""
    points = one_of(samples, "test_scrapes_total")
    return {at_ms: int(value) for at_ms, value in points.items() if not math.isnan(value)}


def is_complete(samples: Stored, number: int) -> bool:
    """Whether all series of a scrape are there; they may come in several requests."""
    if not of_name(samples, "test_scrapes_total"):
        return False
    at_ms = next((at_ms for at_ms, found in scrapes_of(samples).items() if found == number), None)
    own = [points for labels, points in samples.items() if dict(labels)["instance"] and at_ms in points]
    return len(own) >= Exporter.SERIES


def check_scrapes(samples: Stored, last: int) -> list[int]:
    """Every sample of every scrape up to the last has the value that its number gives; the numbers."""
    scrapes = {at_ms: number for at_ms, number in scrapes_of(samples).items() if number <= last}
    for at_ms, number in scrapes.items():
        for shard in range(Exporter.SHARDS):
            assert one_of(samples, "test_wave", shard=str(shard))[at_ms] == wave(number, shard)
        assert one_of(samples, "test_seconds_bucket", le="5")[at_ms] == number * 5
        assert one_of(samples, "test_seconds_bucket", le="+Inf")[at_ms] == number * 6
        assert one_of(samples, "test_seconds_sum")[at_ms] == number * 7.5
        assert one_of(samples, "test_endless")[at_ms] == math.inf
        odd = one_of(samples, "test_odd")[at_ms]
        assert math.isnan(odd)
        assert bits(odd) != STALE_BITS
    return sorted(scrapes.values())


def check_whole(samples: Stored, last: int) -> None:
    """Also: each scrape up to the last is there, but those that Prometheus itself gave up and says so."""
    missing = set(range(1, last + 1)) - set(check_scrapes(samples, last))
    assert len(missing) <= list(one_of(samples, "up").values()).count(0.0), missing


async def check_once(sender: Sender, samples: Stored) -> None:
    """Nothing was committed twice; a compaction would hide it in the chunks, the blocks still tell."""
    [row] = await sender.rows("SELECT sum(samples) AS samples FROM metric_blocks")
    assert row["samples"] == sum(map(len, samples.values()))


class Site:
    """The application behind a socket, an exporter, and a Prometheus between them."""

    def __init__(self, sender: Sender, intake: Intake, exporter: Exporter, folder: Path, key_file: Path) -> None:
        self.sender, self.intake, self.exporter = sender, intake, exporter
        self.folder, self.key_file = folder, key_file
        self.started: list[Prometheus] = []

    async def start(
        self, *, is_agent: bool, scrapes: list[Any] | None = None, target: str | None = None, **queue: Any
    ) -> Prometheus:
        """The agent with the documented agent's file; the server with the documented Basic in its place."""
        block = documented(has=lambda one: "remote_write" in one and "scrape_configs" in one)
        if not is_agent:
            basic = documented(has=lambda one: "basic_auth" in one.get("remote_write", [{}])[0])
            block = {**block, "remote_write": basic["remote_write"]}
        if scrapes:
            block = {**block, "scrape_configs": scrapes}
        settings = configured(
            block, server=self.intake.url, key_file=self.key_file, target=target or self.exporter.address
        )
        writer = settings["remote_write"][0]
        writer["queue_config"] |= {"batch_send_deadline": "200ms", **queue}
        writer["metadata_config"] = {"send_interval": "1s"}
        made = Prometheus(self.folder, settings, is_agent)
        self.started.append(made)
        await made.start()
        return made

    async def scraped(self, more: int) -> int:
        """Wait for so many more scrapes; how many there are now."""
        wanted = self.exporter.scrapes + more
        await until(lambda: self.exporter.scrapes >= wanted, f"{more} scrapes", 60)
        return self.exporter.scrapes

    async def has_scrape(self, number: int) -> Stored:
        """Wait until that scrape is stored; everything that is."""
        for _ in range(300):
            samples = await stored(self.sender)
            if is_complete(samples, number):
                return samples
            await asyncio.sleep(0.1)
        raise AssertionError(f"scrape {number} is not stored: {Counter(self.intake.statuses())}")


@pytest.fixture
async def site(sender: Sender, key: str, database: Database, tmp_path: Path) -> AsyncIterator[Site]:
    key_file = tmp_path / "cloudops.key"
    key_file.write_text(key)
    app = create_app(Settings(), SERVICES, database=database)
    app.state.rate_limiter = RateLimiter(None)
    exporter = Exporter()
    async with Intake(app).serving() as intake:
        made = Site(sender, intake, exporter, tmp_path, key_file)
        try:
            yield made
        finally:
            for one in made.started:
                if one.process is not None and one.process.poll() is None:
                    await one.kill()
    exporter.close()


@MODES
async def test_everything_scraped_is_stored_with_its_value_and_ends_with_its_target(site: Site, is_agent: bool) -> None:
    prometheus = await site.start(is_agent=is_agent)
    last = await site.scraped(8)
    samples = await site.has_scrape(last)
    check_whole(samples, last)
    assert {dict(labels)["text"] for labels in of_name(samples, "test_wave")} == {'ä "x" 数'}
    assert {dict(labels)["job"] for labels in samples} == {"node"}
    assert {dict(labels)["instance"] for labels in samples} == {site.exporter.address}
    assert 1.0 in one_of(samples, "up").values()
    assert set(site.intake.statuses()) == {204}
    assert {one.headers["x-prometheus-remote-write-version"] for one in site.intake.seen} == {"0.1.0"}
    if not is_agent:  # it has a store of its own to compare with, sample by sample
        theirs = await prometheus.samples('{job="node"}')
        for labels, points in theirs.items():
            mine = samples.get(labels, {})
            for at_ms in points.keys() & mine.keys():
                assert bits(float(points[at_ms])) == bits(mine[at_ms]) or math.isnan(mine[at_ms])
            missing = {at_ms for at_ms in points if at_ms <= max(mine, default=0)} - mine.keys()
            assert not missing, labels
        assert theirs.keys() == samples.keys()

    site.exporter.close()
    for _ in range(100):
        samples = await stored(site.sender)
        own = {labels: points for labels, points in samples.items() if dict(labels)["__name__"].startswith("test_")}
        ended = {labels for labels, points in own.items() if bits(points[max(points)]) == STALE_BITS}
        if ended == own.keys():
            break
        await asyncio.sleep(0.1)
    assert ended == own.keys()
    up = one_of(samples, "up")
    assert up[max(up)] == 0.0
    [type_] = await site.sender.rows("SELECT type, help FROM metric_families WHERE name = 'test_scrapes_total'")
    assert type_ == {"type": "counter", "help": "Scrapes so far."}


@MODES
async def test_after_restarts_nothing_is_there_twice(site: Site, is_agent: bool) -> None:
    prometheus = await site.start(is_agent=is_agent)
    for end in (prometheus.kill, prometheus.stop):
        await site.has_scrape(await site.scraped(3))
        await end()
        await prometheus.start()
    last = await site.scraped(3)
    numbers = check_scrapes(await site.has_scrape(last), last)
    assert len(set(numbers)) == len(numbers)
    # Of a killed Prometheus, what it had scraped and not sent is its own loss; of a stopped one nothing is lost.
    assert len(set(range(1, last + 1)) - set(numbers)) <= 3


async def test_what_is_sent_again_because_an_answer_was_lost_is_stored_once(site: Site) -> None:
    site.intake.lose = lambda number: number % 3 != 2
    await site.start(is_agent=True, max_samples_per_send=40)
    last = await site.scraped(10)
    check_whole(await site.has_scrape(last), last)
    site.intake.lose = lambda _number: False
    await site.started[0].kill()
    await asyncio.sleep(1.0)  # a request under way is still committed
    await check_once(site.sender, await stored(site.sender))
    repeats = Counter(one.body for one in site.intake.seen)
    assert max(repeats.values()) > 1, "no request came twice"
    assert set(site.intake.statuses()) - {0, 499} == {204}  # the killed one hung up on its last


@MODES
async def test_our_503_is_retried_and_nothing_is_lost(
    site: Site, is_agent: bool, database_urls: tuple[str, str]
) -> None:
    await site.start(is_agent=is_agent)
    await site.has_scrape(await site.scraped(3))
    role = database_urls[1].partition("//")[2].partition(":")[0]
    owner = await asyncpg.connect(database_urls[0])
    try:
        await owner.execute(f'REVOKE INSERT ON metric_blocks FROM "{role}"')
        try:
            await site.scraped(8)
            await until(lambda: site.intake.statuses().count(503) >= 2, "refusals")
        finally:
            await owner.execute(f'GRANT INSERT ON metric_blocks TO "{role}"')
    finally:
        await owner.close()
    last = await site.scraped(3)
    check_whole(await site.has_scrape(last), last)
    assert set(site.intake.statuses()) == {204, 503}
    refused = [one for one in site.intake.seen if one.status == 503]
    stored_bodies = {one.body for one in site.intake.seen if one.status == 204}
    assert {one.body for one in refused} <= stored_bodies, "a refused request was not sent again as it was"


async def test_our_429_is_retried_as_documented_and_nothing_is_lost(site: Site) -> None:
    few = Limit(4 * 200, 8)  # a quarter of it in each process without Redis: 25 samples a second
    site.intake.app.state.rate_limiter = RateLimiter(None, {**LIMITS, "metrics_intake": few})
    await site.start(is_agent=False, max_samples_per_send=100)
    await until(lambda: site.intake.statuses().count(429) >= 3, "refusals", 60)
    site.intake.app.state.rate_limiter = RateLimiter(None)
    last = await site.scraped(3)
    check_whole(await site.has_scrape(last), last)
    told = [one for one in site.intake.seen if one.status == 429]
    assert all("too-many-samples" in one.answer for one in told)
    assert {one.body for one in told} <= {one.body for one in site.intake.seen if one.status == 204}


async def test_our_400_is_not_retried_and_what_is_good_in_it_is_stored(site: Site) -> None:
    at = site.sender.now_ms + 60_000  # Prometheus sends nothing from before its own start
    labels = labels_of("test_conflict", job="node", instance=site.exporter.address)
    assert (await site.sender.write((labels, [(4.0, at)]))).status_code == 204
    site.exporter.extra = f"test_conflict 5 {at}"
    prometheus = await site.start(is_agent=True)
    await until(lambda: 400 in site.intake.statuses(), "a refusal")
    last = await site.scraped(6)
    samples = await site.has_scrape(last)
    check_whole(samples, last)
    assert one_of(samples, "test_conflict")[at] == 4.0
    refused = [one for one in site.intake.seen if one.status == 400]
    assert all("another value" in one.answer for one in refused)
    bodies = Counter(one.body for one in site.intake.seen)
    assert [bodies[one.body] for one in refused] == [1] * len(refused)
    assert await prometheus.own_metric("prometheus_remote_storage_samples_failed_total") > 0
    assert await prometheus.own_metric("prometheus_remote_storage_samples_retried_total") == 0


async def test_node_exporters_machine_is_found_by_the_documented_labels(site: Site, tmp_path: Path) -> None:
    port = free_port()
    command = [program("prometheus-node-exporter"), f"--web.listen-address=127.0.0.1:{port}"]
    machine = start_program(tmp_path / "node.log", command)
    try:
        scrape = documented(has=lambda one: "remote_write" not in one and "scrape_configs" in one)
        job = scrape["scrape_configs"][0]["static_configs"][0]
        assert job["labels"]["host_id"] == MACHINE
        account = await make_account(site.sender.organization_id)
        arn = f"arn:aws:ec2:eu-west-1:1:instance/{MACHINE}"
        await store(site.sender.organization_id, account, [make_resource(1, native_id=arn, aliases=[MACHINE])])
        await site.start(is_agent=True, scrapes=scrape["scrape_configs"], target=f"127.0.0.1:{port}")
        for _ in range(200):
            samples = await stored(site.sender)
            if of_name(samples, "node_memory_MemTotal_bytes"):
                break
            await asyncio.sleep(0.1)
        total = int(MEMORY.split()[1]) * 1024
        assert set(one_of(samples, "node_memory_MemTotal_bytes").values()) == {total}
        assert len(of_name(samples, "node_cpu_seconds_total")) >= 8
        await service.link_series(site.sender.organization_id)
        linked = await site.sender.rows(
            "SELECT count(*) AS series, count(resource_id) AS linked FROM metric_series WHERE name LIKE 'node%'"
        )
        assert linked[0]["series"] == linked[0]["linked"] > 100
    finally:
        machine.kill()
        await asyncio.to_thread(machine.wait, 10)
