"""Files below a folder as documents."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from core.errors import DocumentRejected, SourceUnavailable
from core.ports.knowledge import Document, Listing, Loaded, SourceDocument, SourceProblem
from kb_sync import SourceContext
from kb_sync.documents import DocumentMaker
from kb_sync.formats import Faulty
from kb_sync.formats.jsonl import json_lines
from kb_sync.formats.lazily import FORMATS
from kb_sync.sources.folder.patterns import is_matched
from kb_sync.sources.folder.settings import FolderSettings

MAX_FILE_BYTES = 20_000_000
LINES_BYTES = 4_000_000
"""A file of lines may be of any size: it is read in parts of about this many bytes."""


LINES = (".jsonl", ".ndjson")


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
        root = self._root.resolve()
        try:
            found = sorted((name, path) for path in _files(root) if self._is_wanted(name := _name(path, root)))
            for name, path in found:
                if path.suffix.lower() in LINES:
                    yield from self._parts(name, path)
                else:
                    yield FolderFile(external_id=name, path=path, maker=self._maker)
        except OSError as error:
            raise SourceUnavailable(f"the folder {self._root} cannot be read: {error.strerror}") from error

    def _is_wanted(self, name: str) -> bool:
        return is_matched(name, self._settings.include) and not is_matched(name, self._settings.exclude)

    def _parts(self, name: str, path: Path) -> Iterator[SourceDocument]:
        for part in _line_parts(path):
            yield FolderLines(external_id=name, path=path, part=part, maker=self._maker)


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderFile:
    """One file that is one document."""

    external_id: str
    path: Path
    maker: DocumentMaker
    version: str = ""

    def load(self, known: str = "") -> Loaded:
        """Read and normalise it."""
        doubts = _Doubts(self.external_id)
        parsed = FORMATS[self.path.suffix.lower()](_read(self.path, 0, MAX_FILE_BYTES))
        for note in parsed.notes:
            doubts.add(note)
        document = self.maker.of_file(parsed, path=self.external_id, doubt=doubts.add)
        return Loaded(documents=(document,), problems=tuple(doubts.problems))


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
        raw = _read(self.path, self.part.start, self.part.size, is_part=True)
        documents: list[Document] = []
        problems: list[SourceProblem] = []
        for item in json_lines(raw, first_line=self.part.first_line):
            if isinstance(item, Faulty):
                problems.append(SourceProblem(external_id=f"{self.external_id}, {item.place}", problem=item.problem))
                continue
            doubts = _Doubts(f"{self.external_id}, id {item.id}")
            for note in item.notes:
                doubts.add(note)
            try:
                documents.append(self.maker.of_line(item, path=self.external_id, doubt=doubts.add))
            except DocumentRejected as error:
                problems.append(SourceProblem(external_id=doubts.place, problem=error.safe_message))
            problems += doubts.problems
        return Loaded(documents=tuple(documents), problems=tuple(problems))


class _Doubts:
    """Collects what an admin should know of a document that is used all the same."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.problems: list[SourceProblem] = []

    def add(self, problem: str) -> None:
        self.problems.append(SourceProblem(external_id=self.place, problem=problem, is_skipped=False))


def _files(root: Path) -> Iterable[Path]:
    """Regular, visible files of the supported formats; an unreadable folder is an error, for its files are not gone."""
    for folder, folders, files in os.walk(root, onerror=_fail):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            path = Path(folder, name)
            if not name.startswith(".") and path.suffix.lower() in (*FORMATS, *LINES) and _is_inside(path, root):
                yield path


def _is_inside(path: Path, root: Path) -> bool:
    """Whether it is a regular file that lies below the folder, also when it is a link."""
    real = Path(os.path.realpath(path))
    try:
        return real.is_relative_to(root) and stat.S_ISREG(real.stat().st_mode)
    except OSError:  # a link to nothing or to itself, or a file that went just now
        return False


def _name(path: Path, root: Path) -> str:
    """The relative path; bytes that are not UTF-8 are shown as escapes."""
    return path.relative_to(root).as_posix().encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _line_parts(path: Path) -> Iterator[LinePart]:
    """Divide a file at line ends; a line that is too long for a document ends a part too."""
    start, first_line = 0, 1
    with path.open("rb") as file:
        while block := file.read(LINES_BYTES):
            block += file.readline(MAX_FILE_BYTES)
            yield LinePart(start=start, size=len(block), first_line=first_line)
            start += len(block)
            first_line += block.count(b"\n")


def _read(path: Path, start: int, size: int, *, is_part: bool = False) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(start)
            raw = file.read(size if is_part else size + 1)
    except OSError as error:
        raise DocumentRejected(f"the file cannot be read: {error.strerror}") from error
    if len(raw) > size:
        raise DocumentRejected(f"the file is larger than {MAX_FILE_BYTES // 1_000_000} MB")
    return raw


def _fail(error: OSError) -> None:
    raise error
