"""JSON lines: a document a line, ``{id, title, text, url?, category?, audience?, language?, updated?}``."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from kb_sync.formats import Faulty, Parsed
from kb_sync.text import clean, decode, one_line

FIELDS = ("url", "category", "audience", "language", "updated")


class Line(msgspec.Struct, frozen=True):
    """One line; unknown fields are passed over."""

    id: str
    text: str
    title: str = ""
    url: str | None = None
    category: str | None = None
    audience: str | None = None
    language: str | None = None
    updated: str | None = None


_decoder = msgspec.json.Decoder(Line, strict=False)


def json_lines(raw: bytes) -> Iterator[Parsed | Faulty]:
    """The documents of a file; a bad line is a ``Faulty`` with its number, and the rest goes on."""
    for number, line in enumerate(decode(raw).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            item = _decoder.decode(line)
        except msgspec.MsgspecError as error:
            yield Faulty(place=f"line {number}", problem=f"not a document: {error}")
            continue
        meta = {name: value for name in FIELDS if (value := getattr(item, name)) is not None}
        yield Parsed(body=clean(item.text), title=one_line(item.title), id=item.id, meta=meta)
