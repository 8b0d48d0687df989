"""The processes that serve and work: `serve`, `worker`, and the OpenAPI document."""

import os
import sys
from collections.abc import Sequence

from app.cli.failures import UsageError
from app.core.config import SERVICES, Settings, get_settings

KEEP_ALIVE_SECONDS = 15
GRACEFUL_SECONDS = 10  # of the 25 that a stop may take
WEBSOCKET_BYTES = 64 * 1024
WEBSOCKET_PING_SECONDS = 20
MAX_HEADER_BYTES = 16 * 1024


def run_services(services: Sequence[str], *, host: str, port: int) -> None:
    """Serve until a stop signal. Starts no server and migrates nothing."""
    unknown = sorted(set(services) - set(SERVICES))
    if unknown:
        raise UsageError(f"There is no service {', '.join(unknown)}; choose from {', '.join(SERVICES)}.")
    os.environ.update(serving_environment(Settings()))
    os.environ["CLOUDOPS_SERVICES"] = ",".join(services)
    get_settings.cache_clear()
    import uvicorn

    from app.core.http_protocol import ProblemProtocol

    uvicorn.run(
        "app.main:build",
        factory=True,
        host=host,
        port=port,
        http=ProblemProtocol,
        log_config=None,  # the application sets its own logging up
        access_log=False,
        server_header=False,
        proxy_headers=False,  # the application trusts only the proxies of its settings
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
        h11_max_incomplete_event_size=MAX_HEADER_BYTES,
        ws_max_size=WEBSOCKET_BYTES,
        ws_ping_interval=WEBSOCKET_PING_SECONDS,
        ws_per_message_deflate=False,
    )


def run_worker(queues: Sequence[str]) -> None:
    """Become a worker: this process is replaced, so that signals reach it directly."""
    environment = {**os.environ, **serving_environment(Settings())}
    environment.pop("CLOUDOPS_DATABASE_URL", None)
    os.execve(sys.executable, worker_command(queues), environment)  # noqa: S606  # our own program


def worker_command(queues: Sequence[str] = ()) -> list[str]:
    """The command line of a worker process; no queue means all."""
    return [sys.executable, "-m", "app.worker", *(part for name in queues for part in ("--queue", name))]


def serving_environment(settings: Settings) -> dict[str, str]:
    """The addresses that a serving process reads from its environment."""
    if settings.database_app_url is not None and settings.redis_url is not None:
        return {}
    from app.core.installation import join_installation

    joined = join_installation(settings)
    assert joined.database_app_url is not None  # noqa: S101  # both are set by the call
    assert joined.redis_url is not None  # noqa: S101
    return {
        "CLOUDOPS_DATABASE_APP_URL": joined.database_app_url.get_secret_value(),
        "CLOUDOPS_REDIS_URL": joined.redis_url.get_secret_value(),
        "CLOUDOPS_DATA_DIR": str(joined.data_dir),
    }


def openapi_document() -> str:
    """The OpenAPI document of all services, in a stable order of keys; needs no database."""
    import json

    from app.main import create_app

    return json.dumps(create_app(Settings(), SERVICES).openapi(), indent=2, sort_keys=True) + "\n"
