"""Routes of the organization's own look; two of them answer strangers."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import StreamingResponse

from app.core.errors import NotFound, TooLarge, UnsupportedMediaType, problems
from app.core.http import Caller, DbSession, allow, allow_detached
from app.core.receive import receive_upload
from app.core.uploads import Limits
from app.domains.identity import service
from app.domains.identity.errors import BrandingDomainNotProven
from app.domains.identity.schemas.organizations import BrandingRead, BrandingUpdate, PublicBrandingRead
from app.domains.identity.service.organizations import branding

organizations_router = APIRouter(prefix="/organizations", tags=["organizations"])
branding_router = APIRouter(prefix="/branding", tags=["branding"])
routers = [organizations_router, branding_router]

DetachedWriter = Annotated[Caller, Depends(allow_detached("organization:write"))]
_LOGO_LIMITS = Limits(packed_bytes=branding.MAX_LOGO_BYTES, unpacked_bytes=branding.MAX_LOGO_BYTES)
_LOGO_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            }
        },
    }
}


@organizations_router.get("/current/branding")
async def read_branding(
    session: DbSession, caller: Annotated[Caller, Depends(allow("organization:read"))]
) -> BrandingRead:
    """The organization's own look."""
    return BrandingRead.model_validate(await branding.get_branding(session, caller.organization_id))


@organizations_router.put("/current/branding")
async def replace_branding(
    body: BrandingUpdate, session: DbSession, caller: Annotated[Caller, Depends(allow("organization:write"))]
) -> BrandingRead:
    """Change the look. An accent that cannot be seen in both themes is refused with its measured `contrast`."""
    return BrandingRead.model_validate(await branding.set_branding(session, caller, body))


@organizations_router.post("/current/branding/verify", responses=problems(NotFound, BrandingDomainNotProven))
async def verify_branding_domain(caller: DetachedWriter) -> BrandingRead:
    """Look for the custom domain's DNS record now."""
    return BrandingRead.model_validate(await branding.verify_branding_domain(caller))


@organizations_router.post(
    "/current/logo", responses=problems(UnsupportedMediaType, TooLarge), openapi_extra=_LOGO_BODY
)
async def upload_logo(request: Request, caller: DetachedWriter) -> BrandingRead:
    """Set the logo: PNG, JPEG or WebP by content, 16 to 1,024 pixels a side, at most 256 KiB."""
    settings = service.settings_of(request)
    async with receive_upload(request, settings, limits=_LOGO_LIMITS, detect=None) as received:
        content = received.path.read_bytes()  # at most 256 KiB
    return BrandingRead.model_validate(await branding.set_logo(settings, caller, content))


@organizations_router.delete("/current/logo", status_code=204)
async def remove_logo(request: Request, caller: DetachedWriter) -> None:
    """Go back to the product's logo."""
    await branding.remove_logo(service.settings_of(request), caller)


@branding_router.get("")
async def read_public_branding(request: Request, response: Response) -> PublicBrandingRead:
    """What the sign-in page shows under this host; hosts that nobody proved get the product's look."""
    response.headers["Cache-Control"] = "public, max-age=60"
    response.headers["Vary"] = "Host"
    found = await branding.read_public_branding(request.headers.get("host", ""))
    return PublicBrandingRead.model_validate(found)


@branding_router.get("/logos/{name}", response_class=StreamingResponse, responses=problems(NotFound))
async def read_logo(request: Request, name: Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{43}$")]) -> StreamingResponse:
    """A logo, under an address that changes with it."""
    logo = await branding.open_logo(service.settings_of(request), name)
    headers = {"Cache-Control": "public, max-age=86400, immutable", "X-Content-Type-Options": "nosniff"}
    return StreamingResponse(logo.content, media_type=logo.media_type, headers=headers)
