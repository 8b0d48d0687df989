"""Deletion: how long it can be taken back, and in which words people are told what it does."""

from datetime import timedelta

DELETION_GRACE = timedelta(days=30)
EXPORT_LIFETIME = timedelta(days=7)

LOST_BY_DELETION = (
    "Credentials of cloud accounts and every other stored secret: unreadable at once, and a restore does not help.",
    "API keys, provisioning tokens and identity providers' secrets: they stop working at once.",
    "Sessions of all other members, and whatever runs or waits in the background.",
)
KEPT_FOR_RESTORE = (
    "Resources, costs, findings, alerts, files and settings, until the last day named here. Owners can read and export "
    "them; owners sign in with a password or passkey.",
    "Members and their roles.",
    "The audit log. It stays after everything else is removed, and only who runs the installation can read it then.",
)


def allowed_while_deleted(permissions: frozenset[str]) -> frozenset[str]:
    """What is left of somebody's rights while their organization waits for its end: reading, and taking it back."""
    return frozenset(
        name for name in permissions if name.endswith(":read") or name in ("audit:export", "ownership:write")
    )
