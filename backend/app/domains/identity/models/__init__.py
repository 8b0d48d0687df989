"""Identity's tables, one file a subject. What imports this package knows them all."""

from app.domains.identity.models.people import (
    LoginThrottle,
    Membership,
    Organization,
    RefreshToken,
    Session,
    SigningKey,
    User,
)
from app.domains.identity.models.policy import OrganizationPolicy

__all__ = [
    "LoginThrottle",
    "Membership",
    "Organization",
    "OrganizationPolicy",
    "RefreshToken",
    "Session",
    "SigningKey",
    "User",
]
