"""File storage: the same behaviour in a folder and on S3."""

import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from app.core import storage as storage_module
from app.core.config import Settings
from app.core.ids import new_id
from app.core.storage import (
    FileMissing,
    FolderStorage,
    Storage,
    StorageFull,
    StorageUnavailable,
    check_key,
    get_storage,
    organization_key,
)
from app.core.storage_s3 import S3Storage
from moto.server import ThreadedMotoServer


@pytest.fixture(scope="module")
def s3_address() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3_environment(s3_address: str, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in {
        "AWS_ENDPOINT_URL": s3_address,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    bucket = f"b-{new_id().hex}"
    boto3.session.Session().client("s3").create_bucket(Bucket=bucket)
    return bucket


@pytest.fixture(params=["folder", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "folder":
        return FolderStorage(tmp_path / "storage")
    bucket = request.getfixturevalue("s3_environment")
    return S3Storage(f"s3://{bucket}/files", tmp_path / "cache")


async def read(storage: Storage, key: str) -> bytes:
    return b"".join([part async for part in storage.open_read(key)])


async def test_a_stored_file_comes_back_whole(storage: Storage, tmp_path: Path) -> None:
    content = os.urandom(700_000)
    local = tmp_path / "local"
    local.write_bytes(content)
    assert await storage.put_file("org/a/costs/month=2026-01/x.parquet", local) == len(content)
    assert await read(storage, "org/a/costs/month=2026-01/x.parquet") == content
    async with storage.local_path("org/a/costs/month=2026-01/x.parquet") as path:
        assert path.read_bytes() == content
    assert local.exists()


async def test_moving_a_file_in_consumes_it(storage: Storage, tmp_path: Path) -> None:
    local = tmp_path / "local"
    local.write_bytes(b"x")
    assert await storage.put_file("a/b", local, move=True) == 1
    assert (await read(storage, "a/b"), local.exists()) == (b"x", False)


async def test_writing_again_replaces_the_content_and_its_copies(storage: Storage) -> None:
    await storage.put_bytes("a/b", b"old")
    async with storage.local_path("a/b") as path:
        assert path.read_bytes() == b"old"
    await storage.put_bytes("a/b", b"new")
    async with storage.local_path("a/b") as path:
        assert path.read_bytes() == b"new"


async def test_deleting_is_safe_to_repeat(storage: Storage) -> None:
    await storage.put_bytes("a/b", b"x")
    assert await storage.exists("a/b")
    await storage.delete("a/b")
    await storage.delete("a/b")
    assert not await storage.exists("a/b")


async def test_a_missing_file_is_named_so(storage: Storage) -> None:
    with pytest.raises(FileMissing):
        await read(storage, "a/none")
    with pytest.raises(FileMissing):
        async with storage.local_path("a/none"):
            pass


async def test_listing_shows_a_folder_only(storage: Storage) -> None:
    for key in ("org/a/1", "org/a/b/2", "org/ab/3", "org/c/4"):
        await storage.put_bytes(key, b"x")
    assert await storage.list_prefix("org/a/") == ["org/a/1", "org/a/b/2"]
    assert await storage.list_prefix("") == ["org/a/1", "org/a/b/2", "org/ab/3", "org/c/4"]
    assert await storage.list_prefix("none/") == []
    with pytest.raises(ValueError):
        await storage.list_prefix("org/a")


async def test_the_check_leaves_nothing(storage: Storage) -> None:
    await storage.check()
    assert await storage.list_prefix("") == []


@pytest.mark.parametrize(
    "key",
    ["", "/a", "a/", "a//b", "../a", "a/../b", "a/./b", ".hidden", "a/.b", "a\\b", "a\x00b", "a b", "ä", "~/a", "-a"],
)  # fmt: skip
async def test_a_key_that_leads_elsewhere_is_refused(storage: Storage, key: str) -> None:
    with pytest.raises(ValueError, match="plain"):
        await storage.put_bytes(key, b"x")
    with pytest.raises(ValueError, match="plain"):
        await read(storage, key)


def test_an_organizations_key_cannot_leave_its_folder() -> None:
    organization = new_id()
    assert organization_key(organization, "costs", "x.parquet") == f"org/{organization}/costs/x.parquet"
    with pytest.raises(ValueError, match="plain"):
        organization_key(organization, "..", "x")
    assert check_key("a/b=c,d@e+f.g-h") == "a/b=c,d@e+f.g-h"


async def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path / "storage")
    await storage.put_bytes("a/b", b"x")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_bytes(b"secret")
    (tmp_path / "storage" / "link").symlink_to(tmp_path / "outside")
    (tmp_path / "storage" / "a" / "file").symlink_to(tmp_path / "outside" / "secret")
    for key in ("link/secret", "a/file"):
        with pytest.raises(ValueError, match="out of"):
            await read(storage, key)
    with pytest.raises(ValueError, match="out of"):
        await storage.put_bytes("link/new", b"x")


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
async def test_a_full_disk_keeps_the_old_file_and_leaves_no_draft(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    storage = FolderStorage(tmp_path / "storage")
    await storage.put_bytes("a/b", b"old")
    local = tmp_path / "local"
    local.write_bytes(b"new")

    def full(source: Path, target: Path) -> None:
        target.write_bytes(b"ne")
        raise OSError(code, "full")

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(StorageFull) as refused:
        await storage.put_file("a/b", local)
    assert (refused.value.status, refused.value.slug) == (503, "unavailable")
    assert await read(storage, "a/b") == b"old"
    assert list((tmp_path / "storage" / ".drafts").iterdir()) == []


async def test_another_file_system_is_copied_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = FolderStorage(tmp_path / "storage")
    local = tmp_path / "local"
    local.write_bytes(b"x")
    replace = os.replace

    def cross_device(source: Path, target: Path) -> None:
        if source == local:
            raise OSError(errno.EXDEV, "other device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", cross_device)
    await storage.put_file("a/b", local, move=True)
    assert (await read(storage, "a/b"), local.exists()) == (b"x", False)


async def test_copies_are_downloaded_once_and_evicted_when_idle(s3_environment: str, tmp_path: Path) -> None:
    storage = S3Storage(f"s3://{s3_environment}", tmp_path / "cache", cache_bytes=150)
    for key in ("a", "b", "c"):
        await storage.put_bytes(key, b"x" * 100)
    async with storage.local_path("a") as path:
        inode = path.stat().st_ino
        os.utime(path, (1, 1))
    async with storage.local_path("a") as path:
        assert path.stat().st_ino == inode
        os.utime(path, (1, 1))
        async with storage.local_path("b"), storage.local_path("c"):
            assert path.exists()  # in use, however old
    os.utime(path, (1, 1))
    await storage.delete("c")
    async with storage.local_path("b"):
        await storage.put_bytes("d", b"x")
        async with storage.local_path("d"):
            assert not path.exists()


async def test_a_store_that_does_not_answer_is_unavailable(
    s3_environment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(StorageUnavailable):
        await S3Storage("s3://no-such-bucket-here", tmp_path).put_bytes("a", b"x")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(StorageUnavailable):
        await S3Storage(f"s3://{s3_environment}", tmp_path).exists("a")


def test_the_setting_chooses_the_kind(tmp_path: Path) -> None:
    storage_module._storages.clear()
    assert isinstance(get_storage(Settings(data_dir=tmp_path)), FolderStorage)
    assert isinstance(get_storage(Settings(data_dir=tmp_path, storage_url="s3://bucket/x")), S3Storage)
    for wrong in ("gs://bucket", "https://bucket", "s3://"):
        with pytest.raises(ValueError, match="CLOUDOPS_STORAGE_URL"):
            get_storage(Settings(data_dir=tmp_path, storage_url=wrong))
