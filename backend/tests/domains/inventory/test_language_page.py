"""The page on the search language: its examples are understood, its errors come, its table is the product's."""

import re
from pathlib import Path

import pytest
from app.domains.inventory.rules import FIELDS, MAX_SEARCH, SearchError, parse_filter, parse_search, print_search
from app.domains.inventory.rules.filters import MAX_WORDS
from app.domains.inventory.rules.language.terms import MAX_TERM_VALUES, MAX_TERMS, MAX_WILDCARDS
from app.domains.inventory.service import list_search_fields
from app.domains.inventory.service.asking import SEARCH_SECONDS
from app.domains.inventory.service.past import MAX_CHANGED

PAGE = (Path(__file__).parents[4] / "docs/search-language.md").read_text()


def tables() -> dict[str, list[list[str]]]:
    """Rows of cells by the first heading of each table."""
    found: dict[str, list[list[str]]] = {}
    rows: list[list[str]] | None = None
    for line in PAGE.splitlines():
        cells = [cell.strip() for cell in line.split(" | ")] if line.startswith("|") else []
        cells = [cell.removeprefix("| ").removesuffix(" |") for cell in cells]
        if not cells:
            rows = None
        elif rows is None:
            rows = found.setdefault(cells[0], [])
        elif not cells[0].startswith("|"):
            rows.append(cells)
    return {heading: [row for row in rows if set(row[0]) != set("-")] for heading, rows in found.items()}


def code(cell: str) -> str:
    assert re.fullmatch("`[^`]+`", cell), cell
    return cell[1:-1]


TABLES = tables()
EXAMPLES = [code(row[0]) for row in TABLES["search"]]
ERRORS = [(code(row[0]), row[1]) for row in TABLES["not understood"]]


def test_the_page_has_examples_of_everything() -> None:
    assert len(EXAMPLES) > 35
    assert len(ERRORS) > 5
    used = {term.field for example in [*EXAMPLES, *(field.example for field in FIELDS.values())]
            for term in parse_search(example)}  # fmt: skip
    assert used >= set(FIELDS)


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_understood(example: str) -> None:
    terms = parse_search(example)
    assert terms
    assert parse_search(print_search(terms)) == terms
    parse_filter(search=example)


@pytest.mark.parametrize(("text", "says"), ERRORS)
def test_an_error_says_what_the_page_says(text: str, says: str) -> None:
    with pytest.raises(SearchError) as failure:
        parse_search(text)
    assert says in str(failure.value)
    assert re.search(r"\(at character \d+\)$", str(failure.value))


def test_the_quoted_error_is_the_real_one() -> None:
    quoted = re.search("``(.+?)``", PAGE)
    assert quoted
    with pytest.raises(SearchError) as failure:
        parse_search("region:eu-w* cost>many")
    assert str(failure.value) == quoted[1]


def test_the_table_of_fields_is_that_of_the_api() -> None:
    told = {
        field.name: [
            f"`{field.name}`",
            " ".join(f"`{operator}`" for operator in field.operators),
            field.description,
            f"`{field.example}`",
        ]
        for field in list_search_fields().items
    }
    assert {code(row[0]): row for row in TABLES["field"]} == told


def test_the_limits_are_those_of_the_code() -> None:
    text = " ".join(PAGE.split())
    for says in (
        f"at most {MAX_SEARCH:,} characters and {MAX_TERMS} terms, a term at most {MAX_TERM_VALUES} values",
        f"the bare words are at most {MAX_WORDS}",
        f"takes longer than {SEARCH_SECONDS} seconds",
        f"more than {MAX_CHANGED:,} resources changed",
    ):
        assert says in text, says
    assert MAX_WILDCARDS == 3
    assert "at most three in a value" in text
