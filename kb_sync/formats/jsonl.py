"""JSON lines: a document a line, ``{id, title, text, url?, category?, audience?, language?, updated?}``."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

import msgspec

from core.errors import DocumentRejected
from kb_sync.formats import Faulty, Parsed, notes
from kb_sync.text import BOMS, Decoded, clean, decode, one_line

FIELDS = ("url", "category", "audience", "language", "updated")


class Line(msgspec.Struct, frozen=True):
    """One line; unknown fields are passed over."""

    id: str | int
    text: str
    title: str = ""
    url: str | None = None
    category: str | None = None
    audience: str | None = None
    language: str | None = None
    updated: str | None = None


_decoder = msgspec.json.Decoder(Line)


def json_lines(raw: bytes, *, first_line: int = 1) -> Iterator[Parsed | Faulty]:
    """The documents of a file, or of a part of it that begins with line ``first_line``; a bad line stops nothing."""
    for number, line in enumerate(_lines(raw), start=first_line):
        if line.strip():
            yield _parsed(line, f"line {number}")


def _lines(raw: bytes) -> list[bytes]:
    """Lines in UTF-8; a file in UTF-16 or UTF-32 is turned as a whole."""
    if raw.startswith(codecs.BOM_UTF8):
        raw = raw[len(codecs.BOM_UTF8) :]
    elif any(raw.startswith(mark) for mark, _ in BOMS):
        raw = decode(raw).text.encode("utf-8", "replace")
    return raw.split(b"\n")


def _parsed(line: bytes, place: str) -> Parsed | Faulty:
    try:
        decoded = decode(line)
        item = _decoder.decode(decoded.text)
        return _document(item, decoded, place)
    except (msgspec.MsgspecError, UnicodeError) as error:
        return Faulty(place=place, problem=f"not a document: {error}")
    except DocumentRejected as error:
        return Faulty(place=place, problem=error.safe_message)


def _document(item: Line, decoded: Decoded, place: str) -> Parsed:
    name = str(item.id).strip()
    if not name:
        raise DocumentRejected("the id is empty")
    meta = {field: value for field in FIELDS if (value := getattr(item, field)) is not None}
    note = f"{place}: {decoded.note}" if decoded.note else None
    return Parsed(body=clean(item.text), title=one_line(item.title), id=name, meta=meta, notes=notes(note))
