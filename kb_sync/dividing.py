"""Blocks to pieces that are not divided further: whole where they fit, else items, rows, lines, sentences and at last words.

Sizes are UTF-8 bytes.  Every word of a block stands in one of its pieces.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from core.words import sentences
from kb_sync.blocks import Block, Kind

APART, LINE, SPACE, NOTHING = "\n\n", "\n", " ", ""

WINDOW_CHARS = 4_000
"""Text is looked at in windows of this many characters, which bounds the time a text without a full stop takes."""

_ENDLESS = re.compile(r"[.!?…]{40}")
"""Leaders ("........ 12"), not ends of sentences; looking for ends among them takes time quadratic in their length."""

_FENCE = re.compile(r"\s*(`{3,}|~{3,})")
_WINDOW = re.compile(rf"\S[\s\S]{{0,{WINDOW_CHARS}}}(?=\s|\Z)|\S{{{WINDOW_CHARS}}}")


@dataclass(frozen=True, slots=True)
class Piece:
    """Text, what joins it to the piece before it in a chunk, and whether it ends with sentences that may be repeated."""

    text: str
    joint: str
    is_prose: bool = False


def size(text: str) -> int:
    """UTF-8 bytes."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def pieces(block: Block, limit: int) -> Iterator[Piece]:
    """The pieces of a block, none longer than ``limit``."""
    whole = "\n".join(block.lines)
    if size(whole) <= limit:
        yield Piece(whole, APART, block.kind is Kind.PROSE)
        return
    match block.kind:
        case Kind.TABLE:
            yield from _framed(block.lines[2:], "\n".join(block.lines[:2]), "", limit)
        case Kind.FENCE:
            yield from _fence(block.lines, limit)
        case Kind.ITEMS:
            yield from _items(block, limit)
        case Kind.CODE:
            yield from _lines(block.lines, limit)
        case Kind.PROSE:
            yield from _prose(whole, limit, APART)


def _framed(lines: Iterable[str], head: str, tail: str, limit: int) -> Iterator[Piece]:
    """Groups of lines, each between ``head`` and ``tail``, so that each can be read alone."""
    room = limit - size(head) - size(tail) - 2
    if room < limit // 2:
        yield from _lines((*head.split("\n"), *lines), limit)
        return
    for group in _groups(lines, room):
        yield Piece("\n".join(part for part in (head, group, tail) if part), APART)


def _groups(lines: Iterable[str], room: int) -> Iterator[str]:
    """Lines joined while they fit; a line that is too long is divided between words."""
    text = ""
    for piece in _lines(lines, room):
        joined = text + piece.joint + piece.text if text else piece.text
        if text and size(joined) > room:
            yield text
            joined = piece.text
        text = joined
    if text:
        yield text


def _fence(lines: tuple[str, ...], limit: int) -> Iterator[Piece]:
    """A fenced block; a missing end, which Markdown allows at the end of a text, is added."""
    opening = _FENCE.match(lines[0])
    mark = opening.group(1) if opening else "```"
    is_closed = lines[-1].strip().startswith(mark)
    yield from _framed(lines[1:-1] if is_closed else lines[1:], lines[0], mark, limit)


def _items(block: Block, limit: int) -> Iterator[Piece]:
    bounds = [*block.starts, len(block.lines)]
    for number, (start, end) in enumerate(pairwise(bounds)):
        text = "\n".join(line for line in block.lines[start:end] if line.strip())
        joint = LINE if number else APART
        if size(text) <= limit:
            yield Piece(text, joint)
        else:
            yield from _prose(text, limit, joint)


def _lines(lines: Iterable[str], limit: int) -> Iterator[Piece]:
    joint = APART
    for line in lines:
        yield from (Piece(line, joint),) if size(line) <= limit else _words(line, limit, joint)
        joint = LINE


def _prose(text: str, limit: int, joint: str) -> Iterator[Piece]:
    """Sentences; the first is joined by ``joint``, the rest as they stood in the text."""
    for sentence, gap in _sentences(text):
        if size(sentence) <= limit:
            yield Piece(sentence, joint or gap, is_prose=True)
        else:
            yield from _words(sentence, limit, joint or gap)
        joint = NOTHING


def _sentences(text: str) -> Iterator[tuple[str, str]]:
    """Sentences, each with what stood before it: a line break, a space or nothing."""
    end = 0
    for window in _WINDOW.finditer(text):
        words, at = window.group(), 0
        for sentence in (words,) if _ENDLESS.search(words) else sentences(words):
            at = words.index(sentence, at)
            gap = text[end : window.start() + at]
            yield sentence, LINE if "\n" in gap else SPACE if gap else NOTHING
            at += len(sentence)
            end = window.start() + at


def _words(text: str, limit: int, joint: str) -> Iterator[Piece]:
    """Runs of words that fit; a single word that does not is cut."""
    run, used = list[str](), 0
    for word in text.split():
        length = size(word)
        if run and used + length + 1 > limit:
            yield Piece(" ".join(run), joint)
            run, used, joint = [], 0, SPACE
        if length > limit:
            yield from _cut(word, limit, joint)
            joint = SPACE
        else:
            run.append(word)
            used += length + 1
    if run:
        yield Piece(" ".join(run), joint)


def _cut(word: str, limit: int, joint: str) -> Iterator[Piece]:
    step = max(1, limit // 4)  # a character takes at most four bytes
    for at in range(0, len(word), step):
        yield Piece(word[at : at + step], joint)
        joint = NOTHING
