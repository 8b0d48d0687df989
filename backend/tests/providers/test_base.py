"""The plain data that adapters give."""

import tracemalloc

from app.providers.base import PackedProperties, pack_json, pack_properties


def test_packed_json_holds_little_more_than_its_text() -> None:
    """Very many wait in memory to be stored, and a writer keeps its whole buffer for each."""
    documents = [
        {"name": f"disk-{number}", "note": "x" * length} for number in range(20) for length in (10, 900, 5_000)
    ]
    tracemalloc.start()
    try:
        packed = [pack_json(document) for document in documents]
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 1.2 * sum(map(len, packed)) + 10_000


def test_properties_are_packed_with_sorted_keys_and_what_is_no_json_stays() -> None:
    packed = pack_properties({"b": 1, "a": {"d": 2, "c": [3]}})
    assert isinstance(packed, PackedProperties)
    assert packed.json == b'{"a":{"c":[3],"d":2},"b":1}'
    assert (dict(packed), packed["b"], len(packed)) == ({"a": {"c": [3], "d": 2}, "b": 1}, 1, 2)
    broken = {"half": "\ud800"}
    assert pack_properties(broken) is broken
