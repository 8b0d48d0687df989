"""Files that outlive a process: bills, Parquet, reports. Immutable; visible only by the row that names them."""

import asyncio
import contextlib
import errno
import os
import re
import secrets
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from app.core.errors import NotFound, Unavailable

if TYPE_CHECKING:  # reading settings takes longer to import than a child process needs to start
    from app.core.config import Settings

CHUNK_BYTES = 256 * 1024
MAX_KEY_LENGTH = 900
_SEGMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.=+@,-]{0,199}")
_FULL = {errno.ENOSPC, errno.EDQUOT}


class StorageFull(Unavailable):
    """No room for a file; nothing of it was kept."""

    title = "There is no room left in the file storage"

    def __init__(self) -> None:
        super().__init__(retry_after_seconds=60)


class StorageUnavailable(Unavailable):
    """The object store does not answer or refuses us."""

    title = "The file storage is not available"


class FileMissing(NotFound):
    """There is no stored file under this key."""


class Storage(Protocol):
    """Files under keys such as `org/<id>/costs/2026-01/x.parquet`. Raises StorageFull, StorageUnavailable, ValueError
    for a key that is not plain, and FileMissing."""

    async def put_file(self, key: str, local_file: Path, *, move: bool = False) -> int:
        """Store a local file whole or not at all; returns its bytes. `move` may consume the local file."""

    async def put_bytes(self, key: str, content: bytes) -> None:
        """Store a small file whole or not at all."""

    def open_read(self, key: str) -> AsyncIterator[bytes]:
        """The file in parts of 256 KiB: `async for part in storage.open_read(key)`."""

    def local_path(self, key: str) -> AbstractAsyncContextManager[Path]:
        """A real file with the content, valid inside `async with`; read only."""

    async def delete(self, key: str) -> None:
        """Remove the file; safe to repeat."""

    async def exists(self, key: str) -> bool:
        """Whether a file is stored under the key."""

    async def list_prefix(self, prefix: str) -> list[str]:
        """Keys that start with the folder `prefix` (ends with a slash), sorted."""

    async def check(self) -> None:
        """Write, read and delete a small file; for `doctor` and readiness."""


def organization_key(organization_id: UUID, *parts: str) -> str:
    """The key of an organization's file. Raises ValueError when a part is not plain."""
    return check_key("/".join(("org", str(organization_id), *parts)))


def check_key(key: str) -> str:
    """The key itself when each segment is plain: no empty, dot or hidden segments. Raises ValueError."""
    if len(key) > MAX_KEY_LENGTH or not all(_SEGMENT.fullmatch(segment) for segment in key.split("/")):
        raise ValueError("not a plain storage key")
    return key


def check_prefix(prefix: str) -> str:
    """A folder prefix, empty or ending with a slash. Raises ValueError."""
    if prefix and (not prefix.endswith("/") or not check_key(prefix[:-1])):
        raise ValueError("a prefix ends with a slash")
    return prefix


@contextlib.contextmanager
def full_disk_is_storage_full() -> Iterator[None]:
    """Turn a full disk or quota into StorageFull; other operating system errors rise."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StorageFull from None
        raise


class FolderStorage:
    """Files in a folder of this machine. Each write goes to a draft, is synced, then renamed into place."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def _file(self, key: str) -> Path:
        path = self._root / check_key(key)
        if not path.parent.resolve().is_relative_to(self._root) or path.is_symlink():
            raise ValueError("the key leads out of the storage folder")
        return path

    def _draft(self) -> Path:
        folder = self._root / ".drafts"
        folder.mkdir(parents=True, exist_ok=True)
        return folder / secrets.token_hex(16)

    def _publish(self, draft: Path, path: Path) -> None:
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        path.parent.mkdir(parents=True, exist_ok=True)
        os.replace(draft, path)
        _sync_folder(path.parent)

    def _put_file(self, key: str, local_file: Path, move: bool) -> int:
        path, draft = self._file(key), self._draft()
        with full_disk_is_storage_full():
            try:
                moved = False
                if move:
                    with contextlib.suppress(OSError):  # another file system: copy instead
                        os.replace(local_file, draft)
                        moved = True
                if not moved:
                    shutil.copyfile(local_file, draft)
                size = draft.stat().st_size
                self._publish(draft, path)
                if move and not moved:
                    local_file.unlink(missing_ok=True)
                return size
            finally:
                draft.unlink(missing_ok=True)

    def _put_bytes(self, key: str, content: bytes) -> None:
        path, draft = self._file(key), self._draft()
        with full_disk_is_storage_full():
            try:
                draft.write_bytes(content)
                self._publish(draft, path)
            finally:
                draft.unlink(missing_ok=True)

    async def put_file(self, key: str, local_file: Path, *, move: bool = False) -> int:
        """Store a local file whole or not at all; returns its bytes."""
        return await asyncio.to_thread(self._put_file, key, local_file, move)

    async def put_bytes(self, key: str, content: bytes) -> None:
        """Store a small file whole or not at all."""
        await asyncio.to_thread(self._put_bytes, key, content)

    async def open_read(self, key: str) -> AsyncIterator[bytes]:
        """The file in parts of 256 KiB."""
        try:
            file = await asyncio.to_thread(self._file(key).open, "rb")
        except (FileNotFoundError, IsADirectoryError):
            raise FileMissing from None
        try:
            while part := await asyncio.to_thread(file.read, CHUNK_BYTES):
                yield part
        finally:
            file.close()

    @contextlib.asynccontextmanager
    async def local_path(self, key: str) -> AsyncIterator[Path]:
        """The stored file itself."""
        path = self._file(key)
        if not path.is_file():
            raise FileMissing
        yield path

    async def delete(self, key: str) -> None:
        """Remove the file; safe to repeat."""
        self._file(key).unlink(missing_ok=True)

    async def exists(self, key: str) -> bool:
        """Whether a file is stored under the key."""
        return self._file(key).is_file()

    async def list_prefix(self, prefix: str) -> list[str]:
        """Keys that start with the folder `prefix`, sorted."""
        return await asyncio.to_thread(self._list, check_prefix(prefix))

    def _list(self, prefix: str) -> list[str]:
        folder = self._root / prefix
        found = (path.relative_to(self._root) for path in folder.rglob("*") if path.is_file())
        return sorted(path.as_posix() for path in found if path.parts[0] != ".drafts")

    async def check(self) -> None:
        """Write, read and delete a small file."""
        key = f"check/{secrets.token_hex(8)}"
        await self.put_bytes(key, b"check")
        await self.delete(key)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


_storages: dict[tuple[str, Path], Storage] = {}


def get_storage(settings: "Settings") -> Storage:
    """The installation's file storage, one object per process and location. Raises ValueError for an unknown kind."""
    location = settings.storage_location
    known = (location, settings.data_dir)
    if known not in _storages:
        if location.startswith("s3://"):
            from app.core.storage_s3 import S3Storage  # boto3 is slow to import and most installations do without

            _storages[known] = S3Storage(location, settings.data_dir / "cache" / "storage")
        elif "://" in location and not location.startswith("file://"):
            raise ValueError("CLOUDOPS_STORAGE_URL must be a folder or s3://bucket/prefix")
        else:
            _storages[known] = FolderStorage(Path(location.removeprefix("file://")))
    return _storages[known]
