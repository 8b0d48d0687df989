"""Selectors: what is read, what is refused with its place, and patterns that would hang other machines."""

import contextlib
import time

import pytest
from app.domains.metrics.rules.selectors import Matcher, SelectorError, matching, parse_selector
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("up", [("__name__", "=", "up")]),
        ("node:cpu:rate5m{}", [("__name__", "=", "node:cpu:rate5m")]),
        ('{job="a"}', [("job", "=", "a")]),
        (' up { job != "a" , y!~"", } ', [("__name__", "=", "up"), ("job", "!=", "a"), ("y", "!~", "")]),
        (r'up{a="x\"y\\z\n"}', [("__name__", "=", "up"), ("a", "=", 'x"y\\z\n')]),
        (r'up{a=~"10\.\d+"}', [("__name__", "=", "up"), ("a", "=~", r"10\.\d+")]),
        ('{"http.requests", "service.name"=\'a\'}', [("__name__", "=", "http.requests"), ("service.name", "=", "a")]),
    ],
)  # fmt: skip
def test_selectors_are_read(text: str, expected: list[tuple[str, str, str]]) -> None:
    assert [(one.label, one.operator, one.value) for one in parse_selector(text)] == expected


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("{", "2"), ("up{job}", "7"), ('up{job="a"', "11"), ("up{job=a}", "8"), ('up{job="a}', "8"), ("up)", "3"),
        ('up{job="a" x="b"}', "12"), ("1up", "1"), ('{job=="a"}', "6"), ("up[5m]", "3"),
    ],
)  # fmt: skip
def test_broken_selectors_are_refused_with_the_place(text: str, place: str) -> None:
    with pytest.raises(SelectorError, match=f"At character {place}:"):
        parse_selector(text)


@pytest.mark.parametrize("pattern", ["(", "a{2,1}", r"(?=a)", r"(a)\\1", "x" * 2_001, "((a{100}){100}){100}"])
def test_patterns_that_cannot_be_matched_are_refused(pattern: str) -> None:
    with pytest.raises(SelectorError):
        parse_selector('{a=~"' + pattern + '"}')


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(SelectorError):
        parse_selector(text)


def test_patterns_match_whole_values_in_linear_time() -> None:
    values = ["api", "api-2", "", "a" * 100_000]
    assert list(matching(values, Matcher("job", "=~", "api"))) == ["api"]
    assert list(matching(values, Matcher("job", "!~", "api.*|"))) == ["a" * 100_000]
    started = time.process_time()
    assert list(matching(values, Matcher("job", "=~", "(a+)+b"))) == []
    assert time.process_time() - started < 2
