"""A suite as it is found on disk, checked before anything runs: every doubt is counted and named, every mistake has its place."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any

import yaml

from evals.metrics import KINDS

FILES: Mapping[str, str] = {"retrieval": "questions.jsonl", "intents": "test.jsonl"}
"""Where the items of a kind stand; ``items.jsonl`` for the others."""

FIELDS: Mapping[str, tuple[str, ...]] = {
    "retrieval": ("id", "question", "relevant", "answerable"),
    "intents": ("id", "text", "intent"),
    "entities": ("id", "text", "entities"),
    "pii": ("id", "text", "entities"),
    "sentiment": ("id", "text", "score"),
    "grounding": ("id", "knowledge", "response", "supported"),
    "injection": ("id", "where", "text", "attack"),
}
"""What every item of a kind must have."""
QUESTION_KINDS = ("answerable", "partial", "unanswerable", "underspecified", "smalltalk")
NAMED = 5
"""So many of a kind of doubt are named, the others counted."""

Row = Mapping[str, Any]


class SuiteProblem(Exception):
    """A suite that cannot be run; the text says where and what mends it."""


class OtherKind(SuiteProblem):
    """A suite of a kind that is none of ours: passed over, not an error, where all suites are asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A document as reports name it."""

    title: str
    url: str | None
    text: str


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A suite in memory.

    ``documents`` is the file of documents that questions are asked of; ``config`` the product's YAML whose knowledge they are
    asked of where there is none.  ``doubts`` are findings that do not keep it from running.
    """

    name: str
    kind: str
    path: Path
    items: tuple[Row, ...]
    files: tuple[Path, ...]
    documents: Path | None = None
    config: Path | None = None
    doubts: tuple[str, ...] = field(default=())

    @cached_property
    def pages(self) -> Mapping[str, Page]:
        """id → document; empty without a file of documents."""
        if self.documents is None:
            return {}
        return {
            row["id"]: Page(title=row.get("title") or row["id"], url=row.get("url"), text=row.get("text") or "")
            for row in rows(self.documents)
        }

    @property
    def texts(self) -> Mapping[str, str]:
        """id → title and text of the documents."""
        return {name: f"{page.title} {page.text}" for name, page in self.pages.items()}

    @property
    def digest(self) -> str:
        """Of all its files."""
        made = blake2b(digest_size=8)
        for file in self.files:
            made.update(file.name.encode() + b"\0" + file.read_bytes())
        return made.hexdigest()


def opened(path: Path) -> Opened:
    """Read a folder with a ``suite.yaml``, or a file of questions; ``SuiteProblem`` tells what is missing."""
    if path.is_file():
        return _made(path.stem, "retrieval", path.parent, path, {})
    if not path.is_dir():
        raise SuiteProblem(f"{path}: there is no such folder or file")
    about = _about(path)
    kind = about.get("kind")
    if kind is None:
        raise SuiteProblem(f"{path / 'suite.yaml'}: `kind` is missing; one of {', '.join(KINDS)}")
    if kind not in KINDS:
        raise OtherKind(f"suites of kind {kind} are not run by this command, only {', '.join(KINDS)}")
    return _made(str(about.get("name") or path.name), kind, path, path / _file(about, kind), about)


def _file(about: Row, kind: str) -> str:
    return str(about.get("questions") or FILES.get(kind, "items.jsonl"))


def _about(folder: Path) -> Row:
    file = folder / "suite.yaml"
    if not file.exists():
        questions = folder / "questions.jsonl"
        if questions.exists():
            return {"kind": "retrieval"}
        raise SuiteProblem(f"{file} is missing; it says `kind:` ({', '.join(KINDS)}); see docs/evals.md")
    try:
        about = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SuiteProblem(f"{file}: not YAML: {error}") from error
    if not isinstance(about, dict):
        raise SuiteProblem(f"{file}: a mapping with `kind:` is expected")
    return about


def _made(name: str, kind: str, folder: Path, file: Path, about: Row) -> Opened:
    items = tuple(_checked(kind, file, number, row) for number, row in _numbered(file))
    if not items:
        raise SuiteProblem(f"{file}: there are no items in it")
    documents = folder / "documents.jsonl"
    has_documents = kind == "retrieval" and documents.exists() and (file.parent / "documents.jsonl").exists()
    config = (folder / str(about["config"])).resolve() if about.get("config") else None
    if config is not None and not config.exists():
        raise SuiteProblem(f"{folder / 'suite.yaml'}: `config` names {config}, which does not exist")
    more = [documents] if has_documents else []
    more += [folder / "train.jsonl"] if kind == "intents" else []
    if missing := [each for each in more if not each.exists()]:
        raise SuiteProblem(f"{missing[0]} is missing")
    suite = Opened(
        name=name,
        kind=kind,
        path=folder,
        items=items,
        files=(file, *more),
        documents=documents if has_documents else None,
        config=config,
    )
    known = suite.pages if has_documents else None
    return replace(suite, doubts=tuple(_doubts(items, known, kind)))


def rows(path: Path) -> Iterator[Row]:
    """The objects of a file of JSON lines; ``SuiteProblem`` with the place of a broken line."""
    return (row for _, row in _numbered(path))


def _numbered(path: Path) -> Iterator[tuple[int, Row]]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SuiteProblem(f"{path} is missing") from None
    except UnicodeDecodeError as error:
        raise SuiteProblem(f"{path}: not UTF-8 at byte {error.start}") from error
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise SuiteProblem(f"{path}:{number}: not JSON: {error}") from error
        if not isinstance(row, dict):
            raise SuiteProblem(f"{path}:{number}: an object is expected, one a line")
        yield number, row


def _checked(kind: str, file: Path, number: int, row: Row) -> Row:
    place = f"{file}:{number}"
    if missing := [name for name in FIELDS[kind] if name not in row]:
        raise SuiteProblem(
            f"{place}: {', '.join(f'`{name}`' for name in missing)} missing; docs/evals.md has the fields"
        )
    if not isinstance(row["id"], str) or not row["id"]:
        raise SuiteProblem(f"{place}: `id` must be a text")
    if kind != "retrieval":
        return row
    given = row.get("kind") or ("answerable" if row["answerable"] else "unanswerable")
    if given not in QUESTION_KINDS:
        raise SuiteProblem(f"{place}: `kind` is {given!r}; one of {', '.join(QUESTION_KINDS)}")
    for turn in row.get("history") or ():
        if not isinstance(turn, dict) or turn.get("role") not in ("contact", "bot") or "text" not in turn:
            raise SuiteProblem(f"{place}: a turn of `history` is {{role: contact or bot, text: …}}")
    return {"history": (), "reference": "", **row, "kind": given, "relevant": list(row["relevant"] or ())}


def _doubts(items: Sequence[Row], known: Mapping[str, Page] | None, kind: str) -> Iterator[str]:
    twice = [name for name, count in Counter(item["id"] for item in items).items() if count > 1]
    if twice:
        yield f"{_counted(len(twice), 'id')} given twice, one prediction stands for both: {named(twice)}"
    if kind != "retrieval":
        return
    if known is not None:
        yield from unknown_documents(items, known)
    odd = [item["id"] for item in items if item["kind"] == "answerable" and not item["relevant"]]
    if odd:
        yield f"{_counted(len(odd), 'answerable question')} without a relevant document: {named(odd)}"


def unknown_documents(items: Sequence[Row], known: Mapping[str, object]) -> Iterator[str]:
    """Ids that questions name as relevant and that no document has: they cannot be found."""
    unknown = [f"{name} ({item['id']})" for item in items for name in item["relevant"] if name not in known]
    if unknown:
        yield f"{_counted(len(unknown), 'relevant id')} of no document: {named(unknown)}"


def named(names: Sequence[str]) -> str:
    """The first few, and how many more there are."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
