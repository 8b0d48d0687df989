"""A uvicorn server in a thread of its own, on loopback only."""

import logging
import socket
import threading
import time
from dataclasses import dataclass
from typing import Any

import uvicorn

from simulators.common.faults import FaultPlan
from simulators.common.http import Application, CallLog

_START_SECONDS = 10


@dataclass(frozen=True, kw_only=True)
class ServerHandle:
    """A running server."""

    url: str
    estate: Any
    calls: CallLog
    faults: FaultPlan
    application: Application
    _server: uvicorn.Server
    _thread: threading.Thread

    def stop(self) -> None:
        """Close it. Connections in flight are dropped."""
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(timeout=_START_SECONDS)

    def wait(self) -> None:
        """Until somebody stops it."""
        while self._thread.is_alive():
            self._thread.join(timeout=1)


def serve_in_thread(application: Application, estate: Any, *, port: int = 0) -> ServerHandle:
    """Start serving and return when it answers. Raises OSError when the port is taken."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    # A connection cut on demand is an error to the server: it must not fill the log.
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    config = uvicorn.Config(
        application, log_config=None, access_log=False, lifespan="off", ws="none", timeout_keep_alive=60
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="simulator", daemon=True)
    thread.start()
    waited = time.monotonic()
    while not server.started:
        if time.monotonic() - waited > _START_SECONDS or not thread.is_alive():
            raise OSError("the simulator did not start")
        time.sleep(0.01)
    return ServerHandle(
        url=f"http://127.0.0.1:{listener.getsockname()[1]}",
        estate=estate,
        calls=application.calls,
        faults=application.faults,
        application=application,
        _server=server,
        _thread=thread,
    )
