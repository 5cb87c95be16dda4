"""The reply tree on the wire: ``{t, ...}`` nodes (PROTOCOL.md), from which a client builds text nodes, never HTML."""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

import msgspec

from core import reply


class TextNode(msgspec.Struct, frozen=True, tag_field="t", tag="text"):
    """Plain text."""

    text: str


class StrongNode(msgspec.Struct, frozen=True, tag_field="t", tag="strong"):
    """Strong importance."""

    c: list[InlineNode]


class EmNode(msgspec.Struct, frozen=True, tag_field="t", tag="em"):
    """Emphasis."""

    c: list[InlineNode]


class CodeNode(msgspec.Struct, frozen=True, tag_field="t", tag="code"):
    """Inline code."""

    text: str


class LinkNode(msgspec.Struct, frozen=True, tag_field="t", tag="a"):
    """A link whose scheme was checked."""

    href: str
    c: list[InlineNode]


class MarkNode(msgspec.Struct, frozen=True, tag_field="t", tag="mark"):
    """A citation mark; ``n`` is the number of one of the message's citations."""

    n: int


class BreakNode(msgspec.Struct, frozen=True, tag_field="t", tag="br"):
    """A line break."""


InlineNode = TextNode | StrongNode | EmNode | CodeNode | LinkNode | MarkNode | BreakNode


class ParagraphNode(msgspec.Struct, frozen=True, tag_field="t", tag="p"):
    """A paragraph."""

    c: list[InlineNode]


class HeadingNode(msgspec.Struct, frozen=True, tag_field="t", tag="h"):
    """A heading."""

    level: int
    c: list[InlineNode]


class PreNode(msgspec.Struct, frozen=True, tag_field="t", tag="pre"):
    """Preformatted text."""

    text: str


class QuoteNode(msgspec.Struct, frozen=True, tag_field="t", tag="quote"):
    """A quotation."""

    b: list[BlockNode]


class ListNode(msgspec.Struct, frozen=True, tag_field="t", tag="list"):
    """A list; ``start`` is null for bullets."""

    start: int | None
    items: list[list[BlockNode]]


class TableNode(msgspec.Struct, frozen=True, tag_field="t", tag="table"):
    """A table; the first row is the header."""

    rows: list[list[list[InlineNode]]]


BlockNode = ParagraphNode | HeadingNode | PreNode | QuoteNode | ListNode | TableNode


def to_wire(blocks: Iterable[reply.Block]) -> list[BlockNode]:
    """The blocks as wire nodes."""
    return [_block(block) for block in blocks]


def _block(block: reply.Block) -> BlockNode:
    match block:
        case reply.Paragraph():
            return ParagraphNode(_inlines(block.children))
        case reply.Heading():
            return HeadingNode(block.level, _inlines(block.children))
        case reply.CodeBlock():
            return PreNode(block.text)
        case reply.Quote():
            return QuoteNode(to_wire(block.children))
        case reply.Items():
            return ListNode(block.start, [to_wire(item) for item in block.items])
        case reply.Table():
            return TableNode([[_inlines(cell) for cell in row] for row in block.rows])
        case _:
            assert_never(block)


def _inlines(children: Iterable[reply.Inline]) -> list[InlineNode]:
    return [_inline(child) for child in children]


def _inline(node: reply.Inline) -> InlineNode:
    match node:
        case reply.Text():
            return TextNode(node.text)
        case reply.Strong():
            return StrongNode(_inlines(node.children))
        case reply.Emphasis():
            return EmNode(_inlines(node.children))
        case reply.Code():
            return CodeNode(node.text)
        case reply.Link():
            return LinkNode(node.href, _inlines(node.children))
        case reply.Mark():
            return MarkNode(node.number)
        case reply.Break():
            return BreakNode()
        case _:
            assert_never(node)
