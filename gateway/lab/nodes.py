"""A reply tree as the nodes that the lab page draws (the shape of adapters/web/render.py, written here a second time on purpose:
a stand-in shares no code with what it checks)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core import reply

Rows = tuple[tuple[tuple[reply.Inline, ...], ...], ...]


class Nodes:
    """How a vendor's app shows Markdown; a vendor that shows some of it otherwise overrides that part."""

    def blocks(self, blocks: Sequence[reply.Block]) -> list[Any]:
        """Blocks in order."""
        return [self._block(block) for block in blocks]

    def text(self, text: str) -> list[Any]:
        """A run of plain text."""
        return [{"t": "text", "text": text}]

    def table(self, rows: Rows) -> dict[str, Any]:
        """A table."""
        return {"t": "table", "rows": [[self.inlines(cell) for cell in row] for row in rows]}

    def inlines(self, children: Sequence[reply.Inline]) -> list[Any]:
        """What stands inside a block."""
        return [node for child in children for node in self._inline(child)]

    def _block(self, block: reply.Block) -> dict[str, Any]:
        match block:
            case reply.Paragraph(children):
                return {"t": "p", "c": self.inlines(children)}
            case reply.Heading(level, children):
                return {"t": "h", "level": level, "c": self.inlines(children)}
            case reply.CodeBlock(text):
                return {"t": "pre", "text": text}
            case reply.Quote(inner):
                return {"t": "quote", "b": self.blocks(inner)}
            case reply.Items(start, items):
                return {"t": "list", "start": start, "items": [self.blocks(item) for item in items]}
            case reply.Table(rows):
                return self.table(rows)

    def _inline(self, node: reply.Inline) -> list[Any]:
        match node:
            case reply.Text(text):
                return self.text(text)
            case reply.Code(text):
                return [{"t": "code", "text": text}]
            case reply.Strong(children):
                return [{"t": "strong", "c": self.inlines(children)}]
            case reply.Emphasis(children):
                return [{"t": "em", "c": self.inlines(children)}]
            case reply.Link(href, children):
                return [{"t": "a", "href": href, "c": self.inlines(children)}]
            case reply.Mark(number):
                return [{"t": "mark", "n": number}]
            case reply.Break():
                return [{"t": "br"}]
