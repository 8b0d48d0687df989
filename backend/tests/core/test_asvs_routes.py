"""The start-up check of routes: the application does not start with a route that nobody decided about."""

from pathlib import Path
from typing import Annotated, Any

import pytest
from app.core.config import SERVICES, Settings
from app.core.http import Caller, allow, allow_detached
from app.core.openapi import PUBLIC_ROUTES, permissions_of, require_permissions, routes_of
from app.domains.identity.rules import PERMISSIONS
from app.domains.identity.rules.sso import local_path
from app.main import create_app
from fastapi import APIRouter, Depends, FastAPI

SAFE = {"GET", "HEAD", "OPTIONS"}
Reader = Annotated[Caller, Depends(allow("alerts:read"))]


def app_with(router: APIRouter) -> FastAPI:
    app = FastAPI()
    app.include_router(router, prefix="/api/v1")
    return app


def test_a_route_without_a_permission_stops_the_start() -> None:
    router = APIRouter()

    @router.get("/things")
    async def list_things() -> list[str]:
        return []

    with pytest.raises(RuntimeError, match=r"/api/v1/things \(list_things\) declares 0 permissions"):
        require_permissions(app_with(router))


def test_a_route_with_two_permissions_stops_the_start() -> None:
    router = APIRouter()

    @router.get("/things")
    async def list_things(caller: Reader, other: Annotated[Caller, Depends(allow("costs:read"))]) -> list[str]:
        return []

    with pytest.raises(RuntimeError, match="declares 2 permissions"):
        require_permissions(app_with(router))


def test_a_public_route_that_asks_for_a_permission_stops_the_start() -> None:
    router = APIRouter()

    @router.post("/login")
    async def sign_in(caller: Reader) -> None:
        """Named like the public route."""

    with pytest.raises(RuntimeError, match="the public route sign_in declares"):
        require_permissions(app_with(router))


def test_two_routes_of_one_name_stop_the_start() -> None:
    router = APIRouter()
    for path in ("/one", "/two"):

        async def list_things(caller: Reader) -> list[str]:
            return []

        router.get(path)(list_things)
    with pytest.raises(RuntimeError, match="two routes are named list_things"):
        require_permissions(app_with(router))


def test_a_permission_of_a_nested_dependency_counts() -> None:
    async def current_thing(caller: Annotated[Caller, Depends(allow_detached("alerts:read"))]) -> str:
        return caller.role

    router = APIRouter()

    @router.get("/things")
    async def read_thing(thing: Annotated[str, Depends(current_thing)]) -> str:
        return thing

    require_permissions(app_with(router))


@pytest.mark.parametrize("services", [SERVICES, *[(name,) for name in SERVICES]], ids=str)
def test_every_route_of_the_product_declares_a_permission_that_exists(services: Any) -> None:
    declared = {
        route.name: set(permissions_of(route.dependant)) for route in routes_of(create_app(Settings(), services))
    }
    assert len(declared) > 5
    unknown = {name: found for name, found in declared.items() if not found <= PERMISSIONS}
    assert not unknown, "not in the permission table, so nobody would hold it"
    assert not [name for name, found in declared.items() if not found and name not in PUBLIC_ROUTES]


def test_every_public_route_exists() -> None:
    names = {route.name for route in routes_of(create_app(Settings(), SERVICES))}
    optional = {"read_page"}  # only where the web app was built
    assert sorted(PUBLIC_ROUTES - names - optional) == [], "a name in the public list that waits for a route"


def test_what_changes_something_is_never_a_get() -> None:
    wrong, asked = [], 0
    for route in routes_of(create_app(Settings(), SERVICES)):
        if not route.methods & SAFE:
            continue
        asked += 1
        wrong += [
            (route.name, name) for name in permissions_of(route.dependant) if not name.endswith((":read", ":export"))
        ]
    assert asked > 30
    writers = (
        "api-keys:",
        "identity-providers:",
        "roles:",
        "ownership:",
        "members:",
        "organization:",
    )  # who manages these reads them
    assert not [one for one in wrong if not one[1].startswith(writers)], "a safe method with a permission to write"


# Every route that needs no session, and why; docs/security/sign-in.md describes the ways in.
WAYS_IN = {
    "password": {"sign_in", "finish_sign_in", "start_mfa_passkey", "report_lost_factors", "list_sign_in_methods"},
    "passkey": {"start_passkey_sign_in", "sign_in_with_passkey"},
    "links": {
        "request_password_reset", "reset_password", "verify_email", "preview_invitation", "accept_invitation",
    },
    "identity providers": {
        "start_oidc_sign_in", "finish_oidc_sign_in", "log_out_at_oidc_provider", "start_saml_sign_in",
        "finish_saml_sign_in", "read_saml_metadata",
    },
    "clients": {"start_device_sign_in", "exchange_token"},
    "sessions": {"refresh_session"},
    "not a way in": {
        "read_public_branding", "read_logo", "read_jwks", "read_health", "read_readiness", "read_metrics", "read_page",
        "read_docs", "read_docs_start", "receive_cloud_events", "check_cloud_hook",
    },
}  # fmt: skip


def test_the_ways_in_are_those_of_the_page() -> None:
    """Somebody who adds a public route decides here which way in it belongs to, and describes a new one on the page."""
    listed = set().union(*WAYS_IN.values())
    provisioning = {name for name in PUBLIC_ROUTES if "_scim_" in name}
    assert PUBLIC_ROUTES - provisioning == listed
    page = (Path(__file__).resolve().parents[3] / "docs" / "security" / "sign-in.md").read_text(encoding="utf-8")
    for way in (
        "| password |",
        "| passkey |",
        "| identity provider",
        "link |",
        "| command line and phone |",
        "| API key |",
    ):
        assert way in page
    assert "| provisioning (SCIM) |" in page


@pytest.mark.parametrize(
    "address",
    [
        "//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "evil.example", "", None,
        "/%2f%2fevil.example/../..", "/%2fevil.example", "/%5cevil.example", "/a\nb", "/a b", "/\tevil",
        "\\\\evil.example",
        "/" + "a" * 600, "///evil.example", "http:/evil.example", "/\u202eevil", " /inventory",
    ],
)  # fmt: skip
def test_only_paths_of_our_own_are_returned_to(address: str | None) -> None:
    assert local_path(address) == "/"
    assert local_path("/inventory?type=queue") == "/inventory?type=queue"
