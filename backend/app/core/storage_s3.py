"""File storage on S3 or a store that speaks its protocol; endpoint and credentials come from the AWS environment."""

import asyncio
import contextlib
import hashlib
import os
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from boto3.exceptions import S3UploadFailedError
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from app.core.storage import (
    CHUNK_BYTES,
    FileMissing,
    StorageFull,
    StorageUnavailable,
    check_key,
    check_prefix,
    full_disk_is_storage_full,
)

CACHE_BYTES = 20 * 1024**3
IDLE_SECONDS = 600.0
"""A cached copy that no process has asked for this long may be evicted."""

_MISSING = {"404", "NoSuchKey", "NotFound"}
_FULL = {"QuotaExceeded", "XMinioStorageFull", "InsufficientStorage", "XAmzInsufficientStorage"}


@contextlib.contextmanager
def _known_errors() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in _MISSING:
            raise FileMissing from None
        if code in _FULL:
            raise StorageFull from None
        raise StorageUnavailable(f"The object store answered {code or 'with an error'}.") from None
    except BotoCoreError:
        raise StorageUnavailable from None


class S3Storage:
    """Files as objects. Objects never change, so local copies are kept in `cache_dir` by key."""

    def __init__(self, location: str, cache_dir: Path, *, cache_bytes: int = CACHE_BYTES) -> None:
        parts = urlsplit(location)
        if parts.scheme != "s3" or not parts.netloc:
            raise ValueError("CLOUDOPS_STORAGE_URL must look like s3://bucket/prefix")
        self._bucket = parts.netloc
        prefix = parts.path.strip("/")
        self._prefix = f"{check_key(prefix)}/" if prefix else ""
        self._cache_dir, self._cache_bytes = cache_dir, cache_bytes
        self._client_object: Any = None
        self._in_use: Counter[str] = Counter()
        self._downloads: dict[str, asyncio.Lock] = {}

    @property
    def _client(self) -> Any:
        if self._client_object is None:
            self._client_object = boto3.session.Session().client(
                "s3",
                config=Config(
                    connect_timeout=5, read_timeout=60, max_pool_connections=16, retries={"mode": "standard"}
                ),
            )
        return self._client_object

    def _name(self, key: str) -> str:
        return self._prefix + check_key(key)

    def _cached(self, key: str) -> Path:
        return self._cache_dir / hashlib.sha256(f"{self._bucket}/{self._name(key)}".encode()).hexdigest()

    async def _call(self, operation: str, **arguments: Any) -> Any:
        with _known_errors():
            return await asyncio.to_thread(lambda: getattr(self._client, operation)(**arguments))

    async def put_file(self, key: str, local_file: Path, *, move: bool = False) -> int:
        """Store a local file whole or not at all; returns its bytes."""
        with _known_errors():
            size = await asyncio.to_thread(self._upload, local_file, self._name(key), move)
        self._cached(key).unlink(missing_ok=True)
        return size

    def _upload(self, local_file: Path, name: str, move: bool) -> int:
        size = local_file.stat().st_size
        try:
            self._client.upload_file(str(local_file), self._bucket, name)
        except S3UploadFailedError as error:
            if isinstance(error.__context__, ClientError):
                raise error.__context__ from None
            raise StorageUnavailable from None
        if move:
            local_file.unlink(missing_ok=True)
        return size

    async def put_bytes(self, key: str, content: bytes) -> None:
        """Store a small file whole or not at all."""
        await self._call("put_object", Bucket=self._bucket, Key=self._name(key), Body=content)
        self._cached(key).unlink(missing_ok=True)

    async def open_read(self, key: str) -> AsyncIterator[bytes]:
        """The object in parts of 256 KiB."""
        answer = await self._call("get_object", Bucket=self._bucket, Key=self._name(key))
        body = answer["Body"]
        try:
            with _known_errors():
                while part := await asyncio.to_thread(body.read, CHUNK_BYTES):
                    yield part
        finally:
            body.close()

    @contextlib.asynccontextmanager
    async def local_path(self, key: str) -> AsyncIterator[Path]:
        """A local copy of the object, downloaded once and kept while there is room."""
        path = self._cached(key)
        self._in_use[path.name] += 1
        try:
            async with self._downloads.setdefault(path.name, asyncio.Lock()):
                if path.is_file():
                    os.utime(path)
                else:
                    await self._download(key, path)
            yield path
        finally:
            self._in_use[path.name] -= 1
            if not self._in_use[path.name]:
                del self._in_use[path.name]
                self._downloads.pop(path.name, None)

    async def _download(self, key: str, path: Path) -> None:
        self._cache_dir.mkdir(parents=True, exist_ok=True)
        await asyncio.to_thread(self._evict)
        draft = path.with_suffix(f".{secrets.token_hex(8)}")
        try:
            with _known_errors(), full_disk_is_storage_full():
                name = self._name(key)
                await asyncio.to_thread(lambda: self._client.download_file(self._bucket, name, str(draft)))
                os.replace(draft, path)
        finally:
            draft.unlink(missing_ok=True)

    def _evict(self) -> None:
        """Drop the copies used longest ago until the cache fits, sparing those that somebody may be reading."""
        entries = []
        for path in self._cache_dir.iterdir():
            with contextlib.suppress(FileNotFoundError):
                status = path.stat()
                entries.append((status.st_mtime, status.st_size, path))
        total = sum(size for _, size, _ in entries)
        oldest_kept = time.time() - IDLE_SECONDS
        for used_at, size, path in sorted(entries):
            if total <= self._cache_bytes or used_at > oldest_kept:
                return
            if path.name not in self._in_use:
                path.unlink(missing_ok=True)
                total -= size

    async def delete(self, key: str) -> None:
        """Remove the object and our copy; safe to repeat."""
        await self._call("delete_object", Bucket=self._bucket, Key=self._name(key))
        self._cached(key).unlink(missing_ok=True)

    async def exists(self, key: str) -> bool:
        """Whether an object is stored under the key."""
        try:
            await self._call("head_object", Bucket=self._bucket, Key=self._name(key))
        except FileMissing:
            return False
        return True

    async def list_prefix(self, prefix: str) -> list[str]:
        """Keys that start with the folder `prefix`, sorted."""
        start = self._prefix + check_prefix(prefix)

        def read_pages() -> list[str]:
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=start)
            return [item["Key"] for page in pages for item in page.get("Contents", ())]

        with _known_errors():
            found = await asyncio.to_thread(read_pages)
        return sorted(key.removeprefix(self._prefix) for key in found)

    async def check(self) -> None:
        """Write, read and delete a small object."""
        key = f"check/{secrets.token_hex(8)}"
        await self.put_bytes(key, b"check")
        await self.delete(key)
