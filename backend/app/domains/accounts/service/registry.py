"""Which clouds this installation can read: a name and the adapter behind it."""

import importlib
from collections.abc import Callable

from app.domains.accounts.errors import ProviderNotAvailable
from app.domains.accounts.rules import PROVIDER_NAMES
from app.providers.base import Provider


def _make_aws() -> Provider:
    # Imported at first use: the AWS SDK would double the start time of processes that never call it.
    provider: Provider = importlib.import_module("app.providers.aws").AwsProvider()
    return provider


_makers: dict[str, Callable[[], Provider]] = {"aws": _make_aws}
_made: dict[str, Provider] = {}


def get_provider(name: str) -> Provider:
    """The process's adapter for a cloud. Raises ProviderNotAvailable."""
    if name not in _made:
        if name not in _makers:
            raise ProviderNotAvailable(f"This installation has no adapter for {PROVIDER_NAMES.get(name, name)} yet.")
        _made[name] = _makers[name]()
    return _made[name]


def register_provider(name: str, provider: Provider | None) -> None:
    """Use this adapter for a cloud; None goes back to the installation's own."""
    if provider is None:
        _made.pop(name, None)
    else:
        _made[name] = provider
