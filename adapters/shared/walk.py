"""The reply tree walked once for all: change every run of text, or replace blocks, wherever they stand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import assert_never

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

Change = Callable[[str], str]


def map_text(blocks: Sequence[Block], change: Change) -> tuple[Block, ...]:
    """The same tree with every run of text and code changed; targets of links stay."""
    return tuple(_block(block, change) for block in blocks)


def _block(block: Block, change: Change) -> Block:
    match block:
        case Paragraph(children):
            return Paragraph(map_inline(children, change))
        case Heading(level, children):
            return Heading(level, map_inline(children, change))
        case CodeBlock(text):
            return CodeBlock(change(text))
        case Quote(inner):
            return Quote(map_text(inner, change))
        case Items(start, items):
            return Items(start, tuple(map_text(item, change) for item in items))
        case Table(rows):
            return Table(tuple(tuple(map_inline(cell, change) for cell in row) for row in rows))
        case _:
            assert_never(block)


def map_inline(children: Sequence[Inline], change: Change) -> tuple[Inline, ...]:
    """The same inline nodes with every run of text and code changed."""
    return tuple(_inline(child, change) for child in children)


def _inline(node: Inline, change: Change) -> Inline:
    match node:
        case Text(text):
            return Text(change(text))
        case Code(text):
            return Code(change(text))
        case Strong(children):
            return Strong(map_inline(children, change))
        case Emphasis(children):
            return Emphasis(map_inline(children, change))
        case Link(href, children):
            return Link(href, map_inline(children, change))
        case Mark() | Break():
            return node
        case _:
            assert_never(node)


def inlines(blocks: Sequence[Block]) -> Iterator[Inline]:
    """Every inline node of a tree in reading order, containers before their children."""
    for block in blocks:
        match block:
            case Paragraph(children) | Heading(_, children):
                yield from _nested(children)
            case Quote(inner):
                yield from inlines(inner)
            case Items(_, items):
                for item in items:
                    yield from inlines(item)
            case Table(rows):
                for row in rows:
                    for cell in row:
                        yield from _nested(cell)
            case CodeBlock():
                pass
            case _:
                assert_never(block)


def _nested(children: Sequence[Inline]) -> Iterator[Inline]:
    for child in children:
        yield child
        if isinstance(child, Strong | Emphasis | Link):
            yield from _nested(child.children)
