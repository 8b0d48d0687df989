# ruff: noqa: S608, E501  # the statements are this file's own edits of the log
"""Two hundred different ways to falsify an audit log with a superuser's rights, each as the statements it takes."""

from collections.abc import Iterator

Edit = tuple[str, list[str]]  # (class: name, statements with :org for the organization)

COLUMNS = {
    "at": "at + interval '1 microsecond'",
    "actor_id": "'00000000-0000-0000-0000-000000000001'",
    "actor_kind": "actor_kind || 's'",
    "action": "'thing.viewed'",
    "subject_type": "'other'",
    "subject_id": "subject_id || ' '",
    "client_address": "'198.51.100.1'",
    "user_agent": "user_agent || 'x'",
    "request_id": "'x'",
    "changes": 'changes || \'{"note": "u"}\'',
    "outcome": "'failure'",
}
_WHERE = "organization_id = ':org' AND number = "
_EVENT = f"(SELECT event_id FROM audit_seals WHERE {_WHERE}"


def _event(number: int) -> str:
    return f"organization_id = ':org' AND id = {_EVENT}{number})"


def edits(last: int) -> Iterator[Edit]:
    """Edits of a chain of `last` numbers whose heads were signed at 6, 12, … and at `last`."""
    yield from _changes(last)
    yield from _removals(last)
    yield from _swaps(last)
    yield from _insertions(last)
    yield from _renumberings(last)
    yield from _rewritings(last)
    yield from _truncations(last)
    yield from _seals(last)
    yield from _heads()


def _changes(last: int) -> Iterator[Edit]:
    for column, value in COLUMNS.items():
        for number in (1, 4, 7, 11, last):
            yield (
                f"change: {column} of {number}",
                [f"UPDATE audit_events SET {column} = {value} WHERE {_event(number)}"],
            )


def _removals(last: int) -> Iterator[Edit]:
    for number in range(1, last + 1, 2):
        yield f"delete: event {number}", [f"DELETE FROM audit_events WHERE {_event(number)}"]
        both = [f"DELETE FROM audit_events WHERE {_event(number)}", f"DELETE FROM audit_seals WHERE {_WHERE}{number}"]
        yield f"delete: event and seal {number}", both
    for number in range(2, last + 1, 4):
        yield f"delete: seal {number}", [f"DELETE FROM audit_seals WHERE {_WHERE}{number}"]
    yield (
        "delete: everything",
        [f"DELETE FROM audit_{table} WHERE organization_id = ':org'" for table in ("events", "seals")],
    )
    yield "delete: all events", ["DELETE FROM audit_events WHERE organization_id = ':org'"]
    yield "delete: all seals", ["DELETE FROM audit_seals WHERE organization_id = ':org'"]


def _swaps(last: int) -> Iterator[Edit]:
    for one, other in ((1, 2), (2, 9), (3, 4), (5, last), (6, 7), (8, 12), (10, 11), (1, last)):
        for column in ("event_id", "hash", "previous_hash"):
            yield f"swap: {column} of {one} and {other}", _swap("audit_seals", column, one, other)


def _swap(table: str, column: str, one: int, other: int) -> list[str]:
    keep = f"CREATE TEMPORARY TABLE pair AS SELECT number, {column} AS v FROM {table} WHERE {_WHERE}ANY ('{{{one},{other}}}')"
    free = f"UPDATE {table} SET event_id = gen_random_uuid() WHERE {_WHERE}ANY ('{{{one},{other}}}')"
    put = f"UPDATE {table} SET {column} = (SELECT v FROM pair WHERE pair.number = {{b}}) WHERE {_WHERE}{{a}}"
    freed = [free] if column == "event_id" else []
    return [keep, *freed, put.format(a=one, b=other), put.format(a=other, b=one), "DROP TABLE pair"]


def _insertions(last: int) -> Iterator[Edit]:
    names = "actor_id, actor_kind, action, subject_type, subject_id, client_address, user_agent, request_id, changes, outcome"
    copy = (
        "INSERT INTO audit_events (organization_id, id, at, {names}) SELECT organization_id, gen_random_uuid(),"
        " {at}, {names} FROM audit_events WHERE {where}"
    )
    for number in (1, 5, 9, last):
        for age in ("3 days", "30 days", "400 days"):
            at = f"now() - interval '{age}'"
            yield f"insert: copy of {number}, {age} old", [copy.format(names=names, at=at, where=_event(number))]
    for number in (2, 6, 10):
        shift = f"UPDATE audit_seals SET number = -number - 1 WHERE organization_id = ':org' AND number >= {number}"
        back = "UPDATE audit_seals SET number = -number WHERE organization_id = ':org' AND number < 0"
        new = (
            "WITH made AS (" + copy.format(names=names, at="at", where=_event(number - 1)) + " RETURNING id)"
            f" INSERT INTO audit_seals (organization_id, number, event_id, hash, previous_hash) SELECT ':org', {number},"
            f" made.id, s.hash, s.previous_hash FROM made, audit_seals s WHERE s.organization_id = ':org' AND s.number = {number - 1}"
        )
        yield f"insert: a link before {number}", [shift, back, new]


def _renumberings(last: int) -> Iterator[Edit]:
    for number in range(2, last, 3):
        yield f"renumber: {number} far away", [f"UPDATE audit_seals SET number = number + 1000 WHERE {_WHERE}{number}"]
    for number in (1, 5, 9):
        away = f"UPDATE audit_seals SET number = -number - 1 WHERE organization_id = ':org' AND number >= {number}"
        back = "UPDATE audit_seals SET number = -number WHERE organization_id = ':org' AND number < 0"
        yield f"renumber: all from {number}", [away, back]
    yield "renumber: zero", [f"UPDATE audit_seals SET number = 0 WHERE {_WHERE}1"]


REWRITE = "rewrite chain from "


def _rewritings(last: int) -> Iterator[Edit]:
    """A changed, removed or added event with the whole chain after it computed anew (the test does that part)."""
    for number in range(1, last + 1):
        change = f"UPDATE audit_events SET action = 'thing.invented' WHERE {_event(number)}"
        yield f"rewrite: changed {number}", [change, f"{REWRITE}{number}"]
    for number in range(2, last, 2):
        gone = [f"DELETE FROM audit_events WHERE {_event(number)}", f"DELETE FROM audit_seals WHERE {_WHERE}{number}"]
        yield f"rewrite: removed {number}", [*gone, f"{REWRITE}{number}"]


def _truncations(last: int) -> Iterator[Edit]:
    for kept in range(last - 1, 0, -1):
        where = f"organization_id = ':org' AND number > {kept}"
        events = (
            "DELETE FROM audit_events WHERE organization_id = ':org'"
            f" AND id IN (SELECT event_id FROM audit_seals WHERE {where})"
        )
        yield f"truncate: tail after {kept}", [events, f"DELETE FROM audit_seals WHERE {where}"]


def _seals(last: int) -> Iterator[Edit]:
    for number in (1, 3, 6, 9, last):
        for column in ("hash", "previous_hash"):
            for byte in (0, 31):
                changed = f"set_byte({column}, {byte}, get_byte({column}, {byte}) # 1)"
                yield (
                    f"seal: byte {byte} of {column} {number}",
                    [f"UPDATE audit_seals SET {column} = {changed} WHERE {_WHERE}{number}"],
                )
        yield (
            f"seal: event of {number}",
            [f"UPDATE audit_seals SET event_id = gen_random_uuid() WHERE {_WHERE}{number}"],
        )


def _heads() -> Iterator[Edit]:
    where = "organization_id = ':org' AND position = "
    for column, value in {
        "number": "number - 1", "hash": "set_byte(hash, 0, get_byte(hash, 0) # 1)", "position": "position + 50",
        "signed_at": "signed_at - interval '1 hour'", "key_id": "gen_random_uuid()",
        "signature": "set_byte(signature, 3, get_byte(signature, 3) # 1)",
    }.items():  # fmt: skip
        yield f"head: {column} of the first", [f"UPDATE audit_heads SET {column} = {value} WHERE {where}1"]
        yield f"head: {column} of the second", [f"UPDATE audit_heads SET {column} = {value} WHERE {where}2"]
    yield "head: the first removed", [f"DELETE FROM audit_heads WHERE {where}1"]
    yield "head: the second removed", [f"DELETE FROM audit_heads WHERE {where}2"]
    cut = "organization_id = ':org' AND number > 3"
    events = f"DELETE FROM audit_events WHERE organization_id = ':org' AND id IN (SELECT event_id FROM audit_seals WHERE {cut})"
    point = f"UPDATE audit_heads SET number = 3, hash = (SELECT hash FROM audit_seals WHERE {_WHERE}3) WHERE {where}1"
    yield "head: moved back with the tail", [events, f"DELETE FROM audit_seals WHERE {cut}", point]
