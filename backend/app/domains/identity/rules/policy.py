"""What an organization's sign-in policy says, and the bounds it may say it in. Shortening only: see security.md 2."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domains.identity.rules import ABSOLUTE_LIFETIME, IDLE_LIFETIME, ROLES

MAX_GRACE_DAYS = 30
MIN_WEB_IDLE_MINUTES = 5
MAX_WEB_IDLE_MINUTES = int(IDLE_LIFETIME["web"].total_seconds() // 60)
MAX_WEB_ABSOLUTE_HOURS = int(ABSOLUTE_LIFETIME["web"].total_seconds() // 3600)
MAX_NATIVE_IDLE_DAYS = IDLE_LIFETIME["native"].days


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The defaults are those of an organization that set nothing. `mfa_required_since` is None while nobody has to."""

    mfa_required_roles: tuple[str, ...] = ()
    mfa_grace_days: int = 7
    mfa_required_since: datetime | None = None
    web_idle_minutes: int = MAX_WEB_IDLE_MINUTES
    web_absolute_hours: int = MAX_WEB_ABSOLUTE_HOURS
    native_idle_days: int = MAX_NATIVE_IDLE_DAYS
    sso_required: bool = False

    def requires_mfa(self, role: str) -> bool:
        """Whether a member of this role (built-in name or custom role's id) needs a second factor.

        Naming every built-in role means everybody, custom roles included.
        """
        return role in self.mfa_required_roles or set(ROLES) <= set(self.mfa_required_roles)

    def grace_ends_at(self, joined_at: datetime) -> datetime | None:
        """Until when a member who has no factor yet gets in without one; None while nobody has to have one."""
        if self.mfa_required_since is None:
            return None
        return max(self.mfa_required_since, joined_at) + timedelta(days=self.mfa_grace_days)

    def idle_lifetime(self, client: str) -> timedelta:
        """How long an unused session of the client lasts."""
        return timedelta(days=self.native_idle_days) if client == "native" else timedelta(minutes=self.web_idle_minutes)

    def absolute_lifetime(self, client: str) -> timedelta:
        """How long a session of the client lasts at most."""
        return ABSOLUTE_LIFETIME["native"] if client == "native" else timedelta(hours=self.web_absolute_hours)


DEFAULT_POLICY = Policy()


def required_since(before: Policy, roles: Iterable[str], now: datetime) -> datetime | None:
    """When the requirement started, given the new list: anew where a role was added, never where one was only taken."""
    wanted = set(roles)
    if not wanted:
        return None
    if before.mfa_required_since is None or wanted - set(before.mfa_required_roles):
        return now
    return before.mfa_required_since
