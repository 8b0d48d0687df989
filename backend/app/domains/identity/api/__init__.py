"""Identity's routes, one file a subject."""

from app.domains.identity.api import auth, organizations
from app.domains.identity.api.auth import well_known_router

__all__ = ["routers", "well_known_router"]

routers = [*auth.routers, *organizations.routers]
