"""The chunks themselves: one file of packed chunks, one of where each begins; numbered by row in the order they were built."""

from __future__ import annotations

import mmap
from pathlib import Path
from types import TracebackType

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.ports.knowledge import Chunk

CHUNKS = "chunks.bin"
OFFSETS = "chunks.offsets.npy"


class ChunkWriter:
    """Appends chunks; leaving it writes where they begin."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = (folder / CHUNKS).open("wb")
        self._pack = msgspec.msgpack.Encoder()
        self._ends = [0]

    def add(self, chunk: Chunk) -> int:
        """Append one and return its row."""
        self._ends.append(self._ends[-1] + self._file.write(self._pack.encode(chunk)))
        return len(self._ends) - 2

    def take(self, former: Path, rows: NDArray[np.intp]) -> None:
        """Append chunks of another folder, as bytes, neighbours at once; ``rows`` in ascending order."""
        if not len(rows):
            return
        offsets = np.load(former / OFFSETS).astype(np.int64)
        runs = np.split(rows, np.flatnonzero(np.diff(rows) != 1) + 1)
        with (former / CHUNKS).open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as held:
            for run in runs:
                with memoryview(held)[offsets[run[0]] : offsets[run[-1] + 1]] as part:
                    self._file.write(part)
        ends = self._ends[-1] + np.cumsum(offsets[rows + 1] - offsets[rows])
        self._ends += ends.tolist()

    def __enter__(self) -> ChunkWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        np.save(self._folder / OFFSETS, np.array(self._ends, dtype=np.uint64))


class ChunkReader:
    """Reads chunks by row, from mapped memory; thread-safe."""

    def __init__(self, folder: Path) -> None:
        self._offsets = np.load(folder / OFFSETS, mmap_mode="r").view(np.ndarray)
        self._unpack = msgspec.msgpack.Decoder(Chunk)
        with (folder / CHUNKS).open("rb") as file:
            self._bytes: mmap.mmap | bytes = b""
            if self._offsets[-1]:
                self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def read(self, row: int) -> Chunk:
        """The chunk of a row."""
        return self._unpack.decode(self._bytes[int(self._offsets[row]) : int(self._offsets[row + 1])])
