"""Resource by resource: what three clouds hold and what the API returns. Nothing missing, nothing extra, all of it."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
from app.core.config import get_settings
from app.core.database import Database
from app.domains.inventory import service
from app.providers.azure.catalogue import TYPES
from tests.domains.inventory.conftest import ROUTERS
from tests.support.clouds import make_caller, make_client, make_context, make_organization
from tests.support.three_clouds import ENDPOINTS, Clouds, add_account, real_adapters, running_clouds

REDACTED = "(redacted)"
# Google's: made by the adapter from what the asset holds, and not in the asset.
GCP_DERIVED = ("openToInternet", "secretLikeVariables", "ancestors", "restrictions")
# Azure's: advice about resources is none; roles of the vendor's own are in every subscription alike.
NO_RESOURCES = frozenset({"advisorresources"})
BUILT_IN_ROLE = b'"type":"BuiltInRole"'
# Told by the id already, or not a column of Resource Graph, which moves by itself.
AZURE_LEFT_OUT = (
    "etag",
    "systemData",
    "tenantId",
    "subscriptionId",
    "resourceGroup",
    "apiVersion",
    "managementGroupId",
)


def differences(told: Any, held: Any, path: str = "", *, may_add: bool = False) -> list[str]:
    """Paths where what is told is neither what is held nor a redaction of it. `may_add`: more may be told."""
    if isinstance(held, Mapping) and isinstance(told, Mapping):
        names = set(held) if may_add else set(held) | set(told)
        return [
            found
            for name in sorted(names)
            for found in differences(told.get(name), held.get(name), f"{path}.{name}", may_add=may_add)
        ]
    if isinstance(held, list) and isinstance(told, list) and len(held) == len(told):
        return [
            found
            for index, (one, other) in enumerate(zip(told, held, strict=True))
            for found in differences(one, other, f"{path}[{index}]", may_add=may_add)
        ]
    is_hidden = isinstance(told, str) and REDACTED in told and held is not None
    is_same = told == held or is_hidden or (held in (None, "") and told is None)
    return [] if is_same else [f"{path}: {held!r} → {told!r}"]


@pytest.fixture(scope="module")
def clouds() -> Iterator[Clouds]:
    with running_clouds() as running:
        yield running


@pytest.fixture
async def client(
    database: Database, clouds: Clouds, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[httpx.AsyncClient]:
    """An organization that has read all three."""
    monkeypatch.setenv("CLOUDOPS_ALLOWED_ENDPOINTS", ENDPOINTS)
    get_settings.cache_clear()
    organization = await make_organization()
    with real_adapters(read_seconds=20):
        for name in ("gcp", "azure", "aws"):
            number = clouds.aws.keys.account if name == "aws" else name
            account_id = await add_account(organization, clouds.connection(name), number)
            context = await make_context(organization, "inventory.sync_account", {})
            await service.sync_account(context, account_id)
        async with make_client(ROUTERS, make_caller(organization)) as opened:
            yield opened


async def read_all(client: httpx.AsyncClient, provider: str) -> dict[str, dict[str, Any]]:
    """Every resource's own page, by the cloud's id; each is listed once."""
    pages: dict[str, dict[str, Any]] = {}
    cursor: str | None = None
    while True:
        query = {"provider": provider, "limit": "500"} | ({"cursor": cursor} if cursor else {})
        listed = (await client.get("/usage/resources", params=query)).json()
        for item in listed["items"]:
            assert item["native_id"] not in pages, "listed twice"
            answer = await client.get(f"/usage/resources/{item['id']}")
            pages[item["native_id"]] = orjson.loads(answer.content)
            assert not item["stale"], item["native_id"]
        cursor = listed["next_cursor"]
        if cursor is None:
            return pages


def compare_gcp(clouds: Clouds, pages: Mapping[str, dict[str, Any]]) -> list[str]:
    held = {asset.name: asset for asset in clouds.gcp.estate}
    assert sorted(pages) == sorted(held)
    wrong = []
    for name, asset in held.items():
        properties = {key: value for key, value in pages[name]["properties"].items() if key not in GCP_DERIVED}
        expected = dict((asset.resource or {}).get("data") or {})
        if asset.policy is not None:
            expected["iamPolicy"] = asset.policy
        wrong += [f"{name}{one}" for one in differences(properties, expected)]
        assert pages[name]["native_type"] == asset.asset_type
    return wrong


def compare_azure(clouds: Clouds, pages: Mapping[str, dict[str, Any]]) -> tuple[list[str], int]:
    """What differs, and how many of the resources are parts of others."""
    estate = clouds.azure.estate
    by_key = {native_id.lower(): page for native_id, page in pages.items()}
    assert len(by_key) == len(pages)
    wrong: list[str] = []
    text = b""
    for row in estate.rows():
        if row.template.table in NO_RESOURCES:
            continue
        raw = estate.arm_form(row)
        if BUILT_IN_ROLE in raw:
            continue
        text += raw.lower()
        body = {name: value for name, value in orjson.loads(raw).items() if name not in AZURE_LEFT_OUT}
        page = by_key.pop(body["id"].lower(), None)
        if page is None:
            wrong.append(f"{body['id']} is missing")
            continue
        assert page["native_type"].lower() == body["type"].lower()
        body.pop("type")
        body["id"] = page["native_id"]
        if "location" in body:  # Resource Graph spells them in one way
            body["location"] = body["location"].replace(" ", "").lower()
        wrong += [f"{body['id']}{one}" for one in differences(page["properties"], body, may_add=True)]
        for child in TYPES[page["native_type"].lower()].children if page["native_type"].lower() in TYPES else ():
            setting = estate.setting(row, child.path)
            if setting is not None and (child.when is None or child.when(page["properties"])):
                told = page["properties"].get(child.name)
                wrong += [f"{body['id']} {child.name}{one}" for one in differences(told, setting, may_add=True)]
    groups = {f"/providers/microsoft.management/managementgroups/{name}".lower() for name in estate.groups}
    parts = [key for key in by_key if key.encode() in text]
    wrong += [f"{key} is nowhere" for key in by_key if key not in groups and key not in parts]
    assert groups <= set(by_key)
    return wrong, len(parts)


def compare_aws(clouds: Clouds, pages: Mapping[str, dict[str, Any]]) -> list[str]:
    found: dict[str, set[str]] = {}
    for native_id, page in pages.items():
        names = {native_id.rpartition(":")[2].rpartition("/")[2], *page["aliases"]}
        found.setdefault(page["native_type"], set()).update(names)
    counts = Counter(page["native_type"] for page in pages.values())
    wrong = []
    for native_type, held in clouds.aws.holdings().items():
        missing = held - found.get(native_type, set())
        if missing or counts[native_type] != len(held):
            wrong.append(f"{native_type}: missing {missing}, {counts[native_type]} told of {len(held)} held")
    ec2 = clouds.aws.client("ec2")
    described = {
        one["InstanceId"]: one for found in ec2.describe_instances()["Reservations"] for one in found["Instances"]
    }
    described |= {one["VolumeId"]: one for one in ec2.describe_volumes()["Volumes"]}
    described |= {one["VpcId"]: one for one in ec2.describe_vpcs()["Vpcs"]}
    described |= {one["SubnetId"]: one for one in ec2.describe_subnets()["Subnets"]}
    described |= {one["GroupId"]: one for one in ec2.describe_security_groups()["SecurityGroups"]}
    by_name = {native_id.rpartition("/")[2]: page for native_id, page in pages.items()}
    for name, one in described.items():
        expected = orjson.loads(orjson.dumps(one, default=str))
        wrong += [f"{name}{found}" for found in aws_differences(by_name[name]["properties"], expected)]
    return wrong


def aws_differences(told: Any, held: Any) -> list[str]:
    """As `differences`; the adapter writes instants in its own way, and adds what other calls tell."""
    return [one for one in differences(told, held, may_add=True) if "Time" not in one.partition(":")[0]]


@pytest.mark.timeout(600)
async def test_the_api_returns_what_three_clouds_hold(
    client: httpx.AsyncClient, clouds: Clouds, capsys: pytest.CaptureFixture[str]
) -> None:
    pages = {name: await read_all(client, name) for name in ("gcp", "azure", "aws")}
    wrong_azure, parts = compare_azure(clouds, pages["azure"])
    wrong = [*compare_gcp(clouds, pages["gcp"]), *wrong_azure, *compare_aws(clouds, pages["aws"])]
    with capsys.disabled():
        counts = ", ".join(f"{name} {len(found)}" for name, found in pages.items())
        print(f" compared: {counts} ({parts} of Azure's inside of others)", end=" ")  # noqa: T201
    assert not wrong, "\n".join(wrong)
    summary = (await client.get("/usage/summary")).json()
    assert summary["total"] == sum(len(found) for found in pages.values())
    assert UUID(next(iter(pages["gcp"].values()))["id"])
