"""Routes of API keys and service identities."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from app.core.errors import Forbidden, StepUpRequired, problems
from app.core.http import Caller, DbSession, allow
from app.core.pagination import Page
from app.core.quotas import QuotaExceeded
from app.domains.identity import service
from app.domains.identity.errors import NameTaken
from app.domains.identity.schemas.api_keys import (
    ApiKeyCreate,
    ApiKeyCreated,
    ApiKeyRead,
    ServiceIdentityCreate,
    ServiceIdentityRead,
    ServiceIdentityUpdate,
)
from app.domains.identity.service import api_keys, service_identities
from app.domains.identity.service.api_keys import TooManyKeys

keys_router = APIRouter(prefix="/api-keys", tags=["api-keys"])
identities_router = APIRouter(prefix="/service-identities", tags=["api-keys"])
routers = [keys_router, identities_router]

KeyHolder = Annotated[Caller, Depends(allow("api-keys:own"))]
KeyMaker = Annotated[Caller, Depends(allow("api-keys:own", step_up=True))]
Manager = Annotated[Caller, Depends(allow("api-keys:write"))]
Writer = Annotated[Caller, Depends(allow("api-keys:write", step_up=True))]


@keys_router.get("")
async def list_api_keys(session: DbSession, caller: KeyHolder) -> Page[ApiKeyRead]:
    """The caller's keys; all of the organization's for those who may manage them."""
    keys = await api_keys.list_keys(session, caller)
    return Page(items=[ApiKeyRead.model_validate(key) for key in keys], total=len(keys))


@keys_router.post("", status_code=201, responses=problems(Forbidden, StepUpRequired, TooManyKeys, QuotaExceeded))
async def create_api_key(session: DbSession, caller: KeyMaker, body: ApiKeyCreate, response: Response) -> ApiKeyCreated:
    """Make a key. The answer is the only place where it can be read."""
    response.headers["Cache-Control"] = "no-store"
    view, key = await api_keys.create_key(session, caller, body)
    read = ApiKeyRead.model_validate(view)
    return ApiKeyCreated(**read.model_dump(), key=key)


@keys_router.delete("/{api_key_id}", status_code=204)
async def revoke_api_key(request: Request, session: DbSession, caller: KeyHolder, api_key_id: UUID) -> None:
    """End a key at once."""
    await api_keys.revoke_key(session, service.settings_of(request), caller, api_key_id)


@identities_router.get("")
async def list_service_identities(session: DbSession, caller: Manager) -> Page[ServiceIdentityRead]:
    """Service identities by name."""
    found = await service_identities.list_identities(session, caller)
    return Page(items=[ServiceIdentityRead.model_validate(one) for one in found], total=len(found))


@identities_router.post("", status_code=201, responses=problems(Forbidden, StepUpRequired, NameTaken))
async def create_service_identity(
    session: DbSession, caller: Writer, body: ServiceIdentityCreate
) -> ServiceIdentityRead:
    """Make an owner of keys that is not a person; it can do no more than the caller."""
    return ServiceIdentityRead.model_validate(await service_identities.create_identity(session, caller, body))


@identities_router.get("/{service_identity_id}")
async def read_service_identity(session: DbSession, caller: Manager, service_identity_id: UUID) -> ServiceIdentityRead:
    """One service identity."""
    return ServiceIdentityRead.model_validate(
        await service_identities.read_identity(session, caller, service_identity_id)
    )


@identities_router.patch("/{service_identity_id}", responses=problems(Forbidden, StepUpRequired, NameTaken))
async def update_service_identity(
    request: Request, session: DbSession, caller: Writer, service_identity_id: UUID, body: ServiceIdentityUpdate
) -> ServiceIdentityRead:
    """Change what its keys may do, or end their use."""
    settings = service.settings_of(request)
    return ServiceIdentityRead.model_validate(
        await service_identities.update_identity(session, settings, caller, service_identity_id, body)
    )


@identities_router.delete("/{service_identity_id}", status_code=204, responses=problems(Forbidden))
async def delete_service_identity(
    request: Request, session: DbSession, caller: Manager, service_identity_id: UUID
) -> None:
    """Remove a service identity and all its keys."""
    await service_identities.delete_identity(session, service.settings_of(request), caller, service_identity_id)
