"""The search language of lists: text to terms and back. Pure; what terms mean is in `matching` and in the queries."""

from app.domains.inventory.rules.language.parsing import parse_search
from app.domains.inventory.rules.language.printing import print_pattern, print_search
from app.domains.inventory.rules.language.terms import (
    FIELDS,
    IS_VALUES,
    LISTED_FIELDS,
    MAX_SEARCH,
    WORD,
    Comparison,
    Field,
    Pattern,
    SearchError,
    SearchTerm,
)

__all__ = [
    "FIELDS",
    "IS_VALUES",
    "LISTED_FIELDS",
    "MAX_SEARCH",
    "WORD",
    "Comparison",
    "Field",
    "Pattern",
    "SearchError",
    "SearchTerm",
    "parse_search",
    "print_pattern",
    "print_search",
]
