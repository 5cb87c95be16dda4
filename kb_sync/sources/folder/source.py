"""Files below a folder as documents."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path, PurePosixPath
from urllib.parse import quote, urlsplit

from core import ids
from core.errors import DocumentRejected, SourceUnavailable
from core.ports.knowledge import Document, Loaded, SourceDocument, SourceProblem
from kb_sync import SourceContext
from kb_sync.formats import Faulty, Parsed
from kb_sync.formats.html import html
from kb_sync.formats.jsonl import json_lines
from kb_sync.formats.markdown import markdown, plain
from kb_sync.formats.office import pdf, word
from kb_sync.sources.folder.settings import FolderSettings

MAX_FILE_BYTES = 20_000_000
MAX_LINES_FILE_BYTES = 1_000_000_000

FORMATS: dict[str, Callable[[bytes], Parsed]] = {
    ".md": markdown, ".markdown": markdown, ".txt": plain, ".html": html, ".htm": html, ".pdf": pdf, ".docx": word,
}  # fmt: skip
LINES = (".jsonl", ".ndjson")


class FolderSource:
    """core.ports.knowledge.Source on a folder; follows no link that leaves it and passes over hidden files."""

    kind = "folder"

    def __init__(self, context: SourceContext, settings: FolderSettings) -> None:
        self.id = context.id
        self.tenant = context.tenant
        self._clock = context.clock
        self._settings = settings
        self._root = settings.root.resolve()

    def items(self) -> Iterator[SourceDocument]:
        """Every supported file, in path order; external ids are relative paths with ``/``."""
        if not self._root.is_dir():
            raise SourceUnavailable(f"the folder {self._settings.root} does not exist or is not a folder")
        try:
            paths = sorted(self._paths())
        except OSError as error:
            raise SourceUnavailable(f"the folder {self._settings.root} cannot be listed: {error.strerror}") from error
        for path in paths:
            name = path.relative_to(self._root).as_posix()
            if self._is_wanted(name):
                yield FolderFile(external_id=name, path=path, source=self)

    def _paths(self) -> Iterable[Path]:
        for folder, folders, files in os.walk(self._root, onerror=_fail):
            folders[:] = sorted(f for f in folders if not f.startswith("."))
            for name in files:
                path = Path(folder) / name
                if name.startswith(".") or path.suffix.lower() not in (*FORMATS, *LINES):
                    continue
                if path.is_symlink() and not path.resolve().is_relative_to(self._root):
                    continue
                yield path

    def _is_wanted(self, name: str) -> bool:
        path = PurePosixPath(name)
        return _matches(path, self._settings.include) and not _matches(path, self._settings.exclude)

    def document(self, parsed: Parsed, *, external_id: str, fallback_title: str) -> Document:
        """A parsed file as a document, with what its front matter or the settings say."""
        settings, meta = self._settings, parsed.meta
        title = parsed.title or fallback_title
        url = meta.get("url") or self._url(external_id)
        language = meta.get("language") or settings.language
        audience = meta.get("audience") or settings.audience
        category = meta.get("category") or settings.category
        if not parsed.body.strip():
            raise DocumentRejected("the document is empty")
        if url is not None and urlsplit(url).scheme not in ("http", "https"):
            raise DocumentRejected("`url` must begin with http:// or https://")
        parts = (title, url or "", parsed.body, language or "", audience, category)
        return Document(
            id=ids.document_id(self.tenant, self.id, external_id),
            tenant=self.tenant,
            source=self.id,
            external_id=external_id,
            title=title,
            url=url,
            body=parsed.body,
            hash=hashlib.blake2b("\0".join(parts).encode("utf-8", "replace"), digest_size=16).hexdigest(),
            language=language,
            audience=audience,
            category=category,
            updated_at=_date(meta.get("updated")),
            synced_at=self._clock(),
        )

    def _url(self, external_id: str) -> str | None:
        prefix = self._settings.url_prefix
        return None if prefix is None else prefix.rstrip("/") + "/" + quote(external_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderFile:
    """One file."""

    external_id: str
    path: Path
    source: FolderSource

    def load(self) -> Loaded:
        """Read and normalise it."""
        suffix = self.path.suffix.lower()
        try:
            size = self.path.stat().st_size
            if size > (MAX_LINES_FILE_BYTES if suffix in LINES else MAX_FILE_BYTES):
                raise DocumentRejected("the file is larger than 20 MB")
            raw = self.path.read_bytes()
        except OSError as error:
            raise DocumentRejected(f"the file cannot be read: {error.strerror}") from error
        if suffix in LINES:
            return self._lines(json_lines(raw))
        parsed = FORMATS[suffix](raw)
        name = parsed.id or self.external_id
        title = self.path.stem.replace("-", " ").replace("_", " ").strip().capitalize()
        return Loaded(documents=(self.source.document(parsed, external_id=name, fallback_title=title),))

    def _lines(self, parts: Iterable[Parsed | Faulty]) -> Loaded:
        documents: list[Document] = []
        problems: list[SourceProblem] = []
        for part in parts:
            if isinstance(part, Faulty):
                problems.append(SourceProblem(external_id=f"{self.external_id}, {part.place}", problem=part.problem))
                continue
            try:
                name = part.id or ""
                documents.append(self.source.document(part, external_id=name, fallback_title=name))
            except DocumentRejected as error:
                place = f"{self.external_id}, id {part.id}"
                problems.append(SourceProblem(external_id=place, problem=error.safe_message))
        return Loaded(documents=tuple(documents), problems=tuple(problems))


def _matches(path: PurePosixPath, patterns: Sequence[str]) -> bool:
    """Whether any glob fits; ``**`` also stands for no folder at all."""
    return any(path.match(p) or (p.startswith("**/") and path.match(p[3:])) or p in ("**", "**/*") for p in patterns)


def _fail(error: OSError) -> None:
    raise error


def _date(text: str | None) -> datetime | None:
    """A date or time of a front matter; None when it is none."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        try:
            found = datetime.combine(date.fromisoformat(text[:10]), datetime.min.time())
        except ValueError:
            return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
