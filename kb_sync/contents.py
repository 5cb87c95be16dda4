"""Which documents a generation was made of: a file of lines in its folder, for differences and for going back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from core.errors import KnowledgeUnavailable
from core.ports.knowledge import Document

FILE = "documents.jsonl"


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """One document as it was when a generation was built of it."""

    id: str
    source: str
    external_id: str
    title: str
    hash: str
    audience: str


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """What one generation has over another."""

    added: tuple[Held, ...]
    changed: tuple[Held, ...]
    removed: tuple[Held, ...]


class ContentsWriter:
    """Writes the file while a generation is built."""

    def __init__(self, folder: Path) -> None:
        self._file = (folder / FILE).open("wb")
        self._encode = msgspec.json.Encoder().encode

    def add(self, document: Document) -> None:
        """The next document."""
        self.keep(
            Held(
                id=document.id,
                source=document.source,
                external_id=document.external_id,
                title=document.title,
                hash=document.hash,
                audience=document.audience,
            )
        )

    def keep(self, held: Held) -> None:
        """The next document, which is as it was in another generation."""
        self._file.write(self._encode(held) + b"\n")

    def close(self) -> None:
        """All of them were added; safe twice."""
        self._file.close()


def contents(folder: Path) -> Iterator[Held]:
    """The documents of a built generation; ``KnowledgeUnavailable`` when that was not written down."""
    decode = msgspec.json.Decoder(Held).decode
    try:
        with (folder / FILE).open("rb") as file:
            for line in file:
                yield decode(line)
    except (OSError, ValueError) as error:
        raise KnowledgeUnavailable("It is not known what this generation was made of.") from error


def difference(before: Path, after: Path) -> Difference:
    """What ``after`` has over ``before``, both folders of generations, in the order of sources and external ids."""
    old = {held.id: held for held in contents(before)}
    added, changed = [], []
    for held in contents(after):
        former = old.pop(held.id, None)
        if former is None:
            added.append(held)
        elif former.hash != held.hash:
            changed.append(held)
    return Difference(added=tuple(added), changed=tuple(changed), removed=tuple(old.values()))
