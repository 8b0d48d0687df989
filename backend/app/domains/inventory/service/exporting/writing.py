"""Rows as CSV, JSON lines or Parquet, a chunk at a time."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import orjson

COLUMNS = (
    "id", "provider", "account_id", "account_name", "native_account", "native_id", "type", "native_type", "name",
    "region", "service", "status", "tags", "monthly_cost", "created_at", "first_seen_at", "last_seen_at", "stale",
    "closed_at", "properties",
)  # fmt: skip
JSON_COLUMNS = ("tags", "monthly_cost", "properties")
_INSTANTS = ("created_at", "first_seen_at", "last_seen_at", "closed_at")
# What a spreadsheet takes for the beginning of a formula, also after spaces and behind its own line breaks.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
GROUP_BYTES = 16 * 1024 * 1024  # of a Parquet row group before it is written


class Writer(Protocol):
    """Writes rows, whose JSON columns are texts, to one file."""

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add rows."""

    def close(self) -> None:
        """End the file."""


def open_writer(file_format: str, path: Path) -> Writer:
    """The writer of a format: csv, jsonl or parquet."""
    writers: dict[str, Callable[[Path], Writer]] = {"csv": CsvWriter, "jsonl": JsonWriter, "parquet": ParquetWriter}
    return writers[file_format](path)


class CsvWriter:
    """RFC 4180 with a heading. A text that a spreadsheet would compute gets an apostrophe in front."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8", newline="")
        self._write_row = csv.writer(self._file, quoting=csv.QUOTE_MINIMAL, lineterminator="\r\n").writerow
        self._write_row(COLUMNS)

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add rows."""
        for row in rows:
            self._write_row([_cell(row[name]) for name in COLUMNS])

    def close(self) -> None:
        """End the file."""
        self._file.close()


class JsonWriter:
    """One JSON object a line, as in the API."""

    def __init__(self, path: Path) -> None:
        self._file: io.BufferedWriter = path.open("wb")

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add rows."""
        for row in rows:
            values = {name: row[name] for name in COLUMNS}
            values |= {name: orjson.Fragment(row[name]) for name in JSON_COLUMNS}
            values |= {name: str(row[name]) for name in ("id", "account_id")}
            self._file.write(orjson.dumps(values, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE))

    def close(self) -> None:
        """End the file."""
        self._file.close()


class ParquetWriter:
    """Texts, instants in microseconds (UTC) and a boolean; documents are JSON texts."""

    def __init__(self, path: Path) -> None:
        import pyarrow  # heavy, and only exports write Parquet
        import pyarrow.parquet

        instant = pyarrow.timestamp("us", tz="UTC")
        kinds = dict.fromkeys(_INSTANTS, instant) | {"stale": pyarrow.bool_()}
        self._arrow = pyarrow
        self._schema = pyarrow.schema([(name, kinds.get(name, pyarrow.string())) for name in COLUMNS])
        self._writer = pyarrow.parquet.ParquetWriter(path, self._schema, compression="zstd")
        self._kept: list[Any] = []
        self._bytes = 0

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add rows."""
        columns = [
            [str(row[name]) for row in rows] if name in ("id", "account_id") else [row[name] for row in rows]
            for name in COLUMNS
        ]
        batch = self._arrow.RecordBatch.from_arrays(
            [self._arrow.array(values, field.type) for values, field in zip(columns, self._schema, strict=True)],
            schema=self._schema,
        )
        self._kept.append(batch)
        self._bytes += batch.nbytes
        if self._bytes >= GROUP_BYTES:
            self._flush()

    def close(self) -> None:
        """End the file."""
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if self._kept:
            self._writer.write_table(self._arrow.Table.from_batches(self._kept, self._schema))
        self._kept, self._bytes = [], 0


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    text = str(value)
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text
