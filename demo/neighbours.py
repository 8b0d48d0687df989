"""The demonstration's Google Cloud and Azure: our simulators in this process, with the company's estates."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulators import azure, gcp


@dataclass(frozen=True)
class Neighbours:
    """Both, served."""

    google: gcp.GcpHandle
    azure: azure.AzureSimulator

    def google_connection(self) -> dict[str, Any]:
        """What a person gives to connect the organization."""
        return {
            "provider": "gcp",
            "name": "Acme Google Cloud",
            "credentials": self.google.credentials(),
            "endpoint_url": self.google.url,
            "scope": {"organization": self.google.estate.organization},
        }

    def azure_connection(self) -> dict[str, Any]:
        """What a person gives to connect the tenant."""
        credentials = {
            "kind": "client_secret",
            "tenant_id": self.azure.estate.tenant_id,
            "client_id": azure.DEFAULT_CLIENT,
            "client_secret": azure.DEFAULT_SECRET,
            "authority_url": self.azure.url,
        }
        return {
            "provider": "azure",
            "name": "Acme Azure",
            "credentials": credentials,
            "endpoint_url": self.azure.url,
        }


@contextmanager
def running_neighbours(google_port: int, azure_port: int, folder: Path) -> Iterator[Neighbours]:
    """Serve both until the end of the block. The key of the service account is kept, for it is connected once."""
    folder.mkdir(parents=True, exist_ok=True)
    google = gcp.serve(gcp.demo_estate(), port=google_port, key_file=folder / "google-key.pem")
    try:
        with azure.serve(azure.demo_estate(), azure_port) as tenant:
            yield Neighbours(google, tenant)
    finally:
        google.stop()
