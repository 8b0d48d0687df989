"""Envelope encryption of stored secrets: the only place that decrypts.

The root key wraps one key per organization and version; that wraps a fresh data key per value. Stored form:
version (1 byte) | key version (4) | nonce (12) | wrapped data key (48) | nonce (12) | ciphertext | tag (16).
Associated data, each part length-prefixed: version, organization, table, column, row id. A value copied to
another row, column, table or organization does not open.
"""

import hashlib
import os
import struct
import time
from collections import OrderedDict
from datetime import datetime
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import LargeBinary, UniqueConstraint, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.core.config import get_settings
from app.core.database import Base, OrganizationRow
from app.core.errors import AppError, Unavailable
from app.core.ids import new_id
from app.core.rootkey import RootKey, RootKeyError, RootKeyUnavailable, load_root_key
from app.core.secret_value import Secret as Secret

FORMAT_VERSION = 1
SEALED = {"sealed": True}
"""`info` of every column of sealed bytes, so that rotation finds it: `mapped_column(LargeBinary, info=SEALED)`."""

MAX_KEY_VERSION = 2**31 - 1  # what the column holds; four bytes can say more
CACHE_SECONDS = 300.0
CACHE_KEYS = 1_000
_NONCE, _KEY, _TAG = 12, 32, 16
_WRAPPED = _KEY + _TAG
_HEADER = struct.Struct(">BI")
_ROTATION_LOCK, _SEALING_LOCK = 0x636F_7006, 0x636F_7007
_OVERHEAD = _HEADER.size + _NONCE + _WRAPPED + _NONCE + _TAG


class SecretUnreadable(AppError):
    """Wrong place, wrong key, altered bytes, destroyed key: one error for all, without detail."""

    status, slug, title = 500, "secret-unreadable", "A stored secret cannot be opened"

    def __init__(self) -> None:
        super().__init__()


class OrganizationKey(OrganizationRow, Base):
    """One version of an organization's key, wrapped by the root key. The highest version seals; all open.

    `retired_at` is set once no stored value needs the version any more; a while later it is destroyed.
    """

    __tablename__ = "organization_keys"
    __table_args__ = (UniqueConstraint("organization_id", "version"),)

    version: Mapped[int]
    wrapped_key: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    retired_at: Mapped[datetime | None]


class InstallationKey(Base):
    """One version of the key for what belongs to no organization: signing keys, people's password hashes."""

    __tablename__ = "installation_keys"

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    wrapped_key: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    retired_at: Mapped[datetime | None]


class _KeyCache:
    """Unwrapped keys of this process, bounded in number and age."""

    def __init__(self) -> None:
        self._keys: OrderedDict[tuple[UUID | None, int], tuple[float, bytes]] = OrderedDict()

    def get(self, organization_id: UUID | None, version: int) -> bytes | None:
        found = self._keys.get((organization_id, version))
        if found is None or found[0] < time.monotonic():
            return None
        self._keys.move_to_end((organization_id, version))
        return found[1]

    def put(self, organization_id: UUID | None, version: int, key: bytes) -> None:
        self._keys[(organization_id, version)] = (time.monotonic() + CACHE_SECONDS, key)
        self._keys.move_to_end((organization_id, version))
        while len(self._keys) > CACHE_KEYS:
            self._keys.popitem(last=False)

    def forget(self, organization_id: UUID | None) -> None:
        for entry in [entry for entry in self._keys if entry[0] == organization_id]:
            del self._keys[entry]

    def clear(self) -> None:
        self._keys.clear()


_cache = _KeyCache()
_root_key: RootKey | None = None


def use_root_key(root_key: RootKey | None) -> None:
    """Set this process's root key; None goes back to the settings' one at the next use."""
    global _root_key
    _root_key = root_key
    _cache.clear()


def get_root_key() -> RootKey:
    """This process's root key, from its settings unless `use_root_key` gave another."""
    global _root_key
    if _root_key is None:
        _root_key = load_root_key(get_settings())
    return _root_key


async def seal(
    session: AsyncSession,
    organization_id: UUID | None,
    table: str,
    column: str,
    row_id: UUID | str,
    plaintext: bytes | str | Secret,
) -> bytes:
    """The stored form of a secret value. The session must be bound to the organization; None: the installation's key.

    Raises SecretUnreadable when the organization has no key or the root key does not open it.
    """
    version, key = await _current_key(session, organization_id, hold=True)
    content = plaintext if isinstance(plaintext, Secret) else Secret(plaintext)
    bound_to = _associated(organization_id, table, column, row_id)
    data_key = AESGCM.generate_key(bit_length=256)
    key_nonce, nonce = os.urandom(_NONCE), os.urandom(_NONCE)
    return b"".join(
        (
            _HEADER.pack(FORMAT_VERSION, version),
            key_nonce,
            AESGCM(key).encrypt(key_nonce, data_key, bound_to),
            nonce,
            AESGCM(data_key).encrypt(nonce, content.reveal_bytes(), bound_to),
        )
    )


async def open_sealed(
    session: AsyncSession, organization_id: UUID | None, table: str, column: str, row_id: UUID | str, blob: bytes
) -> Secret:
    """The value that was sealed for exactly this place. Raises SecretUnreadable for anything else."""
    version = sealed_key_version(blob)
    key = await _key_of_version(session, organization_id, version)
    bound_to = _associated(organization_id, table, column, row_id)
    start = _HEADER.size
    key_nonce, wrapped = blob[start : start + _NONCE], blob[start + _NONCE : start + _NONCE + _WRAPPED]
    start += _NONCE + _WRAPPED
    try:
        data_key = AESGCM(key).decrypt(key_nonce, wrapped, bound_to)
        return Secret(AESGCM(data_key).decrypt(blob[start : start + _NONCE], blob[start + _NONCE :], bound_to))
    except (InvalidTag, ValueError):
        raise SecretUnreadable from None


async def seal_installation(
    session: AsyncSession, table: str, column: str, row_id: UUID | str, plaintext: bytes | str | Secret
) -> bytes:
    """Like `seal`, for what belongs to no organization. Makes the installation's key at the first use."""
    return await seal(session, None, table, column, row_id, plaintext)


async def open_installation(session: AsyncSession, table: str, column: str, row_id: UUID | str, blob: bytes) -> Secret:
    """Like `open_sealed`, for what belongs to no organization."""
    return await open_sealed(session, None, table, column, row_id, blob)


def sealed_key_version(blob: bytes) -> int:
    """The key version that a stored value was sealed with. Raises SecretUnreadable for what is not a sealed value."""
    if len(blob) < _OVERHEAD or blob[0] != FORMAT_VERSION:
        raise SecretUnreadable
    version: int = _HEADER.unpack_from(blob)[1]
    if not 0 < version <= MAX_KEY_VERSION:
        raise SecretUnreadable
    return version


async def create_organization_key(session: AsyncSession, organization_id: UUID, *, version: int = 1) -> None:
    """Give a new organization its first key version, in the transaction that makes the organization. Safe to repeat.

    `version` is for one whose keys were destroyed: a number that was used before may be in other processes' memory.
    """
    await _insert_key(session, organization_id, version)


async def rotate_organization_key(session: AsyncSession, organization_id: UUID | None) -> int:
    """Add a key version that seals from now on; earlier ones stay readable. Returns the new version.

    None is the installation's key. Who rotates at the same moment waits, and gets the version after.
    """
    await session.execute(select(func.pg_advisory_xact_lock(_ROTATION_LOCK, func.hashtext(str(organization_id)))))
    latest = (await session.execute(_wrapped_keys(organization_id).limit(1))).first()
    version = (latest.version if latest else 0) + 1
    await _insert_key(session, organization_id, version)
    return version


async def hold_back_sealers(session: AsyncSession, organization_id: UUID | None, version: int) -> None:
    """Wait for every transaction that has sealed with this version, so that a count of what uses it is the last word.

    Nobody begins to seal with it meanwhile: only the newest version seals.
    """
    await session.execute(select(func.pg_advisory_xact_lock(_SEALING_LOCK, _sealing_key(organization_id, version))))


async def installation_subkey(session: AsyncSession, purpose: str) -> bytes:
    """32 bytes for one purpose from the installation's key (HKDF-SHA-256): the same in every process, changed by its
    rotation. They reveal neither the key nor each other."""
    _, key = await _current_key(session, None)
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"cloudops {purpose}".encode()).derive(key)


async def reseal(
    session: AsyncSession, organization_id: UUID | None, table: str, column: str, row_id: UUID | str, blob: bytes
) -> bytes:
    """The same value sealed anew under the current key version; for the background part of a rotation."""
    opened = await open_sealed(session, organization_id, table, column, row_id, blob)
    return await seal(session, organization_id, table, column, row_id, opened)


async def rewrap_organization_keys(
    session: AsyncSession, organization_id: UUID | None, old_root_key: RootKey | None = None
) -> int:
    """Wrap the organization's key versions (None: the installation's) anew by this process's root key.

    They are opened with `old_root_key`, or with this process's own, which also knows the previous one while it is
    changed. Sealed values stay as they are. Returns how many. Raises SecretUnreadable when neither fits.
    """
    model: Any = InstallationKey if organization_id is None else OrganizationKey
    query = select(model).with_for_update()
    if organization_id is not None:
        query = query.where(OrganizationKey.organization_id == organization_id)
    rows = (await session.execute(query)).scalars().all()
    for row in rows:
        context = _key_context(organization_id, row.version)
        try:
            key = await (old_root_key or get_root_key()).unwrap(row.wrapped_key, context)
            row.wrapped_key = await get_root_key().wrap(key, context)
        except RootKeyUnavailable as error:
            raise Unavailable(str(error)) from None
        except RootKeyError:
            raise SecretUnreadable from None
    await session.flush()
    return len(rows)


async def destroy_organization_keys(session: AsyncSession, organization_id: UUID) -> None:
    """Delete every key version: all sealed values of the organization are lost for good, backups excepted.

    Other processes keep an unwrapped copy for at most CACHE_SECONDS.
    """
    await session.execute(delete(OrganizationKey).where(OrganizationKey.organization_id == organization_id))
    _cache.forget(organization_id)


async def check_canary(session: AsyncSession) -> None:
    """Prove that the root key opens this database's keys, past the cache. Raises SecretUnreadable if it does not."""
    _cache.forget(None)
    await _check_root_key()
    blob = await seal_installation(session, "installation_keys", "canary", "canary", b"canary")
    opened = await open_installation(session, "installation_keys", "canary", "canary", blob)
    if opened.reveal_bytes() != b"canary":
        raise SecretUnreadable


async def _check_root_key() -> None:
    """The root key opens what it wraps now, and not in another context."""
    probe, context = os.urandom(_KEY), b"canary"
    try:
        wrapped = await get_root_key().wrap(probe, context)
        is_right = await get_root_key().unwrap(wrapped, context) == probe
    except RootKeyUnavailable as error:
        raise Unavailable(str(error)) from None
    if not is_right:
        raise SecretUnreadable


def _associated(organization_id: UUID | None, table: str, column: str, row_id: UUID | str) -> bytes:
    organization = organization_id.bytes if organization_id else b""
    parts = (bytes([FORMAT_VERSION]), organization, table.encode(), column.encode(), str(row_id).encode())
    return b"".join(struct.pack(">I", len(part)) + part for part in parts)


def _key_context(organization_id: UUID | None, version: int) -> bytes:
    return _associated(organization_id, "organization_keys", "wrapped_key", str(version))


async def _insert_key(session: AsyncSession, organization_id: UUID | None, version: int) -> None:
    try:
        wrapped = await get_root_key().wrap(AESGCM.generate_key(bit_length=256), _key_context(organization_id, version))
    except RootKeyUnavailable as error:
        raise Unavailable(str(error)) from None
    values: dict[str, Any] = {"version": version, "wrapped_key": wrapped}
    table: Any = InstallationKey
    if organization_id is not None:
        table = OrganizationKey
        values |= {"organization_id": organization_id, "id": new_id()}
    await session.execute(insert(table).values(**values).on_conflict_do_nothing())
    # Until the commit the key may still vanish; what another session seals with it would be lost. So it is not cached.
    session.info.setdefault("uncommitted_keys", set()).add((organization_id, version))


def _wrapped_keys(organization_id: UUID | None) -> Any:
    if organization_id is None:
        return select(InstallationKey.version, InstallationKey.wrapped_key).order_by(InstallationKey.version.desc())
    return (
        select(OrganizationKey.version, OrganizationKey.wrapped_key)
        .where(OrganizationKey.organization_id == organization_id)
        .order_by(OrganizationKey.version.desc())
    )


async def _current_key(session: AsyncSession, organization_id: UUID | None, *, hold: bool = False) -> tuple[int, bytes]:
    """The newest version and its key. `hold`: until this transaction ends nobody declares the version unused."""
    query = _wrapped_keys(organization_id).limit(1)
    row = (await session.execute(query)).one_or_none()
    if row is None and organization_id is None:
        await _insert_key(session, None, 1)
        row = (await session.execute(query)).one_or_none()
    if row is None:
        raise SecretUnreadable
    held = session.info.setdefault("held_keys", {})
    transaction = session.sync_session.get_nested_transaction() or session.sync_session.get_transaction()
    if hold and held.get((organization_id, row.version)) is not transaction:
        lock = func.pg_advisory_xact_lock_shared(_SEALING_LOCK, _sealing_key(organization_id, row.version))
        await session.execute(select(lock))
        # Between our reading and our lock the version may have been replaced and found unused.
        held[(organization_id, row.version)] = transaction
        return await _current_key(session, organization_id, hold=True)
    return row.version, await _unwrap(session, organization_id, row.version, row.wrapped_key)


def _sealing_key(organization_id: UUID | None, version: int) -> int:
    """The lock's number: two organizations that share one wait for each other now and then, and nothing else."""
    digest = hashlib.sha256(f"{organization_id}:{version}".encode()).digest()
    return int.from_bytes(digest[:4], signed=True)


async def _key_of_version(session: AsyncSession, organization_id: UUID | None, version: int) -> bytes:
    if cached := _cache.get(organization_id, version):
        return cached
    model: Any = InstallationKey if organization_id is None else OrganizationKey
    row = (await session.execute(_wrapped_keys(organization_id).where(model.version == version))).one_or_none()
    if row is None:
        raise SecretUnreadable
    return await _unwrap(session, organization_id, version, row.wrapped_key)


async def _unwrap(session: AsyncSession, organization_id: UUID | None, version: int, wrapped: bytes) -> bytes:
    if cached := _cache.get(organization_id, version):
        return cached
    try:
        key = await get_root_key().unwrap(wrapped, _key_context(organization_id, version))
    except RootKeyUnavailable as error:
        raise Unavailable(str(error)) from None
    except RootKeyError:
        raise SecretUnreadable from None
    if (organization_id, version) not in session.info.get("uncommitted_keys", ()):
        _cache.put(organization_id, version, key)
    return key
