"""The rules of each cloud; importing a module registers what it explains."""

import importlib

_MODULES = (
    "aws_exposure",
    "aws_public",
    "gcp_balancers",
    "gcp_exposure",
    "gcp_public",
    "azure_exposure",
    "azure_public",
    "azure_web",
)


def load_rules() -> None:
    """Register every cloud's rules."""
    for name in _MODULES:
        importlib.import_module(f"app.domains.topology.rules.{name}")
