"""Pure decisions: the permission table, names, throttle arithmetic, expiry."""

from datetime import UTC, datetime, timedelta

import pytest
from app.domains.identity import rules

NOW = datetime(2026, 11, 23, tzinfo=UTC)

# security.md section 3, read line by line: owner, admin, operator, finance, auditor, viewer.
DOCUMENT = """
inventory:read        x x x x x x
topology:read         x x x - x x
metrics:read          x x x - x x
metrics:ingest        x x x - - -
alerts:read           x x x - x x
drift:read            x x x - x x
compliance:read       x x x - x x
alerts:write          x x x - - -
alerts:acknowledge    x x x - - x
silences:write        x x x - - -
on-call:write         x x x - - -
rules:write           x x x - - -
costs:read            x x x x x x
costs:write           x x - x - -
imports:write         x x - x - -
compliance:write      x x x - - -
drift:write           x x x - - -
notifications:read    x x x - x -
notifications:write   x x x - - -
receivers:secret      x x - - - -
accounts:read         x x x - x -
accounts:write        x x - - - -
accounts:sync         x x x - - -
assistant:use         x x x x x x
audit:read            x x - - x -
audit:export          x x - - x -
members:read          x x x - x -
members:write         x x - - - -
roles:write           x x - - - -
api-keys:own          x x x x - x
api-keys:write        x x - - - -
organization:read     x x x x x x
organization:write    x x - - - -
jobs:read             x x x x x x
jobs:write            x x x - - -
identity-providers:write x - - - - -
ownership:write       x - - - - -
profile:read          x x x x x x
"""
ROWS = [line.split() for line in DOCUMENT.strip().splitlines()]
CELLS = [(name, role, mark == "x") for name, *marks in ROWS for role, mark in zip(rules.ROLES, marks, strict=True)]


def test_the_table_names_the_documents_permissions_and_no_others() -> None:
    assert {name for name, *_ in ROWS} == rules.PERMISSIONS


@pytest.mark.parametrize(("permission", "role", "held"), CELLS)
def test_a_role_holds_what_the_document_says(permission: str, role: str, held: bool) -> None:
    assert (permission in rules.permissions_of(role)) is held


@pytest.mark.parametrize("role", ["", "root", "Owner", "superuser"])
def test_an_unknown_role_holds_nothing(role: str) -> None:
    assert rules.permissions_of(role) == frozenset()


@pytest.mark.parametrize("granter", rules.ROLES)
@pytest.mark.parametrize("role", rules.ROLES)
def test_nobody_grants_what_they_do_not_hold(granter: str, role: str) -> None:
    if rules.can_grant(granter, role):
        assert rules.permissions_of(role) <= rules.permissions_of(granter)
    if role == "owner":
        assert rules.can_grant(granter, role) is (granter == "owner")


@pytest.mark.parametrize(
    ("given", "normalised"),
    [
        ("Ann@Example.COM", "ann@example.com"),
        ("  ann@example.com ", "ann@example.com"),
        ("ａｎｎ@example.com", "ann@example.com"),
        ("STRASSE@x.de", "strasse@x.de"),
        ("straße@x.de", "strasse@x.de"),
        ("e\u0301@x.fr", "é@x.fr"),
    ],
)
def test_login_names_have_one_form(given: str, normalised: str) -> None:
    assert rules.normalise_email(given) == normalised


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", "unknown"),
        ("testclient", "unknown"),
    ],
)
def test_networks_of_addresses(address: str, network: str) -> None:
    assert rules.network_of(address) == network


def test_delays_double_after_five_failures_up_to_fifteen_minutes() -> None:
    policy = rules.THROTTLES[0]
    failures, delays = 0.0, []
    for _ in range(18):
        failures, delay = rules.count_failure(policy, failures, timedelta(0))
        delays.append(delay.total_seconds())
    assert delays == [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900]


@pytest.mark.parametrize("policy", rules.THROTTLES, ids=lambda policy: policy.kind)
def test_failures_are_forgotten_by_and_by(policy: rules.ThrottlePolicy) -> None:
    failures, _ = rules.count_failure(policy, 50, timedelta(seconds=policy.forget_seconds * 10))
    assert failures == pytest.approx(41)
    assert rules.count_failure(policy, 50, timedelta(days=30)) == (1, timedelta(0))
    assert rules.count_failure(policy, 3, timedelta(seconds=-60))[0] == 4  # a clock that went back forgets nothing


def test_the_installation_as_a_whole_never_waits_long() -> None:
    overall = rules.THROTTLES[2]
    assert rules.count_failure(overall, 10_000, timedelta(0))[1] == timedelta(seconds=5)


@pytest.mark.parametrize(
    ("client", "idle", "absolute"),
    [("web", timedelta(hours=12), timedelta(days=7)), ("native", timedelta(days=30), timedelta(days=90))],
)
def test_sessions_expire(client: str, idle: timedelta, absolute: timedelta) -> None:
    end = NOW + rules.ABSOLUTE_LIFETIME[client]
    assert end == NOW + absolute
    assert rules.idle_expiry(NOW, idle, end) == NOW + idle
    assert rules.idle_expiry(end - timedelta(minutes=1), idle, end) == end
    assert rules.is_session_alive(NOW, NOW + idle, end, None)
    assert not rules.is_session_alive(NOW + idle, NOW + idle, end, None)
    assert not rules.is_session_alive(NOW, NOW + idle, end, NOW)


@pytest.mark.parametrize(
    ("name", "slug"),
    [("My organization", "my-organization"), ("Ünï & Cø!", "uni-c"), ("日本", "organization"), ("a" * 99, "a" * 48)],
)
def test_slugs(name: str, slug: str) -> None:
    assert rules.slug_of(name) == slug


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0", "Firefox on Linux"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) AppleWebKit Chrome/140.0 Safari/537.36", "Chrome on macOS"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18) Safari/605", "Safari on iPhone"),
        ("curl/8.5", "curl"),
        ("", "Unknown device"),
    ],
)
def test_devices_have_names_that_people_know(user_agent: str, device: str) -> None:
    assert rules.describe_device(user_agent) == device
