"""The root key: the one key outside of the database. It wraps key versions of organizations and nothing else.

`CLOUDOPS_ROOT_KEY` says where it is: `local` (the secret text of CLOUDOPS_SECRET_KEY or of its file),
`aws-kms:<key ARN>`, `gcp-kms:projects/…/cryptoKeys/…` or `vault:https://host/transit/keys/<name>`.
"""

import os
import secrets
import stat
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.core.config import Settings

SECRET_KEY_FILE = "secret.key"  # noqa: S105  # pragma: allowlist secret
MIN_SECRET_KEY_LENGTH = 32
_NONCE_BYTES = 12


class RootKeyError(Exception):
    """The root key is missing, unusable or does not fit what it should open. The text says how to mend it."""


class RootKeyUnavailable(RootKeyError):
    """The key service does not answer just now; what it holds is not in doubt."""


class RootKey(Protocol):
    """Wraps 32-byte keys. Asynchronous because a key management service answers over the network."""

    async def wrap(self, key: bytes, context: bytes) -> bytes:
        """The wrapped form of `key`, bound to `context`."""

    async def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """The key again. Raises RootKeyError for any other context, root key or altered bytes."""


class LocalRootKey:
    """A root key held in memory: AES-256-GCM under a key derived (HKDF-SHA-256) from the secret text."""

    def __init__(self, secret: str) -> None:
        if len(secret) < MIN_SECRET_KEY_LENGTH:
            raise RootKeyError(f"CLOUDOPS_SECRET_KEY must have at least {MIN_SECRET_KEY_LENGTH} characters.")
        derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"cloudops-pro root key 1")
        self._cipher = AESGCM(derive.derive(secret.encode()))

    async def wrap(self, key: bytes, context: bytes) -> bytes:
        """Nonce, ciphertext and tag."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, key, context)

    async def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """The key again. Raises RootKeyError for any other context, root key or altered bytes."""
        try:
            return self._cipher.decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], context)
        except (InvalidTag, ValueError):
            raise RootKeyError("The root key does not fit the database's keys.") from None


class ChangingRootKey:
    """Two root keys while one replaces the other: the new one wraps, both open."""

    def __init__(self, new: RootKey, previous: RootKey) -> None:
        self._new, self._previous = new, previous

    async def wrap(self, key: bytes, context: bytes) -> bytes:
        """Wrapped by the new root key."""
        return await self._new.wrap(key, context)

    async def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """The key again, whichever of the two wrapped it. Raises RootKeyError."""
        try:
            return await self._new.unwrap(wrapped, context)
        except RootKeyUnavailable:
            raise
        except RootKeyError:
            return await self._previous.unwrap(wrapped, context)


def load_root_key(settings: Settings) -> RootKey:
    """The root key that CLOUDOPS_ROOT_KEY names; with CLOUDOPS_PREVIOUS_ROOT_KEY or CLOUDOPS_PREVIOUS_SECRET_KEY, both.

    Raises RootKeyError with the remedy.
    """
    new = _load(settings.root_key, settings)
    if settings.previous_root_key is not None:
        return ChangingRootKey(new, _load(settings.previous_root_key, settings))
    if settings.previous_secret_key is not None:
        return ChangingRootKey(new, LocalRootKey(settings.previous_secret_key.get_secret_value()))
    return new


def _load(place: str, settings: Settings) -> RootKey:
    kind, _, rest = place.partition(":")
    if kind == "local" and not rest:
        return LocalRootKey(_secret_text(settings))
    from app.core.rootkey_services import AwsKmsRootKey, GoogleKmsRootKey, VaultRootKey

    if kind == "aws-kms" and rest:
        return AwsKmsRootKey(rest, settings)
    if kind == "gcp-kms" and rest:
        return GoogleKmsRootKey(rest, settings)
    if kind == "vault" and rest:
        return VaultRootKey(rest, settings)
    raise RootKeyError(
        "CLOUDOPS_ROOT_KEY cannot be read. It is local, aws-kms:<key ARN>, gcp-kms:projects/…/cryptoKeys/<name> "
        "or vault:https://host:8200/transit/keys/<name>."
    )


def derive_key(settings: Settings, purpose: str, length: int = 32) -> bytes:
    """Bytes for one purpose outside of encryption, from the secret text (HKDF-SHA-256).

    They reveal neither the local root key nor each other. Raises RootKeyError as `load_root_key` does.
    """
    derive = HKDF(algorithm=SHA256(), length=length, salt=None, info=f"cloudops-pro {purpose}".encode())
    secret = _secret_text(settings)
    LocalRootKey(secret)  # refuses a short one
    return derive.derive(secret.encode())


def _secret_text(settings: Settings) -> str:
    """CLOUDOPS_SECRET_KEY, else the text of the file that is made once in the data directory.

    Raises RootKeyError when a database address is set without a key: several machines would each make their own.
    """
    if settings.secret_key is not None and settings.secret_key.get_secret_value():
        return settings.secret_key.get_secret_value()
    if settings.database_url is not None:
        raise RootKeyError(
            "CLOUDOPS_SECRET_KEY is required when CLOUDOPS_DATABASE_URL is set. Make one with: openssl rand -hex 32"
        )
    return read_or_make_secret(settings.data_dir / SECRET_KEY_FILE)


def read_or_make_secret(path: Path) -> str:
    """The text of the key file, made with mode 0600 by the first. Raises RootKeyError if others may read it."""
    if not path.exists():
        _make_secret(path)
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise RootKeyError(f"{path.name} may be read by others. Run: chmod 600 {path}")
    secret = path.read_text(encoding="ascii").strip()
    if not secret:
        raise RootKeyError(f"{path.name} is empty. Restore it from a backup; without it stored secrets stay closed.")
    return secret


def _make_secret(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # fails if another process was first: then its key is the key
        except FileExistsError:
            return
    finally:
        draft.unlink(missing_ok=True)
