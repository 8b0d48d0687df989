"""Metrics in a real browser: explored, a resource's health, where they come from."""

import re

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Demonstration
from tests.system.running import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser"), pytest.mark.timeout(420)]
METRIC = "system_memory_utilization"
SENT_SECONDS = 120


@pytest.fixture
def resource_id(api: httpx.Client) -> str:
    """A machine whose agent has sent."""

    def linked() -> list[str]:
        items = api.get("/metrics/series", params={"selector": METRIC}).raise_for_status().json()["items"]
        return [item["resource_id"] for item in items if item["resource_id"]]

    wait_until(lambda: bool(linked()), SENT_SECONDS, "the agents' first samples")
    return linked()[0]


@pytest.mark.usefixtures("resource_id")
def test_a_metric_is_explored_and_leads_to_its_resource(page: Page, demonstration: Demonstration) -> None:
    page.goto(f"{demonstration.url}/explore")
    field = page.get_by_role("combobox", name="Metric", exact=True)
    field.fill("memory_util")
    page.get_by_role("option", name=re.compile(METRIC)).click()
    lines = page.locator("path[data-series]")
    expect(lines).to_have_count(12)
    expect(page).to_have_url(re.compile(f"q=avg~{METRIC}"))
    page.get_by_label("Compare with the time before").check()
    expect(lines).to_have_count(24)
    page.get_by_role("group", name="Series").get_by_role("checkbox").first.uncheck()
    expect(lines).to_have_count(23)
    page.get_by_role("button", name="View as table").click()
    expect(page.get_by_role("table", name="Share")).to_be_visible()
    page.get_by_role("link", name=re.compile("Open the resource of")).first.click()
    expect(page.get_by_role("tab", name="Health")).to_have_attribute("aria-selected", "true")


def test_a_resource_shows_its_health_and_takes_an_objective(
    page: Page, demonstration: Demonstration, resource_id: str
) -> None:
    page.goto(f"{demonstration.url}/resources/{resource_id}?tab=health")
    expect(page.get_by_text("Memory used")).to_be_visible()
    page.get_by_role("button", name="Set an objective").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Answers in the browser")
    dialog.get_by_role("button", name="Set an objective").click()
    row = page.get_by_role("row", name=re.compile("Answers in the browser"))
    expect(row).to_be_visible()
    row.get_by_role("button", name="Remove Answers in the browser").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove Answers in the browser").click()
    expect(row).to_have_count(0)
    page.get_by_role("link", name=f"Explore {METRIC}").click()
    expect(page).to_have_url(re.compile(r"/explore\?.*host_id"))
    expect(page.locator("path[data-series]")).to_have_count(1)


def test_integrations_tell_of_polled_clouds_and_how_to_send(page: Page, demonstration: Demonstration) -> None:
    page.goto(f"{demonstration.url}/integrations")
    sources = page.get_by_role("group", name="Clouds and servers")
    for name in ("CloudWatch", "Cloud Monitoring", "Azure Monitor"):
        expect(sources.get_by_role("rowheader", name=re.compile(name))).to_be_visible()
    page.get_by_role("radio", name="OpenTelemetry").click()
    text = page.get_by_role("group", name="Collector configuration")
    expect(text).to_contain_text(f"{demonstration.url}/ingest/v1/metrics")
    page.get_by_role("button", name="Test CloudWatch").click()
    expect(page.get_by_text("The source answers")).to_be_visible(timeout=60_000)
