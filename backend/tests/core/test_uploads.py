"""Uploads: told apart by content, unpacked within limits, never outside of their folder."""

import asyncio
import gzip
import hashlib
import io
import os
import stat
import struct
import warnings
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from app.core import uploads
from app.core.config import Settings
from app.core.errors import AppError, TooLarge, UnsupportedMediaType
from app.core.handlers import install_error_handlers
from app.core.receive import receive_upload
from app.core.uploads import (
    HTTP_LIMITS,
    DamagedFile,
    FileKind,
    Limits,
    UnsafeArchive,
    detect_kind,
    open_unpacked,
    safe_name,
    unpack,
)
from fastapi import FastAPI, Request

CSV = b"BilledCost,BillingCurrency\n1.5,USD\n"
PARQUET = b"PAR1" + b"\x00" * 20 + b"PAR1"


def write(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "sent"
    path.write_bytes(content)
    return path


def make_zip(*entries: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return buffer.getvalue()


def special(name: str, mode: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.create_system, entry.external_attr = 3, (mode | 0o777) << 16
    return entry


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (CSV, FileKind.CSV),
        (b"\xef\xbb\xbf" + CSV, FileKind.CSV),
        ("Größe,ä\n".encode() * 20_000, FileKind.CSV),
        (gzip.compress(CSV), FileKind.GZIP),
        (make_zip(("a.csv", CSV)), FileKind.ZIP),
        (PARQUET, FileKind.PARQUET),
        (b' {"a": 1}', FileKind.JSON),
    ],
)
def test_a_file_is_what_its_content_says(tmp_path: Path, content: bytes, kind: FileKind) -> None:
    assert detect_kind(write(tmp_path, content)) is kind


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"   \n",
        b"<html><script>alert(1)</script></html>",
        b"\n <svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7",
        b"#!/bin/sh\nrm -rf /",
        b"MZ\x90\x00",
        b"\x7fELF",
        b"\x89PNG\r\n",
        b"GIF89a,a\n",
        "a,b\n".encode("utf-16"),
        b"a,b\n\x00,1\n",
        b"a,\xff\n",
        b"\x1b[31mred",
        b"BZh91AY&SY\x00\x01",
        b"\x28\xb5\x2f\xfd",
        b"Rar!\x1a\x07",
    ],
)
def test_any_other_kind_is_415(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(UnsupportedMediaType):
        unpack(write(tmp_path, content), tmp_path)


def test_plain_gzipped_and_zipped_tables_unpack(tmp_path: Path) -> None:
    for content, name in ((CSV, "a.csv"), (gzip.compress(CSV), "a.csv.gz"), (make_zip(("x/a.csv", CSV)), "a.zip")):
        (found,) = unpack(write(tmp_path, content), tmp_path, HTTP_LIMITS, name=name)
        assert (found.name, found.kind, found.size_bytes) == ("a.csv", FileKind.CSV, len(CSV))
        assert found.path.read_bytes() == CSV
        assert found.path.parent == tmp_path


@pytest.mark.parametrize("cut", [1, 4, 8, 12, 200])
def test_a_truncated_gzip_is_named_so(tmp_path: Path, cut: int) -> None:
    path = write(tmp_path, gzip.compress(os.urandom(5000).hex().encode())[:-cut])
    with pytest.raises(DamagedFile):
        unpack(path, tmp_path)
    with pytest.raises(DamagedFile), open_unpacked(path) as stream:
        stream.read()
    assert list(tmp_path.iterdir()) == [path]


def test_a_gzip_with_altered_content_is_damaged(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(os.urandom(2000).hex().encode()))
    packed[-6] ^= 1
    with pytest.raises(DamagedFile):
        unpack(write(tmp_path, bytes(packed)), tmp_path)


def test_a_bomb_stops_at_the_ratio(tmp_path: Path) -> None:
    zeros = bytes(64 * 1024**2)
    for content in (gzip.compress(zeros), make_zip(("a.csv", zeros))):
        path = write(tmp_path, content)
        with pytest.raises(TooLarge):
            unpack(path, tmp_path)
        assert list(tmp_path.iterdir()) == [path]
        if content.startswith(b"\x1f"):
            with pytest.raises(TooLarge), open_unpacked(path) as stream:
                stream.read()


def test_a_small_file_of_zeros_is_no_bomb(tmp_path: Path) -> None:
    content = b"a,b\n" + b"0,0\n" * 200_000
    (found,) = unpack(write(tmp_path, gzip.compress(content)), tmp_path)
    assert found.size_bytes == len(content)


def test_unpacked_bytes_are_capped_over_all_entries(tmp_path: Path) -> None:
    content = os.urandom(3000).hex().encode()
    path = write(tmp_path, make_zip(*((f"{n}.csv", content) for n in range(10))))
    limits = Limits(packed_bytes=None, unpacked_bytes=50_000)
    with pytest.raises(TooLarge):
        unpack(path, tmp_path, limits)
    with pytest.raises(TooLarge):
        unpack(path, tmp_path, Limits(packed_bytes=100, unpacked_bytes=None))


def test_a_zip_of_too_many_entries_is_413(tmp_path: Path) -> None:
    with pytest.raises(TooLarge):
        unpack(write(tmp_path, make_zip(*((f"{n}.csv", CSV) for n in range(101)))), tmp_path)


with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # zipfile warns of the name that stands twice
    UNSAFE = {
        "parent": make_zip(("../a.csv", CSV)),
        "parent inside": make_zip(("x/../../a.csv", CSV)),
        "parent with backslashes": make_zip(("x\\..\\..\\a.csv", CSV)),
        "absolute": make_zip(("/etc/cron.d/a", CSV)),
        "drive": make_zip(("C:/a.csv", CSV)),
        "link": make_zip((special("a.csv", stat.S_IFLNK), b"/etc/passwd")),
        "device": make_zip((special("a.csv", stat.S_IFCHR), b"")),
        "pipe": make_zip((special("a.csv", stat.S_IFIFO), b"")),
        "same name twice": make_zip(("a.csv", CSV), ("a.csv", CSV)),
        "zip in zip": make_zip(("a.zip", make_zip(("a.csv", CSV)))),
        "gzip in zip": make_zip(("a.csv.gz", gzip.compress(CSV))),
        "gzip in gzip": gzip.compress(gzip.compress(CSV)),
        "zip in gzip": gzip.compress(make_zip(("a.csv", CSV))),
        "something behind": make_zip(("a.csv", CSV)) + b"trailing",
    }


@pytest.mark.parametrize("case", UNSAFE)
def test_an_unsafe_archive_is_refused_and_leaves_nothing(tmp_path: Path, case: str) -> None:
    path = write(tmp_path, UNSAFE[case])
    with pytest.raises(UnsafeArchive):
        unpack(path, tmp_path)
    assert list(tmp_path.iterdir()) == [path]


def test_a_zip_behind_other_content_is_refused(tmp_path: Path) -> None:
    inner = make_zip(("a.csv", CSV))
    local = make_zip(("first.csv", CSV))[: 30 + 9 + 20]
    with pytest.raises((UnsafeArchive, DamagedFile)):
        unpack(write(tmp_path, local + inner), tmp_path)


def test_an_encrypted_entry_is_refused(tmp_path: Path) -> None:
    content = bytearray(make_zip(("a.csv", CSV)))
    content[content.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(UnsafeArchive):
        unpack(write(tmp_path, bytes(content)), tmp_path)


def test_a_zip_that_lies_about_sizes_is_stopped(tmp_path: Path) -> None:
    content = bytearray(make_zip(("a.csv", bytes(64 * 1024**2))))
    directory = content.index(b"PK\x01\x02")
    content[directory + 24 : directory + 28] = struct.pack("<I", 100)
    with pytest.raises((TooLarge, DamagedFile)):
        unpack(write(tmp_path, bytes(content)), tmp_path)


@pytest.mark.parametrize("cut", [5, 30, 60])
def test_a_truncated_zip_is_damaged(tmp_path: Path, cut: int) -> None:
    with pytest.raises(DamagedFile):
        unpack(write(tmp_path, make_zip(("a.csv", CSV))[:-cut]), tmp_path)


def test_a_truncated_parquet_is_damaged(tmp_path: Path) -> None:
    with pytest.raises(DamagedFile):
        unpack(write(tmp_path, PARQUET[:-2]), tmp_path)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\a\\bill.csv", "bill.csv"),
        ("a\r\nb\x00.csv", "a__b_.csv"),
        ("...", "_"),
        ("", "file"),
        (None, "file"),
        ("x" * 300, "x" * 120),
    ],
)
def test_names_are_for_showing_only(given: str | None, shown: str) -> None:
    assert safe_name(given) == shown


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    settings = Settings(data_dir=tmp_path)

    @app.post("/imports")
    async def receive(request: Request) -> dict[str, object]:
        async with receive_upload(request, settings, limits=Limits(packed_bytes=500_000, unpacked_bytes=None)) as file:
            assert file.path.parent == tmp_path / "tmp"
            same = hashlib.sha256(file.path.read_bytes()).digest() == file.sha256
            return {"name": file.name, "kind": file.kind, "bytes": file.size_bytes, "same": same, **file.fields}

    install_error_handlers(app)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as made:
        yield made
    assert not await asyncio.to_thread(lambda: list(tmp_path.glob("tmp/*")))


async def test_an_upload_is_received_with_its_fields(client: httpx.AsyncClient) -> None:
    content = CSV * 5000
    answer = await client.post("/imports", files={"file": ("../b.csv", content, "image/png")}, data={"note": "ü"})
    assert answer.json() == {"name": "b.csv", "kind": "csv", "bytes": len(content), "same": True, "note": "ü"}


@pytest.mark.parametrize(
    ("status", "slug", "files", "fields"),
    [
        (413, "body-too-large", [("file", ("a", b"a" * 600_000))], {}),
        (413, "body-too-large", [("file", ("a", CSV))], {f"f{n}": "x" for n in range(25)}),
        (413, "body-too-large", [("file", ("a", CSV))], {"f": "x" * 70_000}),
        (422, "invalid-input", [("file", ("a", CSV)), ("file", ("b", CSV))], {}),
        (422, "invalid-input", [("other", ("a", CSV))], {}),
        (415, "unsupported-media-type", [("file", ("a.csv", b"<svg/>"))], {}),
    ],
)
async def test_a_bad_upload_gets_its_answer(
    client: httpx.AsyncClient,
    status: int,
    slug: str,
    files: list[tuple[str, tuple[str, bytes]]],
    fields: dict[str, str],
) -> None:
    answer = await client.post("/imports", files=files, data=fields)
    assert (answer.status_code, answer.json()["type"].rsplit("/", 1)[-1]) == (status, slug)


def part(name: str, content: bytes = CSV, file_name: str | None = None) -> bytes:
    shown = f'; filename="{file_name}"' if file_name else ""
    return f'--x\r\nContent-Disposition: form-data; name="{name}"{shown}\r\n\r\n'.encode() + content + b"\r\n"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, part("file", file_name="a.csv")),
        (400, b"rubbish"),
        (400, b""),
        (400, b"--x\r\nContent-Disposition: form-data\r\n\r\nx\r\n--x--\r\n"),
        (400, part("f", b"\xff") + b"--x--\r\n"),
        (422, part("f", b"1") + part("f", b"2") + b"--x--\r\n"),
        (422, part("f", b"1") + b"--x--\r\n"),
        (400, b"--x\r\nContent-Disposition: form-data; name=" + b"a" * 10_000 + b"\r\n\r\nx\r\n--x--\r\n"),
        (200, part("file", file_name="a.csv") + b"--x--\r\n"),
    ],
)
async def test_a_broken_multipart_body_gets_its_answer(client: httpx.AsyncClient, status: int, body: bytes) -> None:
    headers = {"content-type": "multipart/form-data; boundary=x"}
    assert (await client.post("/imports", content=body, headers=headers)).status_code == status


@pytest.mark.parametrize("kind", ["text/csv", "multipart/form-data", "multipart/mixed; boundary=x", ""])
async def test_another_content_type_is_415(client: httpx.AsyncClient, kind: str) -> None:
    assert (await client.post("/imports", content=CSV, headers={"content-type": kind})).status_code == 415


def test_every_failure_has_its_own_problem() -> None:
    found: list[type[AppError]] = [UnsafeArchive, DamagedFile]
    assert [(error.status, error.slug) for error in found] == [(422, "unsafe-archive"), (422, "damaged-file")]
    assert Limits(packed_bytes=200 * 1024**2, unpacked_bytes=2 * 1024**3, ratio=100, entries=100) == uploads.HTTP_LIMITS
