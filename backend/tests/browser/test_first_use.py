"""What a new user sees and does, in a real browser, on the demonstration."""

import re
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Demonstration, sign_in
from tests.system.running import BACKEND

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser"), pytest.mark.timeout(420)]
AXE = BACKEND.parent / "web" / "node_modules" / "axe-core" / "axe.min.js"
SETTINGS = (
    *("organization", "branding", "quotas", "usage", "members", "roles", "identity-providers", "api-keys"),
    *("audit-log", "encryption-keys"),
)
MAIN_PAGES = (
    *("", "resources", "resources/overview", "changes", "alerts", "cost", "compliance", "accounts", "jobs"),
    *("topology", "topology?mode=exposed", "topology?mode=orphans", "profile", "profile/security"),
    *("alerts/rules", "alerts/rules/new", "alerts/rules/import", "metrics/anomalies"),
)
PAGES = tuple(f"/{name}" for name in (*MAIN_PAGES, *(f"settings/{name}" for name in SETTINGS)))
# Only violations are written out whole: naming every node that passes takes a third of a run's time or more.
RUN_AXE = """axe.run(document, {
  runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'], resultTypes: ['violations'],
})"""


def test_a_wrong_password_is_told_in_words(context_page: Page, demonstration: Demonstration) -> None:
    context_page.goto(demonstration.url)
    context_page.get_by_label("E-mail").fill(demonstration.email)
    context_page.keyboard.press("Enter")
    context_page.get_by_label("Password", exact=True).fill("not the password")
    context_page.keyboard.press("Enter")
    expect(context_page.get_by_role("alert").first).to_be_visible()


@pytest.fixture
def context_page(context) -> Page:  # type: ignore[no-untyped-def]  # the fixture's type is in conftest
    """A page that is not signed in."""
    made: Page = context.new_page()
    return made


def test_the_dashboard_shows_what_the_api_says(page: Page, api: httpx.Client) -> None:
    alerts = api.get("/alerts/summary").json()["by_severity"]
    resources = api.get("/usage/summary").json()["total"]
    main = page.get_by_role("main")
    expect(main.get_by_text(f"of {resources} resources")).to_be_visible()
    expect(main).to_contain_text(str(alerts["critical"]))
    assert resources > 250
    assert alerts["critical"] >= 4


def test_every_number_leads_to_the_rows_behind_it(page: Page, api: httpx.Client) -> None:
    page.get_by_role("main").get_by_role("link", name=re.compile("Critical alerts")).first.click()
    page.wait_for_url(re.compile(r"/alerts\?"))
    count = api.get("/alerts", params={"severity": "critical", "status": "firing,acknowledged"}).json()["total"]
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_role("row")).to_have_count(count + 1)


def test_a_resource_is_found_from_the_keyboard_and_opens_with_its_facts(page: Page) -> None:
    page.keyboard.press("Control+k")
    page.get_by_role("dialog").get_by_role("combobox").fill("acme-storefront-assets")
    option = page.get_by_role("option", name=re.compile("acme-storefront-assets")).first
    option.wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/resources"))
    expect(page.get_by_text("acme-storefront-assets").first).to_be_visible()


def test_acknowledging_an_alert_elsewhere_shows_here_without_a_reload(page: Page, api: httpx.Client) -> None:
    page.goto(page.url.split("?")[0].rstrip("/") + "/alerts")
    expect(page.get_by_text("Live updates on")).to_be_visible()
    alert = api.get("/alerts", params={"status": "firing"}).json()["items"][0]
    row = page.get_by_role("row", name=re.compile(re.escape(alert["title"][:40])))
    expect(row.first).to_be_visible()
    api.post(f"/alerts/{alert['id']}/acknowledge", json={"note": "seen"}).raise_for_status()
    expect(row.first).to_contain_text(re.compile("acknowledged", re.IGNORECASE), timeout=15_000)


def test_the_critical_findings_were_mailed(api: httpx.Client) -> None:
    deliveries = api.get("/notifications/deliveries", params={"state": "sent"}).json()["items"]
    assert {item["subject_type"] for item in deliveries} == {"alert"}
    assert all(item["recipient"] == "owner@acme.example" for item in deliveries)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_have_no_accessibility_violation(browser, demonstration: Demonstration, theme: str) -> None:  # type: ignore[no-untyped-def]  # the fixture's type is in conftest
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: make setup")
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme=theme)
    page = context.new_page()
    sign_in(page, demonstration)
    source = Path(AXE).read_text()
    found: list[str] = []
    for path in PAGES:
        page.goto(demonstration.url + path)
        page.get_by_role("heading", level=1).wait_for()
        page.wait_for_load_state("networkidle")
        page.evaluate(source)
        violations = page.evaluate(f"{RUN_AXE}.then(result => result.violations)")
        found += [f"{path}: {item['id']} {item['nodes'][0]['html'][:120]}" for item in violations]
    context.close()
    assert not found, "\n".join(found)


def test_narrow_pages_do_not_scroll_sideways(browser, demonstration: Demonstration) -> None:  # type: ignore[no-untyped-def]  # the fixture's type is in conftest
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    sign_in(page, demonstration)
    for path in PAGES:
        page.goto(demonstration.url + path)
        page.get_by_role("heading", level=1).wait_for()
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
    context.close()


def test_the_console_stays_silent_and_nothing_is_loaded_from_elsewhere(
    page: Page, demonstration: Demonstration
) -> None:
    complaints: list[str] = []
    foreign: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("request", lambda request: foreign.append(request.url) if demonstration.url not in request.url else None)
    for path in PAGES:
        page.goto(demonstration.url + path)
        page.get_by_role("heading", level=1).wait_for()
        page.wait_for_load_state("networkidle")
    assert complaints == []
    assert [url for url in foreign if not url.startswith(("data:", "blob:"))] == []
