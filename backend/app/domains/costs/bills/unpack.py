"""The one table inside of a bill file, and the header of a CSV table."""

import csv
import hashlib
import io
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from app.core.errors import AppError
from app.core.storage import StorageFull
from app.core.uploads import FileKind, Limits, unpack
from app.domains.costs.errors import ImportRefused

MAX_HEADER_BYTES = 256 * 1024
DELIMITERS = (",", ";", "\t", "|")
_END = "end of the file"
_PACKED = {b"\x1f\x8b": ".gz", b"PK": ".zip"}


@dataclass(frozen=True, kw_only=True)
class PlainFile:
    """A table ready to be read: its format as sent (csv, csv.gz, parquet, …), and the size of what was sent."""

    file_format: str
    is_parquet: bool
    path: Path
    size_bytes: int


def open_bill(path: Path, workdir: Path, *, max_unpacked_bytes: int | None = None) -> PlainFile:
    """The readable CSV or Parquet file inside of what was sent, whatever its name says.

    Raises ImportRefused for a damaged or unsafe archive, one that grows more than 100 times, or several files.
    """
    limits = Limits(packed_bytes=None, unpacked_bytes=max_unpacked_bytes)
    try:
        found = unpack(path, workdir, limits)
    except StorageFull:
        raise
    except AppError as error:
        raise ImportRefused(error.detail or error.title) from None
    if len(found) != 1:
        raise ImportRefused(f"The archive holds {len(found)} files. It must hold one.")
    table = found[0]
    if table.kind not in (FileKind.CSV, FileKind.PARQUET):
        raise ImportRefused("The file is neither CSV nor Parquet.")
    with path.open("rb") as file:
        start = file.read(2)
    return PlainFile(
        file_format=table.kind.value + _PACKED.get(start, ""),
        is_parquet=table.kind is FileKind.PARQUET,
        path=table.path,
        size_bytes=path.stat().st_size,
    )


def hash_file(path: Path) -> str:
    """SHA-256 of what was sent, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_header(path: Path) -> tuple[list[str], str]:
    """Column names of a CSV file and its delimiter. Raises ImportRefused when there is no header line."""
    with path.open("rb") as file:
        text = file.read(MAX_HEADER_BYTES).decode("utf-8-sig", errors="replace")
    best: tuple[list[str], str] = ([], ",")
    for delimiter in DELIMITERS:
        try:
            names = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
        except csv.Error:
            continue
        if len(names) > len(best[0]):
            best = (names, delimiter)
    if len(best[0]) < 2:
        raise ImportRefused("The first line is not a header of FOCUS columns.")
    return best


def count_rows(path: Path, delimiter: str) -> int:
    """Rows after the header, blank lines apart, by Python's own reader: what DuckDB says of a bad file must agree.

    Raises ImportRefused when a quotation mark is never closed, because it swallows the rows behind it.
    """
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        rows, last = -1, [""]
        try:
            for last in csv.reader(chain(file, ["\n", _END]), delimiter=delimiter):
                rows += bool(last)
        except csv.Error:
            last = []
    if last != [_END]:
        raise ImportRefused(f"A quotation mark in row {max(1, rows)} is not closed.")
    return rows - 1
