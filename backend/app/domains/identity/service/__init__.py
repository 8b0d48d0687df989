"""Identity's use cases; the only way in for other domains."""

from app.domains.identity.queries import get_organization, get_user_names, list_members
from app.domains.identity.service.authentication import (
    authenticate,
    authenticate_token,
    origin_of,
    settings_of,
    use_settings,
)
from app.domains.identity.service.cache import revocation_channel
from app.domains.identity.service.factors.requirement import read_own_requirement
from app.domains.identity.service.keys import forget_signing_key, get_key_ring, read_key_set, rotate_signing_keys
from app.domains.identity.service.mail import queue_mail, use_mail_queue
from app.domains.identity.service.members import erase_membership, keep_an_owner, lock_owners, update_member
from app.domains.identity.service.organization_keys import (
    RotationRunning,
    keep_installation_key_young,
    keep_key_young,
    read_keys,
    rotate_key,
)
from app.domains.identity.service.organizations.branding import get_mail_sender_name
from app.domains.identity.service.organizations.limits import set_retention
from app.domains.identity.service.people import (
    add_member,
    change_password,
    create_organization,
    create_user,
    disable_user,
    ensure_first_administrator,
    update_organization,
)
from app.domains.identity.service.policy import get_policy
from app.domains.identity.service.policy_change import set_policy
from app.domains.identity.service.refreshing import refresh
from app.domains.identity.service.sessions import (
    Origin,
    SignedIn,
    end_other_sessions,
    end_session,
    list_own_sessions,
    revoke_everywhere,
    revoke_sessions,
)
from app.domains.identity.service.signing_in import sign_in
from app.domains.identity.service.stepping_up import step_up
from app.domains.identity.service.throttle import forget_old_attempts
from app.domains.identity.service.upkeep import remove_ended_sessions

__all__ = [
    "Origin",
    "RotationRunning",
    "SignedIn",
    "add_member",
    "authenticate",
    "authenticate_token",
    "change_password",
    "create_organization",
    "create_user",
    "disable_user",
    "end_other_sessions",
    "end_session",
    "ensure_first_administrator",
    "erase_membership",
    "forget_old_attempts",
    "forget_signing_key",
    "get_key_ring",
    "get_mail_sender_name",
    "get_organization",
    "get_policy",
    "get_user_names",
    "keep_an_owner",
    "keep_installation_key_young",
    "keep_key_young",
    "list_members",
    "list_own_sessions",
    "lock_owners",
    "origin_of",
    "queue_mail",
    "read_key_set",
    "read_keys",
    "read_own_requirement",
    "refresh",
    "remove_ended_sessions",
    "revocation_channel",
    "revoke_everywhere",
    "revoke_sessions",
    "rotate_key",
    "rotate_signing_keys",
    "set_policy",
    "set_retention",
    "settings_of",
    "sign_in",
    "step_up",
    "update_member",
    "update_organization",
    "use_mail_queue",
    "use_settings",
]
