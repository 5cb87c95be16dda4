"""The embedder that ships: one vector per word piece, added up; numpy only, microseconds a query, English.

The model is described in ``models/static-minilm-256-int8/NOTE.md``.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import IO
from zipfile import ZIP_STORED, BadZipFile, ZipFile, ZipInfo

import numpy as np
from numpy.typing import NDArray

from core.errors import EmbedderUnavailable
from core.ports.embedding import Vectors
from core.providers.embedders.wordpiece import WordPiece

SHIPPED = Path(__file__).with_name("models") / "static-minilm-256-int8"
TABLE = "table.npz"
VOCABULARY = "vocab.txt"
LEAST_LENGTH = 1e-9


@dataclass(frozen=True, slots=True)
class _Loaded:
    words: WordPiece
    rows: NDArray[np.int8]
    scale: Vectors

    def write(self, text: str, row: Vectors) -> None:
        """The text's vector into a row of zeros."""
        ids = self.words.ids(text)
        if not ids:
            return
        at = np.array(ids, np.intp)
        # Not BLAS, whose bits depend on its threads, and with them which passage wins a tie.
        total: Vectors = np.einsum("i,ij->j", self.scale.take(at), self.rows.take(at, axis=0).astype(np.float32))
        length = math.sqrt(float(total @ total))
        if length > LEAST_LENGTH:
            np.divide(total, length, out=row)


class StaticEmbedder:
    """A table of int8 rows with a scale each (``table.npz``: q, scale) and a WordPiece vocabulary (``vocab.txt``).

    The vector of a text is the sum of ``scale * q`` over its pieces, brought to unit length: order and repetition of calls,
    threads and batches change no bit.  The table is mapped into memory at the first use (about 30 ms).  A folder of its own may
    be given; ``EmbedderUnavailable`` when it does not hold such a model.
    """

    is_remote = False

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or SHIPPED
        self._lock = Lock()
        self._loaded: _Loaded | None = None
        self.batch = 256
        try:
            with ZipFile(self._folder / TABLE) as table:
                rows = table.getinfo("q.npy")
                mark = struct.pack("<II", rows.CRC, table.getinfo("scale.npy").CRC)
                with table.open(rows) as header:
                    self.dimension = _shape(header)[1]
            mark += (self._folder / VOCABULARY).read_bytes()
        except (OSError, KeyError, ValueError, BadZipFile) as error:
            raise self._unusable() from error
        self.name = f"{self._folder.name}:{zlib.crc32(mark):08x}"

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row of unit length per text, zeros for a text without known words."""
        loaded = self._loaded or self._load()
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for row, text in zip(vectors, texts, strict=True):
            loaded.write(text, row)
        return vectors

    def _load(self) -> _Loaded:
        with self._lock:
            if self._loaded is None:
                try:
                    words = WordPiece((self._folder / VOCABULARY).read_text(encoding="utf-8"))
                    rows, scale = _table(self._folder / TABLE)
                except (OSError, KeyError, ValueError, BadZipFile) as error:
                    raise self._unusable() from error
                self._loaded = _Loaded(words, rows, scale)
            return self._loaded

    def _unusable(self) -> EmbedderUnavailable:
        return EmbedderUnavailable(
            f"{self._folder} does not hold a static embedder ({TABLE} and {VOCABULARY}): mend knowledge.embedder.path, or leave"
            " it out for the one that ships."
        )


def _table(path: Path) -> tuple[NDArray[np.int8], Vectors]:
    """The rows, mapped, and their scales."""
    with ZipFile(path) as table:
        rows = _mapped(path, table.getinfo("q.npy"))
        with table.open("scale.npy") as scales:
            scale = np.lib.format.read_array(scales, allow_pickle=False).astype(np.float32)
    if rows is None:
        with np.load(path, allow_pickle=False) as arrays:
            rows = arrays["q"]
    if rows.dtype != np.int8 or scale.size != len(rows):
        raise ValueError("q is int8 (pieces, dimension) and scale has one number per piece")
    return rows, scale.ravel()


def _mapped(path: Path, member: ZipInfo) -> NDArray[np.int8] | None:
    """A member of the archive in place; None when it is compressed.

    Its bytes follow a header of 30 bytes whose last two numbers are the lengths of name and extra field (PKWARE APPNOTE 4.3.7).
    """
    if member.compress_type != ZIP_STORED:
        return None
    with path.open("rb") as file:
        file.seek(member.header_offset + 26)
        name, extra = struct.unpack("<HH", file.read(4))
        file.seek(name + extra, 1)
        shape = _shape(file)
        return np.asarray(np.memmap(path, np.int8, mode="r", offset=file.tell(), shape=shape))


def _shape(file: IO[bytes]) -> tuple[int, int]:
    """Read the head of an .npy file: the shape of a table of int8."""
    np.lib.format.read_magic(file)
    shape, is_fortran, kind = np.lib.format.read_array_header_1_0(file)
    if len(shape) != 2 or is_fortran or kind != np.int8:
        raise ValueError("q is int8 (pieces, dimension)")
    return shape[0], shape[1]
