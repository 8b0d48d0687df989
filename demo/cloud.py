"""The demonstration's AWS: moto's server in this process, filled under a moved clock with fixed seeds.

The same seed and the same order of calls give the same ids at every start; the instants of creation hang on the day
of the first start, which is kept, so that a restart changes nothing in the estate.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

# Both must be set before moto is imported: the default images alone would be 1,300 snapshots a region.
os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"
os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"

import boto3
import time_machine
from botocore.config import Config
from moto.moto_api._internal import mock_random
from moto.server import ThreadedMotoServer

from demo.estate.company import REGIONS

SEED = 20_26
ACCESS_KEY, SECRET_KEY = "AKIADEMOESTATE000001", "demonstration-only"  # pragma: allowlist secret
EPOCH_FILE = "first-day"
_SESSION: Any = boto3.session.Session()  # its clients are made at run time and have no static type


class DemoCloud:
    """A running AWS of its own on loopback."""

    def __init__(self, port: int, folder: Path) -> None:
        self.port = port
        self.first_day = _first_day(folder)
        self._server = ThreadedMotoServer("127.0.0.1", port, verbose=False)
        self._clients: dict[tuple[str, str], Any] = {}

    @property
    def endpoint(self) -> str:
        """The address of every service."""
        return f"http://127.0.0.1:{self.port}"

    def connection(self) -> dict[str, Any]:
        """What a person gives to connect it."""
        credentials = {"kind": "access_key", "access_key_id": ACCESS_KEY, "secret_access_key": SECRET_KEY}
        return {
            "provider": "aws",
            "name": "Acme production",
            "credentials": credentials,
            "endpoint_url": self.endpoint,
            "regions": list(REGIONS),
        }

    def start(self) -> None:
        """Listen, empty."""
        # A line a request says nothing to anybody. Nor do traces: moto's EC2 sometimes stumbles over calls at the same
        # moment and answers 500, which clients try again as they do with the real cloud.
        logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
        self._server.start()
        mock_random.seed(SEED)

    def stop(self) -> None:
        """Stop listening; the estate is gone until the next start makes it again."""
        self._server.stop()

    def client(self, service: str, region: str) -> Any:
        """A real AWS client of this cloud."""
        key = (service, region)
        if key not in self._clients:
            self._clients[key] = _SESSION.client(
                service,
                region_name=region,
                endpoint_url=self.endpoint,
                aws_access_key_id=ACCESS_KEY,
                aws_secret_access_key=SECRET_KEY,
                config=Config(retries={"max_attempts": 2}, parameter_validation=False, s3={"addressing_style": "path"}),
            )
        return self._clients[key]

    @contextmanager
    def days_ago(self, days: float) -> Iterator[datetime]:
        """Let everything inside happen this long before the first day."""
        then = self.first_day - timedelta(days=days)
        with time_machine.travel(then, tick=False):
            yield then


def _first_day(folder: Path) -> datetime:
    kept = folder / EPOCH_FILE
    if kept.is_file():
        return datetime.fromisoformat(kept.read_text().strip())
    today = datetime.now(UTC).replace(hour=6, minute=0, second=0, microsecond=0)
    folder.mkdir(parents=True, exist_ok=True)
    kept.write_text(today.isoformat())
    return today
