"""Our Markdown as the HTML that helpdesks show, and what agents type there as our Markdown; pure, and never raises.

Out goes a small set of elements, made from the reply tree: nothing in it loads, runs or styles anything.  In comes whatever a
rich-text editor or a mail program made of an answer: words, marks, lists and links are kept, the rest is dropped.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from html import escape
from typing import Final, assert_never

from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString, PageElement, PreformattedString

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
from handoff.kit.markdown import to_markdown
from handoff.kit.runs import Run, marks_of

MAX_HTML: Final = 500_000
"""Longer HTML is cut here: a helpdesk's entry has 64 KB of text at most."""

MAX_DEPTH: Final = 40
"""What is nested deeper is taken as plain words: people's answers reach a dozen."""

_DROPPED: Final = frozenset(
    ("script", "style", "head", "template", "noscript", "iframe", "object", "svg", "title", "select")
)
_HEADINGS: Final = {f"h{level}": level for level in range(1, 7)}
# fmt: off
_BLOCKS: Final = frozenset(_HEADINGS) | {
    "address", "article", "aside", "blockquote", "body", "center", "dd", "details", "div", "dl", "dt", "fieldset",
    "figure", "figcaption", "footer", "form", "header", "hr", "html", "li", "main", "nav", "ol", "p", "pre",
    "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
}
# fmt: on


def to_html(markdown: str) -> str:
    """Markdown as HTML: p, br, strong, em, code, pre, a, blockquote, ul, ol, li, h1-h6, tables; foreign HTML in it is words."""
    return "".join(_block(block) for block in markup.parse(markdown))


def from_html(html: str, *, without: Collection[str] = ()) -> str:
    """HTML as Markdown; ``without`` are addresses of pictures that come along as files and are left out of the words."""
    soup = BeautifulSoup(f"<div>{html[:MAX_HTML]}</div>", "lxml")
    return to_markdown(_Reader(frozenset(without)).blocks(soup))


def _block(block: Block) -> str:
    match block:
        case Paragraph(children):
            return f"<p>{_inlines(children)}</p>"
        case Heading(level, children):
            return f"<h{level}>{_inlines(children)}</h{level}>"
        case CodeBlock(text):
            return f"<pre><code>{escape(text, quote=False)}</code></pre>"
        case Quote(children):
            return f"<blockquote>{''.join(_block(child) for child in children)}</blockquote>"
        case Items(start, items):
            name, first = ("ul", "") if start is None else ("ol", f' start="{start}"' if start != 1 else "")
            return f"<{name}{first}>{''.join(f'<li>{_item(item)}</li>' for item in items)}</{name}>"
        case Table(rows):
            return _table(rows)
        case _:
            assert_never(block)


def _item(blocks: Sequence[Block]) -> str:
    """A list item; one that begins with a paragraph shows no gap before it."""
    if blocks and isinstance(blocks[0], Paragraph):
        return _inlines(blocks[0].children) + "".join(_block(block) for block in blocks[1:])
    return "".join(_block(block) for block in blocks)


def _table(rows: Sequence[tuple[tuple[Inline, ...], ...]]) -> str:
    lines = []
    for number, row in enumerate(rows):
        cell = "td" if number else "th"
        lines.append("<tr>" + "".join(f"<{cell}>{_inlines(words)}</{cell}>" for words in row) + "</tr>")
    return f"<table><thead>{lines[0]}</thead><tbody>{''.join(lines[1:])}</tbody></table>" if lines else ""


def _inlines(children: Iterable[Inline]) -> str:
    return "".join(_inline(child) for child in children)


def _inline(node: Inline) -> str:
    match node:
        case Text(text):
            return escape(text, quote=False)
        case Strong(children):
            return f"<strong>{_inlines(children)}</strong>"
        case Emphasis(children):
            return f"<em>{_inlines(children)}</em>"
        case Code(text):
            return f"<code>{escape(text, quote=False)}</code>"
        case Link(href, children):
            return f'<a href="{escape(href)}">{_inlines(children)}</a>'
        case Mark(number):
            return f"[{number}]"
        case Break():
            return "<br>"
        case _:
            assert_never(node)


class _Reader:
    """HTML elements to the reply tree; ``without`` are pictures to leave out."""

    def __init__(self, without: frozenset[str]) -> None:
        self._without = without

    def blocks(self, tag: Tag, depth: int = 0) -> tuple[Block, ...]:
        """What stands in an element: runs of words between its blocks become paragraphs."""
        out: list[Block] = []
        run = Run()
        for child in tag.children:
            if isinstance(child, Tag) and self._is_block(child):
                out += run.paragraphs()
                out += self._block(child, depth + 1)
                run = Run()
            else:
                self._inline(child, run, (), depth + 1)
        return (*out, *run.paragraphs())

    @staticmethod
    def _is_block(tag: Tag) -> bool:
        return tag.name in _BLOCKS or (tag.name not in _DROPPED and tag.find(_BLOCKS) is not None)

    def _block(self, tag: Tag, depth: int) -> tuple[Block, ...]:
        if depth > MAX_DEPTH:
            run = Run()
            run.text(tag.get_text(" "), ())
            return run.paragraphs()
        match tag.name:
            case "pre":
                text = tag.get_text().strip("\n")
                return (CodeBlock(text),) if text.strip() else ()
            case "blockquote":
                inner = self.blocks(tag, depth)
                return (Quote(inner),) if inner else ()
            case "ul" | "ol":
                return self._items(tag, depth)
            case "table":
                return self._table(tag, depth)
            case "hr":
                return ()
            case name if name in _HEADINGS:
                words = self._words(tag, depth)
                return (Heading(_HEADINGS[name], words),) if words else ()
        return self.blocks(tag, depth)

    def _items(self, tag: Tag, depth: int) -> tuple[Block, ...]:
        found = (self.blocks(item, depth + 1) for item in tag.find_all("li", recursive=False))
        items = tuple(item for item in found if item)
        if not items:
            return self.blocks(tag, depth)
        return (Items(_start(tag) if tag.name == "ol" else None, items),)

    def _table(self, tag: Tag, depth: int) -> tuple[Block, ...]:
        """A table of words; one that only lays out a page (others stand in it) gives its content."""
        rows = [row.find_all(("th", "td"), recursive=False) for row in tag.find_all("tr")]
        if tag.find("table") or not any(len(row) > 1 for row in rows):
            return (
                tuple(block for row in rows for cell in row for block in self.blocks(cell, depth + 1)) if rows else ()
            )
        return (Table(tuple(tuple(self._words(cell, depth) for cell in row) for row in rows if row)),)

    def _words(self, tag: Tag, depth: int) -> tuple[Inline, ...]:
        """All that stands in an element, as one line."""
        run = Run()
        for child in tag.children:
            self._inline(child, run, (), depth + 1)
        return run.line()

    def _inline(self, node: PageElement, run: Run, marks: tuple[str, ...], depth: int) -> None:
        if isinstance(node, Tag):
            self._element(node, run, marks, depth)
        elif isinstance(node, NavigableString) and not isinstance(node, PreformattedString):
            run.text(str(node), marks)

    def _element(self, tag: Tag, run: Run, marks: tuple[str, ...], depth: int) -> None:
        if tag.name in _DROPPED:
            return
        if depth > MAX_DEPTH:
            run.text(tag.get_text(" "), marks)
        elif tag.name == "br":
            run.line_break()
        elif tag.name == "img":
            self._picture(tag, run, marks)
        elif tag.name in ("code", "tt", "kbd", "samp"):
            run.code(tag.get_text(), marks)
        else:
            if tag.name in _BLOCKS:
                run.text(" ", marks)
            within = marks_of(tag.name, str(tag.get("href") or ""), marks)
            for child in tag.children:
                self._inline(child, run, within, depth + 1)

    def _picture(self, tag: Tag, run: Run, marks: tuple[str, ...]) -> None:
        source = str(tag.get("src") or "")
        if source in self._without:
            return
        words = str(tag.get("alt") or "").strip()
        inside = marks_of("a", source, marks)
        if inside != marks:
            run.text(words or source, inside)
        elif words:
            run.text(words, marks)


def _start(tag: Tag) -> int:
    given = str(tag.get("start") or "1")
    return int(given) if given.isascii() and given.isdigit() and len(given) <= 6 else 1
