"""The subjects of the product, one folder each; `docs/architecture.md` gives their import order."""

import importlib
import pkgutil

_LOADED_FILES = ("models", "tasks")


def load_domains() -> None:
    """Import every domain's tables, tasks and event handlers, mounted or not, so that they resolve in each process."""
    importlib.import_module("app.core.models")
    for package in pkgutil.iter_modules(__path__):
        folder = importlib.import_module(f"{__name__}.{package.name}")
        present = {module.name for module in pkgutil.iter_modules(folder.__path__)}
        for name in _LOADED_FILES:
            if name in present:
                importlib.import_module(f"{folder.__name__}.{name}")
