"""The bytes of a file as documents: for sources whose items are files, wherever these lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from core.errors import DocumentRejected
from core.ports.knowledge import Document, Loaded, SourceProblem
from kb_sync.documents import DocumentMaker
from kb_sync.files import Doubts
from kb_sync.formats import Faulty
from kb_sync.formats.jsonl import json_lines
from kb_sync.formats.lazily import FORMATS

LINES = (".jsonl", ".ndjson")
NOTHING: Mapping[str, str] = {}


def is_readable(path: str) -> bool:
    """Whether a relative path is of a supported format and not hidden: no part of it begins with a dot."""
    pure = PurePosixPath(path)
    return pure.suffix.lower() in (*FORMATS, *LINES) and not any(part.startswith(".") for part in pure.parts)


def loaded_file(
    raw: bytes, *, path: str, maker: DocumentMaker, given: Mapping[str, str] = NOTHING, version: str = ""
) -> Loaded:
    """What a file holds: one document, or one of each line.

    ``given`` is what the place tells of the file: title, url, category, audience, language, updated.  It stands in for what
    the file does not say itself; only the audience of the place comes first, so that a file cannot widen it.
    ``DocumentRejected`` when the file cannot be used.
    """
    suffix = PurePosixPath(path).suffix.lower()
    if suffix in LINES:
        return replace(loaded_lines(raw, path=path, maker=maker, given=given), version=version)
    parsed = FORMATS[suffix](raw)
    doubts = Doubts(path)
    for note in parsed.notes:
        doubts.add(note)
    shown = replace(parsed, title=parsed.title or given.get("title", ""), meta=_meta(parsed.meta, given))
    document = maker.of_file(shown, path=path, doubt=doubts.add)
    return Loaded(documents=(document,), problems=tuple(doubts.problems), version=version)


def loaded_lines(
    raw: bytes, *, path: str, maker: DocumentMaker, first_line: int = 1, given: Mapping[str, str] = NOTHING
) -> Loaded:
    """The documents of JSON lines; one that is no document is a problem with its number."""
    documents: list[Document] = []
    problems: list[SourceProblem] = []
    for item in json_lines(raw, first_line=first_line):
        if isinstance(item, Faulty):
            problems.append(SourceProblem(external_id=f"{path}, {item.place}", problem=item.problem))
            continue
        doubts = Doubts(f"{path}, id {item.id}")
        for note in item.notes:
            doubts.add(note)
        try:
            made = maker.of_line(replace(item, meta=_meta(item.meta, given, "url")), path=path, doubt=doubts.add)
            documents.append(made)
        except DocumentRejected as error:
            problems.append(SourceProblem(external_id=doubts.place, problem=error.safe_message))
        problems += doubts.problems
    return Loaded(documents=tuple(documents), problems=tuple(problems))


def _meta(own: Mapping[str, str], given: Mapping[str, str], *unfit: str) -> dict[str, str]:
    usable = {name: value for name, value in given.items() if value and name not in unfit}
    audience = {"audience": usable["audience"]} if "audience" in usable else {}
    return {**usable, **own, **audience}
