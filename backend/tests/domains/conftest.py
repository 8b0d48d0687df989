"""What tests of domains share: one root key, whatever order they run in, because they share a database."""

import os
from collections.abc import Iterator

import pytest
from app.core.secrets import use_root_key
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


class FixedRootKey:
    """A root key that every test process has alike; it has no file and no setting."""

    def __init__(self) -> None:
        self._cipher = AESGCM(bytes(range(32)))

    async def wrap(self, key: bytes, context: bytes) -> bytes:
        nonce = os.urandom(12)
        return nonce + self._cipher.encrypt(nonce, key, context)

    async def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        return self._cipher.decrypt(wrapped[:12], wrapped[12:], context)


@pytest.fixture(autouse=True)
def root_key() -> Iterator[None]:
    """The process's root key for the test."""
    use_root_key(FixedRootKey())
    yield
    use_root_key(None)
