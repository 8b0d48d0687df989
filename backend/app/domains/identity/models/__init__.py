"""Identity's tables, one file a subject. What imports this package knows them all."""

from app.domains.identity.models.access import ApiKey, CustomRole, Invitation, ServiceIdentity
from app.domains.identity.models.factors import FactorReset, Passkey, RecoveryCode, TotpFactor
from app.domains.identity.models.organizations import (
    OrganizationBranding,
    OrganizationDeletion,
    OrganizationExport,
    UsageCount,
    UsageKey,
)
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
from app.domains.identity.models.scim import ScimGroup, ScimGroupMember, ScimUser
from app.domains.identity.models.sso import (
    ConnectionDomain,
    ExternalIdentity,
    GroupMapping,
    IdentityConnection,
    ProviderLogout,
    UsedAssertion,
)

__all__ = [
    "ApiKey",
    "ConnectionDomain",
    "CustomRole",
    "ExternalIdentity",
    "FactorReset",
    "GroupMapping",
    "IdentityConnection",
    "Invitation",
    "LoginThrottle",
    "Membership",
    "Organization",
    "OrganizationBranding",
    "OrganizationDeletion",
    "OrganizationExport",
    "OrganizationPolicy",
    "Passkey",
    "ProviderLogout",
    "RecoveryCode",
    "RefreshToken",
    "ScimGroup",
    "ScimGroupMember",
    "ScimUser",
    "ServiceIdentity",
    "Session",
    "SigningKey",
    "TotpFactor",
    "UsageCount",
    "UsageKey",
    "UsedAssertion",
    "User",
]
