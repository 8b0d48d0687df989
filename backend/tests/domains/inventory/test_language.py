"""The search language: what it understands, where it says it does not, and that it prints what it reads."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from app.core.errors import InvalidInput
from app.domains.inventory.rules import (
    FIELDS,
    IS_VALUES,
    WORD,
    Comparison,
    Pattern,
    SearchError,
    SearchTerm,
    parse_filter,
    parse_search,
    print_search,
)
from hypothesis import given, settings
from hypothesis import strategies as st

_text = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\x7f"), min_size=1, max_size=12)
_patterns = st.lists(st.one_of(st.just(""), _text), min_size=1, max_size=4).map(
    lambda parts: Pattern(
        (parts[0], *(part for part in parts[1:-1] if part), *parts[-1:]) if len(parts) > 1 else (parts[0],)
    )
)
_values = st.lists(_patterns, min_size=1, max_size=4, unique=True).map(tuple)
_ages = st.builds(timedelta, minutes=st.integers(1, 999_999))
_moments = st.datetimes(datetime(1971, 1, 1), datetime(2199, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
_operators = st.sampled_from(["<", "<=", ">", ">="])


def _field(kind: str) -> st.SearchStrategy[str]:
    return st.sampled_from([name for name, field in FIELDS.items() if field.kind == kind])


_terms = st.one_of(
    st.builds(SearchTerm, field=_field("text"), values=_values, negated=st.booleans()),
    st.builds(
        SearchTerm,
        field=st.just("is"),
        values=st.lists(st.sampled_from(list(IS_VALUES)), min_size=1, unique=True).map(
            lambda flags: tuple(Pattern((flag,)) for flag in flags)
        ),
        negated=st.booleans(),
    ),
    st.builds(
        SearchTerm,
        field=st.just("tag"),
        path=st.tuples(_text),
        values=st.one_of(st.just(()), _values),
        negated=st.booleans(),
    ),
    st.builds(
        SearchTerm,
        field=st.just("property"),
        path=st.lists(_text, min_size=1, max_size=3).map(tuple),
        values=_values,
        negated=st.booleans(),
    ),
    st.builds(
        SearchTerm,
        field=st.just("cost"),
        comparison=st.builds(
            Comparison,
            operator=st.one_of(_operators, st.just("=")),
            amount=st.decimals(-1_000_000, 1_000_000, places=2),
        ),
        negated=st.booleans(),
    ),
    st.builds(
        SearchTerm,
        field=_field("instant"),
        comparison=st.one_of(
            st.builds(Comparison, operator=_operators, age=_ages),
            st.builds(Comparison, operator=_operators, moment=_moments),
        ),
        negated=st.booleans(),
    ),
    st.builds(
        SearchTerm, field=st.just(WORD), values=st.builds(lambda t: (Pattern((t,)),), _text), negated=st.booleans()
    ),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(_terms, max_size=6).map(tuple))
def test_what_is_printed_parses_to_the_same(terms: tuple[SearchTerm, ...]) -> None:
    assert parse_search(print_search(terms)) == terms


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.text(max_size=40), st.text('abit:=<>.-*"\\, 0', max_size=30)))
def test_any_text_is_understood_or_refused_with_a_place(text: str) -> None:
    terms, refusal = None, None
    try:
        terms = parse_search(text)
    except SearchError as failure:
        refusal = failure
    if refusal is not None:
        assert 0 <= refusal.at <= len(text)
        assert str(refusal).endswith(f"(at character {refusal.at + 1})")
    else:
        assert terms is not None
        assert parse_search(print_search(terms)) == terms


@pytest.mark.parametrize(
    ("text", "at", "says"),
    [
        ("type:compute.instance typ:x", 23, "did you mean type"),
        ("cost>abc", 6, "Give a number"),
        ("created:7d", 8, "Compare created"),
        ("created>7x", 9, "Give an age"),
        ("created>2026-02-30", 9, "or a date"),
        ("created<999999w", 9, "100 years"),
        ('name:"abc', 6, "Close the quotes"),
        ("web - x", 5, "right after the minus"),
        ("is:nice", 4, "is takes"),
        ("tag:=1", 5, "Name the tag's key"),
        ("tag>1", 4, "takes a colon"),
        ("region:", 8, "Give region a value"),
        ("region:a,,b", 10, "Give region a value"),
        ("property=1", 9, "takes a dot"),
        ("property.a", 11, "takes = and a value"),
        ("http://x", 1, "put it in quotes"),
        ("name:a*b*c*d*e", 6, "at most 3 wildcards"),
        ("a\x00", 2, "control character"),
        (" ".join("x" * 33), 65, "at most 32 terms"),
        ("type:" + ",".join(map(str, range(51))), 148, "at most 50 values"),
    ],
)
def test_an_error_names_its_place_and_the_mending(text: str, at: int, says: str) -> None:
    with pytest.raises(SearchError, match=says) as failure:
        parse_search(text)
    assert failure.value.at + 1 == at


@pytest.mark.parametrize(
    ("search", "params"),
    [
        ("type:compute.instance", {"type": "compute.instance"}),
        ("type:a,b region:eu-west-1", {"type": "a,b", "region": "eu-west-1"}),
        ("provider:aws native_type:AWS::EC2::Instance status:running",
         {"provider": "aws", "native_type": "AWS::EC2::Instance", "status": "running"}),
        ("tag:env=prod,dev tag:team=x", {"tag": "env:prod,env:dev,team:x"}),
        ("tag:url=http://x", {"tag": "url:http://x"}),
        ("is:stale", {"stale": True}),
        ("-is:stale", {"stale": False}),
        ("web prod", {"q": "web prod"}),
        ('"web prod"', {"q": "web prod"}),
        ("arn:aws:ec2:eu-west-1", {"q": "arn:aws:ec2:eu-west-1"}),
        ("%", {"q": "%"}),
        ("account:01a2076c-39d1-7b7c-be38-5d2bdd457f63", {"account_id": "01a2076c-39d1-7b7c-be38-5d2bdd457f63"}),
        ("", {}),
    ],
)  # fmt: skip
def test_the_language_and_the_old_parameters_are_the_same_filters(search: str, params: dict[str, Any]) -> None:
    assert parse_filter(search=search) == parse_filter(**params)


def test_a_second_term_of_a_field_narrows_instead_of_replacing() -> None:
    made = parse_filter(type="a", search="type:b")
    assert made.type == ("a",)
    assert [term.field for term in made.more] == ["type"]


def test_a_search_error_is_invalid_input_that_points_into_the_search() -> None:
    with pytest.raises(InvalidInput) as failure:
        parse_filter(search="region:eu-* cost>x")
    assert failure.value.errors[0].pointer == "query/search"
    assert failure.value.errors[0].detail.endswith("(at character 18)")


def test_amounts_ages_and_dates_are_read_with_their_units() -> None:
    terms = parse_search("cost>=1.50 created<12h changed>2026-01-31 last_seen<2026-01-31T10:00:00+02:00")
    assert [term.comparison for term in terms] == [
        Comparison(">=", amount=Decimal("1.50")),
        Comparison("<", age=timedelta(hours=12)),
        Comparison(">", moment=datetime(2026, 1, 31, tzinfo=UTC)),
        Comparison("<", moment=datetime(2026, 1, 31, 8, tzinfo=UTC)),
    ]


@pytest.mark.parametrize(
    ("parts", "text", "fits"),
    [
        (("eu-", ""), "eu-west-1", True),
        (("", "-prod"), "web-prod", True),
        (("a", "b", "a"), "aba", True),
        (("a", "b", "a"), "aa", False),
        (("ab", "ba"), "aba", False),
        (("", ""), "", True),
        (("a", "b", "b", "c"), "abc", False),
        (("a",), "A", False),
    ],
)
def test_wildcards(parts: tuple[str, ...], text: str, fits: bool) -> None:
    assert Pattern(parts).matches(text) is fits
