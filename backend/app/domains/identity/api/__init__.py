"""Identity's routes, one file a subject."""

from app.domains.identity.api import (
    access,
    api_keys,
    auth,
    branding,
    clients,
    credentials,
    factors,
    identity_providers,
    invitations,
    keys,
    organizations,
    scim,
    sso,
    usage,
)
from app.domains.identity.api.auth import well_known_router

__all__ = ["routers", "well_known_router"]

routers = [
    *auth.routers,
    *clients.routers,
    *keys.routers,
    *factors.routers,
    *credentials.routers,
    *organizations.routers,
    *branding.routers,
    *usage.routers,
    *access.routers,
    *api_keys.routers,
    *invitations.routers,
    *identity_providers.routers,
    *sso.routers,
    *scim.routers,
    access.members_router,  # last: /users/{user_id} would take the names of the others under /users
]
