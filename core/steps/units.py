"""A chunk's text taken apart into what may be quoted: sentences, list items, code.  Pure.

Every unit knows its place in the text, so that a quote is exact; its Markdown is safe to stand in a reply: nothing in it can
become a heading, a citation mark or broken emphasis of ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from itertools import pairwise

import msgspec

from core.markup import escape
from core.words import sentences

MAX_UNITS = 400


class UnitKind(StrEnum):
    """What a unit is."""

    SENTENCE = "sentence"
    ITEM = "item"
    CODE = "code"
    TABLE = "table"


class Unit(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One quotable piece: ``text`` is as written at ``start``..``end``; an item has what stands before it as ``lead``.

    Units of one ``block`` (a paragraph, a list) belong together; ``section`` is the heading line above, "" when there is none.
    """

    kind: UnitKind
    start: int
    end: int
    text: str
    block: int
    section: str = ""
    lead: str = ""

    @property
    def markdown(self) -> str:
        """What a reply shows; made when it is asked for, since few units of a text are ever quoted."""
        if self.kind is UnitKind.TABLE:
            return "\n".join(_MARKISH.sub(r"\\[\1\\]", line.strip()) for line in self.text.split("\n"))
        if self.kind is UnitKind.CODE:
            fence = "~~~~" if "~~~" not in self.text else "~~~~~~~~"
            return f"{fence}\n{self.text}\n{fence}"
        return self.lead + safe(self.text)


_HEADING = re.compile(r"\s{0,3}#{1,6}\s+(?P<words>.*)")
_SHOUTED = re.compile(r"[A-Z][A-Z /&()-]{2,58}:?$")
_ITEM = re.compile(r"(?P<indent>[ \t]*)(?P<lead>[-*+•▪‣–]|\d{1,3}[.)])[ \t]+(?P<words>\S.*)")
_FENCE = re.compile(r"[ \t]*(```|~~~)")
_MARKISH = re.compile(r"\[(\d{1,2})\](?!\()")
_STARTS_BLOCK = re.compile(r"(?P<hard>#{1,6}\s|>|[-+*]\s|~~~|```|\||=+\s*$)|(?P<number>\d{1,9})(?P<dot>[.)])(?=\s)")
_RUN_TOGETHER = re.compile(r"[.?!:](?=[A-Z][a-z]*[\s:])(?<=[a-z)].)")
"""Scraped pages lose the line break between "…to the new one." and "To change it:"."""

_ENDS_SENTENCE = (".", "!", "?", ":", ";", "…")
_CLOSING = "'\")]*_"
WRAPPED_AT = 60
"""A line at least this long that ends amid a sentence was wrapped by its author's editor."""


class _Line(msgspec.Struct, frozen=True, gc=False):
    start: int
    text: str


def units(text: str) -> tuple[Unit, ...]:
    """The units of a chunk in order."""
    reader = _Reader()
    for line in _lines(text):
        reader.line(line)
    reader.flush()
    return tuple(reader.out[:MAX_UNITS])


def _lines(text: str) -> Iterator[_Line]:
    at = 0
    for line in text.splitlines(keepends=True):
        yield _Line(at, line.rstrip("\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"))
        at += len(line)


class _Reader:
    """Lines to units; ``pending`` are the lines of the paragraph or item that is being read."""

    def __init__(self) -> None:
        self.out: list[Unit] = []
        self._pending: list[_Line] = []
        self._lead = ""
        self._code: list[_Line] | None = None
        self._table: list[_Line] = []
        self._block = 0
        self._section = ""
        self._in_list = False

    def line(self, line: _Line) -> None:
        """Read one more line."""
        if self._table and not _is_table_line(line.text):
            self.flush()
        bare = line.text.strip()
        if self._code is not None:
            self._code_line(line)
        elif not bare:
            self.flush()
        elif bare[0].isalpha():
            self._words_or_heading(line, bare)
        elif _FENCE.match(line.text):
            self._code_line(line)
        elif heading := _HEADING.match(line.text):
            self._begin_section(heading["words"])
        elif item := _ITEM.match(line.text):
            self._begin_item(line, item)
        elif _is_table_line(line.text):
            self._table_row(line)
        else:
            self._words(line)

    def flush(self) -> None:
        """End the paragraph, item or code that is being read."""
        if self._code is not None:
            self._end_code()
        if self._table:
            self._end_table()
        if self._pending:
            (self._end_item if self._lead else self._end_paragraph)()
        self._pending, self._lead = [], ""

    def _begin_section(self, words: str) -> None:
        self.flush()
        self._section = words.strip(" #:\t")
        self._new_block()

    def _words_or_heading(self, line: _Line, bare: str) -> None:
        """A line that begins with a letter."""
        if not self._pending and _SHOUTED.match(bare):
            self._begin_section(line.text)
        else:
            self._words(line)

    def _new_block(self) -> None:
        self._block += 1
        self._in_list = False

    def _begin_item(self, line: _Line, item: re.Match[str]) -> None:
        self.flush()
        if not self._in_list:
            self._new_block()
            self._in_list = True
        indent = "   " * min(2, len(item["indent"].expandtabs(4)) // 2)
        number = item["lead"] if item["lead"][0].isdigit() else "-"
        self._lead = f"{indent}{number.replace(')', '.')} "
        self._pending = [_Line(line.start + item.start("words"), item["words"])]

    def _words(self, line: _Line) -> None:
        is_new = bool(self._pending) and not self._lead and not _continues(self._pending[-1].text, line.text)
        is_after_list = not self._pending and self._in_list and not line.text.startswith((" ", "\t"))
        if is_new or is_after_list:
            self.flush()
            self._new_block()
        self._pending.append(line)

    def _table_row(self, line: _Line) -> None:
        if not self._table:
            self.flush()
        self._table.append(line)

    def _end_table(self) -> None:
        """A table is quoted whole: a row without its header says nothing."""
        lines, self._table = self._table, []
        self._new_block()
        self._add(UnitKind.TABLE, lines[0].start, "\n".join(line.text for line in lines))

    def _code_line(self, line: _Line) -> None:
        if self._code is None:
            self.flush()
            self._code = []
        elif _FENCE.match(line.text):
            self._end_code()
        else:
            self._code.append(line)

    def _end_code(self) -> None:
        lines, self._code = self._code or [], None
        if not lines:
            return
        self._new_block()
        self._add(UnitKind.CODE, lines[0].start, "\n".join(line.text for line in lines))

    def _end_item(self) -> None:
        raw = "\n".join(line.text for line in self._pending)
        self._add(UnitKind.ITEM, self._pending[0].start, raw, self._lead)

    def _end_paragraph(self) -> None:
        raw, base = "\n".join(line.text for line in self._pending), self._pending[0].start
        flat, at = _spaced(raw), 0
        if not self._in_list:
            self._new_block()
        split = _apart if _RUN_TOGETHER.search(flat) else _as_one
        for sentence in sentences(flat):
            for part in split(sentence):
                start = flat.index(part, at)
                at = start + len(part)
                self._add(UnitKind.SENTENCE, base + start, raw[start:at])

    def _add(self, kind: UnitKind, start: int, text: str, lead: str = "") -> None:
        self.out.append(
            Unit(
                kind=kind,
                start=start,
                end=start + len(text),
                text=text,
                block=self._block,
                section=self._section,
                lead=lead,
            )
        )


def _spaced(text: str) -> str:
    """The text with spaces for other white space, one for one."""
    return text.replace("\n", " ").replace("\t", " ").replace("\xa0", " ")


def _as_one(sentence: str) -> tuple[str, ...]:
    return (sentence,)


def _apart(sentence: str) -> tuple[str, ...]:
    """The sentences that run together in one."""
    cuts = [0, *(m.end() for m in _RUN_TOGETHER.finditer(sentence)), len(sentence)]
    return tuple(sentence[start:end] for start, end in pairwise(cuts))


def _is_table_line(text: str) -> bool:
    return text.strip().startswith("|") and text.count("|") >= 2


def _continues(previous: str, line: str) -> bool:
    """Whether a line goes on where the one before broke off."""
    if previous.rstrip().rstrip(_CLOSING).endswith(_ENDS_SENTENCE):
        return len(previous) >= WRAPPED_AT
    return len(previous) >= WRAPPED_AT or line.lstrip()[:1].islower()


def safe(text: str) -> str:
    """Foreign Markdown for a place of ours: emphasis and links stay where they are whole, marks and block starts are escaped."""
    flat = " ".join(text.split())
    flat = _MARKISH.sub(r"\\[\1\\]", flat) if _is_balanced(flat) else escape(flat)
    start = _STARTS_BLOCK.match(flat)
    if start is None:
        return flat
    at = start.start("dot") if start["number"] else 0
    return f"{flat[:at]}\\{flat[at:]}"


def _is_balanced(text: str) -> bool:
    """Whether no emphasis, code or link would run on into our own words."""
    doubles = text.count("**")
    singles = text.count("*") - 2 * doubles
    return (
        doubles % 2 == 0
        and singles % 2 == 0
        and text.count("`") % 2 == 0
        and text.count("[") == text.count("]")
        and "<" not in text
        and "\\" not in text
    )
