"""The reply tree as Slack's standard Markdown (``markdown`` blocks, streams) and as plain ``text``; pure.

Markdown blocks take CommonMark with tables (checked 2026-11-21).  Foreign characters that are markup are escaped, and mentions
were broken apart before (``defused``), so that no text calls a room or a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final, assert_never

from adapters.shared.marks import code_span, longest_run, wrapped
from adapters.shared.plain import defused
from adapters.shared.walk import map_text
from core import markup
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

# An underscore inside a word is itself everywhere; a tilde strikes through; an ampersand may begin an entity.
_SPECIAL: Final = re.compile(r"[\\`*\[\]<~]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|&(?=#?\w{1,32};)")
_LINE_START: Final = re.compile(r"^([ \t]*)(?:([#>+\-=|])|(\d{1,9})([.)]))", re.MULTILINE)
_HARD_BREAK: Final = "  \n"


def tree_of(text: str) -> tuple[Block, ...]:
    """The reply tree of Markdown, with nothing in it that would mention anybody."""
    return map_text(markup.parse(text), defused)


def plain_tree_of(text: str) -> tuple[Block, ...]:
    """The reply tree of plain words, likewise."""
    return map_text(markup.parse_plain(text), defused)


def to_markdown(blocks: Sequence[Block]) -> str:
    """The tree as Markdown."""
    return "\n\n".join(_block(block) for block in blocks)


def to_fallback(blocks: Sequence[Block]) -> str:
    """The tree as the ``text`` of a message: what notifications and screen readers say."""
    return escape_mrkdwn(markup.to_text(blocks))


def escape_mrkdwn(text: str) -> str:
    """Foreign words for ``mrkdwn`` fields; this alone keeps references such as ``<!channel>`` from being any."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _block(block: Block) -> str:
    match block:
        case Paragraph(children):
            return _guarded(_inlines(children))
        case Heading(level, children):
            return "#" * level + " " + _inlines(children).replace(_HARD_BREAK, " ")
        case CodeBlock(text):
            fence = "`" * max(3, longest_run(text) + 1)
            return f"{fence}\n{text}\n{fence}"
        case Quote(children):
            return "\n".join(f"> {line}".rstrip() for line in to_markdown(children).split("\n"))
        case Items(start, items):
            return _items(start, items)
        case Table(rows):
            return _table(rows)
        case _:
            assert_never(block)


def _items(start: int | None, items: Sequence[tuple[Block, ...]]) -> str:
    lines = []
    for number, item in enumerate(items):
        lead = "- " if start is None else f"{start + number}. "
        body = "\n".join(_block(block) for block in item)
        lines.append(lead + body.replace("\n", "\n" + " " * len(lead)))
    return "\n".join(lines)


def _table(rows: Sequence[tuple[tuple[Inline, ...], ...]]) -> str:
    if not rows:
        return ""
    lines = ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows]
    lines.insert(1, "|" + " --- |" * len(rows[0]))
    return "\n".join(lines)


def _cell(cell: tuple[Inline, ...]) -> str:
    return _inlines(cell).replace(_HARD_BREAK, " ").replace("|", "\\|")


def _inlines(children: Iterable[Inline]) -> str:
    out: list[str] = []
    for child in children:
        piece = _inline(child)
        if out and out[-1].endswith("]") and piece.startswith(("(", "[", ":")):
            # "[1]" is itself, unless what follows makes a link of it.
            out[-1] = out[-1][:-1].replace("[", "\\[") + "\\]"
        out.append(piece)
    return "".join(out)


def _inline(node: Inline) -> str:
    match node:
        case Text(text):
            return _SPECIAL.sub(lambda found: "\\" + found.group(), text)
        case Strong(children):
            return wrapped("**", _inlines(children))
        case Emphasis(children):
            return wrapped("*", _inlines(children))
        case Code(text):
            return code_span(text)
        case Link(href, children):
            return f"[{_inlines(children)}]({href.replace('(', '%28').replace(')', '%29')})"
        case Mark(number):
            return f"[{number}]"
        case Break():
            return _HARD_BREAK
        case _:
            assert_never(node)


def _guarded(text: str) -> str:
    """Lines that only look like a heading, a quotation, a list or a table."""
    return _LINE_START.sub(_escaped_start, text)


def _escaped_start(found: re.Match[str]) -> str:
    blank, sign, number, dot = found.groups()
    return f"{blank}\\{sign}" if sign else f"{blank}{number}\\{dot}"
