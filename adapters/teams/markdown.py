"""Reply tree → the Markdown that Teams reads; pure.

Teams also reads a subset of HTML in it, so ``<`` and ``&`` of the words become entities.  It has no tables in text messages, and
single line ends vanish: a line break is ``<br>``.  Facts checked 2026-11-21.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, assert_never
from urllib.parse import quote

from adapters.shared.marks import code_span, longest_run, wrapped
from adapters.shared.plain import defused, tables_as_lists
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

_MARKUP: Final = re.compile(r"[\\*_~\[\]`]")
_LINE_START: Final = re.compile(r"^(\s*)([#>+-])", re.MULTILINE)
_NUMBER_START: Final = re.compile(r"^(\s*\d+)([.)])(?=\s|$)", re.MULTILINE)
MOST_HEADING: Final = 3


def markdown(blocks: Sequence[Block]) -> str:
    """The blocks, apart by blank lines."""
    return "\n\n".join(part for block in tables_as_lists(blocks) if (part := _block(block)))


def escaped(text: str) -> str:
    """Words of which no character is markup."""
    text = defused(text).replace("&", "&amp;").replace("<", "&lt;")
    return _MARKUP.sub(r"\\\g<0>", text)


def _block(block: Block) -> str:
    match block:
        case Paragraph(children):
            return _line(children)
        case Heading(level, children):
            return "#" * min(level, MOST_HEADING) + " " + _inlines(children).replace("<br>", " ")
        case CodeBlock(text):
            fence = "`" * max(3, longest_run(text) + 1)
            return f"{fence}\n{defused(text)}\n{fence}"
        case Quote(children):
            return "\n".join(f"> {line}".rstrip() for line in markdown(children).split("\n"))
        case Items():
            return _items(block)
        case Table():
            raise AssertionError("tables were made lists")
        case _:
            assert_never(block)


def _items(block: Items) -> str:
    leads = ["- " if block.start is None else f"{block.start + n}. " for n in range(len(block.items))]
    return "\n".join(
        lead + "\n".join(_block(child) for child in tables_as_lists(item)).replace("\n", "\n" + " " * len(lead))
        for lead, item in zip(leads, block.items, strict=True)
    )


def _line(children: Sequence[Inline]) -> str:
    """A paragraph whose first characters do not make it a heading, a list or a quotation."""
    text = _inlines(children)
    if children and isinstance(children[0], Text):
        text = _NUMBER_START.sub(r"\1\\\2", _LINE_START.sub(r"\1\\\2", text))
    return text


def _inlines(children: Sequence[Inline]) -> str:
    return "".join(_inline(child) for child in children)


def _inline(node: Inline) -> str:
    match node:
        case Text(text):
            return escaped(text)
        case Strong(children):
            return wrapped("**", _inlines(children))
        case Emphasis(children):
            return wrapped("_", _inlines(children))
        case Code(text):
            return code_span(defused(text))
        case Link(href, children):
            return f"[{_inlines(children) or escaped(href)}]({target(href)})"
        case Mark(number):
            return f"[{number}]"
        case Break():
            return "<br>"
        case _:
            assert_never(node)


def target(href: str) -> str:
    """A link's address as Markdown takes it: nothing in it ends the link early or is read as HTML."""
    return quote(href, safe="%/:?#@!$&'*+,;=~-._").replace("&", "&amp;")
