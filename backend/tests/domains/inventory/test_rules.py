"""The pure decisions of the inventory."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from app.core.errors import InvalidInput
from app.domains.inventory import rules
from app.providers.base import CallError, ErrorKind, UnitState
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.clouds import instance

scalars = st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-2, 2) | st.text("ab~/0", max_size=4)
json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("ab~/0", max_size=3), inner, max_size=4),
    max_leaves=20,
)


def apply_changes(document: Any, changes: Iterable[Mapping[str, Any]]) -> Any:
    """The document after the changes; the argument stays as it was."""
    result = orjson.loads(orjson.dumps(document))
    for change in changes:
        if change["path"] == "":
            result = change["new"]
            continue
        *parents, last = (part.replace("~1", "/").replace("~0", "~") for part in change["path"].split("/")[1:])
        target = result
        for part in parents:
            target = target[int(part)] if isinstance(target, list) else target[part]
        _apply_one(target, last, change)
    return result


def _apply_one(target: Any, last: str, change: Mapping[str, Any]) -> None:
    key: Any = int(last) if isinstance(target, list) else last
    if change["op"] == "remove":
        del target[key]
    elif change["op"] == "add" and isinstance(target, list):
        target.insert(key, change["new"])
    else:
        target[key] = change["new"]


@given(json_values, json_values)
@settings(max_examples=400, deadline=None)
def test_applying_a_difference_gives_the_new_document(old: Any, new: Any) -> None:
    changes = rules.diff(old, new)
    result = apply_changes(old, changes)
    assert orjson.dumps(result, option=orjson.OPT_SORT_KEYS) == orjson.dumps(new, option=orjson.OPT_SORT_KEYS) or (
        result == new and _numbers_only_differ(result, new)
    )
    assert rules.diff(new, new) == []


def _numbers_only_differ(left: Any, right: Any) -> bool:
    """JSON's 1 and 1.0, 0 and -0 are the same number, written differently; true is not 1."""
    if isinstance(left, dict):
        return all(_numbers_only_differ(left[key], right[key]) for key in left)
    if isinstance(left, list):
        return all(_numbers_only_differ(one, other) for one, other in zip(left, right, strict=True))
    return isinstance(left, bool) == isinstance(right, bool)


def test_a_difference_names_what_changed_by_pointer() -> None:
    old = {"tags": {"env": "dev"}, "properties": {"Rules": [{"Port": 22}, {"Port": 80}], "a/b": 1}}
    new = {"tags": {"env": "prod"}, "properties": {"Rules": [{"Port": 443}], "a/b": 1, "New": True}}
    assert rules.diff(old, new) == [
        {"op": "add", "path": "/properties/New", "new": True},
        {"op": "replace", "path": "/properties/Rules/0/Port", "old": 22, "new": 443},
        {"op": "remove", "path": "/properties/Rules/1", "old": {"Port": 80}},
        {"op": "replace", "path": "/tags/env", "old": "dev", "new": "prod"},
    ]


def test_a_huge_difference_is_one_replacement() -> None:
    new = {str(number): number for number in range(rules.MAX_CHANGES + 1)}
    assert rules.diff({}, new) == [{"op": "replace", "path": "", "old": {}, "new": new}]


def test_the_hash_ignores_the_order_of_keys_and_sees_every_field() -> None:
    base = instance(1, properties={"A": 1, "B": {"C": [1, 2]}})
    same = instance(1, properties={"B": {"C": [1, 2]}, "A": 1})
    assert rules.prepare_resource(base).content_hash == rules.prepare_resource(same).content_hash
    changed: list[dict[str, Any]] = [
        {"name": "other"},
        {"status": "stopped"},
        {"tags": {"env": "dev"}},
        {"properties": {"A": 2}},
        {"unread_fields": {"B": "denied"}},
        {"aliases": ["i-other"]},
        {"created_at": datetime(2026, 1, 1, tzinfo=UTC)},
        {"region": "us-east-1"},
    ]
    hashes = {rules.prepare_resource(instance(1, **change)).content_hash for change in changed}
    assert len(hashes | {rules.prepare_resource(instance(1)).content_hash}) == len(changed) + 1


def test_what_moves_by_itself_is_stored_but_no_change() -> None:
    one = rules.prepare_resource(instance(1, properties={"A": {"B": 1, "C": 2}}, volatile=["A.C"]))
    other = rules.prepare_resource(instance(1, properties={"A": {"B": 1, "C": 3}}, volatile=["A.C"]))
    assert one.content_hash == other.content_hash
    assert other.properties == {"A": {"B": 1, "C": 3}}


def test_what_postgresql_cannot_hold_is_replaced() -> None:
    broken = instance(1, name="a\x00b\ud800", properties={"k\x00": ["\udfff", 2**70, float("nan"), {1, 2}], "é": "ü"})
    made = rules.prepare_resource(broken)
    assert made.name == "a\ufffdb?"
    assert made.properties["k\ufffd"][:3] == ["?", str(2**70), None]
    assert made.properties["é"] == "ü"
    orjson.dumps(made.properties)


def test_unread_properties_keep_their_last_value() -> None:
    kept = rules.keep_unread({"A": 2}, {"B": "missing s3:GetB", "C": "missing s3:GetC"}, {"A": 1, "B": [1], "D": 4})
    assert kept == {"A": 2, "B": [1]}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Web-Server_01", ("web-server-01",)),
        ("arn:aws:s3:::My.Bucket x", ("arn-aws-s3-my-bucket", "x")),
        ("  ", ()),
        ("'; DROP TABLE x; -- %_\\", ("drop", "table", "x")),
        ("größe 東京", ("größe", "東京")),
        ("a a A", ("a",)),
    ],
)
def test_a_query_is_divided_at_white_space(text: str, words: tuple[str, ...]) -> None:
    assert rules.query_words(text) == words


def test_a_text_is_found_from_each_part_on() -> None:
    assert rules.index_words("EU_web.1 db") == {"eu-web-1", "web-1", "1", "db"}
    assert rules.index_words("--") == set()
    assert len(rules.index_words("-".join("abcdefghijklmnopqrstuvwxyz"))) == rules.MAX_PARTS


def test_a_tag_splits_at_the_first_colon() -> None:
    parsed = rules.parse_filter(tag="env:prod,env:dev,url:http://x")
    assert parsed.tags == {"env": ("prod", "dev"), "url": ("http://x",)}


@pytest.mark.parametrize(
    "values",
    [
        {"tag": "env"},
        {"tag": ":x"},
        {"account_id": "not-an-id"},
        {"provider": ","},
        {"type": ",".join(str(number) for number in range(60))},
        {"q": "a\x00b"},
        {"region": "\ud800"},
    ],
)
def test_a_bad_filter_names_its_parameter(values: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as caught:
        rules.parse_filter(**values)
    assert caught.value.errors[0].pointer == f"query/{next(iter(values))}"


def test_a_query_without_words_is_told_from_no_query() -> None:
    assert rules.parse_filter().words is None
    assert rules.parse_filter(q="  ").words is None
    assert rules.parse_filter(q="---").words == ()


def test_failures_name_the_permission_that_lacks() -> None:
    errors = [
        CallError(kind=ErrorKind.ACCESS_DENIED, call="ec2:DescribeVpcs", message="no", permission="ec2:DescribeVpcs"),
        CallError(kind=ErrorKind.THROTTLED, call="ec2:DescribeVolumes", message="slow down"),
    ]
    assert rules.failure_text(errors) == "Missing permission ec2:DescribeVpcs. ec2:DescribeVolumes: slow down"
    assert rules.missing_permissions(errors) == ["ec2:DescribeVpcs"]
    assert rules.failure_text([]) is None


@pytest.mark.parametrize(
    ("states", "outcome"),
    [
        ([], ("complete", "connected")),
        ([UnitState.COMPLETE], ("complete", "connected")),
        ([UnitState.COMPLETE, UnitState.FAILED], ("partial", "degraded")),
        ([UnitState.PARTIAL], ("partial", "degraded")),
        ([UnitState.FAILED, UnitState.FAILED], ("failed", "failed")),
    ],
)
def test_an_account_is_as_good_as_its_units(states: list[UnitState], outcome: tuple[str, str]) -> None:
    assert rules.account_outcome(states, [])[:2] == outcome


@pytest.mark.parametrize(
    ("provider", "scope", "account", "found", "places"),
    [
        ("gcp", {"organization": "organizations/77"}, "shop", False, ["organizations/77"]),
        ("gcp", {"projects": ["a", "b"]}, "shop", False, ["projects/a", "projects/b"]),
        ("gcp", {"organization": "77"}, "projects/shop", True, ["projects/shop"]),
        ("azure", {"management_group": "root"}, "t", False, ["/providers/Microsoft.Management/managementGroups/root"]),
        ("azure", {"subscriptions": ["s"]}, "t", False, ["/subscriptions/s"]),
        ("azure", {}, "t", False, ["/providers/Microsoft.Management/managementGroups/t"]),
        ("azure", {"management_group": "root"}, "s", True, ["/subscriptions/s"]),
        ("azure", {}, None, False, []),
        ("aws", {"organization": True}, "123456789012", False, []),
    ],
)
def test_a_grant_holds_where_the_connection_reads(
    provider: str, scope: dict[str, Any], account: str | None, found: bool, places: list[str]
) -> None:
    assert rules.grant_places(provider, scope, account, found=found) == places
