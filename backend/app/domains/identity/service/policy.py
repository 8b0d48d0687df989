"""An organization's sign-in policy, as every sign-in reads it."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.domains.identity.models.policy import OrganizationPolicy
from app.domains.identity.queries.policy import find_policy
from app.domains.identity.rules.policy import DEFAULT_POLICY, Policy


async def get_policy(session: AsyncSession, organization_id: UUID) -> Policy:
    """The policy in force. The session must be bound to the organization."""
    row = await find_policy(session, organization_id)
    return DEFAULT_POLICY if row is None else policy_of(row)


def policy_of(row: OrganizationPolicy) -> Policy:
    """The policy that a row holds."""
    return Policy(
        mfa_required_roles=tuple(row.mfa_required_roles),
        mfa_grace_days=row.mfa_grace_days,
        mfa_required_since=row.mfa_required_since,
        web_idle_minutes=row.web_idle_minutes,
        web_absolute_hours=row.web_absolute_hours,
        native_idle_days=row.native_idle_days,
        sso_required=row.sso_required,
    )
