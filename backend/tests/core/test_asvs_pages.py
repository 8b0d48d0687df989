"""The numbers on the pages of docs/security are those of the code."""

import re
from pathlib import Path

from app.core import keeping, quotas, ratelimit, receive, request_checks, strict_json, uploads
from app.core.live_connection import MAX_MESSAGE_BYTES, MAX_QUEUED
from app.core.pagination import MAX_LIMIT
from app.domains.identity import passwords, rules
from app.domains.identity.rules import clients, factors
from app.domains.identity.rules.sso import MFA_AGE_SECONDS
from app.domains.identity.service.organizations.branding import MAX_LOGO_BYTES

FOLDER = Path(__file__).resolve().parents[3] / "docs" / "security"
MIB, GIB = 1024**2, 1024**3


def page(name: str) -> str:
    """A page on one line, so that a line break in it does not matter."""
    return re.sub(r"\s+", " ", (FOLDER / name).read_text(encoding="utf-8"))


def missing(name: str, *said: str) -> list[str]:
    text = page(name)
    return [one for one in said if one not in text]


def test_the_page_of_limits_says_what_the_code_does() -> None:
    limits, http = ratelimit.LIMITS, uploads.HTTP_LIMITS
    assert http.packed_bytes is not None
    assert http.unpacked_bytes is not None
    assert limits["export"].period_seconds == 3600
    assert all(
        limits[name].period_seconds == 60 for name in ("login", "refresh", "read", "write", "probe", "assistant")
    )
    assert not missing(
        "limits.md",
        f"| login | {limits['login'].count} a minute | address |",
        f"| refresh | {limits['refresh'].count} a minute | address |",
        f"| identity providers and passkeys | {limits['sso'].count} a minute | address |",
        f"| provisioning (SCIM) | {limits['scim'].count:,} a minute | address |",
        f"| read | {limits['read'].count} a minute |",
        f"| write | {limits['write'].count} a minute |",
        f"| probe (connection and channel tests) | {limits['probe'].count} a minute |",
        f"| export | {limits['export'].count} an hour |",
        f"| assistant | {limits['assistant'].count} a minute",
        f"| JSON body | {request_checks.JSON_BYTES // MIB} MiB |",
        f"| {request_checks.INTAKE_BYTES // MIB} MiB, {request_checks.METRICS_BYTES // MIB} MiB, "
        f"{request_checks.SAML_BYTES // 1024} KiB |",
        f"| {request_checks.MAX_HEADER_BYTES // 1024} KiB, {request_checks.MAX_URL_BYTES // 1024} KiB |",
        f"| {MAX_MESSAGE_BYTES // 1024} KiB, {MAX_QUEUED} |",
        f"at most {strict_json.MAX_DEPTH} levels and {strict_json.MAX_ITEMS:,} items",
        f"at most {request_checks.MAX_QUERY_PARAMETERS}.",
        f"| {http.packed_bytes // MIB} MiB | {http.unpacked_bytes // GIB} GiB, {http.entries} entries, "
        f"ratio {http.ratio}",
        f"| {MAX_LOGO_BYTES // 1024} KiB |",
        f"pages of at most {MAX_LIMIT},",
        f"pool of {passwords.POOL_WORKERS} and a queue of {passwords.POOL_QUEUE}",
        f"{quotas.DEFAULTS['accounts']:,} accounts, {quotas.DEFAULTS['resources']:,} resources, "
        f"{quotas.DEFAULTS['users']:,} members, {quotas.DEFAULTS['imports']:,} imports a day, "
        f"{quotas.DEFAULTS['api_keys']:,} API keys",
    )
    assert receive.MAX_PARTS == 20


def test_the_page_of_sign_in_says_what_the_code_does() -> None:
    throttles = {one.kind: one for one in rules.THROTTLES}
    name, network, overall = throttles["name"], throttles["network"], throttles["overall"]
    hours = {client: span.total_seconds() / 3600 for client, span in rules.IDLE_LIFETIME.items()}
    assert not missing(
        "sign-in.md",
        f"| {name.free} | 1, 2, 4 … {name.longest_seconds:.0f} s | {name.forget_seconds:.0f} s |",
        f"| {network.free} | 1, 2, 4 … {network.longest_seconds:.0f} s | {network.forget_seconds:.0f} s |",
        f"| {overall.free} | 1, 2, 4 s, at most {overall.longest_seconds:.0f} s | {overall.forget_seconds} s |",
        f"{passwords.MIN_CHARACTERS} to {passwords.MAX_CHARACTERS} characters",
        f"over {passwords.MAX_BYTES:,} bytes is refused",
        f"a pool of {passwords.POOL_WORKERS} with a queue of {passwords.POOL_QUEUE}",
        f"the product's name ({', '.join(passwords.PRODUCT_WORDS)})",
        f"| ends unused after | {hours['web']:.0f} hours | {rules.IDLE_LIFETIME['native'].days} days |",
        f"| ends at the latest after | {rules.ABSOLUTE_LIFETIME['web'].days} days | "
        f"{rules.ABSOLUTE_LIFETIME['native'].days} days |",
        f"| access token | {rules.ACCESS_TOKEN_LIFETIME.total_seconds() / 60:.0f} minutes",
        f"At most {rules.MAX_SESSIONS} sessions a person",
        f"more than {rules.REFRESH_GRACE.total_seconds():.0f} seconds later",
        f"Proof of the last {rules.STEP_UP_AGE.total_seconds() / 60:.0f} minutes",
        f"{8 * factors.RECOVERY_BYTES} bits",
        f"code of {clients.CODE_LIFETIME.total_seconds():.0f} seconds",
        f"device code limited and {clients.DEVICE_LIFETIME.total_seconds() / 60:.0f} minutes",
        f"{factors.TOTP_STEP_SECONDS} seconds, each once",
        f"{factors.FACTOR_RESET_DELAY.total_seconds() / 3600:.0f} hours pass",
        f"last {MFA_AGE_SECONDS / 3600:.0f} hours are required",
    )
    assert factors.FACTOR_RESET_APPROVALS == 2
    assert len(passwords.breached_passwords()) >= 30_000


def test_the_page_of_cryptography_says_what_the_code_does() -> None:
    assert not missing(
        "cryptography.md",
        f"published {rules.KEY_PUBLISHED_BEFORE.total_seconds() / 3600:.0f} hours before, "
        f"signs {rules.KEY_SIGNS_FOR.days} days",
        f"| {8 * factors.RECOVERY_BYTES} random bits, SHA-256 stored |",
        f"| {8 * factors.SEED_BYTES} random bits, HMAC-SHA-1",
        f"typed: {clients.USER_CODE_LENGTH} letters",
    )


def test_the_page_of_data_says_how_long_things_are_kept() -> None:
    bounds = keeping.BOUNDS
    same = {bounds[kind].default for kind in ("history", "metrics", "alerts")}
    assert len(same) == 1
    assert (bounds["audit"].least, bounds["audit"].most) == (365, 3_650)
    assert not missing(
        "data.md",
        f"(events {bounds['events'].default} days, jobs {bounds['jobs'].default}, "
        f"history, metrics and alerts {same.pop()} unless set)",
        "1 to 10 years",
    )


def test_the_page_of_access_names_every_role() -> None:
    assert not missing("access.md", *[f"| {role} |" for role in rules.ROLES])


def test_the_index_names_every_page() -> None:
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert not [path.name for path in FOLDER.glob("*.md") if path.name != "README.md" and f"({path.name}" not in index]
    root = FOLDER.parents[1]
    assert "docs/security" in (root / "SECURITY.md").read_text(encoding="utf-8")


def test_links_between_the_pages_lead_somewhere() -> None:
    targets = [
        (path, target)
        for path in FOLDER.glob("*.md")
        for target in re.findall(r"\]\(([^)#\s]+)", path.read_text(encoding="utf-8"))
        if "://" not in target
    ]
    assert len(targets) > 10
    assert not [(path.name, target) for path, target in targets if not (path.parent / target).exists()]
