"""Routes of organizations: sign-in policy, one's own, deletion, export, quotas, retention."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse

from app.core import quotas
from app.core.errors import Conflict, Forbidden, NotFound, StepUpRequired, problems
from app.core.http import Caller, DbSession, allow, allow_detached
from app.core.keeping import BOUNDS, KEPT_KINDS, KeptKind, kept_days
from app.domains.identity import service
from app.domains.identity.api.cookies import set_refresh_cookie
from app.domains.identity.errors import (
    ExportRunning,
    LastOwner,
    OrganizationDeleted,
    OrganizationNotDeleted,
    TooManyOrganizations,
)
from app.domains.identity.queries.organizations import OwnOrganization
from app.domains.identity.schemas import TokenRead
from app.domains.identity.schemas.organizations import (
    DeletionRead,
    ExportRead,
    OrganizationCreate,
    OrganizationDelete,
    OrganizationSwitch,
    OwnerUpdate,
    OwnOrganizationRead,
    QuotaRead,
    RetentionBoundsRead,
    RetentionRead,
    RetentionUpdate,
)
from app.domains.identity.schemas.policy import PolicyRead, PolicyUpdate
from app.domains.identity.service.organizations import belonging, deleting, exporting, limits

auth_router = APIRouter(prefix="/auth", tags=["auth"])
organizations_router = APIRouter(prefix="/organizations", tags=["organizations"])
routers = [auth_router, organizations_router]

Profile = Annotated[Caller, Depends(allow("profile:read"))]
Reader = Annotated[Caller, Depends(allow("organization:read"))]
Writer = Annotated[Caller, Depends(allow("organization:write"))]
Owner = Annotated[Caller, Depends(allow("ownership:write", step_up=True))]


@organizations_router.get("/current/policy")
async def read_policy(session: DbSession, caller: Reader) -> PolicyRead:
    """How people may sign in to the organization."""
    return PolicyRead.model_validate(await service.get_policy(session, caller.organization_id))


@organizations_router.put("/current/policy", responses=problems(StepUpRequired))
async def replace_policy(
    request: Request,
    body: PolicyUpdate,
    session: DbSession,
    caller: Annotated[Caller, Depends(allow("organization:write", step_up=True))],
) -> PolicyRead:
    """Change how people may sign in; shorter sessions hold for the live ones too."""
    settings = service.settings_of(request)
    return PolicyRead.model_validate(await service.set_policy(session, settings, caller, body))


@organizations_router.get("")
async def list_organizations(session: DbSession, caller: Profile) -> list[OwnOrganizationRead]:
    """The organizations that the signed-in person belongs to, by name."""
    found = await belonging.list_organizations(session, caller)
    return [_own(item, current=item.id == caller.organization_id) for item in found]


@organizations_router.post("", status_code=201, responses=problems(TooManyOrganizations))
async def create_organization(
    request: Request, body: OrganizationCreate, session: DbSession, caller: Profile
) -> OwnOrganizationRead:
    """Create an organization and own it; change to it by `POST /auth/switch`."""
    made = await belonging.create_own_organization(session, service.settings_of(request), caller, body.name)
    return _own(made, current=False)


@auth_router.post("/switch", responses=problems(NotFound, Forbidden))
async def switch_organization(
    request: Request,
    response: Response,
    body: OrganizationSwitch,
    caller: Annotated[Caller, Depends(allow_detached("profile:read"))],
) -> TokenRead:
    """Tokens of a session in another of one's organizations; the present session ends."""
    settings = service.settings_of(request)
    origin = service.origin_of(request)
    signed_in = await belonging.switch_organization(settings, caller, body.organization_id, origin)
    response.headers["Cache-Control"] = "no-store"
    if signed_in.client != "native":
        set_refresh_cookie(response, settings, signed_in)
    return TokenRead(
        access_token=signed_in.access_token,
        expires_in=signed_in.expires_in,
        refresh_token=signed_in.refresh_token if signed_in.client == "native" else None,
    )


@organizations_router.post("/current/leave", status_code=204, responses=problems(LastOwner))
async def leave_organization(request: Request, session: DbSession, caller: Profile) -> None:
    """Stop being a member; the sessions here end."""
    await belonging.leave_organization(session, service.settings_of(request), caller)


@organizations_router.post(
    "/current/owner", status_code=204, responses=problems(NotFound, Conflict, OrganizationDeleted, StepUpRequired)
)
async def transfer_ownership(request: Request, body: OwnerUpdate, session: DbSession, caller: Owner) -> None:
    """Make another member the owner and stay as an administrator."""
    await belonging.transfer_ownership(session, service.settings_of(request), caller, body.user_id)


@organizations_router.get("/current/deletion")
async def read_deletion(session: DbSession, caller: Reader) -> DeletionRead:
    """What deleting the organization would lose and keep, and whether somebody asked for it."""
    return DeletionRead.model_validate(await deleting.read_deletion(session, caller))


@organizations_router.delete("/current", responses=problems(OrganizationDeleted, StepUpRequired))
async def delete_organization(
    request: Request, body: OrganizationDelete, session: DbSession, caller: Owner
) -> DeletionRead:
    """Delete the organization: secrets are lost at once, the rest after a grace in which it can be restored."""
    settings = service.settings_of(request)
    return DeletionRead.model_validate(await deleting.delete_organization(session, settings, caller, body.name))


@organizations_router.post(
    "/current/restore", responses=problems(OrganizationNotDeleted, OrganizationDeleted, StepUpRequired)
)
async def restore_organization(request: Request, session: DbSession, caller: Owner) -> DeletionRead:
    """Take the deletion back within the grace; credentials and other secrets have to be entered again."""
    settings = service.settings_of(request)
    return DeletionRead.model_validate(await deleting.restore_organization(session, settings, caller))


@organizations_router.post("/current/export", status_code=202, responses=problems(ExportRunning, StepUpRequired))
async def start_organization_export(session: DbSession, caller: Owner) -> ExportRead:
    """Queue a file with everything the organization owns; `job_id` shows the progress."""
    return ExportRead.model_validate(await exporting.start_export(session, caller))


@organizations_router.get("/current/exports")
async def list_organization_exports(
    session: DbSession, caller: Annotated[Caller, Depends(allow("ownership:write"))]
) -> list[ExportRead]:
    """The newest exports, at most 50."""
    return [ExportRead.model_validate(row) for row in await exporting.list_exports(session, caller)]


@organizations_router.get(
    "/current/exports/{export_id}/download",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/zip": {}}}, **problems(StepUpRequired)},
)
async def download_organization_export(
    request: Request, export_id: UUID, session: DbSession, caller: Owner
) -> StreamingResponse:
    """The file of a finished export."""
    row, content = await exporting.open_export(session, service.settings_of(request), caller, export_id)
    headers = {
        "Content-Disposition": f'attachment; filename="cloudops-export-{row.created_at:%Y-%m-%d}.zip"',
        "Content-Length": str(row.size_bytes),
        "Cache-Control": "no-store",
    }
    return StreamingResponse(content, media_type="application/zip", headers=headers)


@organizations_router.get("/current/quotas")
async def list_quotas(session: DbSession, caller: Reader) -> list[QuotaRead]:
    """Every limit with what is used of it. Who runs the installation sets them."""
    return [QuotaRead.model_validate(quota) for quota in await quotas.list_quotas(session, caller.organization_id)]


@organizations_router.get("/current/retention")
async def read_retention(session: DbSession, caller: Reader) -> RetentionRead:
    """How many days rows are kept."""
    return _retention(await kept_days(session, caller.organization_id))


@organizations_router.put("/current/retention")
async def replace_retention(body: RetentionUpdate, session: DbSession, caller: Writer) -> RetentionRead:
    """Change how many days rows are kept; older ones go in the next night."""
    chosen: dict[KeptKind, int] = {kind: getattr(body, kind) for kind in KEPT_KINDS}
    return _retention(await limits.set_retention(session, caller, chosen))


def _own(item: OwnOrganization, *, current: bool) -> OwnOrganizationRead:
    return OwnOrganizationRead(id=item.id, name=item.name, role=item.role, deleted_at=item.deleted_at, current=current)


def _retention(days: dict[KeptKind, int]) -> RetentionRead:
    bounds = {kind: RetentionBoundsRead.model_validate(found) for kind, found in BOUNDS.items()}
    return RetentionRead(**days, bounds=bounds)
