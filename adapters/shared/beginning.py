"""The beginning of what is many times too long for a part: enough to see that it does not fit, without rendering it all.

A beginning never renders longer than the whole it is of: no link and no code is cut in it, since half a label may need its
address said where the whole did not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Final, TypeVar, assert_never

from core.reply import (
    Block,
    Break,
    Code,
    CodeBlock,
    Emphasis,
    Heading,
    Inline,
    Items,
    Link,
    Mark,
    Paragraph,
    Quote,
    Strong,
    Table,
    Text,
)

N = TypeVar("N")
_FIRST: Final = 256
_TIMES: Final = 4
"""A beginning is looked at when the whole is longer by this factor: more than any rounding of a vendor's measure."""


def holds(blocks: tuple[Block, ...], fits: Callable[[tuple[Block, ...]], bool]) -> bool:
    """Do the blocks fit; the cost is that of a part, however long they are."""
    most = _FIRST
    while _is_longer(blocks, _TIMES * most):
        start = beginning(blocks, most)
        if start and not fits(start):
            return False
        most *= _TIMES
    return fits(blocks)


def beginning(blocks: Sequence[Block], most: int) -> tuple[Block, ...]:
    """What stands in the first ``most`` characters or fewer."""
    return _front(blocks, most, _block_size, _cut_block)


def _is_longer(blocks: Sequence[Block], most: int) -> bool:
    """Are there more characters; looks no further than that."""
    return any(total > most for total in accumulate(size for block in blocks for size in _block_sizes(block)))


def _block_sizes(block: Block) -> Iterator[int]:
    match block:
        case Paragraph(children) | Heading(_, children):
            yield from _inline_sizes(children)
        case CodeBlock(text):
            yield len(text)
        case Quote(children):
            for child in children:
                yield from _block_sizes(child)
        case Items(_, items):
            for child in (child for item in items for child in item):
                yield from _block_sizes(child)
        case Table(rows):
            for cell in (cell for row in rows for cell in row):
                yield from _inline_sizes(cell)
        case _:
            assert_never(block)


def _inline_sizes(children: Sequence[Inline]) -> Iterator[int]:
    for child in children:
        match child:
            case Text(text) | Code(text):
                yield len(text)
            case Mark() | Break():
                yield 1
            case Strong(inner) | Emphasis(inner) | Link(_, inner):
                yield from _inline_sizes(inner)


def _front(
    nodes: Sequence[N], most: int, size_within: Callable[[N, int], int | None], cut: Callable[[N, int], N | None]
) -> tuple[N, ...]:
    """Whole nodes while there is room, then a piece of the next."""
    out: list[N] = []
    for node in nodes:
        size = size_within(node, most)
        if size is None:
            piece = cut(node, most)
            return tuple(out) if piece is None else (*out, piece)
        out.append(node)
        most -= size
    return tuple(out)


def _within(sizes: Iterator[int], most: int) -> int | None:
    """Their sum; None when it is more than ``most``."""
    total = 0
    for size in sizes:
        total += size
        if total > most:
            return None
    return total


def _block_size(block: Block, most: int) -> int | None:
    return _within(_block_sizes(block), most)


def _item_size(item: tuple[Block, ...], most: int) -> int | None:
    return _within((size for block in item for size in _block_sizes(block)), most)


def _inline_size(node: Inline, most: int) -> int | None:
    return _within(_inline_sizes((node,)), most)


def _cut_block(block: Block, most: int) -> Block | None:
    match block:
        case Paragraph(children) | Heading(_, children):
            inner = _front(children, most, _inline_size, _cut_inline)
            return replace(block, children=inner) if inner else None
        case CodeBlock(text):
            return CodeBlock(text[:most]) if most else None
        case Quote(children):
            quoted = beginning(children, most)
            return Quote(quoted) if quoted else None
        case Items(start, items):
            kept = _front(items, most, _item_size, _cut_item)
            return Items(start, kept) if kept else None
        case Table(rows):
            whole = _front(rows, most, lambda row, left: _within((s for c in row for s in _inline_sizes(c)), left), _no)
            return Table(whole) if whole else None
        case _:
            assert_never(block)


def _cut_item(item: tuple[Block, ...], most: int) -> tuple[Block, ...] | None:
    return beginning(item, most) or None


def _cut_inline(node: Inline, most: int) -> Inline | None:
    match node:
        case Text(text):
            return Text(text[:most]) if most else None
        case Strong(children) | Emphasis(children):
            inner = _front(children, most, _inline_size, _cut_inline)
            return replace(node, children=inner) if inner else None
        case _:
            return None


def _no(node: N, most: int) -> None:
    """Not cut."""
