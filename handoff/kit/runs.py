"""A run of words between two blocks of HTML, while it is read: flat atoms with their marks, then a tree."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final

from core.reply import Block, Break, Code, Emphasis, Inline, Link, Paragraph, Strong, Text

_SPACE: Final = re.compile(r"[\s\u00a0\u200b\ufeff]+")
_MARKS: Final = {"b": "strong", "strong": "strong", "i": "em", "em": "em", "cite": "em"}
_ORDER: Final = {"strong": 1, "em": 2}
_SCHEMES: Final = ("http://", "https://", "mailto:", "tel:")
_UNSAFE: Final = re.compile(r"[\x00-\x20\x7f\"<>\\^`{|}]")
_MAX_LINK: Final = 2_048


def marks_of(tag: str, href: str, marks: tuple[str, ...]) -> tuple[str, ...]:
    """The marks inside an element: ``marks`` around it and its own; a link's mark is its address, and links do not nest."""
    own = _MARKS.get(tag)
    if tag == "a" and href.lower().startswith(_SCHEMES) and len(href) <= _MAX_LINK and not _UNSAFE.search(href):
        own = None if any(mark not in _ORDER for mark in marks) else href
    if own is None or own in marks:
        return marks
    return tuple(sorted((*marks, own), key=lambda mark: _ORDER.get(mark, 0)))


@dataclass(frozen=True, slots=True)
class _Atom:
    """``kind`` is word, space, code or break."""

    kind: str
    text: str
    marks: tuple[str, ...]


class Run:
    """Atoms in the order they are read."""

    def __init__(self) -> None:
        self._atoms: list[_Atom] = []

    def text(self, text: str, marks: tuple[str, ...]) -> None:
        """Words; any white space among them is one blank."""
        at = 0
        for found in _SPACE.finditer(text):
            self._word(text[at : found.start()], marks)
            self._atoms.append(_Atom("space", " ", marks))
            at = found.end()
        self._word(text[at:], marks)

    def code(self, text: str, marks: tuple[str, ...]) -> None:
        """Words of code."""
        if text.strip():
            self._atoms.append(_Atom("code", _SPACE.sub(" ", text).strip(), marks))

    def line_break(self) -> None:
        """The end of a line; two of them end a paragraph."""
        self._atoms.append(_Atom("break", "\n", ()))

    def _word(self, text: str, marks: tuple[str, ...]) -> None:
        if text:
            self._atoms.append(_Atom("word", text, marks))

    def paragraphs(self) -> tuple[Block, ...]:
        """The run as paragraphs, apart where a line is empty."""
        out: list[Block] = []
        lines: list[Sequence[_Atom]] = []
        for is_break, group in groupby(self._atoms, key=lambda atom: atom.kind == "break"):
            atoms = list(group)
            line = [] if is_break else _tidy(atoms)
            if line:
                lines.append(line)
            elif not is_break or len(atoms) > 1:
                out += _paragraph(lines)
                lines = []
        return (*out, *_paragraph(lines))

    def line(self) -> tuple[Inline, ...]:
        """The run as one line."""
        spaces = [_Atom("space", " ", ()) if atom.kind == "break" else atom for atom in self._atoms]
        return _tree(_tidy(spaces))


def _paragraph(lines: Sequence[Sequence[_Atom]]) -> tuple[Block, ...]:
    out: list[Inline] = []
    for number, line in enumerate(lines):
        out += [Break()] if number else []
        out += _tree(line)
    return (Paragraph(tuple(out)),) if out else ()


def _tidy(atoms: Sequence[_Atom]) -> list[_Atom]:
    """Without blanks at the ends or after one another; a blank has the marks of both its neighbours."""
    out: list[_Atom] = []
    for atom in atoms:
        if atom.kind != "space" or (out and out[-1].kind != "space"):
            out.append(atom)
    if out and out[-1].kind == "space":
        out.pop()
    for place in range(1, len(out) - 1):
        if out[place].kind == "space":
            before, after = out[place - 1].marks, out[place + 1].marks
            out[place] = replace(out[place], marks=tuple(mark for mark in before if mark in after))
    return out


def _tree(atoms: Sequence[_Atom]) -> tuple[Inline, ...]:
    """Nested nodes: a link outermost, then strong, then emphasis."""
    out: list[Inline] = []
    for mark, group in groupby(atoms, key=lambda atom: atom.marks[0] if atom.marks else None):
        inside = list(group)
        if mark is None:
            out += _leaves(inside)
            continue
        children = _tree([replace(atom, marks=atom.marks[1:]) for atom in inside])
        out.append(
            Strong(children) if mark == "strong" else Emphasis(children) if mark == "em" else Link(mark, children)
        )
    return tuple(out)


def _leaves(atoms: Sequence[_Atom]) -> list[Inline]:
    out: list[Inline] = []
    for is_code, group in groupby(atoms, key=lambda atom: atom.kind == "code"):
        texts = [atom.text for atom in group]
        out += [Code(text) for text in texts] if is_code else [Text("".join(texts))]
    return out
