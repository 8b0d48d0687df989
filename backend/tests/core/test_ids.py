"""Identifiers keep the order in which they were made."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from app.core import ids
from app.core.ids import new_id


@pytest.fixture
def still_clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """A clock that shows what the list holds, in milliseconds; ids made later are not in its future."""
    shown = [2_000_000_000_000]
    monkeypatch.setattr(ids, "_last", (0, 0))
    monkeypatch.setattr("app.core.ids.time.time_ns", lambda: shown[0] * 1_000_000)
    yield shown
    monkeypatch.setattr(ids, "_last", (0, 0))


def test_ids_are_of_version_7_and_carry_their_millisecond(still_clock: list[int]) -> None:
    made = new_id()
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert made.int >> 80 == still_clock[0]


def test_ids_of_one_millisecond_are_in_the_order_they_were_made(still_clock: list[int]) -> None:
    made = [new_id() for _ in range(10_000)]
    assert made == sorted(made)
    assert len(set(made)) == 10_000
    assert all(one.version == 7 for one in made)


def test_ids_keep_their_order_when_the_clock_goes_back(still_clock: list[int]) -> None:
    before = new_id()
    still_clock[0] -= 60_000
    after = new_id()
    still_clock[0] += 120_000
    assert before < after < new_id()


def test_the_millisecond_carries_over_when_its_random_bits_are_used_up(
    still_clock: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ids, "_last", (still_clock[0], (1 << 74) - 1))
    made = new_id()
    assert (made.int >> 80, made.version) == (still_clock[0] + 1, 7)


def test_threads_never_make_the_same_id() -> None:
    with ThreadPoolExecutor(8) as pool:
        made = [one for batch in pool.map(lambda _: [new_id() for _ in range(2_000)], range(8)) for one in batch]
    assert len(set(made)) == 16_000
