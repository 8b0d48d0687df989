"""Schemathesis on every operation of the OpenAPI document, signed in as the owner, over HTTP on real data.

No 5xx, no undocumented status, content type or header, no body outside its schema. The short form sends 10 cases an
operation, the long one (`make campaign`) 50 and more; both are counted at the end of the run, the long one
writes a table into `bench/results`.
"""

import itertools
import os
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.counts import CountCases
from tests.system.bills import OWN_BILL, OWN_DAYS
from tests.system.campaign import Campaign, Example, MakeExample
from tests.system.cloud import Cloud
from tests.system.identity.examples import COSTLY_EXAMPLES, NEEDS_THE_OUTSIDE, IdentityExamples
from tests.system.inventory_examples import InventoryExamples
from tests.system.mailbox import REFUSED, Mailbox
from tests.system.monitoring_examples import NEEDS_HISTORY, MonitoringExamples
from tests.system.people import People
from tests.system.running import REPOSITORY, Platform, all_items, follow_job, wait_until

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("schemathesis")]

SHORT_CASES, LONG_CASES = 10, 52
SEED = int(os.environ.get("CLOUDOPS_TEST_SEED", "0"))  # 0: the same cases each time
TABLE = REPOSITORY / "bench" / "results" / "schemathesis.md"
# These end what others use, so they come last, in this order.
LAST = (
    "resolve_alert",
    "change_password",
    "confirm_identity",
    "end_session",
    "sign_out",
    "delete_channel",
    "delete_route",
)
COSTLY = ("connect_account", "test_new_account", "test_account", "remove_account")  # each asks the cloud a lot


def _tomorrow() -> str:
    return (datetime.now(UTC) + timedelta(days=1)).isoformat()


class Person:
    """Somebody whose sessions and password nobody else depends on: the owner, in sessions made for one request."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self._other = f"A second password {secrets.token_hex(8)}"

    def token(self) -> str:
        """An access token of a new session."""
        return str(self.platform.tokens()["access_token"])

    def change_password(self) -> Example:
        """A change to a known password, kept in mind for the next sign-in when it is accepted."""
        now, then = self.platform.password, self._other

        def remember(status: int) -> None:
            if status == 204:
                self.platform.password, self._other = then, now

        body = {"current_password": now, "new_password": then}
        return Example(body=body, token=self.token(), after=remember)

    def ended_session(self) -> Example:
        """A session that may be ended, and the session to do it from."""
        mine, other = self.platform.tokens(), self.platform.tokens()
        with self.platform.client(mine["access_token"]) as client:
            sessions = client.get("/auth/sessions").json()["items"]
        with self.platform.client(other["access_token"]) as client:
            present = next(one["id"] for one in client.get("/auth/sessions").json()["items"] if one["current"])
        assert {one["id"] for one in sessions} >= {present}
        return Example(path={"session_id": present}, token=mine["access_token"])


class Examples:
    """For each operation a request that should succeed, with ids that exist."""

    def __init__(
        self, platform: Platform, cloud: Cloud, account_id: str, import_id: str, identity: IdentityExamples
    ) -> None:
        self.platform, self.cloud, self.account_id, self.identity = platform, cloud, account_id, identity
        self.person = Person(platform)
        self._client = platform.client()
        self.ids = {"account_id": account_id, "import_id": import_id}
        self.inventory = InventoryExamples(self._client, self.ids)
        self.monitoring = MonitoringExamples(self._client, self.ids)
        self._numbers = itertools.count(300_000_000_000 + 1_000 * secrets.randbelow(600_000_000))

    def sign_in(self) -> str:
        """A new session's token, also for what prepares examples: others end sessions, and tokens live ten minutes."""
        token = self.person.token()
        self._client.headers["Authorization"] = f"Bearer {token}"
        return token

    def find(self) -> None:
        """Ids of everything that the connected account and the bill brought."""
        client = self._client
        with_faults = wait_until(lambda: all_items(client, "/alerts"), 90, "the first alert")
        issues = all_items(client, "/compliance/issues", status="open")
        self.ids |= {
            "alert_id": with_faults[0]["id"],
            "issue_id": issues[0]["id"],
            "resource_id": next(one["resource_id"] for one in issues if one["resource_id"]),
            "standard_id": client.get("/compliance/standards").json()["items"][0]["id"],
            "job_id": all_items(client, "/jobs", state="succeeded")[0]["id"],
            "user_id": client.get("/auth/me").json()["id"],
        }
        self.ids["channel_id"] = self.make_channel()
        self.ids["route_id"] = self.make_route()
        refused = self.channel() | {"config": {"to": [REFUSED]}}
        channel = client.post("/notifications/channels", json=refused).json()["id"]
        client.post(f"/notifications/channels/{channel}/test").raise_for_status()
        self.ids["delivery_id"] = self.failed_delivery()
        self.ids["failed_job_id"] = self.failed_job()
        self.inventory.find(self.cloud.endpoint)
        self.monitoring.find()

    def queued_job(self) -> str:
        """A job that has not ended yet."""
        return str(self._client.post(f"/accounts/{self.account_id}/sync").json()["job_id"])

    def failed_job(self) -> str:
        """The job of an import that cannot be read."""
        accepted = self._client.post("/ai-cost/imports", files={"file": ("bill.csv", b"no,focus,columns\n1,2,3\n")})
        job = follow_job(self._client, accepted.json()["job_id"])
        assert job["state"] == "failed", job
        return str(job["id"])

    def failed_delivery(self) -> str:
        """A message that the mail server refused, once it is given up."""

        def given_up() -> str | None:
            failed = all_items(self._client, "/notifications/deliveries", state="failed")
            return next((str(one["id"]) for one in failed if one["recipient"] == REFUSED), None)

        return str(wait_until(given_up, 60, "the refused message"))

    def make_channel(self) -> str:
        answer = self._client.post("/notifications/channels", json=self.channel())
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def make_route(self) -> str:
        answer = self._client.post("/notifications/routes", json=self.route())
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    @staticmethod
    def channel() -> dict[str, Any]:
        return {"name": f"Mail {secrets.token_hex(4)}", "kind": "email", "config": {"to": ["ops@example.org"]}}

    def route(self) -> dict[str, Any]:
        return {"name": "Everything", "channel_id": self.ids["channel_id"], "minimum_severity": "info"}

    def fresh_account(self) -> str:
        """An account connected only to be removed."""
        answer = self._client.post("/accounts", json=self.new_connection())
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def new_connection(self) -> dict[str, Any]:
        """A connection to an account of the cloud that is not connected yet."""
        return self.cloud.account(str(next(self._numbers))).connection("Made by a test")

    def open_alert(self, body: dict[str, Any]) -> Example:
        """The next alert that is not resolved, while there is one."""
        found = all_items(self._client, "/alerts", status="firing,acknowledged")
        return Example(path={"alert_id": found[0]["id"] if found else self.ids["alert_id"]}, body=body)

    def of(self, name: str, path_names: list[str]) -> MakeExample:
        """How to make an example of the operation; the default is its path's real ids and nothing else."""
        makers: dict[str, MakeExample] = {
            "sign_in": lambda: Example(body={"email": self.platform.email, "password": self.platform.password}),
            "refresh_session": lambda: Example(body={"refresh_token": self.platform.tokens()["refresh_token"]}),
            "sign_out": lambda: Example(token=self.person.token()),
            "confirm_identity": lambda: Example(body={"password": self.platform.password}, token=self.person.token()),
            "change_password": self.person.change_password,
            "end_session": self.person.ended_session,
            "update_organization": lambda: Example(body={"name": "An organization"}),
            "create_channel": lambda: Example(body=self.channel()),
            "update_channel": lambda: Example(path={"channel_id": self.ids["channel_id"]}, body={"enabled": True}),
            "delete_channel": lambda: Example(path={"channel_id": self.make_channel()}),
            "create_route": lambda: Example(body=self.route()),
            "update_route": lambda: Example(path={"route_id": self.ids["route_id"]}, body={"enabled": True}),
            "retry_delivery": lambda: Example(path={"delivery_id": self.failed_delivery()}),
            "delete_route": lambda: Example(path={"route_id": self.make_route()}),
            "import_costs": lambda: Example(files={"file": ("own.csv", OWN_BILL)}),
            "read_cost_breakdown": lambda: Example(query={"group_by": "provider,region", "cost": "list"} | OWN_DAYS),
            "list_cost_dimension": lambda: Example(query={"group": "service"}),
            "connect_account": lambda: Example(body=self.new_connection()),
            "test_new_account": lambda: Example(body=self.cloud.connection("Only tried")),
            "update_account": lambda: Example(path={"account_id": self.account_id}, body={"name": "Production"}),
            "remove_account": lambda: Example(path={"account_id": self.fresh_account()}),
            "cancel_job_by_id": lambda: Example(path={"job_id": self.queued_job()}),
            "replay_job": lambda: Example(path={"job_id": self.ids["failed_job_id"]}),
            "evaluate_compliance": lambda: Example(body={"account_id": self.account_id}),
            "acknowledge_alert": lambda: self.open_alert({"note": "seen"}),
            "resolve_alert": lambda: self.open_alert({"note": "done"}),
            "snooze_alert": lambda: self.open_alert({"until": _tomorrow()}),
            "assign_alert": lambda: self.open_alert({"assignee_id": self.ids["user_id"], "note": "yours"}),
        }
        makers |= self.inventory.makers | self.monitoring.makers | self.identity.makers
        return makers.get(name) or (lambda: Example(path={one: self.ids[one] for one in path_names}))

    def mend_account(self) -> None:
        """Give back what a change may have taken: a generated one can clear address and credentials."""
        body = {name: value for name, value in self.cloud.connection("Production").items() if name != "provider"}
        answer = self._client.patch(f"/accounts/{self.account_id}", json=body)
        assert answer.status_code == 200, answer.text


@pytest.fixture
def examples(platform: Platform, cloud: Cloud, account_id: str, import_id: str, mailbox: Mailbox) -> Iterator[Examples]:
    identity = IdentityExamples(People(platform, mailbox))
    made = Examples(platform, cloud, account_id, import_id, identity)
    made.find()
    yield made
    made.inventory.close()
    made.monitoring.close()


def run_campaign(platform: Platform, examples: Examples, cases: int) -> Campaign:
    """Send everything; the answer holds the tallies and the failures."""
    document = httpx.get(f"{platform.url}/openapi.json").json()
    campaign = Campaign(platform.url, document, examples.sign_in)
    operations = {operation.definition.raw["operationId"]: operation for operation in campaign.operations()}
    order = sorted(operations, key=lambda name: LAST.index(name) if name in LAST else -1)
    for name in order:
        path_names = [one.name for one in operations[name].path_parameters]
        most = cases // 5 if name in COSTLY or name in COSTLY_EXAMPLES else None
        make, sender = examples.of(name, path_names), examples.identity.sender(name)
        campaign.run(operations[name], make, cases, seed=SEED, most_examples=most, sign_in=sender)
        if name in NEEDS_THE_OUTSIDE | NEEDS_HISTORY:
            campaign.never_good.add(operations[name].label)
        if name == "update_account":
            examples.mend_account()
        if operations[name].path.startswith("/api/v1/auth/"):
            campaign.sign_in_again()
    return campaign


def check(campaign: Campaign, cases: int, count_cases: CountCases) -> None:
    """Nothing failed, everything was tried, and almost everything also succeeded."""
    tallies = campaign.tallies
    good = sum(tally.good for tally in tallies.values())
    count_cases("Schemathesis", {label: tally.cases for label, tally in tallies.items()}, accepted=good)
    assert not campaign.failures, "\n\n".join(campaign.failures.values())
    assert {label: tally.cases for label, tally in campaign.tallies.items() if tally.cases < cases} == {}
    assert {label for label, tally in campaign.tallies.items() if not tally.good} == campaign.never_good


@pytest.mark.timeout(1500)
def test_no_operation_answers_outside_its_description(
    platform: Platform, examples: Examples, count_cases: CountCases
) -> None:
    check(run_campaign(platform, examples, SHORT_CASES), SHORT_CASES, count_cases)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_no_operation_answers_outside_its_description_in_a_long_run(
    platform: Platform, examples: Examples, count_cases: CountCases
) -> None:
    campaign = run_campaign(platform, examples, LONG_CASES)
    Path(TABLE).parent.mkdir(parents=True, exist_ok=True)
    Path(TABLE).write_text(f"{campaign.table()}\n")
    check(campaign, LONG_CASES, count_cases)
