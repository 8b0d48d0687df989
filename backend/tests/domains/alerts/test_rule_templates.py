"""Texts with values in them: what Prometheus' documentation and Go write, and what nobody may make us run."""

import math

import pytest
from app.domains.alerts.rules.templates import TemplateError, go_number, render, render_or_explain
from hypothesis import given
from hypothesis import strategies as st

LABELS = {"instance": "db:9100", "job": "node"}


@pytest.mark.parametrize(
    ("template", "value", "expected"),
    [
        ("plain", 1.0, "plain"),
        ("{{ $labels.instance }} of {{.Labels.job}}{{ $labels.none }}", 1.0, "db:9100 of node"),
        ("{{$value}}", 0.25, "0.25"),
        ("{{ $value }}", 1e6, "1e+06"),
        ("{{ $value | humanize }}", 1_234_567.0, "1.235M"),
        ("{{ humanize $value }}", 0.00042, "420u"),
        ("{{ $value | humanize1024 }}", 1024.0**3, "1Gi"),
        ("{{ $value | humanizeDuration }}", 90_061.0, "1d 1h 1m 1s"),
        ("{{ humanizeDuration $value }}", 0.25, "250ms"),
        ("{{ $value | humanizePercentage }}", 0.1234, "12.34%"),
        ('{{ printf "%.2f%% on %s" $value $labels.instance }}', 3.14159, "3.14% on db:9100"),
        ('{{ $value | printf "%5.1f|" }}', 2.0, "  2.0|"),
        ("{{ $labels.job | toUpper | title }}", 1.0, "NODE"),
    ],
)
def test_a_text_is_written_as_prometheus_writes_it(template: str, value: float, expected: str) -> None:
    assert render(template, LABELS, value) == expected


@pytest.mark.parametrize(
    "template",
    [
        "{{ query `up` }}", "{{ range . }}x{{ end }}", "{{ $x := 1 }}", "{{ }}", "{{ $labels.a.b }}",
        "{{ $labels }}",
        '{{ printf "%d" $value }}', '{{ printf "%s" }}', "{{ $value", "{{ $labels.job | humanize }}",
    ],
)  # fmt: skip
def test_what_is_not_known_is_refused_and_explained(template: str) -> None:
    with pytest.raises(TemplateError):
        render(template, LABELS, 1.0)
    assert render_or_explain(template, LABELS, 1.0).startswith("<error expanding template: ")


@given(st.text(max_size=200), st.floats(), st.dictionaries(st.sampled_from(["a", "b"]), st.text(max_size=20)))
def test_any_text_is_rendered_or_refused(template: str, value: float, labels: dict[str, str]) -> None:
    assert isinstance(render_or_explain(template, labels, value), str)
    assert isinstance(render_or_explain("{{" + template + "}}", labels, value), str)


@given(st.text(max_size=50))
def test_values_of_labels_are_never_templates_themselves(value: str) -> None:
    assert render("{{ $labels.a }}", {"a": value}, 1.0) == value


@given(st.floats())
def test_a_written_number_is_read_back_as_itself(value: float) -> None:
    read = float(go_number(value))
    assert read == value or (math.isnan(read) and math.isnan(value))


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.0, "0"), (100_000.0, "100000"), (123_456_789.0, "1.23456789e+08"), (1e-5, "1e-05"), (math.inf, "+Inf")],
)
def test_numbers_have_gos_form(value: float, expected: str) -> None:
    assert go_number(value) == expected
