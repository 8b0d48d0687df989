"""SCIM 2.0 routes (RFC 7644): their own token, media type and errors, described by themselves under /Schemas.

Not part of the OpenAPI document: whoever calls them knows the standard.
"""

from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from sqlalchemy.exc import IntegrityError

from app.core.errors import AppError, MalformedBody, TooLarge
from app.core.request_checks import SCIM_BYTES
from app.core.strict_json import check_json
from app.domains.identity import service
from app.domains.identity.rules.scim import ERROR_SCHEMA, MAX_COUNT, ScimError, parse_filter
from app.domains.identity.schemas import scim as shapes
from app.domains.identity.service import scim
from app.domains.identity.service.scim import ScimScope

MEDIA_TYPE = "application/scim+json"
_USER_FILTERS = ("userName", "externalId", "id", "active", "emails.value")
_GROUP_FILTERS = ("displayName", "externalId", "id", "members")


def _answer(body: dict[str, Any] | None, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    content = b"" if body is None else orjson.dumps(body)
    sent = {"Cache-Control": "no-store", **(headers or {})}
    return Response(content, status, headers=sent, media_type=MEDIA_TYPE if body is not None else None)


def _problem(status: int, kind: str, detail: str) -> Response:
    body: dict[str, Any] = {"schemas": [ERROR_SCHEMA], "status": str(status), "detail": detail}
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    return _answer(body | ({"scimType": kind} if kind else {}), status, headers)


class ScimRoute(APIRoute):
    """A route whose failures have SCIM's shape."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler with SCIM's errors around it."""
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                return await inner(request)
            except ScimError as error:
                return _problem(error.status, error.kind, error.detail)
            except RequestValidationError:
                return _problem(400, "invalidValue", "A parameter is not valid.")
            except MalformedBody as error:
                return _problem(400, "invalidSyntax", error.detail or error.title)
            except AppError as error:
                return _problem(error.status, "", error.detail or error.title)
            except IntegrityError:
                return _problem(409, "uniqueness", "Somebody else changed this at the same moment.")

        return handle


router = APIRouter(prefix="/scim/v2", tags=["scim"], route_class=ScimRoute, include_in_schema=False)
routers = [router]


async def _open(request: Request) -> AsyncIterator[ScimScope]:
    given = request.headers.getlist("authorization")
    scheme, _, token = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    settings = service.settings_of(request)
    async with scim.open_scope(
        settings, token if scheme.lower() == "bearer" else None, service.origin_of(request)
    ) as scope:
        yield scope


Scope = Annotated[ScimScope, Depends(_open, scope="function")]


async def _body(request: Request) -> dict[str, Any]:
    content = await request.body()
    if len(content) > SCIM_BYTES:
        raise TooLarge
    check_json(content)
    try:
        body = orjson.loads(content)
    except ValueError:
        raise MalformedBody("The body is not valid JSON.") from None
    if not isinstance(body, dict):
        raise MalformedBody("The body is an object.")
    return body


Body = Annotated[dict[str, Any], Depends(_body)]


class _Page:
    """`filter`, `startIndex`, `count` and `excludedAttributes`; others are passed over, as the standard asks."""

    def __init__(self, request: Request) -> None:
        given = request.query_params
        self.filter = given.get("filter")
        self.start = max(1, self._number(given.get("startIndex"), 1))
        self.count = max(0, min(MAX_COUNT, self._number(given.get("count"), MAX_COUNT)))
        self.with_members = "members" not in given.get("excludedAttributes", "").replace(" ", "").split(",")

    @staticmethod
    def _number(text: str | None, default: int) -> int:
        if text is None:
            return default
        if not text.lstrip("-").isascii() or not text.lstrip("-").isdigit() or len(text) > 9:
            raise ScimError(400, "invalidValue", "startIndex and count are numbers.")
        return int(text)


Page = Annotated[_Page, Depends(_Page)]


def _base(scope: ScimScope) -> str:
    return f"{scope.settings.public_url.rstrip('/')}/api/v1/scim/v2"


@router.get("/ServiceProviderConfig")
async def read_scim_configuration(scope: Scope) -> Response:
    """What this service can do."""
    return _answer(shapes.configuration(_base(scope)))


@router.get("/ResourceTypes")
async def list_scim_resource_types(scope: Scope) -> Response:
    """Users and groups."""
    found = shapes.resource_types(_base(scope))
    return _answer(shapes.list_answer(found, len(found)))


@router.get("/ResourceTypes/{name}")
async def read_scim_resource_type(name: str, scope: Scope) -> Response:
    """One of them."""
    return _answer(_pick(shapes.resource_types(_base(scope)), name))


@router.get("/Schemas")
async def list_scim_schemas(scope: Scope) -> Response:
    """The attributes that are kept."""
    found = shapes.schemas(_base(scope))
    return _answer(shapes.list_answer(found, len(found)))


@router.get("/Schemas/{name}")
async def read_scim_schema(name: str, scope: Scope) -> Response:
    """Those of one resource."""
    return _answer(_pick(shapes.schemas(_base(scope)), name))


@router.get("/Users")
async def list_scim_users(scope: Scope, page: Page) -> Response:
    """The connection's people."""
    total, rows = await scim.list_scim_users(scope, parse_filter(page.filter, _USER_FILTERS), page.start, page.count)
    resources = [shapes.user_resource(row, _base(scope)) for row in rows]
    return _answer(shapes.list_answer(resources, total, page.start))


@router.post("/Users")
async def create_scim_user(scope: Scope, body: Body) -> Response:
    """Bring a person."""
    resource = shapes.user_resource(await scim.create_scim_user(scope, body), _base(scope))
    return _answer(resource, 201, {"Location": resource["meta"]["location"]})


@router.get("/Users/{scim_id}")
async def read_scim_user(scim_id: str, scope: Scope) -> Response:
    """One person."""
    return _answer(shapes.user_resource(await scim.get_scim_user(scope, scim_id), _base(scope)))


@router.put("/Users/{scim_id}")
async def replace_scim_user(scim_id: str, scope: Scope, body: Body) -> Response:
    """Replace a person."""
    return _answer(shapes.user_resource(await scim.replace_scim_user(scope, scim_id, body), _base(scope)))


@router.patch("/Users/{scim_id}")
async def patch_scim_user(scim_id: str, scope: Scope, body: Body) -> Response:
    """Change a person."""
    return _answer(shapes.user_resource(await scim.patch_scim_user(scope, scim_id, body), _base(scope)))


@router.delete("/Users/{scim_id}")
async def delete_scim_user(scim_id: str, scope: Scope) -> Response:
    """Shut a person out for good."""
    await scim.delete_scim_user(scope, scim_id)
    return _answer(None, 204)


@router.get("/Groups")
async def list_scim_groups(scope: Scope, page: Page) -> Response:
    """The connection's groups."""
    total, found = await scim.list_groups(scope, parse_filter(page.filter, _GROUP_FILTERS), page.start, page.count)
    resources = [shapes.group_resource(view, _base(scope), with_members=page.with_members) for view in found]
    return _answer(shapes.list_answer(resources, total, page.start))


@router.post("/Groups")
async def create_scim_group(scope: Scope, body: Body) -> Response:
    """Make a group."""
    resource = shapes.group_resource(await scim.create_group(scope, body), _base(scope))
    return _answer(resource, 201, {"Location": resource["meta"]["location"]})


@router.get("/Groups/{group_id}")
async def read_scim_group(group_id: str, scope: Scope, page: Page) -> Response:
    """One group."""
    view = await scim.get_group(scope, group_id)
    return _answer(shapes.group_resource(view, _base(scope), with_members=page.with_members))


@router.put("/Groups/{group_id}")
async def replace_scim_group(group_id: str, scope: Scope, body: Body) -> Response:
    """Replace a group."""
    return _answer(shapes.group_resource(await scim.replace_group(scope, group_id, body), _base(scope)))


@router.patch("/Groups/{group_id}")
async def patch_scim_group(group_id: str, scope: Scope, body: Body) -> Response:
    """Change a group."""
    return _answer(shapes.group_resource(await scim.patch_group(scope, group_id, body), _base(scope)))


@router.delete("/Groups/{group_id}")
async def delete_scim_group(group_id: str, scope: Scope) -> Response:
    """Remove a group."""
    await scim.delete_group(scope, group_id)
    return _answer(None, 204)


def _pick(resources: list[dict[str, Any]], name: str) -> dict[str, Any]:
    found = next((resource for resource in resources if name in (resource["id"], resource.get("name"))), None)
    if found is None:
        raise ScimError(404, "", "There is no such resource.")
    return found
