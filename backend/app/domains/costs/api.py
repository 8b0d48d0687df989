"""Routes of costs: imports, breakdowns, summaries."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response, status
from pydantic import AfterValidator, Field, ValidationError

from app.core.config import get_settings
from app.core.errors import (
    FieldProblem,
    InvalidInput,
    MalformedBody,
    TooLarge,
    UnsupportedMediaType,
    problems,
)
from app.core.handlers import pointer_of
from app.core.http import Caller, DbSession, allow, allow_detached
from app.core.idempotency import IdempotencyKeyReused, Once
from app.core.pagination import Cursor, Limit, Page
from app.core.receive import receive_upload
from app.core.schemas import check_text
from app.core.scope import require_whole
from app.domains.costs import service
from app.domains.costs.bills.questions import MAX_TAG_KEY, TAG_PREFIX, Scope, parse_groups
from app.domains.costs.errors import AddressNotAllowed, UnknownGroup
from app.domains.costs.schemas import (
    BreakdownRead,
    CostImportRead,
    CostKind,
    CostSummary,
    DailyCosts,
    DimensionRead,
    Granularity,
    ImportFromStore,
    ImportStarted,
)

router = APIRouter(prefix="/ai-cost", tags=["costs"])

Reader = Annotated[Caller, Depends(allow("costs:read"))]
# Files take long to receive and bills long to read; neither may hold a database connection meanwhile.
DetachedReader = Annotated[Caller, Depends(allow_detached("costs:read"))]
DetachedImporter = Annotated[Caller, Depends(allow_detached("imports:write"))]

FilterText = Annotated[str | None, Field(max_length=4_000), AfterValidator(lambda text: text and check_text(text))]
GroupText = Annotated[str, AfterValidator(check_text)]
_IMPORT_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            },
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["uri"],
                    "additionalProperties": False,
                    "properties": {"uri": {"type": "string", "maxLength": 500}},
                }
            },
        },
    }
}


_WHOLE_BILLS = "Imported bills are of the whole organization."


def read_scope(
    first: Annotated[date | None, Query(alias="from", description="First day, inclusive.")] = None,
    end: Annotated[date | None, Query(alias="to", description="Day after the last.")] = None,
    provider: Annotated[FilterText, Query(alias="filter.provider")] = None,
    provider_name: Annotated[FilterText, Query(alias="filter.provider_name")] = None,
    billing_account: Annotated[FilterText, Query(alias="filter.billing_account")] = None,
    sub_account: Annotated[FilterText, Query(alias="filter.sub_account")] = None,
    service_name: Annotated[FilterText, Query(alias="filter.service")] = None,
    service_category: Annotated[FilterText, Query(alias="filter.service_category")] = None,
    region: Annotated[FilterText, Query(alias="filter.region")] = None,
    resource: Annotated[FilterText, Query(alias="filter.resource", description="Ids as the bill spells them.")] = None,
    charge_category: Annotated[FilterText, Query(alias="filter.charge_category")] = None,
    tag: Annotated[FilterText, Query(alias="filter.tag", description="key:value, split at the first colon.")] = None,
) -> Scope:
    """Days and filters of a cost question; several values of a filter are separated by commas."""
    if first is not None and end is not None and end <= first:
        raise InvalidInput(errors=[FieldProblem(pointer="query/to", detail="must be after from")])
    given = {
        "provider": provider,
        "provider_name": provider_name,
        "billing_account": billing_account,
        "sub_account": sub_account,
        "service": service_name,
        "service_category": service_category,
        "region": region,
        "resource": resource,
        "charge_category": charge_category,
    }
    filters: dict[str, list[str]] = {group: text.split(",") for group, text in given.items() if text}
    for pair in tag.split(",") if tag else []:
        key, colon, value = pair.partition(":")
        if not colon or not 0 < len(key) <= MAX_TAG_KEY:
            raise InvalidInput(errors=[FieldProblem(pointer="query/filter.tag", detail="must be key:value")])
        filters.setdefault(f"{TAG_PREFIX}{key}", []).append(value)
    return Scope(first=first, end=end, filters=filters)


CostScope = Annotated[Scope, Depends(read_scope)]


@router.post(
    "/imports",
    status_code=status.HTTP_202_ACCEPTED,
    responses=problems(MalformedBody, TooLarge, UnsupportedMediaType, AddressNotAllowed, IdempotencyKeyReused),
    openapi_extra=_IMPORT_BODY,
)
async def import_costs(request: Request, caller: DetachedImporter, once: Once) -> ImportStarted:
    """Import a FOCUS bill by job: a CSV (plain, gzip, zip) or Parquet file, or one in the organization's inbox."""
    settings = get_settings()
    organization_id, user_id = caller.organization_id, caller.user_id
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == "application/json":
        body = await _read_json(request)
        return await once(
            lambda: service.start_store_import(organization_id, body.uri, user_id=user_id, settings=settings),
            ImportStarted,
        )
    async with receive_upload(request, settings) as received:
        await service.check_upload(received.path)
        return await once(
            lambda: service.start_upload_import(
                organization_id,
                received.path,
                received.name,
                user_id=user_id,
                settings=settings,
                sha256=received.sha256.hex(),
            ),
            ImportStarted,
            fingerprint=received.sha256,
        )


@router.get("/imports")
async def list_cost_imports(
    session: DbSession, caller: Reader, limit: Limit = 50, cursor: Cursor = None
) -> Page[CostImportRead]:
    """Imports, newest first."""
    require_whole(caller.scope, _WHOLE_BILLS)
    rows, next_cursor = await service.list_imports(session, caller.organization_id, limit=limit, cursor=cursor)
    return Page(items=[CostImportRead.model_validate(row) for row in rows], next_cursor=next_cursor)


@router.get("/imports/{import_id}")
async def read_cost_import(import_id: UUID, session: DbSession, caller: Reader) -> CostImportRead:
    """The manifest of an import: rows read, stored and rejected with reasons, and exact sums."""
    require_whole(caller.scope, _WHOLE_BILLS)
    return CostImportRead.model_validate(await service.get_import(session, caller.organization_id, import_id))


@router.get("/breakdown", response_model=BreakdownRead, responses=problems(UnknownGroup))
async def read_cost_breakdown(
    caller: DetachedReader,
    scope: CostScope,
    group_by: Annotated[GroupText, Query(max_length=300, description="One or two groups, by comma.")] = "service",
    granularity: Annotated[Granularity, Query()] = Granularity.NONE,
    cost: Annotated[CostKind, Query()] = CostKind.EFFECTIVE,
    limit: Annotated[int, Query(ge=1, le=100_000, description="Items at most; totals cover all.")] = 10_000,
) -> Response:
    """Costs by one or two groups, exact to the last digit; one item per group, period and currency."""
    body = await service.read_breakdown(
        caller.organization_id,
        settings=get_settings(),
        groups=parse_groups(group_by),
        granularity=granularity.value,
        cost=cost.value,
        scope=scope,
        limit=limit,
        visible=caller.scope,
    )
    return Response(body, media_type="application/json")


@router.get("/dimensions", responses=problems(UnknownGroup))
async def list_cost_dimension(
    caller: DetachedReader,
    scope: CostScope,
    group: Annotated[GroupText, Query(max_length=140, description="A group, or `tag` for the keys of tags.")],
    q: Annotated[GroupText, Query(max_length=200)] = "",
    limit: Limit = 50,
) -> DimensionRead:
    """Values to filter by, with their numbers of bill lines."""
    return await service.list_dimension(
        caller.organization_id,
        settings=get_settings(),
        group=group,
        scope=scope,
        contains=q,
        limit=limit,
        visible=caller.scope,
    )


@router.get("/summary")
async def read_cost_summary(session: DbSession, caller: Reader) -> CostSummary:
    """Month to date, the same days of the month before, and the expected month."""
    return await service.read_summary(session, caller.organization_id)


@router.get("/resources/{resource_id}")
async def read_resource_costs(resource_id: UUID, session: DbSession, caller: Reader) -> DailyCosts:
    """Daily costs of one resource over the newest 30 days with costs."""
    return await service.read_resource_costs(session, caller.organization_id, resource_id)


async def _read_json(request: Request) -> ImportFromStore:
    try:
        return ImportFromStore.model_validate_json(await request.body())
    except ValidationError as error:
        found = error.errors()
        if any(item["type"] == "json_invalid" for item in found):
            raise MalformedBody("The body is not valid JSON.") from None
        details = [FieldProblem(pointer=pointer_of(("body", *item["loc"])), detail=item["msg"]) for item in found]
        raise InvalidInput(errors=details) from None
