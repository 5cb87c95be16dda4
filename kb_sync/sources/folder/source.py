"""Files below a folder as documents."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.errors import SourceUnavailable
from core.ports.knowledge import Listing, Loaded, SourceDocument
from kb_sync import SourceContext
from kb_sync.documents import DocumentMaker
from kb_sync.files import MAX_FILE_BYTES, files, read, read_part
from kb_sync.loading import LINES, is_readable, loaded_file, loaded_lines
from kb_sync.patterns import is_matched
from kb_sync.sources.folder.settings import FolderSettings

LINES_BYTES = 4_000_000
"""A file of lines may be of any size: it is read in parts of about this many bytes."""


class FolderSource:
    """core.ports.knowledge.Source on a folder; follows no link that leaves it and passes over hidden files."""

    kind = "folder"
    parallel = 2

    def __init__(self, context: SourceContext, settings: FolderSettings) -> None:
        self.id = context.id
        self.tenant = context.tenant
        self._settings = settings
        self._root = settings.root
        self._maker = DocumentMaker(context, settings, url_prefix=settings.url_prefix)

    def listing(self, cursor: str = "") -> Listing:
        """Everything there is."""
        return Listing(items=self._items())

    def close(self) -> None:
        """Nothing is held open."""

    def _items(self) -> Iterator[SourceDocument]:
        """Every supported file, in path order; external ids are relative paths with ``/``."""
        try:
            for name, path in files(self._root.resolve(), self._is_wanted):
                if path.suffix.lower() in LINES:
                    yield from self._parts(name, path)
                else:
                    yield FolderFile(external_id=name, path=path, maker=self._maker)
        except OSError as error:
            raise SourceUnavailable(f"the folder {self._root} cannot be read: {error.strerror}") from error

    def _is_wanted(self, name: str) -> bool:
        if not is_readable(name):
            return False
        return is_matched(name, self._settings.include) and not is_matched(name, self._settings.exclude)

    def _parts(self, name: str, path: Path) -> Iterator[SourceDocument]:
        for part in _line_parts(path):
            yield FolderLines(external_id=name, path=path, part=part, maker=self._maker)


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderFile:
    """One file that is one document; its version is a digest of its bytes, so what did not change is not parsed again."""

    external_id: str
    path: Path
    maker: DocumentMaker
    version: str = ""

    def load(self, known: str = "") -> Loaded:
        """Read it, and normalise it if it is not as it was."""
        raw = read(self.path)
        version = hashlib.blake2b(raw, digest_size=16).hexdigest()
        if version == known:
            return Loaded(documents=(), version=version, is_unchanged=True)
        return loaded_file(raw, path=self.external_id, maker=self.maker, version=version)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinePart:
    """Whole lines of a file: where they begin, how many bytes they are, and the number of the first."""

    start: int
    size: int
    first_line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderLines:
    """A part of a file that holds a document a line."""

    external_id: str
    path: Path
    part: LinePart
    maker: DocumentMaker
    version: str = ""

    def load(self, known: str = "") -> Loaded:
        """Read and normalise its lines; one that is no document is a problem with its number."""
        raw = read_part(self.path, self.part.start, self.part.size)
        return loaded_lines(raw, path=self.external_id, maker=self.maker, first_line=self.part.first_line)


def _line_parts(path: Path) -> Iterator[LinePart]:
    """Divide a file at line ends; a line that is too long for a document ends a part too."""
    start, first_line = 0, 1
    with path.open("rb") as file:
        while block := file.read(LINES_BYTES):
            block += file.readline(MAX_FILE_BYTES)
            yield LinePart(start=start, size=len(block), first_line=first_line)
            start += len(block)
            first_line += block.count(b"\n")
