"""Reading: a source of a prompt as pieces that may be quoted, each with what it stands under and what governs it.  Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from core.words import sentences

MAX_SOURCE_CHARS: Final = 20_000
TITLE_LINES: Final = 2
"""A source begins with its title and the path of its headings."""

PATH_SEPARATOR: Final = " › "
"""Between the headings of a path; the last one is the nearest."""

LEAST_CHARS: Final = 9
"""A shorter sentence says nothing by itself."""

_ITEM: Final = re.compile(r"^\s*(?:(?P<number>\d{1,3})[.)]|[-*+•])\s+")
_RULE_ROW: Final = re.compile(r"^[\s|:-]+$")
_OWN_MARK: Final = re.compile(r"\s?\[T?\d{1,3}\]")
_FIGURE: Final = re.compile(r"[^\w]*\d")
_EMPTY_CELLS: Final = frozenset({"", "-", "–", "—"})


class Kind(StrEnum):
    """What a piece is."""

    SENTENCE = "sentence"
    ITEM = "item"
    STEP = "step"
    """An item of a numbered list."""
    ROW = "row"
    """A row of a table, told as a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A sentence, an item of a list or a row of a table.

    ``page`` is its title, ``heading`` the title with the headings above it.  Pieces of one ``block`` (a paragraph, a list, a
    table) stand together.  What governs a list is told with it: ``announced`` is the place of a sentence that ends in a colon,
    ``lead`` the heading where there is none.  ``opens``: it is the first of its page.
    """

    source: int
    place: int
    text: str
    page: str = ""
    heading: str = ""
    kind: Kind = Kind.SENTENCE
    block: int = 0
    lead: str = ""
    announced: int | None = None
    opens: bool = False

    @property
    def is_listed(self) -> bool:
        """Whether it is an item of a list, numbered or not."""
        return self.kind in (Kind.ITEM, Kind.STEP)

    @property
    def announces(self) -> bool:
        """Whether what follows belongs to it."""
        return self.kind is Kind.SENTENCE and self.text.endswith(":")


def pieces(number: int, text: str) -> list[Piece]:
    """The pieces of a source in order; questions are left out, and only the beginning of a long text is read."""
    reader = _Reader(number)
    for count, line in enumerate(text[:MAX_SOURCE_CHARS].splitlines()):
        reader.line(line, is_on_top=count < TITLE_LINES)
    reader.end_block()
    return reader.out


class _Reader:
    """Lines to pieces; ``_waiting`` are the lines of the paragraph or item that is being read."""

    def __init__(self, number: int) -> None:
        self.out: list[Piece] = []
        self._number = number
        self._headings: list[tuple[int, str]] = []
        self._waiting: list[str] = []
        self._kind = Kind.SENTENCE
        self._place = self._block = 0
        self._head_row: tuple[str, ...] = ()
        self._lead = ""
        self._announced: int | None = None

    def line(self, line: str, *, is_on_top: bool) -> None:
        """Read one more line."""
        stripped = _OWN_MARK.sub("", line).strip()
        if not stripped:
            self._end_piece()
        elif stripped.startswith("#"):
            words = stripped.lstrip("#")
            self._begin_section(words.strip(), len(stripped) - len(words))
        elif is_on_top and _is_title(stripped):
            self._begin_section(stripped, len(self._headings))
        elif stripped.startswith("|"):
            self._row(stripped)
        elif item := _ITEM.match(stripped):
            self._begin_item(stripped[item.end() :], Kind.STEP if item["number"] else Kind.ITEM)
        elif self._waiting or not self._kind_is_listed():
            self._waiting.append(stripped)
        else:
            self.end_block()
            self._waiting.append(stripped)

    def end_block(self) -> None:
        """End the piece and the paragraph, list or table that is being read."""
        self._end_piece()
        self._block += 1
        self._kind, self._head_row = Kind.SENTENCE, ()

    def _kind_is_listed(self) -> bool:
        return self._kind in (Kind.ITEM, Kind.STEP)

    def _begin_section(self, words: str, level: int) -> None:
        """``level`` is 0 for the title and grows with the depth."""
        self.end_block()
        plain = _plain(words)
        self._headings = [*(known for known in self._headings if known[0] < level), (level, plain)]
        self._lead, self._announced = plain.rsplit(PATH_SEPARATOR, 1)[-1], None

    def _begin_item(self, words: str, kind: Kind) -> None:
        if self._kind is not kind or self._head_row:
            self.end_block()
        else:
            self._end_piece()
        self._kind = kind
        self._waiting.append(words)

    def _row(self, stripped: str) -> None:
        if not self._head_row:
            self.end_block()
        if _RULE_ROW.match(stripped):
            return
        cells = tuple(_plain(cell) for cell in stripped.strip("|").split("|"))
        if not self._head_row:
            self._head_row = cells
            return
        self._add(_row(self._head_row, cells), Kind.ROW)

    def _end_piece(self) -> None:
        if not self._waiting:
            return
        words, self._waiting = _plain(" ".join(self._waiting)), []
        if self._kind_is_listed():
            self._add(words, self._kind)
            return
        for sentence in sentences(words):
            self._add(sentence, Kind.SENTENCE)
        self._block += 1

    def _add(self, words: str, kind: Kind) -> None:
        self._place += 1
        is_listed = kind in (Kind.ITEM, Kind.STEP)
        if kind is Kind.SENTENCE:
            self._announced = self._place if words.endswith(":") else None
            if words.endswith("?"):
                self._lead = words
                return
            self._lead = self._lead if len(self._headings) > 1 else ""
            if len(words) < LEAST_CHARS and self._announced is None:
                return
        self.out.append(
            Piece(
                source=self._number,
                place=self._place,
                text=_ended(words),
                page=self._headings[0][1] if self._headings else str(self._number),
                heading=" ".join(words for _, words in self._headings)[-300:],
                kind=kind,
                block=self._block,
                lead=self._lead if is_listed and self._announced is None else "",
                announced=self._announced if is_listed else None,
                opens=not self.out and len(self._headings) <= 1,
            )
        )


def _is_title(line: str) -> bool:
    """Whether one of the first lines names what follows: short, and a question or no sentence at all."""
    return len(line) < 120 and line[-1] not in ".!:;|" and not _ITEM.match(line)


def _row(head: Sequence[str], cells: Sequence[str]) -> str:
    """A row as a sentence: "Standard: United Kingdom £4.95; Islands: none"; of two columns "Packed: waits for the carrier"."""
    told = list(_told(head[1:], cells[1:], is_named=len(head) > 2))
    return f"{cells[0]}: {'; '.join(told)}" if told else cells[0]


def _told(names: Sequence[str], cells: Sequence[str], *, is_named: bool) -> Iterator[str]:
    for name, cell in zip(names, cells, strict=False):
        if cell not in _EMPTY_CELLS:
            joint = " " if _FIGURE.match(cell) else ": "
            yield f"{name}{joint}{cell}" if is_named and name else cell


def _plain(text: str) -> str:
    """Without Markdown's emphasis and link targets."""
    return re.sub(r"[*_`]{1,3}", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)).strip()


def _ended(text: str) -> str:
    return text if text[-1] in ".!?。！？:" else f"{text}."
