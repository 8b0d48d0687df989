"""Signing keys: made, rotated, sealed at rest, and held in memory by each process.

Where the auth service runs apart (`use_remote_keys`), other processes take the public keys from its JWKS instead and
never open a private one.
"""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import delete, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.config import Settings
from app.core.database import directory_session
from app.core.errors import Unavailable
from app.core.ids import new_id
from app.core.secrets import SecretUnreadable, installation_subkey, open_installation, seal_installation
from app.domains.identity import queries, tokens
from app.domains.identity.models import SigningKey
from app.domains.identity.rules import KEY_PUBLISHED_BEFORE, KEY_SIGNS_FOR, KEY_STAYS_PUBLISHED
from app.domains.identity.service.remote_keys import RemoteKeys
from app.domains.identity.tokens import SigningKeyPair, VerificationKey

logger = logging.getLogger(__name__)

_LOCK = 0x636F_7001  # advisory lock of key rotation
FRESH_SECONDS = 15.0  # a deleted key is forgotten by every process after this long
STALE_SECONDS = 60.0  # without a database the map serves this long
UNKNOWN_KEY_SECONDS = 1.0  # tokens with made-up key ids ask the table at most this often


async def rotate_signing_keys(session: AsyncSession, now: datetime) -> None:
    """Make the next key a day before it is due and remove retired ones. Safe to repeat and to run at once elsewhere."""
    await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    await session.execute(delete(SigningKey).where(SigningKey.retires_at <= now))
    keys = await queries.list_signing_keys(session)
    if not any(key.signs_from <= now < key.signs_until for key in keys):
        await _add_key(session, published_at=now, signs_from=now)
    elif keys[0].signs_until - KEY_PUBLISHED_BEFORE <= now:
        await _add_key(session, published_at=now, signs_from=keys[0].signs_until)


async def _add_key(session: AsyncSession, *, published_at: datetime, signs_from: datetime) -> None:
    key_id = new_id()
    private = Ed25519PrivateKey.generate()
    signs_until = signs_from + KEY_SIGNS_FOR
    session.add(
        SigningKey(
            id=key_id,
            public_key=private.public_key().public_bytes_raw(),
            private_key=await seal_installation(
                session, "signing_keys", "private_key", key_id, private.private_bytes_raw()
            ),
            published_at=published_at,
            signs_from=signs_from,
            signs_until=signs_until,
            retires_at=signs_until + KEY_STAYS_PUBLISHED,
        )
    )
    await session.flush()
    logger.info("a signing key was made")


@dataclass(frozen=True, kw_only=True)
class _Keys:
    verify: Mapping[str, VerificationKey] = field(default_factory=lambda: MappingProxyType({}))
    signing: SigningKeyPair | None = None
    signs_until: datetime | None = None
    cache_key: bytes = b""
    loaded_at: float = float("-inf")


class KeyRing:
    """This process's copy of the keys, read again from the table every 15 s while it is used."""

    def __init__(self) -> None:
        self._keys = _Keys()
        self._loading = False
        self._remote: RemoteKeys | None = None

    def use_remote_keys(self, settings: Settings | None) -> None:
        """Take verification keys from the auth service at CLOUDOPS_AUTH_URL; None: from the table again."""
        self._remote = RemoteKeys(settings) if settings is not None else None
        self.clear()

    def clear(self) -> None:
        """Forget everything; the next use reads the table."""
        self._keys = _Keys()
        self._loading = False

    async def verification_keys(self, wanted: str | None = None) -> Mapping[str, VerificationKey]:
        """Published keys by id; an unknown `wanted` id makes it look at the table, at most once a second."""
        if self._remote is not None:
            return await self._remote.verification_keys(wanted)
        age = time.monotonic() - self._keys.loaded_at
        unknown = wanted is not None and wanted not in self._keys.verify
        if age > FRESH_SECONDS or (unknown and age > UNKNOWN_KEY_SECONDS):
            await self._load(age)
        return self._keys.verify

    async def signing_key(self, now: datetime) -> SigningKeyPair:
        """The key that signs now; makes one if rotation was late, because people must be able to sign in."""
        age = time.monotonic() - self._keys.loaded_at
        if age > FRESH_SECONDS:
            await self._load(age)
        if self._keys.signing is None or self._keys.signs_until is None or self._keys.signs_until <= now:
            async with directory_session() as session:
                await rotate_signing_keys(session, now)
            await self._load(float("inf"))
        if self._keys.signing is None:
            raise Unavailable("There is no key to sign with.")
        return self._keys.signing

    async def cache_key(self) -> bytes:
        """The key that authenticates cached sessions: of the installation's key, so every process has the same one."""
        age = time.monotonic() - self._keys.loaded_at
        if age > FRESH_SECONDS:
            await self._load(age)
        return self._keys.cache_key

    async def _load(self, age: float) -> None:
        if self._loading and age <= STALE_SECONDS:
            return  # somebody else is at it; what we have is good enough
        self._loading = True
        try:
            async with directory_session() as session:
                self._keys = await self._read(session)
        except (SQLAlchemyError, OSError):
            if age > STALE_SECONDS:
                raise
            logger.warning("signing keys could not be read again; the known ones serve on")
            self._keys = _Keys(**{**vars(self._keys), "loaded_at": self._keys.loaded_at + UNKNOWN_KEY_SECONDS})
        finally:
            self._loading = False

    async def _read(self, session: AsyncSession) -> _Keys:
        try:
            cache_key = await installation_subkey(session, "session cache")
        except (Unavailable, SecretUnreadable):
            if not self._keys.cache_key:
                raise
            cache_key = self._keys.cache_key  # the key service is away, and we know the answer
        if self._remote is not None:
            return _Keys(cache_key=cache_key, loaded_at=time.monotonic())
        now = clock.utc_now()
        rows = await queries.list_signing_keys(session)
        verify = {
            str(row.id): VerificationKey.from_bytes(row.id, row.public_key, row.published_at, row.retires_at)
            for row in rows
        }
        row = next((row for row in rows if row.signs_from <= now < row.signs_until), None)
        if row is None:
            return _Keys(verify=MappingProxyType(verify), cache_key=cache_key, loaded_at=time.monotonic())
        if self._keys.signing is not None and self._keys.signing.id == str(row.id):
            signing = self._keys.signing
        else:
            private = await open_installation(session, "signing_keys", "private_key", row.id, row.private_key)
            signing = SigningKeyPair.from_bytes(row.id, row.public_key, private.reveal_bytes())
        return _Keys(
            verify=MappingProxyType(verify),
            signing=signing,
            signs_until=row.signs_until,
            cache_key=cache_key,
            loaded_at=time.monotonic(),
        )


_ring = KeyRing()


def get_key_ring() -> KeyRing:
    """This process's key ring."""
    return _ring


async def read_key_set() -> dict[str, list[dict[str, str]]]:
    """The JWKS document as of now."""
    keys = await _ring.verification_keys()
    return tokens.key_set(keys.values(), clock.utc_now())


async def forget_signing_key(session: AsyncSession, key_id: UUID) -> None:
    """Emergency: delete a key. Access tokens under it die within 15 s everywhere; refresh tokens go on."""
    await session.execute(delete(SigningKey).where(SigningKey.id == key_id))
    _ring.clear()
