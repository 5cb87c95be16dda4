"""Where running text is cut: after a sentence, else between words, else between characters; links and code stay whole.

Inline nodes are laid out as one string in which a citation mark is a single placeholder, cut positions are found there, and the
nodes are sliced by position, so that markup around a cut is closed before it and opened again after it.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import takewhile
from operator import itemgetter
from typing import Final

from adapters.shared.graphemes import boundaries
from core.markup import inline_text
from core.reply import Break, Code, Emphasis, Inline, Link, Mark, Strong, Text

Place = tuple[int, int]
"""A cut: where the first half ends, and where the second begins; what lies between is blank and dropped."""

_FIRST_REACH: Final = 64
_HOLDER: Final = "\ufffc"
_BLANKS: Final = re.compile(r"\s+")
_SENTENCE_END: Final = re.compile(r"[.!?…。！？][\"'”’»)\]」』\ufffc]*$")
_WIDE_SENTENCE_END: Final = re.compile(r"[。！？][」』）\ufffc]*(?![」』）\ufffc\s。！？])")


def last_that_holds(most: int, holds: Callable[[int], bool]) -> int:
    """The largest number in 1..most for which ``holds``; 0 when 1 does not.  Whatever it returns was tried.

    Steps double until one is too far and are halved from there, so that the cost is that of a part, not of the whole text.
    """
    least, step = 0, 1
    while least + step <= most and holds(least + step):
        least += step
        step *= 2
    most = min(most, least + step - 1)
    while least < most:
        middle = (least + most + 1) // 2
        if holds(middle):
            least = middle
        else:
            most = middle - 1
    return least


def _reach(is_longer: Callable[[int], bool], fits: Callable[[int], bool]) -> int:
    """How far a cut can possibly lie: no more is looked at than a part can hold, however long the text is."""
    stop = _FIRST_REACH
    while is_longer(stop) and fits(stop):
        stop *= 2
    return stop


def cut_code(text: str, fits: Callable[[str], bool], *, is_alone: bool) -> tuple[str, str] | None:
    """Preformatted text in two: between lines, else (only when alone) between characters."""
    near = text[: _reach(lambda stop: len(text) > stop, lambda stop: fits(text[:stop]))]
    lines = [(found.start(), found.end()) for found in re.finditer("\n", near) if found.start() > 0]

    def holds(place: Place) -> bool:
        return fits(text[: place[0]])

    place = _best(_grades(near, lines, [], is_alone=is_alone), holds)
    return None if place is None else (text[: place[0]], text[place[1] :])


def cut_inline(
    children: tuple[Inline, ...],
    fits: Callable[[tuple[Inline, ...]], bool],
    *,
    would_fit: Callable[[tuple[Inline, ...]], bool],
    is_alone: bool,
) -> tuple[tuple[Inline, ...], tuple[Inline, ...]] | None:
    """Inline nodes in two, the first of which fits.

    ``would_fit`` tells whether a link or code would fit a part of its own; then it is not cut.  Unless ``is_alone``, only
    the end of a sentence is worth a cut.
    """
    run = _Run(children)
    text = run.text(_reach(run.is_longer, lambda stop: fits(run.piece(0, stop))))
    near = takewhile(lambda span: span[0] < len(text), _spans(children, most=len(text)))
    kept = _Kept([span for span in near if not is_alone or would_fit(run.piece(*span))])
    words = [place for place in _between_words(text) if kept.allows(place)]
    sentences = [place for place in _sentence_ends(text, words) if kept.allows(place)]

    def holds(place: Place) -> bool:
        return fits(run.piece(0, place[0]))

    place = _best(_grades(text, sentences, words, is_alone=is_alone, kept=kept), holds)
    if place is None:
        return None
    return run.piece(0, place[0]), run.rest(place[1])


def _grades(
    text: str, best: list[Place], good: list[Place], *, is_alone: bool, kept: _Kept | None = None
) -> Iterator[list[Place]]:
    """Candidates from the best kind of cut to the worst."""
    yield best
    if not is_alone:
        return
    yield good
    kept = kept or _Kept()
    yield [(at, at) for at in boundaries(text) if text[at] != _HOLDER and kept.allows((at, at))]
    yield [(at, at) for at in range(1, len(text)) if kept.allows((at, at))]


def _best(grades: Iterator[list[Place]], holds: Callable[[Place], bool]) -> Place | None:
    """The last cut of the best grade, unless a worse grade would put more than twice as much into the part.

    The last grade, inside visible characters, is only for when nothing else is left.
    """
    found: Place | None = None
    for grade, places in enumerate(grades):
        if found is None:
            better = places
        elif grade < 3:
            better = places[bisect_right(places, 2 * found[0], key=itemgetter(0)) :]
        else:
            break
        number = last_that_holds(len(better), lambda count, better=better: holds(better[count - 1]))  # type: ignore[misc]
        if number:
            found = better[number - 1]
        if found is not None and not holds((2 * found[0] + 1, 2 * found[0] + 1)):
            break  # no cut, however fine, could do much better; the grades are made only when asked for
    return found


def _between_words(text: str) -> list[Place]:
    """Runs of blanks with something visible on both sides; a citation mark stays with the words it belongs to."""
    return [
        (blank.start(), blank.end())
        for blank in _BLANKS.finditer(text)
        if blank.start() and blank.end() < len(text) and text[blank.end()] != _HOLDER
    ]


def _sentence_ends(text: str, words: list[Place]) -> list[Place]:
    ends = [
        place
        for place in words
        if "\n" in text[place[0] : place[1]] or _SENTENCE_END.search(text, max(0, place[0] - 8), place[0])
    ]
    wide = [(found.end(), found.end()) for found in _WIDE_SENTENCE_END.finditer(text) if found.end() < len(text)]
    return sorted({*ends, *wide})


class _Kept:
    """Stretches that are not cut; in order and apart from each other."""

    def __init__(self, spans: Sequence[Place] = ()) -> None:
        self._starts = [start for start, _ in spans]
        self._ends = [end for _, end in spans]

    def allows(self, place: Place) -> bool:
        """Does the cut leave them whole."""
        return not (self._holds(place[0]) or self._holds(place[1]))

    def _holds(self, at: int) -> bool:
        number = bisect_left(self._starts, at) - 1
        return number >= 0 and at < self._ends[number]


def _layout(children: Sequence[Inline]) -> str:
    return "".join(_laid_out(child) for child in children)


def _laid_out(node: Inline) -> str:
    match node:
        case Text(text) | Code(text):
            return text
        case Mark():
            return _HOLDER
        case Break():
            return "\n"
        case Strong(children) | Emphasis(children) | Link(_, children):
            return _layout(children)


def _spans(children: Sequence[Inline], at: int = 0, *, most: int) -> Iterator[Place]:
    """Where links and code stand in the layout, up to ``most``."""
    for child in children:
        if at >= most:
            return
        length = len(_laid_out(child))
        if isinstance(child, Link | Code):
            yield at, at + length
        elif isinstance(child, Strong | Emphasis):
            yield from _spans(child.children, at, most=most)
        at += length


class _Run:
    """Inline nodes laid out once, to be cut at many places; no further than anybody looks."""

    def __init__(self, children: Sequence[Inline]) -> None:
        self._children = children
        self._layouts: list[str] = []
        self._ends: list[int] = []

    def is_longer(self, stop: int) -> bool:
        """Has the layout more than ``stop`` characters."""
        while (not self._ends or self._ends[-1] <= stop) and len(self._ends) < len(self._children):
            self._layouts.append(_laid_out(self._children[len(self._layouts)]))
            self._ends.append((self._ends[-1] if self._ends else 0) + len(self._layouts[-1]))
        return bool(self._ends) and self._ends[-1] > stop

    def text(self, stop: int) -> str:
        """The layout up to ``stop``."""
        self.is_longer(stop)
        return "".join(self._layouts)[:stop]

    def rest(self, start: int) -> tuple[Inline, ...]:
        """The nodes from ``start`` on."""
        if not self.is_longer(start):
            return ()
        later = self._children[len(self._ends) :]
        return (*self.piece(start, self._ends[-1]), *later)

    def piece(self, start: int, stop: int) -> tuple[Inline, ...]:
        """The nodes of a stretch of the layout, their containers around them."""
        self.is_longer(stop - 1)
        out: list[Inline] = []
        for number in range(bisect_right(self._ends, start), len(self._ends)):
            begin = self._ends[number - 1] if number else 0
            if begin >= stop:
                break
            end, child = self._ends[number], self._children[number]
            if start <= begin < end <= stop:
                out.append(child)
            elif begin < end:
                out.append(_piece(child, max(0, start - begin), min(end, stop) - begin))
        return tuple(out)


def _piece(node: Inline, start: int, stop: int) -> Inline:
    match node:
        case Text(text):
            return Text(text[start:stop])
        case Code(text):
            return Code(text[start:stop])
        case Strong() | Emphasis() | Link():
            return replace(node, children=_Run(node.children).piece(start, stop))
        case _:
            return node


def plain_inline(children: Sequence[Inline]) -> tuple[Inline, ...]:
    """The same words as text and line breaks alone; a link keeps its target as words."""
    out: list[Inline] = []
    for number, line in enumerate(inline_text(children).split("\n")):
        if number:
            out.append(Break())
        if line:
            out.append(Text(line))
    return tuple(out)
