"""One SDK session per connection: its identity, its clients, its trust store. Nothing of it is shared with another."""

import hashlib
import json
import os
import re
import tempfile
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import orjson
from botocore.config import Config
from botocore.httpsession import get_cert_path
from botocore.loaders import Loader
from botocore.session import Session

from app.providers.aws.credentials import Limit, install_credentials
from app.providers.aws.errors import THROTTLE_CODES, GarbledAnswer, translate
from app.providers.base import Connection

_CLIENTS_KEPT = 160
_CONNECT_SECONDS = 5
_XML_ROOT = re.compile(rb"<(?:\w+:)?([A-Za-z]\w*)")


@dataclass(frozen=True)
class Identity:
    """Who the credentials are."""

    account: str
    arn: str
    partition: str


class AwsSession:
    """Clients of one connection. Safe to use from many threads."""

    def __init__(
        self,
        connection: Connection,
        loader: Loader,
        *,
        read_seconds: float,
        attempts: int,
        limit: Limit | None = None,
    ) -> None:
        self.connection = connection
        self.home_region = home_region(connection)
        self._lock = threading.RLock()
        self._clients: OrderedDict[tuple[str, str], Any] = OrderedDict()
        self._identity: Identity | None = None
        self._config = Config(
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=read_seconds,
            retries={"mode": "standard", "total_max_attempts": attempts},
            max_pool_connections=16,
            tcp_keepalive=True,
            parameter_validation=False,  # arguments are the catalogue's own; checking each costs a tenth of a call
            s3={"addressing_style": "path"} if connection.endpoint_url else None,
            user_agent_extra="cloudops-pro",
        )
        self._options: dict[str, Any] = {"config": self._config, "endpoint_url": connection.endpoint_url}
        if connection.extra_ca_file:
            self._options["verify"] = self._trust(Path(connection.extra_ca_file))
        self._offered: dict[tuple[str, str], frozenset[str]] = {}
        self._core = Session()
        # Service models are read-only JSON of 50 MB in all: parsed once for every connection of the process.
        self._core.register_component("data_loader", loader)
        install_credentials(self._core, connection, self.home_region, self._options, limit)

    @property
    def client_options(self) -> dict[str, Any]:
        """How every client of the connection is made, for those made outside of the session."""
        return dict(self._options)

    def client(self, service: str, region: str, on_throttle: Callable[[], None] | None = None) -> Any:
        """A cached client. `on_throttle` is told of each throttled attempt, also of those that the SDK retries."""
        key = (service, region)
        with self._lock:  # making a client is not thread-safe
            client = self._clients.get(key)
            if client is None:
                client = self._core.create_client(service, region_name=region, **self._options)
                client.meta.events.register("after-call", _refuse_garbage)
                if self.connection.endpoint_url and service == "s3control":
                    client.meta.events.register("before-sign", _keep_host(self.connection.endpoint_url))
                if on_throttle is not None:
                    client.meta.events.register("needs-retry", _watch_throttles(on_throttle))
                self._clients[key] = client
                if len(self._clients) > _CLIENTS_KEPT:
                    self._clients.popitem(last=False)
            else:
                self._clients.move_to_end(key)
            return client

    def identity(self) -> Identity:
        """From sts:GetCallerIdentity, once per session. Raises AwsError."""
        with self._lock:
            if self._identity is None:
                try:
                    answer = self.client("sts", self.home_region).get_caller_identity()
                    partition = answer["Arn"].split(":")[1]
                    self._identity = Identity(answer["Account"], answer["Arn"], partition)
                except Exception as error:
                    raise translate(error, "sts", "GetCallerIdentity") from error
            return self._identity

    def is_offered(self, service: str, region: str) -> bool:
        """Whether the vendor's published endpoints have the service there; a region too new to be listed has all."""
        if self.connection.endpoint_url:
            return True
        partition = self._core.get_partition_for_region(region)
        known, offered = (self._published(name, partition) for name in ("ec2", service))
        return region not in known or not offered or region in offered

    def _published(self, service: str, partition: str) -> frozenset[str]:
        """Regions with the service. A plan asks a thousand times, and the SDK tells the whole model anew each time."""
        key = (service, partition)
        if key not in self._offered:
            self._offered[key] = frozenset(self._core.get_available_regions(service, partition_name=partition))
        return self._offered[key]

    def _trust(self, extra: Path) -> str:
        """A bundle of the usual authorities and the extra ones, for the life of the session."""
        handle, name = tempfile.mkstemp(suffix=".pem")
        with os.fdopen(handle, "wb") as bundle:
            bundle.write(Path(get_cert_path(True) or "").read_bytes() + b"\n" + extra.read_bytes())
        weakref.finalize(self, lambda: Path(name).unlink(missing_ok=True))
        return name


def home_region(connection: Connection) -> str:
    """Where global services and STS are called from."""
    if connection.regions:
        return connection.regions[0]
    return str(connection.credentials.get("region") or os.environ.get("AWS_REGION") or "us-east-1")


def session_key(connection: Connection) -> str:
    """Equal for connections that may share a session: same id, same credentials, same address."""
    parts = [
        connection.connection_id,
        dict(connection.credentials),
        connection.endpoint_url,
        list(connection.regions),
        connection.extra_ca_file,
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def _refuse_garbage(http_response: Any, parsed: dict[str, Any], model: Any, **_: Any) -> None:
    """The SDK reads an unparsable JSON body, or another service's XML, as an empty success. We must not."""
    if http_response.status_code >= 300 or len(parsed) > 1 or model.output_shape is None:
        return
    body = http_response.content
    if not body:
        return
    if "json" in model.service_model.resolved_protocol:
        try:
            answer = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise GarbledAnswer from error
        if not isinstance(answer, dict):
            raise GarbledAnswer
    elif (root := _XML_ROOT.search(body)) is None or root[1].lower() in (b"html", b"body", b"error"):
        raise GarbledAnswer


def _keep_host(endpoint_url: str) -> Callable[..., None]:
    """S3's control service puts the account number before the host's name, which no other host answers to."""
    netloc = urlsplit(endpoint_url).netloc

    def keep(request: Any, **_: Any) -> None:
        request.url = urlunsplit(urlsplit(request.url)._replace(netloc=netloc))

    return keep


def _watch_throttles(on_throttle: Callable[[], None]) -> Callable[..., None]:
    def watch(response: Any, **_: Any) -> None:
        if response is not None and response[1].get("Error", {}).get("Code") in THROTTLE_CODES:
            on_throttle()

    return watch
