"""The inventory and the map in a real browser: search by keyboard, questions to the map, time travel, files."""

import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Demonstration

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser"), pytest.mark.timeout(420)]


def _accounts(api: httpx.Client) -> dict[str, dict[str, Any]]:
    """The demonstration's connections by provider."""
    items = api.get("/accounts", params={"limit": 200}).raise_for_status().json()["items"]
    return {item["provider"]: item for item in items if item["parent_id"] is None}


def _count(api: httpx.Client, search: str) -> int:
    facets = api.get("/usage/facets", params={"search": search}).raise_for_status().json()
    assert facets["exact"]
    return int(facets["total"])


def _tied(api: httpx.Client) -> dict[str, Any]:
    """A virtual machine that other resources depend on or hang on."""
    items = api.get("/usage/resources", params={"search": "type:compute.instance provider:aws"}).json()["items"]
    found: dict[str, Any] = items[0]
    return found


def test_the_three_clouds_are_there(api: httpx.Client) -> None:
    connections = _accounts(api)
    assert set(connections) == {"aws", "gcp", "azure"}
    assert all(_count(api, f"provider:{name}") > 50 for name in connections)


def test_a_search_is_completed_and_asked_from_the_keyboard(
    page: Page, api: httpx.Client, demonstration: Demonstration
) -> None:
    page.goto(f"{demonstration.url}/resources")
    page.get_by_role("row").nth(1).wait_for()
    page.keyboard.press("/")
    field = page.get_by_role("combobox", name=re.compile("search", re.IGNORECASE))
    expect(field).to_be_focused()
    field.press_sequentially("typ")
    page.get_by_role("option", name=re.compile("^type:")).first.wait_for()
    page.keyboard.press("Tab")
    expect(field).to_have_value("type:")
    field.press_sequentially("compute.inst")
    page.get_by_role("option", name=re.compile(r"^compute\.instance")).first.wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(field).to_have_value(re.compile(r"^type:compute\.instance\s*$"))
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("search="))
    count = _count(api, "type:compute.instance")
    expect(page.get_by_role("main").get_by_text(re.compile(rf"^{count}$")).first).to_be_visible()


def test_what_a_search_does_not_understand_is_told_at_its_place(page: Page, demonstration: Demonstration) -> None:
    page.goto(f"{demonstration.url}/resources")
    page.get_by_role("row").nth(1).wait_for()
    page.keyboard.press("/")
    page.keyboard.type("cost>abc")
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="at character")).to_be_visible()


def test_a_map_of_groups_is_opened_down_to_one_resource(
    page: Page, api: httpx.Client, demonstration: Demonstration
) -> None:
    account = _accounts(api)["aws"]
    page.goto(f"{demonstration.url}/topology?account={account['id']}&by=type")
    group = page.locator("[data-map-node^='group:type:compute.instance']")
    group.wait_for()
    group.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name=re.compile("^Close group ")).first).to_be_visible(timeout=30_000)
    member = page.locator("[data-map-node]:not([data-map-node^='group:']):not([data-map-node^='hub:'])").first
    member.wait_for()
    member.focus()
    page.keyboard.press("Enter")
    panel = page.get_by_role("dialog")
    expect(panel).to_be_visible()
    panel.get_by_role("button", name="Map around it").click()
    expect(page).to_have_url(re.compile("root="))


def test_arrow_keys_walk_over_the_cards_of_a_map(page: Page, api: httpx.Client, demonstration: Demonstration) -> None:
    page.goto(f"{demonstration.url}/topology?root={_tied(api)['id']}&depth=1")
    cards = page.locator("[data-map-node]")
    cards.first.wait_for()
    page.wait_for_timeout(500)
    stop = page.locator("[data-map-node][tabindex='0']")
    expect(stop).to_have_count(1)
    stop.focus()
    before = stop.get_attribute("data-map-node")
    for key in ("ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp"):
        page.keyboard.press(key)
        page.wait_for_timeout(150)
        reached = page.evaluate("document.activeElement?.dataset.mapNode")
        assert reached, key
        if reached != before:
            return
    pytest.fail("no arrow key led to another card")


def test_the_table_beside_the_map_holds_the_same(page: Page, api: httpx.Client, demonstration: Demonstration) -> None:
    start = _tied(api)
    answer = api.get("/topology", params={"root": start["id"], "depth": 1, "limit": 10_000}).raise_for_status().json()
    page.goto(f"{demonstration.url}/topology?root={start['id']}&depth=1&view=table")
    grid = page.get_by_role("grid", name="Resources")
    expect(grid).to_have_attribute("aria-rowcount", str(len(answer["nodes"])))


def test_a_path_between_two_resources_is_told_step_by_step(
    page: Page, api: httpx.Client, demonstration: Demonstration
) -> None:
    start = _tied(api)
    around = api.get("/topology", params={"root": start["id"], "depth": 2, "limit": 500}).json()["nodes"]
    far = next(node for node in around if node["distance"] == 2 and node["resource_id"])
    path = api.get("/topology/path", params={"from": start["id"], "to": far["resource_id"]}).json()["paths"][0]
    page.goto(f"{demonstration.url}/topology?mode=path&from={start['id']}&to={far['resource_id']}")
    expect(page.get_by_role("heading", name=re.compile("^Path 1: 2 steps")).first).to_be_visible()
    assert len(path["steps"]) == 2
    expect(page.locator("[data-map-node]").first).to_be_visible()


def test_the_blast_radius_adds_up_and_leads_to_the_resource(
    page: Page, api: httpx.Client, demonstration: Demonstration
) -> None:
    networks = api.get("/usage/resources", params={"search": "type:network.vpc provider:aws"}).json()["items"]
    answers = {
        item["id"]: api.get(f"/topology/resources/{item['id']}/blast-radius", params={"depth": 2}).json()
        for item in networks
    }
    root, answer = max(answers.items(), key=lambda pair: len(pair[1]["nodes"]))
    hit = sum(item["count"] for item in answer["by_type"])
    assert hit > 5
    page.goto(f"{demonstration.url}/topology?mode=blast&root={root}&depth=2")
    expect(page.get_by_role("main").get_by_text(str(hit), exact=True).first).to_be_visible()
    page.locator("[data-map-node][tabindex='0']").focus()
    page.keyboard.press("Enter")
    panel = page.get_by_role("dialog")
    panel.get_by_role("link", name="Open page").first.click()
    expect(page).to_have_url(re.compile(r"/resources/[0-9a-f-]{36}"))


def test_the_lists_of_exposed_and_orphaned_resources_say_why(
    page: Page, api: httpx.Client, demonstration: Demonstration
) -> None:
    for path, mode in (("exposed", "exposed"), ("orphans", "orphans")):
        first = api.get(f"/topology/{path}").raise_for_status().json()["items"][0]
        page.goto(f"{demonstration.url}/topology?mode={mode}")
        row = page.get_by_role("row").filter(has_text=first["name"] or first["native_id"]).first
        expect(row).to_contain_text((first.get("summary") or first.get("detail"))[:30])


def test_time_travel_shows_what_was_there_then_and_leads_back(page: Page, demonstration: Demonstration) -> None:
    page.goto(f"{demonstration.url}/resources?at=2020-01-01T00:00:00Z")
    main = page.get_by_role("main")
    expect(main.get_by_text("2020").first).to_be_visible()
    expect(page.get_by_role("row")).to_have_count(0)
    page.get_by_role("button", name=re.compile("Back to now")).first.click()
    page.get_by_role("row").nth(1).wait_for()
    assert "at=" not in page.url


def test_a_filtered_list_is_exported_whole(page: Page, api: httpx.Client, demonstration: Demonstration) -> None:
    page.goto(f"{demonstration.url}/resources?search=type:storage.bucket")
    page.get_by_role("row").nth(1).wait_for()
    page.get_by_role("button", name="Export").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Start export").click()
    with page.expect_download(timeout=60_000) as download:
        dialog.get_by_role("button", name="Download").first.click(timeout=60_000)
    lines = download.value.path().read_text().splitlines()
    assert len(lines) == 1 + _count(api, "type:storage.bucket")


def test_credentials_that_the_cloud_refuses_are_told_and_nothing_is_kept(
    page: Page, api: httpx.Client, demonstration: Demonstration
) -> None:
    azure = _accounts(api)["azure"]
    before = len(api.get("/accounts", params={"limit": 200}).json()["items"])
    page.goto(f"{demonstration.url}/accounts?connect=true")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("radio", name="Azure").click()
    dialog.get_by_label("Name", exact=True).fill("Refused")
    dialog.get_by_role("radio", name=re.compile("Client secret")).check()
    dialog.get_by_label("Directory (tenant) id").fill(azure["native_account_id"])
    dialog.get_by_label("Application (client) id").fill("11111111-1111-4111-8111-111111111111")
    dialog.get_by_label("Client secret", exact=True).last.fill("wrong")
    dialog.get_by_label("Sign-in endpoint").fill(azure["endpoint_url"])
    dialog.get_by_text("Regions and endpoint").click()
    dialog.get_by_label("Endpoint", exact=True).fill(azure["endpoint_url"])
    dialog.get_by_role("button", name="Test connection").click()
    expect(dialog.get_by_text("The cloud refused this identity")).to_be_visible()
    expect(dialog.get_by_role("button", name="Connect without these")).to_be_disabled()
    assert len(api.get("/accounts", params={"limit": 200}).json()["items"]) == before
