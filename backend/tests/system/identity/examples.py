"""Requests of identity that should succeed, sent by people and organizations whom nobody else needs.

A generated policy, role or factor would shut the campaign out; here it shuts out somebody made for it.
"""

from collections.abc import Callable

from tests.system.campaign import MakeExample
from tests.system.identity.access import AccessExamples
from tests.system.identity.cast import Cast
from tests.system.identity.factors import FactorExamples
from tests.system.identity.organization import OrganizationExamples
from tests.system.identity.sign_in import SignInExamples
from tests.system.identity.sso import SsoExamples
from tests.system.people import People

# Their good answer needs a browser at an identity provider, or a DNS record: tests/domains/identity has them.
NEEDS_THE_OUTSIDE = frozenset(
    {
        "start_oidc_sign_in",
        "finish_oidc_sign_in",
        "log_out_at_oidc_provider",
        "finish_saml_sign_in",
        "verify_branding_domain",
        "verify_identity_provider_domain",
    }
)
SPOILS_ITS_ORGANIZATION = frozenset(
    {
        "replace_policy",
        "replace_branding",
        "verify_branding_domain",
        "upload_logo",
        "remove_logo",
        "replace_retention",
        "replace_usage_settings",
        "rotate_organization_key",
        "start_organization_export",
        "delete_organization",
        "restore_organization",
        "transfer_ownership",
        "leave_organization",
        "create_organization",
    }
)
SPOILS_ITS_PERSON = frozenset(
    {
        "update_profile",
        "accept_invitation",
        "start_totp",
        "confirm_totp",
        "start_passkey",
        "add_passkey",
        "rename_factor",
        "remove_factor",
        "make_recovery_codes",
        "change_email",
        "request_email_verification",
        "verify_email",
        "start_step_up_passkey",
        "switch_organization",
    }
)
COSTLY_EXAMPLES = frozenset(
    {
        "start_totp", "confirm_totp", "add_passkey", "rename_factor", "remove_factor", "approve_factor_reset",
        "refuse_factor_reset", "reset_password", "change_email", "verify_email", "switch_organization",
        "accept_invitation", "read_member", "update_member", "remove_member", "end_member_sessions",
        "list_member_sessions", "leave_organization", "transfer_ownership", "delete_organization",
        "restore_organization", "test_identity_provider", "verify_identity_provider_domain", "finish_sign_in",
        "verify_branding_domain",
    }
)  # fmt: skip
"""Each example of these makes a person, an organization or a mail first."""


class IdentityExamples:
    """`makers`: an operation's name → how to make an example. `sender`: whose token its generated cases carry."""

    def __init__(self, people: People) -> None:
        self._cast = Cast(people)
        self.makers: dict[str, MakeExample] = {}
        for subject in (FactorExamples, SignInExamples, AccessExamples, OrganizationExamples, SsoExamples):
            self.makers |= subject(self._cast).makers

    def sender(self, operation: str) -> Callable[[], str] | None:
        """Who sends generated cases; None: whoever sends the others."""
        if operation not in self.makers:
            return None
        if operation in SPOILS_ITS_ORGANIZATION or operation in SPOILS_ITS_PERSON:
            return lambda: self._cast.founder_of(operation).token
        return lambda: self._cast.owner().token
