"""Alert rules in a real browser: one is written, looked at, tried on its own history and only then switched on."""

import math
import re
import time
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Demonstration

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser"), pytest.mark.timeout(420)]

METRIC = "shop_cpu_busy_percent"
HOURS = 6


@pytest.fixture(scope="module")
def series(api: httpx.Client) -> str:
    """Six hours of a processor that was busy twice; the selector of it."""
    now = int(time.time()) // 60 * 60
    points = [
        {
            "attributes": [{"key": "host", "value": {"stringValue": "web-1"}}],
            "timeUnixNano": str(at * 10**9),
            "asDouble": 95.0 if is_busy(now - at) else 40 + 5 * math.sin(at / 900),
        }
        for at in range(now - HOURS * 3600, now, 60)
    ]
    metric = {"name": METRIC, "unit": "%", "gauge": {"dataPoints": points}}
    scopes = [{"scope": {}, "metrics": [metric]}]
    body: dict[str, Any] = {"resourceMetrics": [{"resource": {"attributes": []}, "scopeMetrics": scopes}]}
    api.post("/ingest/v1/metrics", json=body).raise_for_status()
    return f'{METRIC}{{host="web-1"}}'


def is_busy(seconds_ago: int) -> bool:
    """For half an hour, four hours and two hours ago."""
    return any(hours * 3600 - 1800 < seconds_ago <= hours * 3600 for hours in (4, 2))


def test_a_rule_is_previewed_backtested_and_switched_on(
    page: Page, api: httpx.Client, demonstration: Demonstration, series: str
) -> None:
    page.goto(f"{demonstration.url}/alerts/rules")
    page.get_by_role("link", name="New rule").first.click()
    page.get_by_label("Name", exact=True).fill("Shop is busy")
    page.get_by_role("combobox", name="Series", exact=True).fill(series)
    page.get_by_label("Number", exact=True).fill("80")
    page.get_by_label("For at least").fill("5m")
    expect(page.get_by_text(f"average of {series} over 5m is above 80").first).to_be_visible()
    expect(page.get_by_role("img", name=series)).to_be_visible()
    expect(page.get_by_text("1 series, 1 value:")).to_be_visible()
    switch_on = page.get_by_role("button", name="Save and switch on")
    expect(switch_on).to_be_disabled()

    page.get_by_role("tab", name="Backtest").click()
    page.get_by_role("radio", name="1 day").click()
    page.get_by_role("button", name="Run backtest").click()
    expect(page.get_by_text(re.compile("Would have fired 2 times and sent [1-9]"))).to_be_visible(timeout=60_000)
    expect(page.get_by_role("group", name="When it would have fired").get_by_role("row")).to_have_count(3)

    page.get_by_role("tab", name="Unit tests").click()
    page.get_by_role("button", name="Run tests").click()
    expect(page.get_by_text("All tests pass")).to_be_visible()

    switch_on.click()
    expect(page.get_by_role("heading", name="Shop is busy", level=1)).to_be_visible()
    expect(page.get_by_role("switch", name="Evaluate Shop is busy")).to_be_checked()
    stored = api.get("/alerts/rules", params={"q": "Shop is busy"}).raise_for_status().json()["items"][0]
    assert stored["enabled"]
    assert stored["condition"]["reading"]["selector"] == series


def test_leaving_a_changed_rule_asks_first(page: Page, demonstration: Demonstration) -> None:
    page.goto(f"{demonstration.url}/alerts/rules")
    page.get_by_role("link", name="New rule").first.click()
    page.get_by_label("Name", exact=True).fill("Half done")
    page.go_back()
    dialog = page.get_by_role("dialog", name="Leave without saving?")
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Cancel").click()
    expect(page).to_have_url(re.compile("/alerts/rules/new$"))
    expect(page.get_by_label("Name", exact=True)).to_have_value("Half done")
    page.go_back()
    dialog.get_by_role("button", name="Leave without saving").click()
    expect(page).to_have_url(re.compile("/alerts/rules$"))


def test_a_rule_file_is_checked_and_imported(page: Page, api: httpx.Client, demonstration: Demonstration) -> None:
    for file in api.get("/alerts/rules/files").raise_for_status().json():
        if file["name"] == "browser.yml":  # of an earlier run on the same demonstration
            api.delete(f"/alerts/rules/files/{file['id']}").raise_for_status()
    page.goto(f"{demonstration.url}/alerts/rules/import")
    page.get_by_label("Name of the file").fill("browser.yml")
    page.get_by_label("Content").fill(
        "groups:\n  - name: browser\n    rules:\n"
        "      - alert: FromFile\n        expr: up == 0\n        for: 5m\n"
        "      - record: job:up\n        expr: sum(up) by (job)\n"
    )
    page.get_by_role("button", name="Check the file").click()
    expect(page.get_by_role("row").filter(has_text="FromFile")).to_contain_text("translated")
    expect(page.get_by_role("row").filter(has_text="job:up")).to_contain_text("not taken over")
    assert not api.get("/alerts/rules", params={"q": "FromFile"}).json()["items"]
    page.get_by_role("button", name="Import 1 rule").click()
    expect(page).to_have_url(re.compile("file="))
    expect(page.get_by_role("row").filter(has_text="FromFile")).to_be_visible()
