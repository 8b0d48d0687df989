"""Three small clouds in this process, spoken to by the real adapters over HTTP."""

import contextlib
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any
from uuid import UUID

os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")  # read by moto at import
os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "false")

import httpx
from app.core.database import tenant_session
from app.core.ids import new_id
from app.domains.accounts import service as accounts
from app.domains.accounts.models import Account
from app.domains.accounts.service.opening import store_credentials
from app.providers.base import Connection, Unit

from simulators import azure as azure_simulator
from simulators import gcp as gcp_simulator
from simulators.azure import AzureSimulator
from simulators.gcp import GcpHandle
from tests.system.cloud import Cloud

ENDPOINTS = "http://127.0.0.1:*"
GCP_LISTS_PER_MINUTE = 60_000  # the simulator has no quota; waiting for Google's would be all that a test does


class Clouds:
    """A Google Cloud organization and an Azure tenant of the demonstration company, and a small AWS account.

    Each starts when it is asked for.
    """

    def __init__(self, running: contextlib.ExitStack) -> None:
        self._running = running

    @cached_property
    def gcp(self) -> GcpHandle:
        """The organization."""
        started = gcp_simulator.serve(gcp_simulator.make_estate())
        self._running.callback(started.stop)
        return started

    @cached_property
    def azure(self) -> AzureSimulator:
        """The tenant."""
        return self._running.enter_context(azure_simulator.serve(azure_simulator.demo_estate()))

    @cached_property
    def aws(self) -> Cloud:
        """The account: a few of each kind."""
        from moto.server import ThreadedMotoServer

        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        moto.start()
        self._running.callback(moto.stop)
        host, port = moto.get_host_and_port()
        httpx.post(f"http://{host}:{port}/moto-api/reset", timeout=60).raise_for_status()
        made = Cloud(f"http://{host}:{port}")
        made.build()
        return made

    def connection(self, name: str) -> dict[str, Any]:
        """The body of `POST /accounts`."""
        if name == "aws":
            return self.aws.connection("Amazon")
        if name == "gcp":
            return {
                "provider": "gcp",
                "name": "Google",
                "credentials": self.gcp.credentials(),
                "endpoint_url": self.gcp.url,
                "scope": {"organization": self.gcp.estate.organization},
            }
        return {
            "provider": "azure",
            "name": "Azure",
            "credentials": {
                "kind": "client_secret",
                "tenant_id": self.azure.estate.tenant_id,
                "client_id": azure_simulator.DEFAULT_CLIENT,
                "client_secret": azure_simulator.DEFAULT_SECRET,
            },
            "endpoint_url": self.azure.url,
        }


@contextlib.contextmanager
def running_clouds() -> Iterator[Clouds]:
    """Clouds that end with the block."""
    with contextlib.ExitStack() as stack:
        yield Clouds(stack)


@contextlib.contextmanager
def real_adapters(*, read_seconds: float = 5, attempts: int = 2) -> Iterator[None]:
    """The installation's own adapters, with little patience."""
    from app.providers.aws import AwsProvider
    from app.providers.azure import AzureProvider
    from app.providers.gcp import GcpProvider

    made: dict[str, Any] = {
        "aws": AwsProvider(read_seconds=read_seconds, attempts=attempts),
        "gcp": GcpProvider(read_seconds=read_seconds, attempts=attempts, lists_per_minute=GCP_LISTS_PER_MINUTE),
        "azure": AzureProvider(read_seconds=read_seconds),
    }
    for name, provider in made.items():
        accounts.register_provider(name, provider)
    try:
        yield
    finally:
        for name, provider in made.items():
            accounts.register_provider(name, None)
            provider.close()


def narrowed(adapter: type[Any], services: Sequence[str], **options: Any) -> Any:
    """The adapter, reading these units alone."""

    class Narrow(adapter):  # type: ignore[misc]  # a class of the caller's choice
        async def plan(self, connection: Connection) -> list[Unit]:
            return [unit for unit in await super().plan(connection) if unit.service in services]

    return Narrow(**options)


async def add_account(
    organization_id: UUID, body: Mapping[str, Any], number: str, *, scope: Mapping[str, Any] | None = None
) -> UUID:
    """The account that connecting this body would make, without the test of the connection, which asks for a lot."""
    async with tenant_session(organization_id) as session:
        account = Account(
            organization_id=organization_id,
            id=new_id(),
            provider=body["provider"],
            name=body["name"],
            native_account_id=number,
            credentials_kind=body["credentials"]["kind"],
            endpoint_url=body["endpoint_url"],
            regions=list(body.get("regions", ())),
            scope=dict(scope if scope is not None else body.get("scope") or {}),
        )
        await store_credentials(session, account, body["credentials"])
        session.add(account)
    return account.id
