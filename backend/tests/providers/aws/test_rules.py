"""The small pure parts: paths, templates, values, token buckets, error kinds."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from app.providers.aws.errors import translate
from app.providers.aws.paths import find, find_all, redact
from app.providers.aws.permissions import permission_for
from app.providers.aws.templates import fill, fill_all
from app.providers.aws.throttle import Throttles, TokenBucket
from app.providers.aws.values import is_secret_like, parse_instant, plain, read_tags
from app.providers.base import CollectedResource, ErrorKind, stable_properties
from botocore.exceptions import ClientError

PLACE = {"partition": "aws", "account": "1", "region": "r"}


def test_paths_reach_through_lists_and_skip_what_is_absent() -> None:
    value = {"A": [{"B": [{"C": 1}, {}]}, {"B": None}, 7], "D": {"x": 1, "y": 2}}
    assert find_all(value, "A[].B[].C") == [1]
    assert find_all(value, "D.*") == [1, 2]
    assert find(value, "A.B") is None
    assert find(None, "A") is None


def test_redaction_keeps_names() -> None:
    value = {"E": {"V": {"a": "1", "b": None}}, "L": [{"name": "n", "value": "v"}, {"name": "m"}], "U": "x"}
    for path in ("E.V.*", "L[].value", "U", "missing.path"):
        redact(value, path)
    assert value == {
        "E": {"V": {"a": "(redacted)", "b": None}},
        "L": [{"name": "n", "value": "(redacted)"}, {"name": "m"}],
        "U": "(redacted)",
    }


def test_templates_need_every_value() -> None:
    assert fill("arn:{partition}:x:{region}:{account}:y/{Id}", PLACE, {"Id": "z"}) == "arn:aws:x:r:1:y/z"
    assert fill("y/{Id}", PLACE, {}) is None
    assert fill_all("{L[].Id}", PLACE, {"L": [{"Id": "a"}, {}, {"Id": "b"}]}) == ["a", "b"]


def test_plain_values() -> None:
    value = {"t": datetime(2026, 1, 2, tzinfo=UTC), "b": b"\xff", "f": float("nan"), "d": Decimal("1.10"), 1: {2}}
    assert plain(value) == {"t": "2026-01-02T00:00:00Z", "b": "/w==", "f": None, "d": "1.10", "1": [2]}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1767312000000, datetime(2026, 1, 2, tzinfo=UTC)),
        ("1767312000.5", datetime(2026, 1, 2, 0, 0, 0, 500000, tzinfo=UTC)),
        ("2026-01-02T01:00:00+01:00", datetime(2026, 1, 2, tzinfo=UTC)),
        (datetime(2026, 1, 2), datetime(2026, 1, 2, tzinfo=UTC)),  # noqa: DTZ001  what the SDK hands out at times
        ("soon", None),
        ("9" * 40, None),
        (None, None),
        ([], None),
    ],
)
def test_instants(value: object, expected: datetime | None) -> None:
    assert parse_instant(value) == expected


def test_tags_of_all_dialects() -> None:
    expected = {"a": "1", "b": ""}
    assert read_tags([{"Key": "a", "Value": "1"}, {"Key": "b"}]) == expected
    assert read_tags([{"key": "a", "value": "1"}, {"key": "b", "value": None}]) == expected
    assert read_tags([{"TagKey": "a", "TagValue": "1"}, {"TagKey": "b"}]) == expected
    assert read_tags({"a": 1, "b": None}) == expected
    assert read_tags(None) == read_tags("x") == {}


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("DB_PASSWORD", "hunter2!x", True),
        ("ANY", "AKIAABCDEFGHIJKLMNOP", True),
        ("URL", "postgres://user:pw@host/db", True),
        ("DB_PASSWORD", "arn:aws:secretsmanager:eu-west-1:1:secret:x", False),
        ("DB_PASSWORD", "/prod/db/password", False),
        ("PASSWORD_MIN_LENGTH", "14", False),
        ("STAGE", "production", False),
        ("TOKEN", "", False),
    ],
)
def test_what_looks_like_a_secret(name: str, value: str, expected: bool) -> None:
    assert is_secret_like(name, value) is expected


class Clock:
    """Time that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_a_bucket_lets_a_burst_through_and_then_its_rate() -> None:
    clock = Clock()
    bucket = TokenBucket(10, 5, clock=clock, sleep=clock.sleep)
    assert all(bucket.acquire(100) for _ in range(5))
    assert clock.now == 0
    assert all(bucket.acquire(100) for _ in range(10))
    assert clock.now == pytest.approx(1.0)
    assert not bucket.acquire(clock.now)


def test_a_bucket_halves_once_per_moment_and_grows_back_slowly() -> None:
    clock = Clock()
    bucket = TokenBucket(10, 5, clock=clock, sleep=clock.sleep)
    for _ in range(8):
        bucket.slow_down()
    assert bucket.rate == 5
    clock.now += 5
    assert bucket.acquire(1000)
    assert 5 < bucket.rate < 7
    clock.now += 1000
    assert bucket.acquire(2000)
    assert bucket.rate == 10


def test_buckets_are_apart_by_account_region_and_service() -> None:
    throttles = Throttles()
    one = throttles.bucket("1", "r", "ec2", rate=1, burst=1)
    assert throttles.bucket("1", "r", "ec2", rate=1, burst=1) is one
    others = [("2", "r", "ec2"), ("1", "q", "ec2"), ("1", "r", "s3")]
    assert all(throttles.bucket(*key, rate=1, burst=1) is not one for key in others)


def test_permissions_have_the_vendors_own_names() -> None:
    assert permission_for("ec2", "DescribeInstances") == "ec2:DescribeInstances"
    assert permission_for("s3", "GetBucketEncryption") == "s3:GetEncryptionConfiguration"
    assert permission_for("elbv2", "DescribeTags") == "elasticloadbalancing:DescribeTags"


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("UnauthorizedOperation", 403, ErrorKind.ACCESS_DENIED),
        ("AccessDeniedException", 400, ErrorKind.ACCESS_DENIED),
        ("SomethingNew", 403, ErrorKind.ACCESS_DENIED),
        ("SlowDown", 503, ErrorKind.THROTTLED),
        ("Throttling", 400, ErrorKind.THROTTLED),
        ("OptInRequired", 403, ErrorKind.NOT_ENABLED),
        ("ExpiredToken", 403, ErrorKind.BAD_CREDENTIALS),
        ("SignatureDoesNotMatch", 403, ErrorKind.BAD_CREDENTIALS),
        ("InternalError", 500, ErrorKind.UNREACHABLE),
        ("RequestTimeout", 400, ErrorKind.TIMED_OUT),
        ("ValidationException", 400, ErrorKind.INVALID_ANSWER),
    ],
)
def test_codes_map_to_kinds(code: str, status: int, kind: ErrorKind) -> None:
    answer = {"Error": {"Code": code, "Message": "m"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    error = translate(ClientError(answer, "DescribeX"), "ec2", "DescribeX")  # type: ignore[arg-type]
    assert (error.kind, error.call) == (kind, "ec2:DescribeX")
    assert (error.permission == "ec2:DescribeX") is (kind is ErrorKind.ACCESS_DENIED)


def test_stable_properties_leave_out_what_moves_by_itself() -> None:
    resource = CollectedResource(
        native_id="i", native_type="T", type="t", name="n", region="r", status=None, tags={},
        properties={"A": {"B": 1, "C": 2}, "L": [{"n": 1, "k": 2}, 3], "Q": 4}, volatile=("A.B", "L[].n", "Q", "Z.Y"),
    )  # fmt: skip
    assert stable_properties(resource) == {"A": {"C": 2}, "L": [{"k": 2}, 3]}
    assert resource.properties["A"] == {"B": 1, "C": 2}
