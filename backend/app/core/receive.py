"""Receive one uploaded file: the multipart body is written to the data directory as it arrives."""

import asyncio
import contextlib
import hashlib
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

from fastapi import Request
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from app.core.config import Settings
from app.core.errors import FieldProblem, InvalidInput, MalformedBody, TooLarge, UnsupportedMediaType
from app.core.storage import full_disk_is_storage_full
from app.core.uploads import HTTP_LIMITS, FileKind, Limits, detect_kind, safe_name

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks  # exists for type checkers only

MAX_PARTS = 20
MAX_FIELD_BYTES = 64 * 1024
MAX_HEADER_BYTES = 8 * 1024


@dataclass(frozen=True, kw_only=True)
class ReceivedFile:
    """An uploaded file on our disk under a name of ours; `name` is for showing only, `fields` are the other parts."""

    path: Path
    name: str
    kind: FileKind | None  # None where the caller looks for itself
    size_bytes: int
    sha256: bytes
    fields: dict[str, str] = field(default_factory=dict)


def temporary_folder(settings: Settings) -> Path:
    """The folder for files in transit; on the same disk as the rest of the data."""
    folder = settings.data_dir / "tmp"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextlib.asynccontextmanager
async def receive_upload(
    request: Request,
    settings: Settings,
    *,
    file_field: str = "file",
    limits: Limits = HTTP_LIMITS,
    detect: Callable[[Path], FileKind] | None = detect_kind,
) -> AsyncIterator[ReceivedFile]:
    """The one file of a multipart request, gone after the block unless it was moved away.

    Raises UnsupportedMediaType, MalformedBody, TooLarge, InvalidInput (no file) and StorageFull.
    """
    content_type, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary", b"")
    if content_type != b"multipart/form-data" or not 0 < len(boundary) <= 200:
        raise UnsupportedMediaType("Send the file as multipart/form-data.")
    path = temporary_folder(settings) / f"upload-{secrets.token_hex(16)}"
    try:
        with full_disk_is_storage_full():
            form = await _read_form(request, boundary, path, file_field, limits)
        if form.file_name is None:
            raise InvalidInput(errors=[FieldProblem(pointer=f"#/{file_field}", detail="is required")])
        yield ReceivedFile(
            path=path,
            name=safe_name(form.file_name),
            kind=await asyncio.to_thread(detect, path) if detect is not None else None,
            size_bytes=form.size_bytes,
            sha256=form.digest.digest(),
            fields=form.fields,
        )
    finally:
        path.unlink(missing_ok=True)


async def _read_form(request: Request, boundary: bytes, path: Path, file_field: str, limits: Limits) -> "_FormReader":
    with path.open("xb") as file:
        form = _FormReader(file, file_field, limits)
        parser = MultipartParser(boundary, form.callbacks())
        try:
            async for chunk in request.stream():
                parser.write(chunk)
                await form.write_out()
            parser.finalize()
            await form.write_out()
        except MultipartParseError:
            raise MalformedBody("The multipart body cannot be read.") from None
    if not form.ended:
        raise MalformedBody("The multipart body ends too early.")
    return form


class _FormReader:
    """Takes the parser's callbacks: the file part goes to disk, small text parts into `fields`."""

    def __init__(self, file: IO[bytes], file_field: str, limits: Limits) -> None:
        self._file, self._file_field, self._limits = file, file_field, limits
        self.fields: dict[str, str] = {}
        self.file_name: str | None = None
        self.size_bytes = 0
        self.digest = hashlib.sha256()
        self.ended = False
        self._parts = 0
        self._pending: list[bytes] = []
        self._header_name = self._header_value = b""
        self._disposition = b""
        self._part_name: str | None = None
        self._part_is_file = False
        self._text = bytearray()

    def callbacks(self) -> "MultipartCallbacks":
        """What the parser calls; all synchronous, so bytes of the file wait for `write_out`."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._add_header_name,
            "on_header_value": self._add_header_value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._end_headers,
            "on_part_data": self._add,
            "on_part_end": self._end_part,
            "on_end": self._end,
        }

    async def write_out(self) -> None:
        """Write what has come of the file."""
        if not self._pending:
            return
        content = b"".join(self._pending)
        self._pending.clear()
        self.size_bytes += len(content)
        if self._limits.packed_bytes is not None and self.size_bytes > self._limits.packed_bytes:
            raise TooLarge("The file is too large.")
        await asyncio.to_thread(self._store, content)

    def _store(self, content: bytes) -> None:
        self.digest.update(content)
        self._file.write(content)

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise TooLarge(f"Send at most {MAX_PARTS} parts.")
        self._disposition, self._part_name, self._part_is_file = b"", None, False
        self._header_name = self._header_value = b""
        self._text.clear()

    def _add_header_name(self, content: bytes, start: int, end: int) -> None:
        self._header_name += content[start:end]

    def _add_header_value(self, content: bytes, start: int, end: int) -> None:
        self._header_value += content[start:end]
        if len(self._header_value) > MAX_HEADER_BYTES:
            raise TooLarge("A part's header is too long.")

    def _end_header(self) -> None:
        if self._header_name.lower() == b"content-disposition":
            self._disposition = self._header_value
        self._header_name = self._header_value = b""

    def _end_headers(self) -> None:
        _, options = parse_options_header(self._disposition)
        try:
            self._part_name = options[b"name"].decode()
            file_name = options.get(b"filename", b"").decode() if b"filename" in options else None
        except (KeyError, UnicodeDecodeError):
            raise MalformedBody("A part of the multipart body has no readable name.") from None
        self._part_is_file = file_name is not None
        if not self._part_is_file:
            if self._part_name in self.fields:
                raise InvalidInput(errors=[FieldProblem(pointer=f"#/{self._part_name}", detail="is given twice")])
            return
        if self._part_name != self._file_field or self.file_name is not None:
            raise InvalidInput(
                errors=[FieldProblem(pointer=f"#/{self._part_name}", detail=f"send one file, in {self._file_field}")]
            )
        self.file_name = file_name

    def _add(self, content: bytes, start: int, end: int) -> None:
        if self._part_is_file:
            self._pending.append(content[start:end])
            return
        self._text += content[start:end]
        if len(self._text) > MAX_FIELD_BYTES:
            raise TooLarge("A field is too long.")

    def _end_part(self) -> None:
        if not self._part_is_file and self._part_name is not None:
            try:
                self.fields[self._part_name] = self._text.decode()
            except UnicodeDecodeError:
                raise MalformedBody("A field is not UTF-8.") from None

    def _end(self) -> None:
        self.ended = True
