"""What a list told of its items, on disk until they are loaded: a list with whole articles may be larger than memory."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import DocumentRejected, SourceUnavailable
from kb_sync.sources.generic_http.projection import Found

PATTERN = "listing-*.jsonl"


@dataclass(frozen=True, slots=True)
class Place:
    """Where one item's words lie: begin and length in bytes."""

    path: Path
    start: int
    size: int

    def read(self) -> Found:
        """They again; ``DocumentRejected`` once a later listing has taken the place of theirs."""
        try:
            with self.path.open("rb") as file:
                file.seek(self.start)
                found: dict[str, Any] = json.loads(file.read(self.size))
        except (OSError, ValueError) as error:
            raise DocumentRejected("the list it stood in was put away; the next sync reads it again") from error
        return found


class Spool:
    """The newest listing of one source, in its own folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def written(self) -> Iterator[Writer]:
        """A new listing; the former one is removed.  ``SourceUnavailable`` when the disk does not take it."""
        try:
            self.clear()
            self._folder.mkdir(parents=True, exist_ok=True)
            with Writer(self._folder / PATTERN.replace("*", secrets.token_hex(8))) as writer:
                yield writer
        except OSError as error:
            raise SourceUnavailable(f"its list cannot be kept on disk: {error.strerror}") from error

    def clear(self) -> None:
        """Forget it; safe twice."""
        with suppress(FileNotFoundError):
            for path in self._folder.glob(PATTERN):
                path.unlink(missing_ok=True)


class Writer:
    """Adds items to a listing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("wb")
        self._at = 0

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, found: Found) -> Place:
        """One item."""
        line = json.dumps(found).encode() + b"\n"
        self._file.write(line)
        place = Place(self._path, self._at, len(line))
        self._at += len(line)
        return place
