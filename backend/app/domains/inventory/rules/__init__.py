"""Pure decisions of the inventory: filters, look-up terms, hashes, differences and what a unit's result means."""

from app.domains.inventory.rules.content import (
    PreparedResource,
    clean_text,
    keep_unread,
    prepare_resource,
    without_volatile,
)
from app.domains.inventory.rules.differences import MAX_CHANGES, diff
from app.domains.inventory.rules.filters import ResourceFilter, parse_filter
from app.domains.inventory.rules.outcomes import account_outcome, failure_text, missing_permissions
from app.domains.inventory.rules.words import (
    MAX_PARTS,
    Term,
    Terms,
    id_term,
    index_words,
    query_words,
    resource_terms,
    tag_term,
)

__all__ = [
    "MAX_CHANGES",
    "MAX_PARTS",
    "PreparedResource",
    "ResourceFilter",
    "Term",
    "Terms",
    "account_outcome",
    "clean_text",
    "diff",
    "failure_text",
    "id_term",
    "index_words",
    "keep_unread",
    "missing_permissions",
    "parse_filter",
    "prepare_resource",
    "query_words",
    "resource_terms",
    "tag_term",
    "without_volatile",
]
