"""The reply tree as Markdown that ``core.markup.parse`` reads back: how words of a desk become ours; pure.

Every run of words is read back before it is given out: what CommonMark cannot say (bold that ends at a comma inside a word)
loses its marks, never its words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final, assert_never

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

HARD_BREAK: Final = "  \n"
_MAX_START: Final = 999_999_999
_URL: Final = re.compile(r"https?://[^\s<>\"]+")
# Only what would be read as markup, so that ordinary sentences stay as they were typed.
_SPECIAL: Final = re.compile(
    r"[*`]|\\(?=[!-/:-@\[-`{-~\n]|$)|\[(?=\d{1,2}\])|\](?=\()|(?<![^\W_])_|_(?![^\W_])|<(?=[A-Za-z/!?])|&(?=#?\w{1,32};)"
)
_IN_LINK: Final = re.compile(r"[\[\]]")
_LINE_START: Final = re.compile(r"^([ \t]*)(?:([#>+\-=|~:])|(\d{1,9})([.)]))", re.MULTILINE)


def to_markdown(blocks: Sequence[Block]) -> str:
    """The tree as Markdown; its words, read back by ``core.markup.parse``, are the same."""
    return "\n\n".join(part for block in blocks if (part := _block(block)))


def from_plain(text: str) -> str:
    """Somebody's plain words as Markdown: their line breaks and characters stay what they are."""
    return to_markdown(markup.parse_plain(text))


def _block(block: Block) -> str:
    match block:
        case Paragraph(children):
            return _said(children)
        case Heading(level, children):
            return "#" * min(max(level, 1), 6) + " " + _one_line(children)
        case CodeBlock(text):
            fence = "`" * max(3, _longest_run(text) + 1)
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
        lead = "- " if start is None else f"{min(start + number, _MAX_START)}. "
        lines.append(lead + _item(item).replace("\n", "\n" + " " * len(lead)))
    return "\n".join(lines)


def _item(blocks: Sequence[Block]) -> str:
    parts = [_block(block) for block in blocks]
    gaps = ["\n" if isinstance(after, Items) else "\n\n" for _, after in pairwise(blocks)]
    return "".join(gap + part for gap, part in zip(["", *gaps], parts, strict=True))


def _table(rows: Sequence[tuple[tuple[Inline, ...], ...]]) -> str:
    width = max((len(row) for row in rows), default=0)
    if not width:
        return ""
    lines = ["| " + " | ".join(_cells(row, width)) + " |" for row in rows]
    lines.insert(1, "|" + " --- |" * width)
    return "\n".join(lines)


def _cells(row: tuple[tuple[Inline, ...], ...], width: int) -> Iterable[str]:
    for cell in (*row, *[()] * (width - len(row))):
        yield _one_line(cell).replace("|", "\\|")


def _one_line(children: Sequence[Inline]) -> str:
    return _said(children).replace(HARD_BREAK, " ")


def _said(children: Sequence[Inline]) -> str:
    """A run of words, read back: with all its marks, else without them, else with every sign escaped."""
    wanted = _words(children)
    for attempt in (children, _unmarked(children)):
        text = _guarded(_inlines(attempt))
        if _is_read_as(text, wanted):
            return text
    return _guarded(markup.escape(wanted)).replace("\n", HARD_BREAK)


def _is_read_as(text: str, wanted: str) -> bool:
    match markup.parse(text):
        case (Paragraph(children),):
            return _words(children) == wanted
        case ():
            return not wanted.strip()
    return False


def _words(children: Iterable[Inline]) -> str:
    """The words alone, without where links lead."""
    out = []
    for child in children:
        match child:
            case Strong(inner) | Emphasis(inner) | Link(_, inner):
                out.append(_words(inner))
            case _:
                out.append(markup.inline_text((child,)))
    return "".join(out)


def _unmarked(children: Iterable[Inline]) -> tuple[Inline, ...]:
    out: list[Inline] = []
    for child in children:
        match child:
            case Strong(inner) | Emphasis(inner):
                out.extend(_unmarked(inner))
            case Link(href, inner):
                out.append(Link(href, _unmarked(inner)))
            case Code(text):
                out.append(Text(text))
            case _:
                out.append(child)
    return tuple(out)


def _inlines(children: Iterable[Inline]) -> str:
    return "".join(_inline(child) for child in children)


def _inline(node: Inline) -> str:
    match node:
        case Text(text):
            return _text(text)
        case Strong(children):
            return f"**{_inlines(children)}**"
        case Emphasis(children):
            return f"*{_inlines(children)}*"
        case Code(text):
            return _code_span(text)
        case Link(href, children):
            return _link(href, children)
        case Mark(number):
            return f"[{number}]"
        case Break():
            return HARD_BREAK
        case _:
            assert_never(node)


def _link(href: str, children: Sequence[Inline]) -> str:
    words = _words(children)
    if words == href and _escaped(words) == words:
        return words
    shown = (
        _IN_LINK.sub(r"\\\g<0>", _words(children).replace("\\", "\\\\"))
        if _IN_LINK.search(words)
        else _inlines(children)
    )
    return f"[{shown}]({href.replace('(', '%28').replace(')', '%29')})"


def _text(text: str) -> str:
    """Words with their markup escaped, but for addresses, which an escape would break."""
    out, at = [], 0
    for found in _URL.finditer(text):
        out += [_escaped(text[at : found.start()]), found.group()]
        at = found.end()
    return "".join((*out, _escaped(text[at:])))


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", text)


def _guarded(text: str) -> str:
    """Lines that only look like a heading, a quotation, a list, a fence or a table."""
    return _LINE_START.sub(_escaped_start, text)


def _escaped_start(found: re.Match[str]) -> str:
    blank, sign, number, dot = found.groups()
    return f"{blank}\\{sign}" if sign else f"{blank}{number}\\{dot}"


def _code_span(text: str) -> str:
    ticks = "`" * (_longest_run(text) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") or (text[:1] == text[-1:] == " " and text.strip()) else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall(r"`+", text)), default=0)
