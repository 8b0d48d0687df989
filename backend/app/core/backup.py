"""One file with everything an installation cannot make again: the database and the stored files, never the key.

The file is a gzipped tar: `database.dump` (pg_dump's custom format), `storage/…`, and last `manifest.json` with
versions, sizes and SHA-256 of all of them. It is written and read as a stream.
"""

import asyncio
import gzip
import hashlib
import io
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import IO, Any

from app.core.clock import utc_now
from app.core.dump import dump_database, restore_database
from app.core.installation import Installation

FORMAT = 1
DUMP, STORAGE, MANIFEST = "database.dump", "storage", "manifest.json"
COMPRESSION_LEVEL = 1  # dump and Parquet are compressed already
CHUNK_BYTES = 1024 * 1024

Report = Callable[[str], None]


class BackupError(RuntimeError):
    """A backup cannot be made or restored; nothing was changed unless the text says so."""


@dataclass
class Manifest:
    """What the file holds. `key_fingerprint` names the secret key that the sealed values need, without telling it."""

    format: int
    app_version: str
    made_at: str
    server_version: str
    revisions: list[str]
    key_fingerprint: str
    storage: str  # "included", or where the files are that are not in here
    files: list[dict[str, Any]] = field(default_factory=list)  # {"name", "bytes", "sha256"}


class _HashingReader:
    """Counts and hashes what passes through."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()
        self.size = 0

    def read(self, size: int = -1) -> bytes:
        content = self._file.read(size)
        self.digest.update(content)
        self.size += len(content)
        return content


def create_backup(installation: Installation, target: Path, key_fingerprint: str, report: Report) -> Manifest:
    """Write the backup while the installation runs. Raises BackupError; a half-written file is removed.

    The dump comes first: files are immutable and rows name them, so every file that the dump names is still copied.
    """
    if target.exists():
        raise BackupError(f"{target} exists already.")
    target.parent.mkdir(parents=True, exist_ok=True)
    storage = storage_folder(installation)
    partial = target.with_name(f".{target.name}.partial")
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".backup-") as work:
            dump = Path(work) / DUMP
            report("Dumping the database.")
            server_version, revisions = asyncio.run(dump_database(installation, dump))
            manifest = Manifest(
                format=FORMAT,
                app_version=version("cloudops-pro"),
                made_at=utc_now().isoformat(),
                server_version=server_version,
                revisions=sorted(revisions),
                key_fingerprint=key_fingerprint,
                storage="included" if storage else str(installation.settings.storage_url),
            )
            _write_archive(partial, dump, storage, manifest, report)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return manifest


def restore_backup(
    installation: Installation, source: Path, key_fingerprint: str, report: Report, *, force: bool = False
) -> Manifest:
    """Replace database and files by the backup's. Raises BackupError before anything is changed if it cannot be right.

    `force` allows to replace an installation that is not empty, and to restore without the key that sealed the values.
    """
    data_dir = installation.settings.data_dir
    data_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=data_dir, prefix=".restore-") as work:
        report("Reading and checking the backup.")
        manifest = _unpack(source, Path(work))
        if manifest.key_fingerprint != key_fingerprint and not force:
            raise BackupError(
                "The backup was made with another secret key, so its passwords and credentials could not be opened. "
                f"Put the former key into {data_dir / 'secret.key'} (or CLOUDOPS_SECRET_KEY) and restore again, "
                "or use --force to give the sealed values up."
            )
        report("Restoring the database.")
        asyncio.run(restore_database(installation, Path(work) / DUMP, force=force))
        if (Path(work) / STORAGE).is_dir():
            _put_files(installation, Path(work) / STORAGE, report)
        elif manifest.storage != "included":
            report(f"The files of this backup are in {manifest.storage}; they were not part of it.")
    return manifest


def storage_folder(installation: Installation) -> Path | None:
    """The folder of stored files; None when they are in an object store, which has its own versions and copies."""
    location = installation.settings.storage_location
    return None if "://" in location else Path(location)


def _write_archive(target: Path, dump: Path, storage: Path | None, manifest: Manifest, report: Report) -> None:
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with (
        os.fdopen(descriptor, "wb") as raw,
        gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=COMPRESSION_LEVEL) as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as archive,
    ):
        _add(archive, dump, DUMP, manifest)
        if storage is not None and storage.is_dir():
            paths = [path for path in sorted(storage.rglob("*")) if path.is_file() and not path.is_symlink()]
            report(f"Adding {len(paths)} stored files.")
            for path in paths:
                name = PurePosixPath(STORAGE, *path.relative_to(storage).parts)
                try:
                    _add(archive, path, str(name), manifest)
                except FileNotFoundError:
                    continue  # deleted since: no row names it any more
        content = json.dumps(asdict(manifest), indent=2).encode()
        entry = tarfile.TarInfo(MANIFEST)
        entry.size, entry.mode = len(content), 0o600
        archive.addfile(entry, io.BytesIO(content))


def _add(archive: tarfile.TarFile, path: Path, name: str, manifest: Manifest) -> None:
    with path.open("rb") as file:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = os.fstat(file.fileno()).st_size, 0o600
        reader = _HashingReader(file)
        archive.addfile(entry, reader)
    manifest.files.append({"name": name, "bytes": reader.size, "sha256": reader.digest.hexdigest()})


def _unpack(source: Path, work: Path) -> Manifest:
    """Extract and verify. Only the three kinds of names that we write are taken, as plain files."""
    found: dict[str, dict[str, Any]] = {}
    manifest: Manifest | None = None
    try:
        with tarfile.open(source, mode="r|gz") as archive:
            for entry in archive:
                content = archive.extractfile(entry)
                if content is None or not _is_expected(entry.name):
                    raise BackupError(f"{source} is not a backup of ours: it holds {entry.name!r}.")
                if entry.name == MANIFEST:
                    manifest = Manifest(**json.load(content))
                    continue
                target = work / entry.name
                target.parent.mkdir(parents=True, exist_ok=True)
                reader = _HashingReader(content)
                with target.open("wb") as file:
                    shutil.copyfileobj(reader, file, CHUNK_BYTES)
                found[entry.name] = {"name": entry.name, "bytes": reader.size, "sha256": reader.digest.hexdigest()}
    except (tarfile.TarError, EOFError, OSError, ValueError, TypeError) as error:
        raise BackupError(f"{source} cannot be read: {error}") from error
    if manifest is None or manifest.format != FORMAT:
        raise BackupError(f"{source} is incomplete or was made by a newer release.")
    if found != {file["name"]: file for file in manifest.files}:
        raise BackupError(f"{source} is damaged: its contents differ from its manifest.")
    return manifest


def _is_expected(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return name in (DUMP, MANIFEST) or (parts[:1] == (STORAGE,) and len(parts) > 1 and ".." not in parts)


def _put_files(installation: Installation, files: Path, report: Report) -> None:
    """Add the backup's files; names are never used twice, so what is already there is the same or of no row."""
    folder = storage_folder(installation)
    if folder is None:
        raise BackupError(
            "The database is restored. The backup also holds files, but CLOUDOPS_STORAGE_URL names an object store: "
            f"copy the folder {STORAGE}/ of the backup there."
        )
    paths = [path for path in files.rglob("*") if path.is_file()]
    report(f"Restoring {len(paths)} stored files.")
    for path in paths:
        target = folder / path.relative_to(files)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(path, target)
