"""A reply tree cut into parts that a vendor takes: whole blocks while they fit, then list items, rows, lines, sentences, words.

``fits`` renders a candidate and measures it, in whatever unit the vendor counts.  Only what it accepted is ever a part, with one
exception: when it refuses even a single character, what is left goes out as one part, and the vendor's refusal tells the agent
more than a thousand one-letter messages would tell the contact.  How running text is cut is in ``cutting.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import assert_never

from adapters.shared.beginning import holds
from adapters.shared.cutting import cut_code, cut_inline, last_that_holds, plain_inline
from adapters.shared.graphemes import utf16_len
from adapters.shared.plain import as_list
from core import markup
from core.reply import Block, Break, CodeBlock, Heading, Inline, Items, Paragraph, Quote, Table, Text

__all__ = ["Fits", "split", "utf16_len"]

Fits = Callable[[tuple[Block, ...]], bool]
Halves = tuple[tuple[Block, ...], tuple[Block, ...]]


def split(blocks: Sequence[Block], fits: Fits) -> list[tuple[Block, ...]]:
    """The parts in order; together they say what ``blocks`` say.

    A block, list item or link that would fit a part of its own stays whole; a table cut between rows repeats its header;
    ordered lists go on with their numbers; a heading is not left behind at the end of a part.
    """
    parts: list[tuple[Block, ...]] = []
    rest = tuple(blocks)
    while rest:
        part, rest = _take(rest, fits)
        if markup.to_text(part).strip():  # vendors refuse a message with nothing to see
            parts.append(part)
    return parts


def _take(blocks: tuple[Block, ...], fits: Fits) -> Halves:
    """The next part and what is left; the part is never empty."""
    while True:
        halves = _halves(blocks, fits, is_alone=True)
        if halves is not None:
            return halves
        simpler = _simpler(blocks[0])
        if simpler is None:
            return blocks, ()
        blocks = (*simpler, *blocks[1:])


def _halves(blocks: tuple[Block, ...], fits: Fits, *, is_alone: bool) -> Halves | None:
    """As much from the front as fits, and the rest; None when nothing does.

    ``is_alone``: nothing stands before these blocks in their part, so that cutting coarsely or not at all gains nothing.
    """
    count = last_that_holds(len(blocks), lambda number: holds(blocks[:number], fits))
    whole, rest = blocks[:count], blocks[count:]
    if not rest:
        return blocks, ()
    halves = None
    if not (whole and holds(rest[:1], fits)):
        halves = _cut(rest[0], lambda first: fits((*whole, *first)), is_alone=is_alone and not whole)
    if halves is not None:
        head, tail = halves
        return (*whole, *head), (*tail, *rest[1:])
    return _keep_headings(whole, rest) if whole else None


def _keep_headings(whole: tuple[Block, ...], rest: tuple[Block, ...]) -> Halves:
    """Headings at the end of a part belong to what follows, unless they are all there is."""
    count = len(whole)
    while count and isinstance(whole[count - 1], Heading):
        count -= 1
    return (whole[:count], whole[count:] + rest) if count and rest else (whole, rest)


def _cut(block: Block, fits: Fits, *, is_alone: bool) -> Halves | None:
    """One block in two, the first of which fits; None when it cannot be, or not well enough to be worth it unless alone."""
    match block:
        case Paragraph(children) | Heading(_, children):
            return _cut_text(block, children, fits, is_alone=is_alone)
        case CodeBlock(text):
            cut = cut_code(text, lambda part: fits((CodeBlock(part),)), is_alone=is_alone)
            return None if cut is None else ((CodeBlock(cut[0]),), (CodeBlock(cut[1]),))
        case Quote(children):
            halves = _halves(children, lambda inner: fits((Quote(inner),)), is_alone=is_alone)
            return None if halves is None or not halves[1] else ((Quote(halves[0]),), (Quote(halves[1]),))
        case Items():
            return _cut_items(block, fits, is_alone=is_alone)
        case Table(rows):
            count = last_that_holds(len(rows) - 2, lambda number: fits((Table(rows[: 1 + number]),)))
            return ((Table(rows[: 1 + count]),), (Table(rows[:1] + rows[1 + count :]),)) if count else None
        case _:
            assert_never(block)


def _cut_text(block: Paragraph | Heading, children: tuple[Inline, ...], fits: Fits, *, is_alone: bool) -> Halves | None:
    cut = cut_inline(
        children,
        lambda part: fits((replace(block, children=part),)),
        would_fit=lambda part: fits((Paragraph(part),)),
        is_alone=is_alone,
    )
    return None if cut is None else ((replace(block, children=cut[0]),), (replace(block, children=cut[1]),))


def _cut_items(block: Items, fits: Fits, *, is_alone: bool) -> Halves | None:
    """Between items; inside the first only when it is longer than a part, and then its rest goes on as plain blocks."""
    start, items = block.start, block.items
    count = last_that_holds(len(items) - 1, lambda number: fits((Items(start, items[:number]),)))
    if count:
        return (Items(start, items[:count]),), (_later(block, count),)
    if not items or not is_alone:
        return None
    halves = _halves(items[0], lambda inner: fits((Items(start, (inner,)),)), is_alone=True)
    if halves is None or not halves[0]:
        return None
    head, tail = halves
    following = (_later(block, 1),) if len(items) > 1 else ()
    return (Items(start, (head,)),), (*tail, *following)


def _later(block: Items, count: int) -> Items:
    """The list from an item on, with the numbers it had."""
    return Items(None if block.start is None else block.start + count, block.items[count:])


def _simpler(block: Block) -> tuple[Block, ...] | None:
    """The same words with less markup around them, for parts too small for the markup; None when there is none to drop."""
    match block:
        case Table(rows):
            return (as_list(rows),)
        case Quote(children):
            return children
        case Items(start, items):
            lead: tuple[Block, ...] = () if start is None else (Paragraph((Text(f"{start}."),)),)
            following = (_later(block, 1),) if len(items) > 1 else ()
            return (*lead, *(items[0] if items else ()), *following)
        case CodeBlock(text):
            return (Paragraph(_lines(text)),)
        case Heading(_, children):
            return (Paragraph(children),)
        case Paragraph(children):
            plain = plain_inline(children)
            return None if plain == children else (Paragraph(plain),)
        case _:
            assert_never(block)


def _lines(text: str) -> tuple[Inline, ...]:
    out: list[Inline] = []
    for number, line in enumerate(text.split("\n")):
        if number:
            out.append(Break())
        if line:
            out.append(Text(line))
    return tuple(out)
