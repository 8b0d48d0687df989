"""What can be made to go wrong, and what is counted while it does."""

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Call(NamedTuple):
    """One request that was answered."""

    method: str
    path: str
    status: int
    body: bytes = b""


@dataclass
class Fault:
    """Something that happens to the next `times` requests whose `METHOD path body` matches `where`."""

    kind: str  # throttle, status, cut, truncate, malformed, schema, raw, slow, headers
    where: str = ""
    times: int = 1
    skip: int = 0  # matching requests that pass before
    seconds: float = 1.0  # slow: delay; throttle: Retry-After
    status: int = 500
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)  # added to the answer

    def matches(self, text: str) -> bool:
        """Whether the request is one of those meant."""
        return re.search(self.where, text, re.IGNORECASE) is not None


@dataclass
class Faults:
    """Switches that tests turn while the simulator runs."""

    planned: list[Fault] = field(default_factory=list)
    latency_seconds: float = 0.0
    expire_skip_tokens: bool = False
    revoked: bool = False  # tokens are neither made nor accepted
    quota: int = 0  # queries per five seconds; 0: no end
    lie_about_total: int = 0  # added to totalRecords
    truncate_at: int = 0  # rows after which a listing ends with resultTruncated and no token
    lock: Any = field(default_factory=threading.Lock, repr=False)

    def plan(self, kind: str, **more: Any) -> Fault:
        """Add one."""
        fault = Fault(kind, **more)
        with self.lock:
            self.planned.append(fault)
        return fault

    def take(self, text: str) -> Fault | None:
        """The fault that this request meets, used up by one."""
        with self.lock:
            for fault in self.planned:
                if fault.times > 0 and fault.matches(text):
                    if fault.skip > 0:
                        fault.skip -= 1
                        return None
                    fault.times -= 1
                    return fault
        return None

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Faults":
        """From the file of the command line: our own fields, with `planned` as a list of faults."""
        fields = {name: item for name, item in value.items() if name != "planned"}
        return cls(planned=[Fault(**item) for item in value.get("planned", ())], **fields)
