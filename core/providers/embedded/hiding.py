"""Documents that are found no more although their chunks still stand in the generation: a log that only grows.

Each line is a document id as JSON.  Appending is atomic between processes, and the size of the file is its version: a search
looks at it and reads the file again when it has grown.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

import msgspec

from core.errors import KnowledgeUnavailable
from core.providers.embedded.manifest import HIDDEN


class HiddenLog:
    """The hidden documents of one generation's folder."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / HIDDEN

    def version(self) -> int:
        """Size in bytes; 0 when nothing was ever hidden."""
        try:
            return self._path.stat().st_size
        except FileNotFoundError:
            return 0

    def read(self) -> tuple[int, frozenset[str]]:
        """What was read as a version, and the ids in it; ``KnowledgeUnavailable`` when the log cannot be read.

        A line that a crash cut off was never promised to anybody and is passed over.
        """
        try:
            written = self._path.read_bytes()
        except FileNotFoundError:
            return 0, frozenset()
        except OSError as error:
            raise KnowledgeUnavailable("The list of hidden documents cannot be read.") from error
        return len(written), frozenset(id for line in written.splitlines() if (id := _id(line)) is not None)

    def add(self, documents: Collection[str]) -> None:
        """Append durably; the line break in front closes a line that a crash has cut off."""
        lines = b"\n".join(msgspec.json.encode(id) for id in sorted(set(documents)))
        handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(handle, b"\n" + lines + b"\n")
            os.fsync(handle)
        finally:
            os.close(handle)
        self._keep_entry()

    def _keep_entry(self) -> None:
        """The file's entry in its folder outlives a crash too."""
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _id(line: bytes) -> str | None:
    try:
        return msgspec.json.decode(line, type=str)
    except ValueError:
        return None
