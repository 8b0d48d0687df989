from datetime import UTC, datetime, timedelta

import pytest
from app.domains.alerts.rules import effective_status, fingerprint
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 11, 1, tzinfo=UTC)
LATER, EARLIER = NOW + timedelta(hours=1), NOW - timedelta(hours=1)


def by_hand(text: bytes) -> str:
    """FNV-1a over bytes, after the definition (Fowler, Noll, Vo: 64 bit, offset basis and prime in hex)."""
    value = 0xCBF29CE484222325
    for byte in text:
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return f"{value:016x}"


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({}, "cbf29ce484222325"),
        # prometheus/common, model/signature_test.go
        ({"name": "garland, briggs", "fear": "love is not enough"}, f"{5799056148416392346:016x}"),
        ({"a": "b"}, by_hand(b"a\xffb\xff")),
        ({"b": "2", "a": "1"}, by_hand(b"a\xff1\xffb\xff2\xff")),
        ({"b": "2", "a": ""}, by_hand(b"b\xff2\xff")),
        ({"straße": "größe"}, by_hand("straße".encode() + b"\xff" + "größe".encode() + b"\xff")),
    ],
)
def test_a_fingerprint_is_alertmanagers(labels: dict[str, str], expected: str) -> None:
    assert fingerprint(labels) == expected


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=5), st.randoms())
def test_the_order_of_labels_does_not_matter(labels: dict[str, str], random: object) -> None:
    items = list(labels.items())
    random.shuffle(items)  # type: ignore[attr-defined]  # hypothesis' Random
    assert fingerprint(dict(items)) == fingerprint(labels)


def test_names_and_values_do_not_run_together() -> None:
    assert len({fingerprint({"ab": "c"}), fingerprint({"a": "bc"}), fingerprint({"a": "b", "c": ""})}) == 3


@pytest.mark.parametrize(
    ("ended", "suppressed", "snoozed", "acknowledged", "expected"),
    [
        (None, False, None, None, "firing"),
        (None, False, None, EARLIER, "acknowledged"),
        (None, False, LATER, EARLIER, "snoozed"),
        (None, False, EARLIER, EARLIER, "acknowledged"),
        (None, False, NOW, None, "firing"),
        (None, True, LATER, EARLIER, "suppressed"),
        (EARLIER, True, LATER, EARLIER, "resolved"),
    ],
)
def test_the_first_state_that_holds_is_shown(
    ended: datetime | None, suppressed: bool, snoozed: datetime | None, acknowledged: datetime | None, expected: str
) -> None:
    assert (
        effective_status(
            ended_at=ended, suppressed=suppressed, snoozed_until=snoozed, acknowledged_at=acknowledged, now=NOW
        )
        == expected
    )
