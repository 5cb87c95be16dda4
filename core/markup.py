"""Markdown in, reply tree out: the one place where text becomes structure.

``parse`` reads Markdown (replies, documents), ``parse_plain`` the words of contacts (line breaks and links, nothing else), and
``to_text`` flattens a tree for screen readers, logs and plain channels.  All three accept anything and never raise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from linkify_it import LinkifyIt
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

MAX_CHARS = 100_000
"""Longer text is cut here: a long document has about 50 000, and markup costs 5-10 microseconds a character at worst."""

MAX_DEPTH = 12
"""Deeper nesting is flattened into its parent, so that no renderer needs deep recursion."""

MAX_LINE_SPECIALS = 2_000
"""A paragraph with more characters of markup than this is shown as plain text: parsing inline markup is quadratic in them."""

MAX_LINK = 2_048
_SCHEMES = ("http://", "https://", "mailto:", "tel:")
_MARK = re.compile(r"\[(\d{1,2})\]")
_SPECIAL = re.compile(r"[*_`\[\]<>!&\\]")
_UNSAFE_IN_LINK = re.compile(r"[\x00-\x20\x7f\"<>\\^`{|}]")
_BLANK_LINES = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")
_CELL_CLOSE = ("th_close", "td_close")


def _clean(text: str) -> str:
    """Bounded, without NUL and lone surrogates, which no encoder downstream would take."""
    cut = text[:MAX_CHARS]
    if len(text) > MAX_CHARS:
        cut += "…"
    cut = cut.replace("\x00", "\ufffd").replace("\r\n", "\n").replace("\r", "\n")
    return cut if cut.isascii() else cut.encode("utf-8", "replace").decode("utf-8")


@cache
def _links() -> LinkifyIt:
    from linkify_it import LinkifyIt  # noqa: PLC0415  loaded with the first text

    # A bare "setup.py" or "readme.md" is a file in a support text, not a host in Paraguay or Moldova.
    links = LinkifyIt(options={"fuzzy_link": False, "fuzzy_email": True, "fuzzy_ip": False})
    return links.tlds(["[a-z]{2,24}"])


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt  # noqa: PLC0415  loaded with the first text

    parser = MarkdownIt("commonmark", {"html": False, "linkify": True, "maxNesting": 24})
    # text_join would hide which brackets were escaped; a reference "[1]: …" in a document would hijack our marks.
    parser.enable(["table", "linkify"]).disable(["text_join", "reference"])
    parser.linkify = _links()
    parser.validateLink = lambda url: True  # type: ignore[method-assign]  # the allow-list is ours, see _href
    return parser


def _href(raw: str) -> str | None:
    """The target when it may be followed, else None."""
    if len(raw) > MAX_LINK or _UNSAFE_IN_LINK.search(raw):
        return None
    return raw if raw.lower().startswith(_SCHEMES) else None


def _split_marks(text: str) -> Iterator[Inline]:
    at = 0
    for found in _MARK.finditer(text):
        if found.start() > at:
            yield Text(text[at : found.start()])
        yield Mark(int(found.group(1)))
        at = found.end()
    if at < len(text):
        yield Text(text[at:])


def _joined(parts: Iterable[Inline]) -> tuple[Inline, ...]:
    """Neighbouring runs of text become one."""
    out: list[Inline] = []
    for part in parts:
        if isinstance(part, Text) and out and isinstance(out[-1], Text):
            out[-1] = Text(out[-1].text + part.text)
        else:
            out.append(part)
    return tuple(out)


class _InlineReader:
    """Inline tokens to inline nodes with a stack of open containers."""

    def __init__(self) -> None:
        self._stack: list[list[Inline]] = [[]]
        self._open: list[tuple[str, str | None]] = []

    def read(self, tokens: Sequence[Token]) -> tuple[Inline, ...]:
        pending = ""
        for token in tokens:
            if token.type == "text":
                pending += token.content
                continue
            self._text(pending)
            pending = ""
            self._token(token)
        self._text(pending)
        while self._open:
            self._close()
        return _joined(self._stack[0])

    def _text(self, text: str) -> None:
        if not text:
            return
        in_link = any(kind == "link" for kind, _ in self._open)
        self._stack[-1].extend((Text(text),) if in_link else _split_marks(text))

    def _token(self, token: Token) -> None:
        here = self._stack[-1]
        match token.type:
            case "text_special":
                here.append(Text(token.content))
            case "code_inline":
                here.append(Code(token.content))
            case "softbreak":
                here.append(Text(" "))
            case "hardbreak":
                here.append(Break())
            case "image":
                here.extend(_image(token))
            case "strong_open" | "em_open" | "link_open":
                self._begin(token)
            case "strong_close" | "em_close" | "link_close":
                self._close()
            case _:
                here.append(Text(token.content))

    def _begin(self, token: Token) -> None:
        self._open.append((token.type.removesuffix("_open"), _href(str(token.attrGet("href") or ""))))
        self._stack.append([])

    def _close(self) -> None:
        kind, href = self._open.pop()
        children = _joined(self._stack.pop())
        parent = self._stack[-1]
        if not children or len(self._open) >= MAX_DEPTH:
            parent.extend(children)
        elif kind == "strong":
            parent.append(Strong(children))
        elif kind == "em":
            parent.append(Emphasis(children))
        elif href is not None:
            parent.append(Link(href, children))
        else:
            parent.extend(children)


def _image(token: Token) -> Iterator[Inline]:
    """A picture becomes a link named by its alternative text: nothing is loaded from elsewhere."""
    alt = inline_text(_InlineReader().read(token.children or ())).strip()
    href = _href(str(token.attrGet("src") or ""))
    if href is not None:
        yield Link(href, (Text(alt or href),))
    elif alt:
        yield Text(alt)


class _BlockReader:
    """Block tokens to blocks; containers deeper than MAX_DEPTH give their content to their parent."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def blocks(self, closer: str | None = None, depth: int = 0) -> tuple[Block, ...]:
        out: list[Block] = []
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            self._at += 1
            if token.type == closer:
                break
            out.extend(self._block(token, depth))
        return tuple(out)

    def _block(self, token: Token, depth: int) -> tuple[Block, ...]:
        match token.type:
            case "inline":
                children = _read_inline(token)
                return (Paragraph(children),) if children else ()
            case "heading_open":
                children = _read_inline(self._tokens[self._at])
                self._at += 2
                return (Heading(int(token.tag[1:]), children),) if children else ()
            case "fence" | "code_block":
                return (CodeBlock(token.content.rstrip("\n")),)
            case "blockquote_open":
                inner = self.blocks("blockquote_close", depth + 1)
                return (Quote(inner),) if inner and depth < MAX_DEPTH else inner
            case "bullet_list_open" | "ordered_list_open":
                return self._items(token, depth)
            case "table_open":
                return self._table()
            case _:
                return ()

    def _items(self, token: Token, depth: int) -> tuple[Block, ...]:
        closer = token.type.replace("_open", "_close")
        items: list[tuple[Block, ...]] = []
        while self._tokens[self._at].type != closer:
            self._at += 1
            items.append(self.blocks("list_item_close", depth + 1))
        self._at += 1
        if depth >= MAX_DEPTH:
            return tuple(block for item in items for block in item)
        start = int(token.attrGet("start") or 1) if token.type == "ordered_list_open" else None
        return (Items(start, tuple(items)),)

    def _table(self) -> tuple[Block, ...]:
        rows: list[tuple[tuple[Inline, ...], ...]] = []
        cells: list[tuple[Inline, ...]] = []
        while (token := self._tokens[self._at]).type != "table_close":
            self._at += 1
            if token.type == "inline":
                cells.append(_read_inline(token))
            elif token.type == "tr_close":
                rows.append(tuple(cells))
                cells = []
        self._at += 1
        return (Table(tuple(rows)),)


def _read_inline(token: Token) -> tuple[Inline, ...]:
    return _InlineReader().read(token.children or ())


def _defused(text: str) -> str:
    """Escape the markup of paragraphs that hold absurdly much of it; what people write is far below the bound."""
    if len(text) <= MAX_LINE_SPECIALS:
        return text
    parts = _BLANK_LINES.split(text)
    return "\n\n".join(
        _SPECIAL.sub(lambda m: "\\" + m.group(), part) if len(_SPECIAL.findall(part)) > MAX_LINE_SPECIALS else part
        for part in parts
    )


def parse(markdown: str) -> tuple[Block, ...]:
    """Markdown (CommonMark and tables) to the reply tree; ``[n]`` becomes a citation mark unless it is escaped."""
    return _BlockReader(_parser().parse(_defused(_clean(markdown)))).blocks()


def parse_plain(text: str) -> tuple[Block, ...]:
    """Somebody's own words: paragraphs, line breaks and links; every other character is itself."""
    parts = (part.strip("\n") for part in _BLANK_LINES.split(_clean(text).strip()))
    return tuple(Paragraph(_plain_lines(part)) for part in parts if part.strip())


def _plain_lines(part: str) -> tuple[Inline, ...]:
    out: list[Inline] = []
    for number, line in enumerate(part.split("\n")):
        if number:
            out.append(Break())
        out.extend(_linked(line))
    return _joined(out)


def _linked(line: str) -> Iterator[Inline]:
    at, links = 0, _links()
    for found in links.match(line) or () if links.pretest(line) else ():
        href = _href(found.url)
        if href is None:
            continue
        if found.index > at:
            yield Text(line[at : found.index])
        yield Link(href, (Text(found.text),))
        at = found.last_index
    if at < len(line):
        yield Text(line[at:])


def escape(text: str) -> str:
    """Foreign words for use inside Markdown: no character of them is markup or a citation mark."""
    return _SPECIAL.sub(lambda m: "\\" + m.group(), text)


def inline_text(children: Sequence[Inline]) -> str:
    """The words of inline nodes; a link shows its target when that differs from its words."""
    return "".join(_inline_text(child) for child in children)


def _inline_text(node: Inline) -> str:
    match node:
        case Text(text) | Code(text):
            return text
        case Strong(children) | Emphasis(children):
            return inline_text(children)
        case Link(href, children):
            words = inline_text(children)
            bare = href.removeprefix("mailto:").removeprefix("tel:")
            return words if words in (href, bare) else f"{words} ({bare})"
        case Mark(number):
            return f"[{number}]"
        case Break():
            return "\n"


def to_text(blocks: Sequence[Block]) -> str:
    """The tree as plain text: lists with dashes or numbers, table cells between bars, marks as ``[n]``."""
    return "\n\n".join(_block_text(block) for block in blocks)


def _indented(text: str, lead: str) -> str:
    return lead + text.replace("\n", "\n" + " " * len(lead))


def _block_text(block: Block) -> str:
    match block:
        case Paragraph(children) | Heading(_, children):
            return inline_text(children)
        case CodeBlock(text):
            return text
        case Quote(children):
            return "\n".join("> " + line for line in to_text(children).split("\n"))
        case Items(start, items):
            leads = ("- " if start is None else f"{start + n}. " for n in range(len(items)))
            return "\n".join(
                _indented("\n".join(_block_text(b) for b in item), lead)
                for lead, item in zip(leads, items, strict=True)
            )
        case Table(rows):
            return "\n".join(" | ".join(inline_text(cell) for cell in row) for row in rows)
