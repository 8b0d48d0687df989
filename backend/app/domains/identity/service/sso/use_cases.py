"""The use cases of single sign-on, for routes and tasks."""

from app.domains.identity.service.sso.admission import Finished
from app.domains.identity.service.sso.checks import check_connection
from app.domains.identity.service.sso.connections import (
    create_connection,
    delete_connection,
    get_connection,
    issue_scim_token,
    list_connections,
    set_group_mappings,
    update_connection,
    withdraw_scim_token,
)
from app.domains.identity.service.sso.domains import add_domain, remove_domain, use_resolver, verify_domain
from app.domains.identity.service.sso.linking import list_own_identities, start_link
from app.domains.identity.service.sso.logout import log_out_at_provider
from app.domains.identity.service.sso.methods import find_sign_in_methods
from app.domains.identity.service.sso.oidc import finish_oidc, start_oidc
from app.domains.identity.service.sso.restrictions import password_allowed, require_own_sign_in
from app.domains.identity.service.sso.saml import finish_saml, saml_metadata, start_saml
from app.domains.identity.service.sso.tickets import Started
from app.domains.identity.service.sso.upkeep import forget_used_assertions

__all__ = [
    "Finished",
    "Started",
    "add_domain",
    "check_connection",
    "create_connection",
    "delete_connection",
    "find_sign_in_methods",
    "finish_oidc",
    "finish_saml",
    "forget_used_assertions",
    "get_connection",
    "issue_scim_token",
    "list_connections",
    "list_own_identities",
    "log_out_at_provider",
    "password_allowed",
    "remove_domain",
    "require_own_sign_in",
    "saml_metadata",
    "set_group_mappings",
    "start_link",
    "start_oidc",
    "start_saml",
    "update_connection",
    "use_resolver",
    "verify_domain",
    "withdraw_scim_token",
]
