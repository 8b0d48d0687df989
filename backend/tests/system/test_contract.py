"""An empty installation and the contract's calls alone: connect, sync, list, import, break down, stop, start again."""

import json
import os
import subprocess
from pathlib import Path

import httpx
import pytest
from tests.system.bills import (
    COST_KINDS,
    FACTS,
    OWN_BILL,
    OWN_DAYS,
    SAMPLE,
    SAMPLE_DAYS,
    own_facts,
    sample_facts,
    sums_in,
    sums_of,
)
from tests.system.cloud import REGION, Cloud
from tests.system.conftest import import_bill
from tests.system.running import REPOSITORY, STOP_SECONDS, Platform, all_items, any_address

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("platform"), pytest.mark.timeout(400)]
needs_sample = pytest.mark.skipif(
    not (SAMPLE.is_file() and FACTS.is_file()),
    reason="not run: ../shared/data/focus/focus_1_0/focus_sample.csv and its facts are not beside the repository",
)


def test_the_printed_login_is_the_owners(platform: Platform, client: httpx.Client) -> None:
    profile = client.get("/auth/me").json()
    assert (profile["email"], profile["role"]) == (platform.email, "owner")
    assert profile["organization"]["name"]


def test_credentials_do_not_come_back(client: httpx.Client, account_id: str, cloud: Cloud) -> None:
    answer = client.get(f"/accounts/{account_id}")
    assert answer.json()["status"] == "connected"
    assert cloud.keys.secret_access_key not in answer.text
    assert answer.json()["credentials"]["set"] is True


def test_the_inventory_holds_what_the_cloud_holds_and_nothing_else(
    client: httpx.Client, account_id: str, cloud: Cloud
) -> None:
    listed = all_items(client, "/usage/resources", account_id=account_id)
    ours: dict[str, set[str]] = {}
    for item in listed:
        name = item["native_id"].replace("/", ":").rpartition(":")[2]
        ours.setdefault(item["native_type"], set()).add(name)
    assert not [item for item in listed if item["stale"]]
    held = cloud.holdings()
    assert {kind: ours.get(kind, set()) for kind in held} == held
    assert all(held.values()), "each kind is made at least once"


def test_tags_filter_as_the_contract_says(client: httpx.Client, account_id: str) -> None:
    found = all_items(client, "/usage/resources", account_id=account_id, tag="team:payments")
    assert {item["native_type"] for item in found} >= {"AWS::EC2::Instance"}
    assert all(item["tags"]["team"] == "payments" for item in found)


def test_a_breakdown_of_our_own_bill_is_exact_for_every_cost_kind(client: httpx.Client, import_id: str) -> None:
    manifest = client.get(f"/ai-cost/imports/{import_id}").json()
    assert (manifest["rows_read"], manifest["rows_stored"], manifest["rows_rejected"]) == (5, 5, 0)
    for kind in COST_KINDS:
        query = {"group_by": "provider_name,service", "cost": kind} | OWN_DAYS
        assert sums_in(client.get("/ai-cost/breakdown", params=query).json()) == sums_of(own_facts(), kind), kind


@needs_sample
def test_a_breakdown_of_the_shared_sample_equals_its_facts_to_the_last_digit(client: httpx.Client) -> None:
    manifest = client.get(f"/ai-cost/imports/{import_bill(client, SAMPLE.read_bytes(), SAMPLE.name)}").json()
    facts = sample_facts()
    assert manifest["rows_stored"] == sum(int(row["rows"]) for row in facts)
    assert manifest["rows_rejected"] == 0
    for kind in COST_KINDS:
        query = {"group_by": "provider_name,service", "cost": kind} | SAMPLE_DAYS
        assert sums_in(client.get("/ai-cost/breakdown", params=query).json()) == sums_of(facts, kind), kind
    unknown = client.get("/ai-cost/breakdown", params={"group_by": "service", "cost": "contracted"} | SAMPLE_DAYS)
    assert [item["group"]["service"] for item in unknown.json()["items"] if item["cost"] is None] == ["COMPUTE"]


def test_the_shell_script_of_the_documentation_does_the_same(
    platform: Platform, cloud: Cloud, curl: str, tmp_path: Path
) -> None:
    other = cloud.account("210987654321")
    other.client("sqs").create_queue(QueueName="of-the-script")
    bill, days, facts = tmp_path / "own.csv", OWN_DAYS, own_facts()
    bill.write_bytes(OWN_BILL)
    if SAMPLE.is_file():
        bill, days, facts = SAMPLE, SAMPLE_DAYS, sample_facts()
    run = subprocess.run(
        [REPOSITORY / "docs" / "examples" / "contract.sh", bill, days["from"], days["to"]],
        env={
            "PATH": os.environ["PATH"],
            "BASE": platform.url,
            "EMAIL": platform.email,
            "PASSWORD": platform.password,
            "ENDPOINT": other.endpoint,
            "REGION": REGION,
            "NAME": "By script",
            "AWS_ACCESS_KEY_ID": other.keys.access_key_id,
            "AWS_SECRET_ACCESS_KEY": other.keys.secret_access_key,
        },
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    account, job, resources, manifest, breakdown = (json.loads(line) for line in run.stdout.splitlines())
    assert account["native_account_id"] == "210987654321"
    assert (job["state"], manifest["state"]) == ("succeeded", "succeeded")
    assert "of-the-script" in {item["name"] for item in resources["items"]}
    assert sums_in(breakdown) == sums_of(facts, "effective")


def test_a_stop_leaves_no_process_and_a_new_start_finds_everything(
    platform: Platform, account_id: str, import_id: str
) -> None:
    refresh_token = platform.tokens()["refresh_token"]
    assert platform.stop() < STOP_SECONDS
    assert platform.process is not None
    assert platform.process.returncode == 0, platform.output[-2000:]
    assert platform.processes() == []
    platform.start()
    assert "Password" not in platform.output
    answer = httpx.post(
        f"{platform.api}/auth/refresh",
        json={"refresh_token": refresh_token},
        headers={"X-Forwarded-For": any_address()},
    )
    with platform.client(answer.json()["access_token"]) as client:
        assert client.get(f"/accounts/{account_id}").json()["status"] == "connected"
        assert client.get(f"/ai-cost/imports/{import_id}").json()["state"] == "succeeded"
