"""The memory of the detector: a few numbers, short histories and hourly means for each series, column by column."""

import struct
from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from app.domains.metrics.rules.detector.history import History

Index = NDArray[np.intp]

VERSION = 1
SIGNALS = 6
SAMPLE, TAIL = 48, 32
FIRST_POINTS = 16
HOURS = 48
"""Hours of a working day, then of a Saturday or Sunday."""

_MAGIC, _HEADER = b"CODT", "<4sHIQ"
_EMPTY: Mapping[str, float] = {
    "last_at": -np.inf,
    "valid_at": -np.inf,
    "sample": -np.inf,
    "largest": -np.inf,
    "smallest": np.inf,
    "hour_now": -np.inf,
    "since_begin": 1e9,
    "scale": 1.0,
}
_COLUMNS: tuple[tuple[str, tuple[int, ...], str], ...] = (
    ("seen", (), "<i8"),
    ("collected", (), "<i8"),
    ("last_at", (), "<f8"),
    ("valid_at", (), "<f8"),
    ("interval", (), "<f8"),
    ("late", (), "<f8"),
    ("centre", (), "<f8"),
    ("scale", (), "<f8"),
    ("lowest", (), "<f8"),
    ("highest", (), "<f8"),
    ("previous", (), "<f8"),
    ("means", (7,), "<f8"),
    ("middle", (SIGNALS,), "<f8"),
    ("gap_record", (), "<f8"),
    ("flat_run", (), "<f8"),
    ("flat_record", (), "<f8"),
    ("since_begin", (), "<f8"),
    ("peak", (), "<f8"),
    ("flat_value", (), "<f8"),
    ("first", (FIRST_POINTS,), "<f8"),
    ("hour_now", (), "<f8"),
    ("hour_peak", (), "<f8"),
    ("hour_habit", (24,), "<f8"),
    ("hour_error", (), "<f8"),
    ("day_error", (), "<f8"),
    ("hour_mean", (HOURS,), "<f4"),
    ("hour_seen", (HOURS,), "<f4"),
    ("sample", (SIGNALS, SAMPLE), "<f4"),
    ("largest", (SIGNALS, TAIL), "<f4"),
    ("smallest", (SIGNALS, TAIL), "<f4"),
)
BYTES_PER_SERIES = sum(int(np.prod(shape, dtype=int)) * np.dtype(kind).itemsize for _, shape, kind in _COLUMNS)


class UnknownState(ValueError):
    """The bytes are not a state of this version: start the series anew."""


class DetectorState:
    """The state of N series. Every column is an array whose first axis is the series; `BYTES_PER_SERIES` each."""

    def __init__(self, columns: dict[str, NDArray[np.generic]]) -> None:
        self._columns = columns

    @classmethod
    def new(cls, series: int) -> "DetectorState":
        """The state of `series` series that have shown nothing yet."""
        return cls(
            {name: np.full((series, *shape), _EMPTY.get(name, 0.0), dtype=kind) for name, shape, kind in _COLUMNS}
        )

    def __len__(self) -> int:
        return len(self._columns["seen"])

    def grow(self, series: int) -> None:
        """Add `series` series that have shown nothing yet, behind the present ones."""
        added = DetectorState.new(series)
        for name, column in self._columns.items():
            self._columns[name] = np.concatenate([column, added._columns[name]])

    def reset(self, index: ArrayLike) -> None:
        """Forget what some series have shown."""
        for name, column in self._columns.items():
            column[np.asarray(index, dtype=np.intp)] = _EMPTY.get(name, 0.0)

    def take(self, index: Index) -> "DetectorState":
        """A copy of some series' state, in the order of `index`."""
        return DetectorState({name: column[index] for name, column in self._columns.items()})

    def put(self, index: Index, part: "DetectorState") -> None:
        """Write back what `take` gave."""
        for name, column in self._columns.items():
            column[index] = part._columns[name]

    def to_bytes(self) -> bytes:
        """A header of magic, version, bytes of one series and number of series; then each column whole."""
        header = struct.pack(_HEADER, _MAGIC, VERSION, BYTES_PER_SERIES, len(self))
        return header + b"".join(column.tobytes() for column in self._columns.values())

    @classmethod
    def from_bytes(cls, stored: bytes) -> "DetectorState":
        """The state that `to_bytes` wrote. Raises UnknownState for another version, other contents or a cut end."""
        size = struct.calcsize(_HEADER)
        if len(stored) < size:
            raise UnknownState("too short for a header")
        magic, version, width, series = struct.unpack_from(_HEADER, stored)
        if (magic, version, width) != (_MAGIC, VERSION, BYTES_PER_SERIES):
            raise UnknownState(f"version {version} with {width} bytes a series, not {VERSION} with {BYTES_PER_SERIES}")
        if len(stored) != size + series * width:
            raise UnknownState(f"{len(stored)} bytes for {series} series")
        columns: dict[str, NDArray[np.generic]] = {}
        for name, shape, kind in _COLUMNS:
            count = series * int(np.prod(shape, dtype=int))
            column = np.frombuffer(stored, dtype=kind, count=count, offset=size)
            columns[name] = column.reshape((series, *shape)).copy()
            size += column.nbytes
        return cls(columns)

    def floats(self, name: str) -> NDArray[np.float64]:
        """One column of float64, for reading and for writing in place."""
        return self._columns[name]  # type: ignore[return-value]  # the columns' table says so

    def singles(self, name: str) -> NDArray[np.float32]:
        """One column of float32, for reading and for writing in place."""
        return self._columns[name]  # type: ignore[return-value]  # the columns' table says so

    def counts(self, name: str) -> NDArray[np.int64]:
        """One column of int64, for reading and for writing in place."""
        return self._columns[name]  # type: ignore[return-value]  # the columns' table says so

    def signal_history(self) -> History:
        """The histories of the signals."""
        return History(self.singles("sample"), self.singles("largest"), self.singles("smallest"))
