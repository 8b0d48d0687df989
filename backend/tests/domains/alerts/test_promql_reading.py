"""What expressions come to: which are translated to what, which are not and why; and no text breaks the reading."""

import contextlib
import time

import pytest
from app.domains.alerts.rules.form import Absence, Combination, Comparison, Condition, Ratio, Reading, Threshold
from app.domains.alerts.rules.promql_files import FileError, parse_duration, read_rule_file, write_duration
from app.domains.alerts.rules.promql_reading import NotCovered, PromqlError, names_of, parse, translate, written_plainly
from app.domains.alerts.rules.promql_writing import expression_of
from hypothesis import given
from hypothesis import strategies as st

ABOVE = Comparison(">", 90.0)


@pytest.mark.parametrize(
    ("expression", "condition"),
    [
        ("load > 90", Threshold(Reading("load"), ABOVE)),
        ("90 < load", Threshold(Reading("load"), ABOVE)),
        ("(((load))) > (9 * 10)", Threshold(Reading("load"), ABOVE)),
        ('load{a!="x\\"y", b=~"\\\\d+"} > 90', Threshold(Reading('load{a!="x\\"y",b=~"\\\\d+"}'), ABOVE)),
        ("100 * rate(c[5m]) > 90", Threshold(Reading("c", "rate"), ABOVE, times=100.0)),
        ("-load / 1024 > 90", Threshold(Reading("load"), ABOVE, times=-1 / 1024)),
        ("100 - load > 90", Threshold(Reading("load"), ABOVE, times=-1.0, plus=100.0)),
        ("load - 273.15 > 90", Threshold(Reading("load"), ABOVE, plus=-273.15)),
        ("1 + load > 90", Threshold(Reading("load"), ABOVE, plus=1.0)),
        (
            "100 - avg by (instance) (rate(idle[5m])) * 100 > 90",
            Threshold(Reading("idle", "rate", 300, 0, "avg", ("instance",)), ABOVE, times=-100.0, plus=100.0),
        ),
        ("1 - a / b > 90", Ratio("ratio", Reading("a"), Reading("b"), ABOVE, times=-1.0, plus=1.0)),
        (
            "max by (job) (predict_linear(free[1h], 4*3600)) > 90",
            Threshold(Reading("free", "forecast", 3_600, 14_400, "max", ("job",)), ABOVE),
        ),
        ("sum(a) / sum(b) > 90", Ratio("ratio", Reading("a", aggregate="sum"), Reading("b", aggregate="sum"), ABOVE)),
        ("absent(up) == 1", Absence("absence", "up")),
        ("absent_over_time(up[5m])", Absence("absence", "up", past_marks=True)),
        (
            "a > 90 and (b > 90 and c > 90)",
            Combination("all", tuple(Threshold(Reading(name), ABOVE) for name in "abc")),
        ),
        (
            "a > 90 and on (x) sum by (x) (b) > 90",
            Combination(
                "all",
                (Threshold(Reading("a"), ABOVE), Threshold(Reading("b", aggregate="sum", by=("x",)), ABOVE)),
                ("x",),
            ),
        ),
    ],
)
def test_an_expression_that_the_form_covers_is_that_condition(expression: str, condition: Condition) -> None:
    assert translate(parse(expression)) == condition


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("up", "compared with nothing"),
        ("vector(1) > 0", "vector()"),
        ("time() - x > 3", "- between series"),
        ("sum without (a) (x) > 1", "without"),
        ('{job="a"} > 1', "without the metric's name"),
        ("up offset 5m > 1", "offset"),
        ("up @ 5 > 1", "offset or @"),
        ("irate(x[5m]) > 1", "irate()"),
        ("rate(x[10s]) > 1", "15 seconds to 7 days"),
        ("max_over_time(x[8d]) > 1", "15 seconds to 7 days"),
        ("rate(x[5m:1m]) > 1", "subquery"),
        ("x > bool 1", "bool"),
        ("x / 100 > 1", "division by 100"),
        ("0.1 * x * 3 > 1", "several factors"),
        ("a > b", "compared with each other"),
        ("a > Inf", "infinity"),
        ("a > 1 unless b > 1", "unless"),
        ("a > 1 and on (x) b > 1", "several series"),
        ("a > 1 or on (x) b > 1", "or on"),
        ("a > 1 and ignoring (x) b > 1", "ignoring"),
        ("a > 1 or (b > 1 and c > 1)", "and at the top"),
        ("a / on (x) b > 1", "some of the labels"),
        ("absent(sum(up))", "aggregation"),
        ('x{a="b" or c="d"} > 1', "or inside"),
        (" and ".join(["x > 1"] * 9), "more than 8"),
    ],
)
def test_an_expression_that_means_more_than_the_form_is_not_translated_and_says_why(
    expression: str, words: str
) -> None:
    with pytest.raises(NotCovered, match=words.replace("(", r"\(").replace(")", r"\)")):
        translate(parse(expression))


@pytest.mark.parametrize(
    "text", ["(" * 5_000 + "x" + ")" * 5_000, "-" * 9_000 + "x", "+".join("x" * 5_000), "x" * 30_000]
)
def test_expressions_that_would_take_the_parser_long_are_refused_at_once(text: str) -> None:
    began = time.monotonic()
    with pytest.raises(PromqlError, match="at most"):
        parse(text)
    assert time.monotonic() - began < 1


@given(st.text(max_size=200) | st.text("ab(){}[]\"'`=~!<>+-*/%^,0159msumrate: \n#@\\", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        tree = parse(text)
    except PromqlError:
        return
    names_of(tree)
    assert "\n" not in written_plainly(tree)
    with contextlib.suppress(NotCovered):
        translate(tree)


NAMES = st.from_regex(r"[a-z][a-z0-9_:]{0,8}", fullmatch=True)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def readings(draw: st.DrawFn) -> str:
    labels = draw(
        st.dictionaries(st.from_regex(r"[a-z]{1,4}", fullmatch=True), st.text("a\\\"\n'é{}", max_size=4), max_size=2)
    )
    texts = [f'{name}="{value}"' for name, value in ((n, _escaped(v)) for n, v in labels.items())]
    selector = draw(NAMES) + ("{" + ", ".join(texts) + "}" if texts else "")
    window = draw(st.sampled_from(["15s", "90s", "5m", "1h30m", "7d"]))
    inner = draw(st.sampled_from([selector, f"rate({selector}[{window}])", f"min_over_time({selector}[{window}])"]))
    return draw(st.sampled_from([inner, f"sum({inner})", f"count by (a, b) ({inner})"]))


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


@given(readings(), readings(), NUMBERS, st.sampled_from([">", "<=", "!="]), st.sampled_from([1.0, -1.0, 100.0, 1e-7]))
def test_a_condition_written_as_promql_is_read_as_itself(
    one: str, other: str, number: float, operator: str, times: float
) -> None:
    texts = [
        f"{one} * {times!r} {operator} {number!r}",
        f"({one} / {other}) * {times!r} {operator} {number!r}",
        f"{one} {operator} {number!r} and {other} > 1",
        f"{one} > 0.5 or {other} {operator} {number!r}",
    ]
    for text in texts:
        condition = translate(parse(text))
        assert translate(parse(expression_of(condition))) == condition


@pytest.mark.parametrize(
    ("text", "seconds"), [("0", 0), ("5m", 300), ("1h30m", 5_400), ("1w", 604_800), ("1500ms", 1.5), ("1d", 86_400)]
)
def test_durations_are_those_of_prometheus(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds * 1000
    assert parse_duration(write_duration(seconds)) == seconds * 1000


@given(st.text(max_size=300) | st.text("groups: -[]{}&*!|>'\"\n alertxp#", max_size=80))
def test_any_text_is_a_rule_file_or_refused_as_one(text: str) -> None:
    with contextlib.suppress(FileError):
        read_rule_file(text)
