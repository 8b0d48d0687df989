"""Routes of an organization's identity providers, for its owners."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from app.core.egress import AddressNotAllowed
from app.core.errors import Forbidden, StepUpRequired, problems
from app.core.http import Caller, DbSession, allow, allow_detached
from app.core.pagination import Page
from app.domains.identity import service
from app.domains.identity.api.cookies import binding_cookie_name, set_binding_cookie
from app.domains.identity.errors import DomainNotProven, DomainTaken, ProviderSignInFailed
from app.domains.identity.rules.sso import TICKET_LIFETIME
from app.domains.identity.schemas.sso import (
    CheckRead,
    ChecksRead,
    DomainCreate,
    GroupMappingsUpdate,
    IdentityProviderCreate,
    IdentityProviderRead,
    IdentityProviderUpdate,
    LinkRead,
    ScimTokenRead,
)
from app.domains.identity.service.sso import use_cases as sso

router = APIRouter(prefix="/identity-providers", tags=["identity providers"])
routers = [router]

Keeper = Annotated[Caller, Depends(allow("identity-providers:write"))]
FreshKeeper = Annotated[Caller, Depends(allow("identity-providers:write", step_up=True))]
DetachedKeeper = Annotated[Caller, Depends(allow_detached("identity-providers:write"))]
FreshDetachedKeeper = Annotated[Caller, Depends(allow_detached("identity-providers:write", step_up=True))]
FreshPerson = Annotated[Caller, Depends(allow_detached("profile:read", step_up=True))]


@router.get("")
async def list_identity_providers(request: Request, session: DbSession, caller: Keeper) -> Page[IdentityProviderRead]:
    """The organization's identity providers; secrets as their state only."""
    rows = await sso.list_connections(session, service.settings_of(request), caller.organization_id)
    return Page(items=[IdentityProviderRead.model_validate(row) for row in rows], total=len(rows))


@router.post("", status_code=201, responses=problems(StepUpRequired, AddressNotAllowed))
async def create_identity_provider(
    body: IdentityProviderCreate, request: Request, session: DbSession, caller: FreshKeeper
) -> IdentityProviderRead:
    """Add an identity provider."""
    row = await sso.create_connection(session, service.settings_of(request), caller, body)
    return IdentityProviderRead.model_validate(row)


@router.get("/{provider_id}")
async def read_identity_provider(
    provider_id: UUID, request: Request, session: DbSession, caller: Keeper
) -> IdentityProviderRead:
    """One identity provider."""
    row = await sso.get_connection(session, service.settings_of(request), caller.organization_id, provider_id)
    return IdentityProviderRead.model_validate(row)


@router.patch("/{provider_id}", responses=problems(StepUpRequired, AddressNotAllowed))
async def update_identity_provider(
    provider_id: UUID, body: IdentityProviderUpdate, request: Request, session: DbSession, caller: FreshKeeper
) -> IdentityProviderRead:
    """Change an identity provider. Another issuer clears its secret and forgets who came through the old one."""
    row = await sso.update_connection(session, service.settings_of(request), caller, provider_id, body)
    return IdentityProviderRead.model_validate(row)


@router.delete("/{provider_id}", status_code=204, responses=problems(StepUpRequired))
async def delete_identity_provider(
    provider_id: UUID, request: Request, session: DbSession, caller: FreshKeeper
) -> None:
    """Remove an identity provider and end the sessions that came through it."""
    await sso.delete_connection(session, service.settings_of(request), caller, provider_id)


@router.post("/{provider_id}/test")
async def test_identity_provider(provider_id: UUID, request: Request, caller: DetachedKeeper) -> ChecksRead:
    """Everything that can be checked without anybody signing in."""
    checks = await sso.check_connection(service.settings_of(request), caller, provider_id)
    return ChecksRead(checks=[CheckRead.model_validate(check) for check in checks])


@router.post("/{provider_id}/domains", status_code=201, responses=problems(StepUpRequired))
async def add_identity_provider_domain(
    provider_id: UUID, body: DomainCreate, request: Request, session: DbSession, caller: FreshKeeper
) -> IdentityProviderRead:
    """Ask for a domain; the answer holds the DNS record that proves it."""
    row = await sso.add_domain(session, service.settings_of(request), caller, provider_id, body.domain)
    return IdentityProviderRead.model_validate(row)


@router.post("/{provider_id}/domains/{domain}/verify", responses=problems(StepUpRequired, DomainNotProven, DomainTaken))
async def verify_identity_provider_domain(
    provider_id: UUID, domain: str, request: Request, caller: FreshDetachedKeeper
) -> IdentityProviderRead:
    """Look for the DNS record."""
    row = await sso.verify_domain(service.settings_of(request), caller, provider_id, domain.lower())
    return IdentityProviderRead.model_validate(row)


@router.delete("/{provider_id}/domains/{domain}", responses=problems(StepUpRequired))
async def remove_identity_provider_domain(
    provider_id: UUID, domain: str, request: Request, session: DbSession, caller: FreshKeeper
) -> IdentityProviderRead:
    """Give a domain up."""
    row = await sso.remove_domain(session, service.settings_of(request), caller, provider_id, domain.lower())
    return IdentityProviderRead.model_validate(row)


@router.put("/{provider_id}/group-mappings", responses=problems(StepUpRequired, Forbidden))
async def set_identity_provider_groups(
    provider_id: UUID, body: GroupMappingsUpdate, request: Request, session: DbSession, caller: FreshKeeper
) -> IdentityProviderRead:
    """Replace which group has which role."""
    row = await sso.set_group_mappings(session, service.settings_of(request), caller, provider_id, body.group_mappings)
    return IdentityProviderRead.model_validate(row)


@router.post("/{provider_id}/scim-token", status_code=201, responses=problems(StepUpRequired))
async def issue_scim_token(provider_id: UUID, session: DbSession, caller: FreshKeeper) -> ScimTokenRead:
    """A new provisioning token, shown once; the one before stops working."""
    return ScimTokenRead(token=await sso.issue_scim_token(session, caller, provider_id))


@router.delete("/{provider_id}/scim-token", status_code=204, responses=problems(StepUpRequired))
async def withdraw_scim_token(provider_id: UUID, session: DbSession, caller: FreshKeeper) -> None:
    """End provisioning."""
    await sso.withdraw_scim_token(session, caller, provider_id)


@router.post("/{provider_id}/link", responses=problems(StepUpRequired, ProviderSignInFailed))
async def link_identity_provider(
    provider_id: UUID, request: Request, response: Response, caller: FreshPerson, return_to: str | None = None
) -> LinkRead:
    """Begin to link the signed-in person to their account at the provider. The browser that asks has to go there."""
    settings = service.settings_of(request)
    started = await sso.start_link(
        settings,
        caller,
        provider_id,
        return_to=return_to,
        cookies={kind: request.cookies.get(binding_cookie_name(settings, kind)) for kind in ("oidc", "saml")},
    )
    set_binding_cookie(response, settings, started.kind, started.binding, int(TICKET_LIFETIME.total_seconds()))
    return LinkRead(start_url=started.location)
