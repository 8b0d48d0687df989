"""Files that people send: received as a stream, told apart by content, unpacked within limits.

The same checks serve uploads over HTTP (`HTTP_LIMITS`) and files that a job reads from a store (`JOB_LIMITS`).
"""

import contextlib
import gzip
import io
import re
import secrets
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import IO, cast

from app.core.errors import InvalidInput, TooLarge, UnsupportedMediaType
from app.core.storage import full_disk_is_storage_full

MIB = 1024**2
SAMPLE_BYTES = 65_536
CHUNK_BYTES = 256 * 1024
INSPECTED_BYTES = 64 * MIB
RATIO_FREE_BYTES = MIB
"""The ratio is looked at only after this many unpacked bytes: small files of zeros are harmless."""

_UNSAFE_NAME = re.compile(r"[^\w .()+@=,-]|^\.+", re.ASCII)
_NOT_TABLES = (b"<", b"%PDF", b"#!", b"MZ", b"\x7fELF", b"{\\rtf", b"GIF8", b"\x89PNG")
_ZIP_MADE_ON_UNIX = 3
_LINK_MODE, _KIND_MASK, _FOLDER_MODE, _FILE_MODE = 0o120000, 0o170000, 0o040000, 0o100000


class UnsafeArchive(InvalidInput):
    """Links, nesting, names that lead elsewhere, encryption, or anything before or behind the archive."""

    slug, title = "unsafe-archive", "This archive is not safe to open"


class DamagedFile(InvalidInput):
    """The file ends too early or its checksum does not fit."""

    slug, title = "damaged-file", "The file is damaged or incomplete"


class FileKind(StrEnum):
    """What a file is by its content; its name and declared type do not matter."""

    CSV = "csv"
    GZIP = "gzip"
    ZIP = "zip"
    PARQUET = "parquet"
    JSON = "json"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """None means unlimited. The ratio of unpacked to packed bytes holds after the first MiB."""

    packed_bytes: int | None
    unpacked_bytes: int | None
    ratio: int = 100
    entries: int = 100


HTTP_LIMITS = Limits(packed_bytes=200 * MIB, unpacked_bytes=2048 * MIB)
JOB_LIMITS = Limits(packed_bytes=None, unpacked_bytes=None)


@dataclass(frozen=True, kw_only=True)
class FoundFile:
    """One table inside of what was sent: where it stands and what it is (never gzip or zip)."""

    name: str
    path: Path
    kind: FileKind
    size_bytes: int


def safe_name(name: str | None) -> str:
    """A name to show, never used on disk: the last path segment, plain characters, at most 120."""
    last = (name or "").replace("\\", "/").rsplit("/", 1)[-1]
    return _UNSAFE_NAME.sub("_", last)[:120].strip() or "file"


def detect_kind(path: Path) -> FileKind:
    """The file's kind by its first and last bytes. Raises UnsupportedMediaType for anything that is no table."""
    with path.open("rb") as file:
        start = file.read(SAMPLE_BYTES)
        file.seek(max(0, path.stat().st_size - 4))
        end = file.read(4)
    if start.startswith(b"\x1f\x8b\x08"):
        return FileKind.GZIP
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return FileKind.ZIP
    if start.startswith(b"PAR1"):
        if end != b"PAR1" or path.stat().st_size < 12:
            raise DamagedFile("The Parquet file is not complete.")
        return FileKind.PARQUET
    return _text_kind(start)


def _text_kind(start: bytes) -> FileKind:
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    try:
        # The sample may cut a character in two: its last three bytes may be unfinished.
        start[: max(0, len(start) - 3)].decode() if len(start) == SAMPLE_BYTES else start.decode()
    except UnicodeDecodeError:
        raise UnsupportedMediaType("Send CSV in UTF-8, Parquet, or either of them as gzip or zip.") from None
    if not text or text.startswith(_NOT_TABLES) or re.search(rb"[\x00-\x08\x0b\x0e-\x1f]", start):
        raise UnsupportedMediaType("Send CSV in UTF-8, Parquet, or either of them as gzip or zip.")
    return FileKind.JSON if text[:1] in (b"{", b"[") else FileKind.CSV


class _Budget:
    """Counts unpacked bytes of one sent file over all of its entries."""

    def __init__(self, limits: Limits, packed_bytes: int) -> None:
        self._limits, self._packed, self._unpacked = limits, max(1, packed_bytes), 0

    def spend(self, count: int) -> None:
        """Raises TooLarge once the unpacked bytes or their ratio pass the limits."""
        self._unpacked += count
        if self._limits.unpacked_bytes is not None and self._unpacked > self._limits.unpacked_bytes:
            raise TooLarge("The file is too large when unpacked.")
        if self._unpacked > RATIO_FREE_BYTES and self._unpacked > self._limits.ratio * self._packed:
            raise TooLarge("The file unpacks to far more than was sent.")


class _BoundedReader(io.RawIOBase):
    """A readable stream of unpacked bytes that stops at the budget and names damage."""

    def __init__(self, source: IO[bytes], budget: _Budget) -> None:
        self._source, self._budget = source, budget

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]  # typeshed: any buffer
        with _damage_is_named():
            part = self._source.read(len(buffer))
        self._budget.spend(len(part))
        buffer[: len(part)] = part
        return len(part)

    def close(self) -> None:
        self._source.close()
        super().close()


@contextlib.contextmanager
def _damage_is_named() -> Iterator[None]:
    try:
        yield
    except EOFError:
        raise DamagedFile("The file ends too early. Send it again.") from None
    except (gzip.BadGzipFile, zipfile.BadZipFile, zlib.error):
        raise DamagedFile("The file cannot be unpacked. Send it again.") from None


@contextlib.contextmanager
def open_unpacked(path: Path, limits: Limits = JOB_LIMITS) -> Iterator[IO[bytes]]:
    """The content of a plain or gzipped file as a stream, bounded while it is read.

    Reading raises DamagedFile for a truncated gzip and TooLarge past the limits. Zip files go through `unpack`.
    """
    opened = gzip.open if detect_kind(path) is FileKind.GZIP else Path.open
    source = cast(IO[bytes], opened(path, "rb"))
    raw = _BoundedReader(source, _Budget(limits, path.stat().st_size))
    with contextlib.closing(io.BufferedReader(raw, CHUNK_BYTES)) as reader:
        yield cast(IO[bytes], reader)


def inspect(path: Path, limits: Limits = HTTP_LIMITS) -> FileKind:
    """Look at an upload before it is accepted; its kind. What lies deeper than 64 MiB is found when it is unpacked.

    Raises UnsupportedMediaType, UnsafeArchive, DamagedFile and TooLarge. Blocking: run it in a thread.
    """
    kind = detect_kind(path)
    if kind is FileKind.GZIP:
        with open_unpacked(path, limits) as reader:
            _look_inside(reader, INSPECTED_BYTES)
    elif kind is FileKind.ZIP:
        left = INSPECTED_BYTES
        for _, reader in _open_entries(path, limits):
            left -= _look_inside(reader, left)
    return kind


def _look_inside(reader: IO[bytes], most: int) -> int:
    """Read at most so many of the unpacked bytes; how many there were. Raises UnsafeArchive for an archive in it."""
    start = reader.read(SAMPLE_BYTES)
    if start.startswith((b"\x1f\x8b\x08", b"PK\x03\x04")):
        raise UnsafeArchive("The archive holds another archive.")
    seen = len(start)
    while seen < most and (part := reader.read(CHUNK_BYTES)):
        seen += len(part)
    return seen


def unpack(path: Path, folder: Path, limits: Limits = JOB_LIMITS, *, name: str = "") -> list[FoundFile]:
    """The tables inside a file, unpacked into `folder` under names of ours; a plain file stays where it is.

    Raises UnsupportedMediaType, UnsafeArchive, DamagedFile, TooLarge and StorageFull. Blocking: run it in a thread.
    """
    kind = detect_kind(path)
    if limits.packed_bytes is not None and path.stat().st_size > limits.packed_bytes:
        raise TooLarge("The file is too large.")
    if kind is FileKind.ZIP:
        return _unpack_zip(path, folder, limits)
    shown = safe_name(name or path.name)
    if kind is not FileKind.GZIP:
        return [_found(shown, path)]
    with open_unpacked(path, limits) as source:
        target = _write_out(source, folder)
    return [_unpacked(shown.removesuffix(".gz"), target)]


def _unpack_zip(path: Path, folder: Path, limits: Limits) -> list[FoundFile]:
    found = [_unpacked(safe_name(name), _write_out(reader, folder)) for name, reader in _open_entries(path, limits)]
    if not found:
        raise UnsupportedMediaType("The zip file holds no files.")
    return found


def _open_entries(path: Path, limits: Limits) -> Iterator[tuple[str, IO[bytes]]]:
    """Name and bounded content of each file of a zip whose entries are all harmless."""
    budget = _Budget(limits, path.stat().st_size)
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        raise DamagedFile("The zip file is not complete.") from None
    with archive:
        entries = archive.infolist()
        _check_entries(path, archive, entries, limits)
        for entry in entries:
            if entry.is_dir():
                continue
            with _damage_is_named():
                source = archive.open(entry)
            with contextlib.closing(io.BufferedReader(_BoundedReader(source, budget), CHUNK_BYTES)) as reader:
                yield entry.filename, cast(IO[bytes], reader)


def _check_entries(path: Path, archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo], limits: Limits) -> None:
    if len(entries) > limits.entries:
        raise TooLarge(f"The zip file holds more than {limits.entries} entries.")
    size, names = path.stat().st_size, set()
    with path.open("rb") as file:
        file.seek(max(0, size - 22 - len(archive.comment)))
        ends_with_directory = file.read(4) == b"PK\x05\x06"
    if (entries and min(entry.header_offset for entry in entries) != 0) or not ends_with_directory:
        raise UnsafeArchive("There is other content before or behind the archive.")
    for entry in entries:
        name = PurePosixPath(entry.filename)
        mode = entry.external_attr >> 16 & _KIND_MASK
        if (
            entry.filename.startswith(("/", "\\"))
            or ".." in re.split(r"[/\\]", entry.filename)
            or "\x00" in entry.orig_filename
            or re.match(r"[A-Za-z]:", entry.filename)
        ):
            raise UnsafeArchive("A name in the archive leads out of it.")
        if mode not in (0, _FILE_MODE, _FOLDER_MODE):
            raise UnsafeArchive("The archive holds a link or a special file.")
        if entry.flag_bits & 0x1 or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise UnsafeArchive("The archive is encrypted, or packed in an unusual way.")
        if str(name) in names:
            raise UnsafeArchive("Two entries have the same name.")
        names.add(str(name))
        if limits.unpacked_bytes is not None and entry.file_size > limits.unpacked_bytes:
            raise TooLarge("The file is too large when unpacked.")


def _write_out(source: IO[bytes], folder: Path) -> Path:
    target = folder / secrets.token_hex(16)
    try:
        with full_disk_is_storage_full(), target.open("xb") as file:
            while part := source.read(CHUNK_BYTES):
                file.write(part)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return target


def _unpacked(name: str, path: Path) -> FoundFile:
    """A file that came out of an archive; archives inside archives are refused."""
    try:
        found = _found(name, path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    if found.kind in (FileKind.GZIP, FileKind.ZIP):
        path.unlink(missing_ok=True)
        raise UnsafeArchive("The archive holds another archive.")
    return found


def _found(name: str, path: Path) -> FoundFile:
    return FoundFile(name=name, path=path, kind=detect_kind(path), size_bytes=path.stat().st_size)
