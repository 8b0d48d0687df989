"""What wraps keys: the root key behind a small interface, so that a key management service can take its place."""

import os
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.core.config import Settings
from app.core.rootkey import derive_key, load_root_key

_NONCE_BYTES = 12


class UnwrapFailed(Exception):
    """The bytes were altered, or wrapped by another root key or for another context."""


class RootKey(Protocol):
    """Wraps 32-byte keys. Asynchronous because a key management service answers over the network."""

    async def wrap(self, key: bytes, context: bytes) -> bytes:
        """The wrapped form of `key`, bound to `context`."""

    async def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """The key again. Raises UnwrapFailed."""


class LocalRootKey:
    """A root key held in memory: AES-256-GCM under a key derived from its 32 bytes."""

    def __init__(self, root_key: bytes) -> None:
        self._cipher = AESGCM(derive_key(root_key, "organization keys"))

    async def wrap(self, key: bytes, context: bytes) -> bytes:
        """Nonce, ciphertext and tag."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, key, context)

    async def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """The key again. Raises UnwrapFailed."""
        try:
            return self._cipher.decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], context)
        except (InvalidTag, ValueError):
            raise UnwrapFailed from None


def root_key_of(settings: Settings) -> RootKey:
    """The installation's root key. Raises RootKeyError with what to do when there is none."""
    return LocalRootKey(load_root_key(settings))
