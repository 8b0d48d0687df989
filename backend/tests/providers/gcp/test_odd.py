"""Answers in Google's published form that the simulator never gives, hostile ones, and very large ones."""

import copy
from dataclasses import dataclass
from typing import Any

import pytest
from app.providers.base import UnitState
from app.providers.gcp import GcpProvider, unit
from app.providers.gcp.catalogue import TYPES
from app.providers.gcp.convert import convert
from tests.providers.gcp.conftest import collect_one, connection_to, resources_of

from simulators.gcp import Asset, GcpHandle

BUCKET = "storage.googleapis.com/Bucket"


@dataclass(frozen=True, kw_only=True)
class RawAsset(Asset):
    """An asset that is listed as it was written."""

    raw: dict[str, Any]

    def listed(self, content: str) -> dict[str, Any] | None:
        return self.raw if content == "RESOURCE" else None


def put(cloud: GcpHandle, asset_type: str, name: str, **raw: Any) -> str:
    """Let the cloud hold an asset by hand, in its first project."""
    project = next(cloud.estate.projects())
    cloud.estate.put(
        RawAsset(
            name=name, asset_type=asset_type, project=project.id, ancestors=project.ancestors, updated_at="",
            raw={"name": name, "assetType": asset_type, **raw},
        )
    )  # fmt: skip
    return name


def converted(asset_type: str, data: Any, **more: Any) -> Any:
    """The resource and the relations of one asset."""
    name = more.pop("name", f"//{asset_type.partition('/')[0]}/projects/p/things/one")
    asset = {"name": name, "assetType": asset_type, "resource": {"data": data}, **more}
    made = convert(asset, {"77": "p"}, "organizations/1", {})
    assert made is not None
    return made


@pytest.mark.parametrize("raw", [
    {}, {"resource": None}, {"resource": {}}, {"resource": {"data": None}}, {"resource": {"data": {}}},
    {"resource": {"data": []}}, {"resource": {"data": "text"}}, {"resource": "text"}, {"resource": []},
    {"resource": {"data": {"labels": None, "timeCreated": None, "location": None}, "location": None, "parent": None}},
    {"ancestors": None}, {"ancestors": []}, {"ancestors": "projects/1"}, {"ancestors": [None, 7, {}]},
    {"updateTime": None}, {"iamPolicy": None}, {"iamPolicy": []}, {"iamPolicy": {"bindings": None}},
    {"iamPolicy": {"bindings": [None, {"role": {}, "members": 7}, {"role": "r", "members": [None, {}]}]}},
    {"unheardOf": {"deep": [1]}},
])  # fmt: skip
async def test_what_is_absent_null_or_of_another_kind_is_no_reason_to_fail(
    raw: dict[str, Any], cloud: GcpHandle, provider: GcpProvider
) -> None:
    name = put(cloud, BUCKET, "//storage.googleapis.com/odd", **raw)
    result = await collect_one(provider, cloud, "storage")
    assert result.state is UnitState.COMPLETE
    found = resources_of([result])[name]
    assert (found.type, found.name, found.region) == ("storage.bucket", "odd", "global")
    assert len(result.resources) > 1


@pytest.mark.parametrize("native_type", sorted(TYPES))
def test_every_type_bears_data_of_any_shape(native_type: str) -> None:
    shapes: list[Any] = [None, 7, True, "text", [], {}, [None], [[]], [{}], {"a": None}]
    declared = TYPES[native_type]
    paths = {relation.path for relation in declared.relations if isinstance(relation.path, str)}
    paths |= {*declared.hidden, *declared.hidden_queries, declared.name, declared.status, declared.labels}
    keys = {path.partition(".")[0].removesuffix("[]") for path in paths if path}
    keys |= {"name", "labels", "settings", "spec", "template", "metadata", "network", "parent", "type",
             "rrdatas", "sourceRanges", "allowed", "encryption", "serviceConfig", "environmentVariables",
             "destination"}  # fmt: skip
    for shape in shapes:
        made, relations = converted(native_type, {key: copy.deepcopy(shape) for key in keys})
        assert made.native_type == native_type
        assert all(isinstance(end, str) for edge in relations for end in (edge.source, edge.target))


async def test_an_asset_that_breaks_a_rule_of_ours_does_not_take_the_others_with_it(
    cloud: GcpHandle, provider: GcpProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    def brittle(asset: Any, *rest: Any) -> Any:
        if asset["name"].endswith("-logs"):
            raise TypeError("unhashable type")
        return convert(asset, *rest)

    monkeypatch.setattr(unit, "convert", brittle)
    result = await collect_one(provider, cloud, "storage")
    assert result.state is UnitState.PARTIAL
    assert BUCKET not in result.complete_types
    assert "file.googleapis.com/Instance" in result.complete_types
    assert not result.covers_all_types
    assert any(resource.native_type == BUCKET for resource in result.resources)


async def test_assets_of_a_type_that_has_nothing_but_policies_are_kept(cloud: GcpHandle, provider: GcpProvider) -> None:
    project = next(cloud.estate.projects())
    made = {"project": project.id, "ancestors": project.ancestors, "updated_at": "2026-11-01T00:00:00Z"}
    policy = {"bindings": [{"role": "roles/iap.httpsResourceAccessor", "members": ["allUsers"]}]}
    web, bucket = "//iap.googleapis.com/projects/1/iap_web", "//storage.googleapis.com/just-gone"
    cloud.estate.put(Asset(name=web, asset_type="iap.googleapis.com/Web", policy=policy, **made))  # type: ignore[arg-type]
    cloud.estate.put(Asset(name=bucket, asset_type=BUCKET, policy=policy, **made))  # type: ignore[arg-type]
    found = resources_of([await collect_one(provider, cloud, "other")])
    assert found[web].properties == {"iamPolicy": policy}
    # Of a bucket only the policy came: its configuration must not be replaced by that.
    assert bucket not in resources_of([await collect_one(provider, cloud, "storage")])


def test_places_and_names_in_any_case() -> None:
    for location, region in (("EUROPE-WEST1", "europe-west1"), ("europe-west1-b", "europe-west1"), ("US", "us"),
                             ("nam4", "nam4"), ("", "global"), (None, "global"), ("northamerica-northeast1-a",
                             "northamerica-northeast1")):  # fmt: skip
        asset = {"name": "//x.googleapis.com/y", "assetType": "x.googleapis.com/Y", "resource": {"location": location}}
        made = convert(asset, {}, "", {})
        assert made is not None
        assert made[0].region == region


def test_instants_in_every_form_that_google_writes() -> None:
    for text, year in (("2026-01-02T03:04:05Z", 2026), ("2026-01-02T03:04:05.123456789Z", 2026),
                       ("2025-12-31T20:00:00.000-08:00", 2026), ("1767323045000", 2026), (1767323045000, 2026),
                       ("yesterday", None), ("", None), (True, None), (float("nan"), None), (1e30, None)):  # fmt: skip
        made, _ = converted("storage.googleapis.com/Bucket", {"timeCreated": text})
        assert (made.created_at.year if made.created_at else None) == year, text


HOSTILE = ["<script>alert(1)</script>", "=HYPERLINK(\"http://evil\")", "a\x00b\x1b[31m", "\u202egpj.exe", "../../etc",
           "'; DROP TABLE resources; --", "{{7*7}}", "\ud7ff\uffff", "𝕬" * 200, " ", "名前"]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_names_come_through_verbatim(text: str, cloud: GcpHandle, provider: GcpProvider) -> None:
    name = put(
        cloud, BUCKET, f"//storage.googleapis.com/{text}",
        resource={"data": {"name": text, "labels": {text: text}, "location": text}},
    )  # fmt: skip
    result = await collect_one(provider, cloud, "storage")
    found = resources_of([result])[name]
    assert result.state is UnitState.COMPLETE
    assert (found.tags, found.properties["labels"]) == ({text: text}, {text: text})
    assert found.name == (text.rpartition("/")[2] or text)


async def test_two_megabytes_of_properties_and_ten_thousand_labels_come_whole(
    cloud: GcpHandle, provider: GcpProvider
) -> None:
    labels = {f"label-{number:05d}": f"value of {number}" for number in range(10_000)}
    notes = "x" * 2_000_000
    deep: Any = "end"
    for _ in range(100):
        deep = {"next": [deep]}
    name = put(
        cloud, BUCKET, "//storage.googleapis.com/large",
        resource={"data": {"labels": labels, "notes": notes, "deep": deep}},
    )  # fmt: skip
    result = await collect_one(provider, cloud, "storage")
    found = resources_of([result])[name]
    assert result.state is UnitState.COMPLETE
    assert found.tags == labels
    assert (found.properties["notes"], found.properties["deep"]) == (notes, deep)


async def test_excluded_regions_are_left_out_and_chosen_ones_kept(steady: GcpHandle, provider: GcpProvider) -> None:
    whole = await collect_one(provider, steady, "compute")
    regions = {resource.region for resource in whole.resources}
    assert "europe-west1" in regions
    without = await collect_one(provider, steady, "compute", excluded_regions=["europe-west1"])
    assert {resource.region for resource in without.resources} == regions - {"europe-west1"}
    assert without.state is UnitState.COMPLETE
    only = await collect_one(provider, steady, "compute", regions=["europe-west1"])
    kept = {region for region in regions if region == "europe-west1" or not region[-1].isdigit()}
    assert {resource.region for resource in only.resources} == kept


async def test_a_machines_own_secrets_never_leave_the_adapter(cloud: GcpHandle, provider: GcpProvider) -> None:
    secret = "ghp_" + "a1B2c3D4" * 5
    put(
        cloud, "compute.googleapis.com/Instance", "//compute.googleapis.com/projects/p/zones/z/instances/odd",
        resource={"data": {"metadata": {"items": [
            {"key": "windows-keys", "value": secret}, {"key": "API_TOKEN", "value": secret}, {"key": "x", "value": 7},
            {"key": None, "value": secret}, "text", {"value": None},
        ]}}},
    )  # fmt: skip
    found = await collect_one(provider, cloud, "compute")
    assert found.state is UnitState.COMPLETE
    assert secret not in repr(found.resources)


async def test_two_projects_in_one_scope_keep_their_own_names(steady: GcpHandle, provider: GcpProvider) -> None:
    """Project numbers are resolved by each project's own listing, whichever came first."""
    projects = list(steady.estate.projects())[:3]
    connection = connection_to(steady, scope={"projects": [project.id for project in projects]})
    for found in await provider.plan(connection):
        result = await provider.collect(connection, found, budget_seconds=60)
        assert {resource.account for resource in result.resources} <= {""}, found
