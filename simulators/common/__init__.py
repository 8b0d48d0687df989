"""What the simulators share: answers that go wrong on demand, a log of the calls, a server in a thread."""

from simulators.common.faults import Fault, FaultPlan, faults_from_file
from simulators.common.http import Answer, Request, json_answer
from simulators.common.server import ServerHandle, serve_in_thread

__all__ = [
    "Answer", "Fault", "FaultPlan", "Request", "ServerHandle", "faults_from_file", "json_answer", "serve_in_thread",
]  # fmt: skip
