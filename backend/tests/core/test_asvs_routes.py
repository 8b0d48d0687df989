"""The start-up check of routes: the application does not start with a route that nobody decided about."""

from typing import Annotated, Any

import pytest
from app.core.config import SERVICES, Settings
from app.core.http import Caller, allow, allow_detached
from app.core.openapi import PUBLIC_ROUTES, permissions_of, require_permissions, routes_of
from app.domains.identity.rules import PERMISSIONS
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
    writers = ("api-keys:", "identity-providers:", "roles:", "ownership:", "members:")  # who manages these reads them
    assert not [one for one in wrong if not one[1].startswith(writers)], "a safe method with a permission to write"
