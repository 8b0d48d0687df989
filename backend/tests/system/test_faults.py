"""Killed processes, restarted servers, a broken cloud, a full disk: nothing is lost or doubled, and all is said."""

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import redis
from tests.providers.aws.proxy import FaultyProxy, Handler, answers, denies, hangs, resets, throttles
from tests.system.cloud import Cloud
from tests.system.faults import (
    SERVER,
    SUPERVISOR,
    WORKER,
    Gate,
    Picture,
    Stage,
    bill_picture,
    dead_jobs,
    fill,
    large_bill,
    picture_of,
    progress_of,
    run_sync,
    settle,
    small_disk,
    start_import,
    start_sync,
    succeeds,
    together,
)
from tests.system.running import all_items, follow_job, make_platform, running_moto, wait_until

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("faults"), pytest.mark.timeout(400)]
BILL_ROWS = 100_000
RESUME_SECONDS = 30  # what the product promises for a killed worker's job


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """A platform and a cloud that no other test uses."""
    platform = make_platform()
    try:
        platform.start()
        with running_moto() as url, FaultyProxy(url) as proxy:
            cloud = Cloud(url)
            cloud.build()
            yield Stage(platform, cloud, proxy)
    finally:
        platform.remove()


@pytest.fixture(scope="module")
def token(stage: Stage) -> str:
    """One session for the whole module: it must outlive everything that happens here."""
    found: str = stage.platform.tokens()["access_token"]
    return found


@pytest.fixture
def client(stage: Stage, token: str) -> Iterator[httpx.Client]:
    stage.proxy.fault = None
    with stage.platform.client(token) as made:
        yield made
    stage.proxy.fault = None


@pytest.fixture(scope="module")
def undisturbed(stage: Stage, token: str) -> Picture:
    """What a sync leaves behind when nothing happens."""
    with stage.platform.client(token) as client:
        account_id = stage.connect(client, "Undisturbed")
        settle(client)
        picture = picture_of(client, account_id)
        assert picture["results"], "the cloud has faults that controls find"
        assert client.delete(f"/accounts/{account_id}").status_code == 204
        settle(client)
    return picture


@pytest.fixture(scope="module")
def account_id(stage: Stage, token: str, undisturbed: Picture) -> str:
    """The account that everything happens to; its first sync is disturbed by a kill."""
    gate = Gate("dynamodb")
    with stage.platform.client(token) as client:
        with stage.paused(WORKER):
            found = stage.connect(client, "Disturbed")
            stage.proxy.fault = gate
        (job,) = all_items(client, "/jobs", kind="inventory.sync_account", state="queued,running")
        wait_until(lambda: progress_of(client, job["id"]) >= 5, 60, "the middle of the sync")
        killed = stage.one(WORKER)
        killed.kill()
        killed_at = time.monotonic()
        wait_until(lambda: client.get(f"/jobs/{job['id']}").json()["state"] == "running", 10, "still shown as running")
        gate.waiting.clear()
        wait_until(gate.waiting.is_set, RESUME_SECONDS + 15, "another run of the job")
        assert time.monotonic() - killed_at < RESUME_SECONDS + 15
        gate.open()
        succeeds(client, job["id"])
        settle(client)
    return found


def test_a_sync_whose_worker_was_killed_ends_like_an_undisturbed_one(
    client: httpx.Client, undisturbed: Picture, account_id: str
) -> None:
    picture = picture_of(client, account_id)
    for part, expected in undisturbed.items():
        assert picture[part] == expected, part
    assert max(picture["rows"].values()) == 1
    assert max(picture["history"].values()) == 1
    assert run_sync(client, account_id)["state"] == "succeeded"
    assert picture_of(client, account_id) == undisturbed


def test_an_import_whose_worker_was_killed_ends_like_an_undisturbed_one(stage: Stage, client: httpx.Client) -> None:
    bill = large_bill(BILL_ROWS, account="111")
    first, job_id = start_import(client, bill, "bill.csv")
    succeeds(client, job_id)
    expected = bill_picture(stage, client, first)
    import_id, job_id = start_import(client, bill, "bill.csv")
    kill_in_mid_import(stage, 0.0)
    assert client.get(f"/jobs/{job_id}").json()["state"] == "running"
    succeeds(client, job_id)
    settle(client)
    assert bill_picture(stage, client, import_id) == expected


def kill_in_mid_import(stage: Stage, after_seconds: float) -> None:
    """Kill the worker, so long after its conversion began."""
    worker = stage.one(WORKER)
    wait_until(
        lambda: any("bills.child" in " ".join(child.cmdline()) for child in worker.children()), 30, "the conversion"
    )
    time.sleep(after_seconds)
    worker.kill()


def test_redis_flushed_and_stopped_in_mid_run_costs_nobody_anything(
    stage: Stage, client: httpx.Client, account_id: str, undisturbed: Picture
) -> None:
    tokens = stage.platform.tokens()
    listener = stage.follow_events(tokens["access_token"])
    gate = Gate("dynamodb")
    stage.proxy.fault = gate
    job_id = start_sync(client, account_id)
    wait_until(gate.waiting.is_set, 60, "the middle of the sync")
    redis.Redis.from_url(stage.redis_url()).flushall()
    assert client.get("/auth/me").status_code == 200
    with stage.paused(SUPERVISOR):
        stage.valkey().terminate()
        status, body = wait_until(
            lambda: (found := stage.readiness())[1]["redis"] == "down" and found, 15, "the loss to be noticed"
        )
        assert (status, body["status"], body["database"]) == (200, "degraded", "ok")
        started = time.monotonic()
        for path in ("/auth/me", "/usage/summary", "/accounts", "/alerts"):
            assert client.get(path).status_code == 200, path
        assert time.monotonic() - started < 10
        renewed = httpx.post(
            f"{stage.platform.api}/auth/refresh", json={"refresh_token": tokens["refresh_token"]}, timeout=30
        )
        assert renewed.status_code == 200, renewed.text
        gate.open()
        succeeds(client, job_id)
        second = start_sync(client, account_id)
        listener.wait_for(second, 10)
        succeeds(client, second)
        assert not listener.is_closed.is_set()
    wait_until(lambda: stage.readiness()[1]["status"] == "ok", 30, "Redis again")
    third = start_sync(client, account_id)
    listener.wait_for(third, 10)
    follow_job(client, third)
    listener.close()
    settle(client)
    assert picture_of(client, account_id) == undisturbed


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["fast", "immediate"])
def test_postgresql_restarted_in_mid_run_is_said_and_survived(
    stage: Stage, client: httpx.Client, account_id: str, undisturbed: Picture, how: signal.Signals
) -> None:
    dead_before = dead_jobs(client)
    gate = Gate("dynamodb")
    stage.proxy.fault = gate
    sync = start_sync(client, account_id)
    wait_until(gate.waiting.is_set, 60, "the middle of the sync")
    import_id, job_id = start_import(client, large_bill(BILL_ROWS, account="222"), "bill.csv")
    worker, server = stage.one(WORKER).pid, stage.one(SERVER).pid
    with stage.paused(SUPERVISOR):
        stage.postmaster().send_signal(how)
        _, body = wait_until(lambda: (found := stage.readiness())[0] == 503 and found, 30, "the loss to be noticed")
        assert (body["status"], body["database"]) == ("unavailable", "down")
        for method, path in (("GET", "/usage/summary"), ("GET", "/alerts"), ("POST", f"/accounts/{account_id}/sync")):
            answer = client.request(method, path)
            assert answer.status_code == 503, answer.text
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["retry-after"].isdigit()
            assert answer.json()["request_id"]
        assert httpx.get(f"{stage.platform.url}/healthz", timeout=15).status_code == 200
    wait_until(lambda: stage.readiness()[0] == 200, 60, "PostgreSQL again")
    assert client.get("/usage/summary").status_code == 200
    gate.open()
    succeeds(client, sync)
    succeeds(client, job_id)
    settle(client)
    assert (stage.one(WORKER).pid, stage.one(SERVER).pid) == (worker, server)
    assert dead_jobs(client) == dead_before
    assert picture_of(client, account_id) == undisturbed
    assert client.get(f"/ai-cost/imports/{import_id}").json()["rows_stored"] == BILL_ROWS


def test_what_a_broken_cloud_does_not_show_is_stale_and_named_until_it_recovers(
    stage: Stage, client: httpx.Client, account_id: str, undisturbed: Picture
) -> None:
    stage.proxy.fault = together(
        denies("sqs"),
        answers("dynamodb", 200, b"garbage"),
        throttles("sns", 1_000_000),
        resets("lambda"),
        denies("ec2", "DescribeVolumes"),
    )
    job = run_sync(client, account_id)
    assert job["state"] == "partial"
    states = {unit["service"]: unit["state"] for unit in job["units"]}
    assert {name: states[name] for name in ("sqs", "dynamodb", "sns", "lambda", "ec2", "s3")} == {
        "sqs": "failed", "dynamodb": "failed", "sns": "failed", "lambda": "failed", "ec2": "partial", "s3": "complete"
    }  # fmt: skip
    units = {unit["service"]: unit for unit in all_items(client, f"/accounts/{account_id}/units")}
    assert "sqs:ListQueues" in units["sqs"]["missing_permissions"]
    assert units["ec2"]["missing_permissions"] == ["ec2:DescribeVolumes"]
    assert "Missing permission sqs:ListQueues" in units["sqs"]["error"]
    assert all(units[name]["error"] for name in ("dynamodb", "sns", "lambda"))
    assert units["sqs"]["last_attempt_at"] > units["sqs"]["last_complete_at"]
    account = client.get(f"/accounts/{account_id}").json()
    assert account["status"] == "degraded"
    state = _sync_state(client, account_id)
    assert (state["failed"], state["partial"] >= 1, state["stale_resources"] > 0) == (4, True, True)
    stale = Counter(one["native_type"] for one in all_items(client, "/usage/resources", stale="true"))
    whole = Counter(one["native_type"] for one in all_items(client, "/usage/resources"))
    for native_type in ("AWS::SQS::Queue", "AWS::DynamoDB::Table", "AWS::SNS::Topic", "AWS::EC2::Volume"):
        assert stale[native_type] == whole[native_type] > 0, native_type
    assert not stale["AWS::EC2::VPC"] + stale["AWS::S3::Bucket"]
    assert picture_of(client, account_id)["rows"] == undisturbed["rows"]

    stage.proxy.fault = None
    assert run_sync(client, account_id)["state"] == "succeeded"
    assert client.get(f"/accounts/{account_id}").json()["status"] == "connected"
    assert _sync_state(client, account_id)["stale_resources"] == 0
    assert picture_of(client, account_id) == undisturbed


def test_a_cloud_that_is_gone_fails_the_sync_and_deletes_nothing(
    stage: Stage, client: httpx.Client, account_id: str, undisturbed: Picture
) -> None:
    stage.proxy.fault = _refuse_the_key
    job = run_sync(client, account_id)
    assert job["state"] == "failed"
    assert job["error"]
    assert client.get(f"/accounts/{account_id}").json()["status"] == "failed"
    assert client.get("/usage/summary").json()["stale"] == sum(undisturbed["rows"].values())
    stage.proxy.fault = None
    assert run_sync(client, account_id)["state"] == "succeeded"
    assert picture_of(client, account_id) == undisturbed


def _refuse_the_key(request: Handler) -> bool:
    code = b"InvalidClientTokenId"
    request.answer(403, b"<ErrorResponse><Error><Code>%s</Code><Message>no</Message></Error></ErrorResponse>" % code)
    return True


def _sync_state(client: httpx.Client, account_id: str) -> dict[str, Any]:
    items = client.get("/usage/sync-state").json()["items"]
    return next(item for item in items if item["account_id"] == account_id)


@pytest.mark.skipif(os.geteuid() != 0, reason="not run: only root can mount a small disk")
@pytest.mark.parametrize("folder", ["tmp", "storage"])
def test_a_full_disk_fails_an_import_in_words_and_leaves_nothing_behind(
    stage: Stage, client: httpx.Client, folder: str
) -> None:
    month = {"tmp": "2024-05", "storage": "2024-06"}[folder]  # asked for by nobody else: it goes with the small disk
    bill = large_bill(20_000, account=folder, month=month)
    _, job_id = start_import(client, large_bill(10, account="from before", month="2024-04"), "bill.csv")
    succeeds(client, job_id)
    before = {one["id"] for one in all_items(client, "/ai-cost/imports")}
    with small_disk(stage.data / folder, 8_192):
        with stage.paused(WORKER):
            import_id, job_id = start_import(client, bill, "bill.csv")
            filler = fill(stage.data / folder)
        job = follow_job(client, job_id)
        assert job["state"] == "failed"
        assert "no room left on the disk" in job["error"]
        manifest = client.get(f"/ai-cost/imports/{import_id}").json()
        assert (manifest["state"], manifest["rows_stored"]) == ("failed", 0)
        assert "Nothing was imported" in manifest["error"]
        refused = client.post("/ai-cost/imports", files={"file": ("bill.csv", bill)})
        assert refused.status_code == 503, refused.text
        assert "no room left" in refused.json()["title"]
        assert {one["id"] for one in all_items(client, "/ai-cost/imports")} - before == {import_id}
        assert _breakdown_of(client, month).json()["items"] == []
        # Bills from before lie under a small disk in the store's place: absent, which must not look like no cost.
        assert _breakdown_of(client, "2024-04").status_code == (503 if folder == "storage" else 200)
        filler.unlink()
        replayed = client.post(f"/jobs/{job_id}/replay")
        assert replayed.status_code == 202, replayed.text
        succeeds(client, replayed.json()["job_id"])
        assert client.get(f"/ai-cost/imports/{import_id}").json()["rows_stored"] == 20_000
        settle(client)


def _breakdown_of(client: httpx.Client, month: str) -> httpx.Response:
    return client.get("/ai-cost/breakdown", params={"from": f"{month}-01", "to": f"{month}-28", "group_by": "service"})


def test_after_kill_9_of_the_supervisor_the_next_start_goes_on(
    stage: Stage, client: httpx.Client, account_id: str, undisturbed: Picture
) -> None:
    gate = Gate("dynamodb")
    stage.proxy.fault = gate
    job_id = start_sync(client, account_id)
    wait_until(gate.waiting.is_set, 60, "the middle of the sync")
    postmaster = stage.postmaster().pid
    assert stage.platform.process is not None
    stage.platform.process.kill()
    stage.platform.process.wait()
    wait_until(lambda: not stage.processes("app."), 10, "the end of the children")
    gate.open()
    stage.platform.start()
    assert "Took over" in stage.platform.output
    assert stage.postmaster().pid == postmaster
    succeeds(client, job_id)  # also: the session goes on
    settle(client)
    assert picture_of(client, account_id) == undisturbed


@pytest.mark.slow
@pytest.mark.timeout(1_800)
def test_a_cloud_that_hangs_times_out(
    stage: Stage, client: httpx.Client, account_id: str, undisturbed: Picture
) -> None:
    stage.proxy.fault = hangs("sns", 40)
    job_id = start_sync(client, account_id)
    wait_until(lambda: client.get(f"/jobs/{job_id}").json()["finished_at"], 600, "the sync's end")
    job = follow_job(client, job_id)
    assert job["state"] == "partial"
    (unit,) = [one for one in job["units"] if one["service"] == "sns"]
    assert unit["state"] == "failed"
    stage.proxy.fault = None
    assert run_sync(client, account_id)["state"] == "succeeded"
    assert picture_of(client, account_id) == undisturbed


@pytest.mark.slow
@pytest.mark.timeout(3_600)
def test_twenty_kills_of_anything_at_any_moment(
    stage: Stage, client: httpx.Client, account_id: str, undisturbed: Picture
) -> None:
    bill = large_bill(BILL_ROWS, account="333")
    first, job_id = start_import(client, bill, "bill.csv")
    follow_job(client, job_id)
    expected = bill_picture(stage, client, first)
    for number in range(20):
        import_id, import_job = start_import(client, bill, "bill.csv")
        sync = start_sync(client, account_id)
        time.sleep(0.35 * number % 4)
        if number % 4 == 0:
            stage.postmaster().send_signal(signal.SIGQUIT)
        elif number % 4 == 1:
            redis.Redis.from_url(stage.redis_url()).flushall()
            stage.valkey().kill()
        else:
            stage.one(WORKER).kill()
        wait_until(lambda: stage.readiness()[1]["status"] == "ok", 60, "everything again")
        for job in (import_job, sync):
            succeeds(client, job)
        settle(client)
        assert bill_picture(stage, client, import_id) == expected, number
        assert picture_of(client, account_id) == undisturbed, number
