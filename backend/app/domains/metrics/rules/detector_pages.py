"""A page of the detector's memory: some hundred series, how far each is judged, and their states, as bytes.

Layout, little-endian: magic, version, seconds of a step, places (4); then, in zstd: series (0 is a free place), judged,
told, counters, and the detector's own bytes.
"""

import struct
from dataclasses import dataclass

import cramjam
import numpy as np
from numpy.typing import NDArray

from app.domains.metrics.rules.detector import DetectorState, UnknownState

PLACES = 256
VERSION = 1
_MAGIC = b"CODP"
_HEAD = struct.Struct("<4sHHI")
_COLUMNS = (("series", "<i8"), ("judged_ms", "<i8"), ("told_ms", "<i8"), ("counters", "|b1"))


@dataclass(slots=True)
class Page:
    """Columns of equal length. `judged_ms`: the start of the newest step that the series has been judged at;
    steps from `told_ms` on are told and not only learned; `counters` are watched as rates."""

    series: NDArray[np.int64]
    judged_ms: NDArray[np.int64]
    told_ms: NDArray[np.int64]
    counters: NDArray[np.bool_]
    state: DetectorState

    @classmethod
    def new(cls) -> "Page":
        """A page of free places."""
        empty = np.zeros(PLACES, np.int64)
        return cls(empty, empty.copy(), empty.copy(), np.zeros(PLACES, np.bool_), DetectorState.new(PLACES))

    @property
    def held(self) -> NDArray[np.intp]:
        """Places that are taken."""
        return np.flatnonzero(self.series)

    @property
    def free(self) -> NDArray[np.intp]:
        """Places that are not."""
        return np.flatnonzero(self.series == 0)

    def put(self, place: int, series: int, *, counter: bool, learn_ms: int, told_ms: int) -> None:
        """Watch a series from now on, and learn from its past after `learn_ms`."""
        self.series[place], self.counters[place] = series, counter
        self.judged_ms[place], self.told_ms[place] = learn_ms, told_ms
        self.state.reset([place])

    def clear(self, places: NDArray[np.intp]) -> None:
        """Watch these no longer."""
        self.series[places] = 0
        self.state.reset(places)

    def to_bytes(self, step_seconds: int) -> bytes:
        """The payload of a row."""
        columns = [np.asarray(getattr(self, name), kind).tobytes() for name, kind in _COLUMNS]
        body = b"".join([*columns, self.state.to_bytes()])
        head = _HEAD.pack(_MAGIC, VERSION, step_seconds, len(self.series))
        return head + bytes(cramjam.zstd.compress(body, level=1))

    @classmethod
    def from_bytes(cls, payload: bytes, step_seconds: int) -> "Page":
        """What `to_bytes` wrote. Raises UnknownState for another version or another step."""
        if len(payload) < _HEAD.size:
            raise UnknownState("too short for a header")
        magic, version, step, places = _HEAD.unpack_from(payload)
        if (magic, version, step) != (_MAGIC, VERSION, step_seconds):
            raise UnknownState(f"a page of version {version} with steps of {step} s")
        try:
            body = bytes(cramjam.zstd.decompress(payload[_HEAD.size :]))
        except cramjam.DecompressionError as failure:
            raise UnknownState("a page that cannot be read") from failure
        columns = {}
        place = 0
        for name, kind in _COLUMNS:
            size = places * np.dtype(kind).itemsize
            if len(body) < place + size:
                raise UnknownState("a page with columns missing")
            columns[name] = np.frombuffer(body, kind, places, place).copy()
            place += size
        state = DetectorState.from_bytes(body[place:])
        if len(state) != places:
            raise UnknownState(f"{len(state)} states for {places} places")
        return cls(columns["series"], columns["judged_ms"], columns["told_ms"], columns["counters"], state)
