"""What tests of domains share: one root key, whatever order they run in, because they share a database."""

from collections.abc import Iterator

import pytest
from app.core.rootkey import LocalRootKey
from app.core.secrets import use_root_key


class FixedRootKey(LocalRootKey):
    """A root key that every test process has alike; it has no file and no setting. The kernel's tests use it too."""

    def __init__(self) -> None:
        super().__init__("r" * 32)


@pytest.fixture(autouse=True)
def root_key() -> Iterator[None]:
    """The process's root key for the test."""
    use_root_key(FixedRootKey())
    yield
    use_root_key(None)
