"""What bad input gets, through the real server: the rows of security.md section 14 that apply so far.

Foreign protocols, sign-in elsewhere, hooks, expressions and the assistant have no routes yet.
"""

import gzip
import io
import socket
import stat
import time
import zipfile
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.system.bills import OWN_BILL
from tests.system.cloud import Cloud
from tests.system.running import Platform, all_items, any_address, follow_job, wait_until

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("platform"), pytest.mark.timeout(240)]

KIB, MIB = 1024, 1024**2
JSON = {"Content-Type": "application/json"}
UNKNOWN = "00000000-0000-7000-8000-000000000000"
ORGANIZATION = "/organizations/current"


def check_problem(answer: httpx.Response, status: int, slug: str) -> dict[str, Any]:
    """The answer is this problem, complete, and says nothing of our inside."""
    assert answer.status_code == status, answer.text[:500]
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["type"] == f"https://docs.cloudops.pro/problems/{slug}"
    assert problem["status"] == status
    assert problem["request_id"] == answer.headers["X-Request-Id"]
    assert not any(word in answer.text for word in ("Traceback", "asyncpg", "sqlalchemy", 'File "'))
    if status == 401:
        assert "Bearer" in answer.headers["WWW-Authenticate"] or slug in ("login-failed", "session-ended")
    if status in (429, 503):
        assert int(answer.headers["Retry-After"]) >= 1
    return problem


def _nested(depth: int) -> bytes:
    return b'{"name":' + b"[" * depth + b"]" * depth + b"}"


@pytest.mark.parametrize(
    ("body", "status", "slug"),
    [
        pytest.param(b"name=x", 400, "malformed-body", id="not JSON"),
        pytest.param(b"", 422, "invalid-input", id="empty"),
        pytest.param(b'{"name": "a"', 400, "malformed-body", id="cut off"),
        pytest.param(b'{"name": "\xff"}', 400, "malformed-body", id="not UTF-8"),
        pytest.param(b'{"name": "a", "name": "b"}', 400, "malformed-body", id="a key twice"),
        pytest.param(_nested(65), 400, "malformed-body", id="too deep"),
        pytest.param(_nested(20_000), 400, "malformed-body", id="far too deep"),
        pytest.param(b'{"name": 1}', 422, "invalid-input", id="wrong type"),
        pytest.param(b'["name"]', 422, "invalid-input", id="an array"),
        pytest.param(b"null", 422, "invalid-input", id="null"),
        pytest.param(b'{"name": "a", "id": 1}', 422, "invalid-input", id="unknown field"),
        pytest.param(b'{"name": "a", "__proto__": {}}', 422, "invalid-input", id="prototype key"),
        pytest.param(b'{"name": "a", "organization_id": "x"}', 422, "invalid-input", id="organization in the body"),
        pytest.param(rb'{"name": "a\u0000b"}', 422, "invalid-input", id="NUL"),
        pytest.param(rb'{"name": "a\u0007b"}', 422, "invalid-input", id="control character"),
        pytest.param(rb'{"name": "\ud800"}', 422, "invalid-input", id="lone surrogate"),
        pytest.param(rb'{"name": "a\nb"}', 422, "invalid-input", id="two lines"),
        pytest.param(b'{"name": "   "}', 422, "invalid-input", id="blank"),
        pytest.param(b'{"name": NaN}', 422, "invalid-input", id="NaN"),
        pytest.param(b'{"name": 1e999}', 422, "invalid-input", id="infinite"),
        pytest.param(b'{"name": ' + b"9" * 10_000 + b"}", 422, "invalid-input", id="a very long number"),
        pytest.param(b'{"name": "' + b"a" * 201 + b'"}', 422, "invalid-input", id="too long a name"),
        pytest.param(b'{"name": [' + b"1," * 10_000 + b"1]}", 413, "body-too-large", id="too many items"),
        pytest.param(b'{"name": "' + b"a" * MIB + b'"}', 413, "body-too-large", id="over 1 MiB"),
    ],
)
def test_a_bad_body_is_refused(client: httpx.Client, body: bytes, status: int, slug: str) -> None:
    problem = check_problem(client.patch(ORGANIZATION, content=body, headers=JSON), status, slug)
    if status == 422:
        assert problem.get("errors") or problem["detail"]
        assert all(one["pointer"].startswith("#") for one in problem.get("errors", []))


def test_a_body_that_grows_without_saying_so_is_stopped(client: httpx.Client) -> None:
    def parts() -> Iterator[bytes]:
        yield b'{"name": "'
        for _ in range(40):
            yield b"a" * 64 * KIB

    check_problem(client.patch(ORGANIZATION, content=parts(), headers=JSON), 413, "body-too-large")


@pytest.mark.parametrize(
    "until", ["0001-01-01T00:00:00+14:00", "1969-12-31T23:59:59Z", "2200-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00"]
)
def test_times_out_of_range_are_refused(client: httpx.Client, until: str) -> None:
    check_problem(client.post(f"/alerts/{UNKNOWN}/snooze", json={"until": until}), 422, "invalid-input")


@pytest.mark.parametrize(
    ("path", "pointer"),
    [
        ("/accounts/not-an-id", "path/account_id"),
        ("/accounts/%00", "path/account_id"),
        (f"/accounts/{'9' * 300}", "path/account_id"),
        ("/usage/resources?limit=0", "query/limit"),
        ("/usage/resources?limit=501", "query/limit"),
        ("/usage/resources?limit=1e3", "query/limit"),
        (f"/usage/resources?limit={'9' * 500}", "query/limit"),
        ("/usage/resources?limit=1&limit=2", "query/limit"),
        ("/usage/resources?provider=aws&provider=gcp", "query/provider"),
        ("/usage/resources?nope=1", "query/nope"),
        ("/usage/resources?q=%00", "query/q"),
        ("/usage/resources?q=%FF", "query/q"),
        ("/usage/resources?q=%ED%A0%80", "query/q"),
        ("/usage/resources?cursor=nonsense", "query/cursor"),
        ("/usage/resources?cursor=W10", "query/cursor"),
        ("/usage/resources?tag=nocolon", "query/tag"),
        ("/audit-log?from=yesterday", "query/from"),
        ("/ai-cost/breakdown?from=2024-02-30", "query/from"),
        ("/ai-cost/breakdown?from=2024-03-01&to=2024-02-01", "query/to"),
        ("/ai-cost/breakdown?cost=free", "query/cost"),
        ("/alerts?severity=urgent", "query/severity"),
        ("/jobs?state=lost", "query/state"),
    ],
)
def test_a_bad_address_names_the_part_that_is_wrong(client: httpx.Client, path: str, pointer: str) -> None:
    problem = check_problem(client.get(path), 422, "invalid-input")
    assert [one["pointer"] for one in problem["errors"]] == [pointer]


def test_more_than_fifty_query_parameters_are_refused(client: httpx.Client) -> None:
    query = "&".join(f"a{number}=1" for number in range(51))
    check_problem(client.get(f"/usage/resources?{query}"), 422, "invalid-input")


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "slug"),
    [
        ("PATCH", ORGANIZATION, {"Content-Type": "text/plain"}, 415, "unsupported-media-type"),
        ("PATCH", ORGANIZATION, {"Content-Type": "application/x-www-form-urlencoded"}, 415, "unsupported-media-type"),
        ("PATCH", ORGANIZATION, {}, 415, "unsupported-media-type"),
        ("PATCH", ORGANIZATION, JSON | {"Content-Encoding": "gzip"}, 415, "unsupported-media-type"),
        ("PATCH", ORGANIZATION, {"Content-Type": "application/json; charset=utf-16"}, 415, "unsupported-media-type"),
        ("PUT", ORGANIZATION, JSON, 405, "method-not-allowed"),
        ("DELETE", "/auth/me", {}, 405, "method-not-allowed"),
        ("TRACE", "/auth/me", {}, 405, "method-not-allowed"),
        ("GET", "/nothing/here", {}, 404, "not-found"),
        ("GET", "/%2e%2e/%2e%2e/etc/passwd", {}, 404, "not-found"),
        ("GET", f"/accounts/{UNKNOWN}", {}, 404, "not-found"),
        ("DELETE", f"/notifications/channels/{UNKNOWN}", {}, 404, "not-found"),
    ],
)
def test_type_encoding_method_and_path_have_their_own_answers(
    client: httpx.Client, method: str, path: str, headers: dict[str, str], status: int, slug: str
) -> None:
    content = b'{"name": "a"}' if method in ("PATCH", "PUT") else None
    check_problem(client.request(method, path, content=content, headers=headers), status, slug)


def test_an_address_or_headers_that_are_too_long_are_refused(client: httpx.Client) -> None:
    check_problem(client.get(f"/usage/resources?q={'a' * 9 * KIB}"), 414, "url-too-long")
    check_problem(client.get("/auth/me", headers={"X-Long": "a" * 17 * KIB}), 431, "headers-too-large")


def test_a_body_that_does_not_come_ends_in_408_and_a_closed_connection(
    platform: Platform, client: httpx.Client
) -> None:
    head = (
        f"PATCH /api/v1{ORGANIZATION} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: {client.headers['Authorization']}\r\n"
        "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
    )
    started_at = time.monotonic()
    with socket.create_connection(("127.0.0.1", platform.port), timeout=30) as connection:
        connection.sendall(head.encode())
        answer = b""
        while part := connection.recv(65_536):
            answer += part
    assert 8 < time.monotonic() - started_at < 25
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"problems/body-too-slow" in answer
    assert b"connection: close" in answer.lower()


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer x",
        "Basic YTpi",
        "Bearer eyJhbGciOiJub25lIn0.e30.",
        f"Bearer {'a' * 5_000}",
        "Bearer ä",
        "bearer null",
    ],
)
def test_no_or_a_forged_token_is_401(platform: Platform, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header.encode("latin-1")}
    answer = httpx.get(f"{platform.api}/auth/me", headers=headers)  # type: ignore[arg-type]  # bytes are fine as values
    check_problem(answer, 401, "unauthenticated")


def test_a_token_that_was_changed_is_401(platform: Platform) -> None:
    head, claims, signature = platform.tokens()["access_token"].split(".")
    for changed in (f"{head}.{claims}.{signature[::-1]}", f"{head}.{claims[:-2]}AA.{signature}", f"{head}.{claims}."):
        with platform.client(changed) as client:
            check_problem(client.get("/auth/me"), 401, "unauthenticated")


def _login(platform: Platform, address: str, **body: Any) -> httpx.Response:
    return httpx.post(f"{platform.api}/auth/login", json=body, headers={"X-Forwarded-For": address}, timeout=30)


def test_a_wrong_login_has_one_answer_whatever_is_wrong(platform: Platform) -> None:
    texts = set()
    for email, password in [
        (platform.email, "not the password"),
        ("nobody@example.org", platform.password),
        ("not an address", "x"),
        (platform.email + " ", platform.password[::-1]),
        ("' OR 1=1 --", "' OR 1=1 --"),
    ]:
        answer = _login(platform, any_address(), email=email, password=password)
        problem = check_problem(answer, 401, "login-failed")
        texts.add((problem["title"], problem.get("detail")))
    assert len(texts) == 1


def test_guessing_is_slowed_down(platform: Platform) -> None:
    email = f"{time.time_ns()}@example.org"
    answers = [_login(platform, any_address(), email=email, password="guess") for _ in range(8)]
    assert answers[0].status_code == 401
    check_problem(answers[-1], 429, "rate-limited")


def _refresh(platform: Platform, **options: Any) -> httpx.Response:
    options["headers"] = {"X-Forwarded-For": any_address()} | options.get("headers", {})
    return httpx.post(f"{platform.api}/auth/refresh", **options)


def test_a_refresh_token_used_twice_ends_its_family(platform: Platform) -> None:
    first = platform.tokens()["refresh_token"]
    second = _refresh(platform, json={"refresh_token": first}).json()["refresh_token"]
    third = _refresh(platform, json={"refresh_token": second}).json()
    check_problem(_refresh(platform, json={"refresh_token": first}), 401, "session-ended")
    check_problem(_refresh(platform, json={"refresh_token": third["refresh_token"]}), 401, "session-ended")
    with platform.client(third["access_token"]) as client:
        check_problem(client.get("/auth/me"), 401, "unauthenticated")


def test_a_refresh_without_a_usable_token_is_refused(platform: Platform) -> None:
    check_problem(_refresh(platform, json={"refresh_token": "nonsense"}), 401, "session-ended")
    page = {"Origin": platform.url, "X-CloudOps-Client": "web", "Sec-Fetch-Site": "same-origin"}
    check_problem(_refresh(platform, json={}, headers=page), 401, "unauthenticated")
    strange = page | {"Origin": "https://evil.example", "Cookie": "refresh=x"}
    check_problem(_refresh(platform, json={}, headers=strange), 403, "forbidden")
    check_problem(_refresh(platform, json={}, headers={"Cookie": "refresh=x"}), 403, "forbidden")


@pytest.mark.parametrize(
    "address",
    [
        "http://169.254.169.254",
        "http://10.0.0.1:5000",
        "http://[::1]:5000",
        "http://[::ffff:127.0.0.1]",
        "http://2130706433",
        "http://0.0.0.0:80",
        "http://localhost.:5000",
        "https://user.invalid",
        "http://aws.amazon.com",
    ],
)
def test_an_address_that_egress_refuses_tells_nothing(client: httpx.Client, cloud: Cloud, address: str) -> None:
    body = cloud.connection("Elsewhere") | {"endpoint_url": address}
    for path in ("/accounts", "/accounts/test"):
        problem = check_problem(client.post(path, json=body), 422, "address-not-allowed")
        assert "127.0.0.1" not in problem.get("detail", "")


@pytest.mark.parametrize("uri", ["file:///etc/passwd", "s3://elsewhere/bill.csv", "http://127.0.0.1/bill.csv", "../x"])
def test_a_bill_from_an_address_that_is_not_allowed_is_refused(client: httpx.Client, uri: str) -> None:
    check_problem(client.post("/ai-cost/imports", json={"uri": uri}), 422, "address-not-allowed")


def _zip(**entries: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return packed.getvalue()


def _zip_with_link() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        entry = zipfile.ZipInfo("bill.csv")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    return packed.getvalue()


@pytest.mark.parametrize(
    ("content", "status", "slug"),
    [
        pytest.param(b"\x89PNG\r\n\x1a\n" + bytes(100), 415, "unsupported-media-type", id="picture"),
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415, "unsupported-media-type", id="SVG"),
        pytest.param(b"%PDF-1.7\n" + bytes(100), 415, "unsupported-media-type", id="PDF"),
        pytest.param(_zip(**{"../../bill.csv": OWN_BILL}), 422, "unsafe-archive", id="traversal"),
        pytest.param(_zip(**{"/etc/bill.csv": OWN_BILL}), 422, "unsafe-archive", id="absolute name"),
        pytest.param(_zip_with_link(), 422, "unsafe-archive", id="link"),
        pytest.param(_zip(**{"bill.zip": _zip(**{"bill.csv": OWN_BILL})}), 422, "unsafe-archive", id="nested"),
        pytest.param(gzip.compress(bytes(64 * MIB)), 413, "body-too-large", id="gzip bomb"),
        pytest.param(_zip(**{"bill.csv": bytes(64 * MIB)}), 413, "body-too-large", id="zip bomb"),
        pytest.param(_zip(**{f"{n}.csv": OWN_BILL for n in range(101)}), 413, "body-too-large", id="too many entries"),
        pytest.param(gzip.compress(OWN_BILL)[:-20], 422, "damaged-file", id="cut-off gzip"),
        pytest.param(b"PAR1" + bytes(100), 422, "damaged-file", id="cut-off Parquet"),
    ],
)
def test_a_bad_upload_is_refused_at_once(client: httpx.Client, content: bytes, status: int, slug: str) -> None:
    check_problem(client.post("/ai-cost/imports", files={"file": ("bill.csv", content)}), status, slug)


def test_a_form_with_too_many_parts_or_none_is_refused(client: httpx.Client) -> None:
    many = [("file", (f"{number}.csv", OWN_BILL)) for number in range(21)]
    answer = client.post("/ai-cost/imports", files=many)
    assert answer.status_code in (413, 422)
    check_problem(answer, answer.status_code, {413: "body-too-large", 422: "invalid-input"}[answer.status_code])
    check_problem(client.post("/ai-cost/imports", files={"other": ("a", b"b")}), 422, "invalid-input")
    broken = {"Content-Type": "multipart/form-data; boundary=x"}
    check_problem(client.post("/ai-cost/imports", content=b"nonsense", headers=broken), 400, "malformed-body")


def test_bad_rows_are_reported_and_nothing_is_half_loaded(client: httpx.Client) -> None:
    before = client.get("/ai-cost/breakdown", params={"group_by": "service"}).json()
    header, *lines = OWN_BILL.decode().splitlines()
    accepted = client.post("/ai-cost/imports", files={"file": ("bill.csv", f"Nothing,{lines[0]}\n{lines[1]}\n")})
    job = follow_job(client, accepted.json()["job_id"])
    manifest = client.get(f"/ai-cost/imports/{accepted.json()['import_id']}").json()
    assert (job["state"], manifest["rows_stored"]) == ("failed", 0)
    assert manifest["error"]
    assert client.get("/ai-cost/breakdown", params={"group_by": "service"}).json() == before
    bad = lines[0].replace("1.000000000001", "lots").replace("2025-01", "2023-01")
    good = lines[1].replace("2025-01", "2023-01").replace("2025-02", "2023-02")
    content = "\n".join([header, bad.replace("2025-02", "2023-02"), good])
    accepted = client.post("/ai-cost/imports", files={"file": ("bill.csv", content)})
    follow_job(client, accepted.json()["job_id"])
    manifest = client.get(f"/ai-cost/imports/{accepted.json()['import_id']}").json()
    assert (manifest["rows_read"], manifest["rows_stored"], manifest["rows_rejected"]) == (2, 1, 1)
    assert manifest["reasons"]


def test_conflicts_have_names(client: httpx.Client, cloud: Cloud, account_id: str) -> None:
    check_problem(client.post("/accounts", json=cloud.connection("Again")), 409, "account-already-connected")
    key = {"Idempotency-Key": f"k-{time.time_ns()}"}
    first = client.post("/ai-cost/imports", files={"file": ("a.csv", OWN_BILL)}, headers=key)
    again = client.post("/ai-cost/imports", files={"file": ("a.csv", OWN_BILL)}, headers=key)
    assert first.json() == again.json()
    other = client.post("/ai-cost/imports", files={"file": ("a.csv", OWN_BILL + b"\n")}, headers=key)
    check_problem(other, 409, "idempotency-key-reused")
    alert = wait_until(lambda: all_items(client, "/alerts"), 60, "an alert")[0]["id"]
    client.post(f"/alerts/{alert}/resolve", json={})
    check_problem(client.post(f"/alerts/{alert}/acknowledge", json={}), 409, "alert-already-resolved")
