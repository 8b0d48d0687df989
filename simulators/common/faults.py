"""Faults on demand: which answers go wrong, how, and how often."""

import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(kw_only=True)
class Fault:
    """One way in which matching answers go wrong.

    Kinds: `throttle` (429 with Retry-After of `seconds`), `deny` (the vendor's 403, `detail` names the permission),
    `status` (`status` with the vendor's error body), `slow` (the answer comes after `seconds`), `drip` (the body comes
    in pieces, `seconds` apart), `cut` (the connection breaks in the middle of the body), `truncate` (half a body, sent
    as if it were whole), `malformed` (no JSON at all), `reshape` (JSON of another shape: what was a list is a text),
    `rename` (what was a list has another name), `body` (`detail` instead of the answer), `run` (`action` is called
    before a right answer: credentials are revoked, something is deleted).
    `match` is a regular expression on "METHOD /path?query" with the query decoded; `after` matching calls go well
    first, then `times` go wrong (None: all of them).
    """

    kind: str
    match: str = ""
    times: int | None = None
    after: int = 0
    seconds: float = 0.0
    status: int = 503
    detail: str = ""
    action: Callable[[], object] | None = None


class FaultPlan:
    """The faults of one server, changeable while it runs. Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        """From now on."""
        re.compile(fault.match)
        with self._lock:
            self._faults.append(fault)
        return fault

    def remove(self, fault: Fault) -> None:
        """No longer; one that was used up already is gone."""
        with self._lock:
            if fault in self._faults:
                self._faults.remove(fault)

    def clear(self) -> None:
        """All well again."""
        with self._lock:
            self._faults.clear()

    def take(self, line: str) -> Fault | None:
        """The first fault that meets this call, counted down."""
        with self._lock:
            for fault in self._faults:
                if not re.search(fault.match, line):
                    continue
                if fault.after > 0:
                    fault.after -= 1
                    continue
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self._faults.remove(fault)
                return fault
        return None


def faults_from_file(path: Path) -> FaultPlan:
    """From a JSON list of objects with the fields of `Fault`. Raises ValueError."""
    plan = FaultPlan()
    try:
        for entry in json.loads(path.read_text()):
            plan.add(Fault(**entry))
    except (TypeError, re.error) as error:
        raise ValueError(f"{path.name}: {error}") from error
    return plan
