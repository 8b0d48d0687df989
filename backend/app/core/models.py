"""The kernel's own tables under one name, so that whoever needs the whole metadata imports them like a domain's."""

from app.core.directory import DeletedOrganization, DirectoryEntry, DirectoryOrganization
from app.core.events import EventRow
from app.core.idempotency import IdempotencyKey
from app.core.keeping import OrganizationRetention
from app.core.quotas import OrganizationQuota, OrganizationSpending
from app.core.secrets import InstallationKey, OrganizationKey
from app.core.tickets import TicketRow

__all__ = [
    "DeletedOrganization",
    "DirectoryEntry",
    "DirectoryOrganization",
    "EventRow",
    "IdempotencyKey",
    "InstallationKey",
    "OrganizationKey",
    "OrganizationQuota",
    "OrganizationRetention",
    "OrganizationSpending",
    "TicketRow",
]
