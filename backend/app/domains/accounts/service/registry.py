"""Which clouds this installation can read: a name and the adapter behind it."""

import importlib
import importlib.util

from app.domains.accounts.errors import ProviderNotAvailable
from app.domains.accounts.rules import PROVIDER_NAMES
from app.providers.base import Provider

# Imported at first use: the vendors' SDKs would double the start time of processes that never call them.
_ADAPTERS = {
    "aws": ("app.providers.aws", "AwsProvider"),
    "gcp": ("app.providers.gcp", "GcpProvider"),
    "azure": ("app.providers.azure", "AzureProvider"),
}
_made: dict[str, Provider] = {}


def get_provider(name: str) -> Provider:
    """The process's adapter for a cloud. Raises ProviderNotAvailable."""
    if name not in _made:
        module, adapter = _ADAPTERS.get(name, ("", ""))
        if not module or importlib.util.find_spec(module) is None:
            raise ProviderNotAvailable(f"This installation has no adapter for {PROVIDER_NAMES.get(name, name)} yet.")
        _made[name] = getattr(importlib.import_module(module), adapter)()
    return _made[name]


def register_provider(name: str, provider: Provider | None) -> None:
    """Use this adapter for a cloud; None goes back to the installation's own."""
    if provider is None:
        _made.pop(name, None)
    else:
        _made[name] = provider
