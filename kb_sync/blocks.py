"""Markdown as sections of blocks: where headings stand, and which lines belong together.  Every line belongs to one block."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

PATH_SEPARATOR = " › "
LONGEST_HEADING = 200
"""A longer "heading" is a paragraph that happens to start with # or to stand above a line of dashes."""

_NOT_IN_SLUG = re.compile(r"[^\w\- ]")


class Kind(StrEnum):
    """What a block is, as far as cutting it is concerned."""

    PROSE = "prose"
    ITEMS = "items"
    TABLE = "table"
    FENCE = "fence"
    CODE = "code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Whole lines of Markdown; ``starts`` are the lines at which items of a list begin."""

    kind: Kind
    lines: tuple[str, ...]
    starts: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What stands under one heading, up to the next; ``heading`` is the path "A › B" and ``words`` the heading alone."""

    heading: str
    words: str
    anchor: str | None
    blocks: tuple[Block, ...]


@cache
def _block_parser() -> MarkdownIt:
    from markdown_it import MarkdownIt  # noqa: PLC0415  loaded with the first text

    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": 24}).enable("table")
    # A reference definition would be a line that belongs to no block; inline markup is of no interest here.
    parser.disable(["reference", "html_block"])
    parser.core.ruler.enableOnly(["normalize", "block"])
    return parser


@cache
def _inline_parser() -> MarkdownIt:
    from markdown_it import MarkdownIt  # noqa: PLC0415  loaded with the first text

    return MarkdownIt("commonmark", {"html": False})


def plain_heading(markdown: str) -> str:
    """A heading's words without its markup."""
    tokens = _inline_parser().parseInline(markdown)[0].children or []
    parts = (token.content for token in tokens if token.type in ("text", "code_inline", "image"))
    return " ".join("".join(parts).split())


class Slugs:
    """Link fragments as GitHub makes them; a repeated heading gets -1, -2 and so on."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}

    def slug(self, heading: str) -> str:
        """The fragment of the next heading of a document, given in plain words."""
        base = _NOT_IN_SLUG.sub("", heading.strip().lower()).replace(" ", "-")
        name = base
        while name in self._seen:
            self._seen[base] += 1
            name = f"{base}-{self._seen[base]}"
        self._seen[name] = 0
        return name


def sections(body: str) -> Iterator[Section]:
    """The sections of a Markdown text, in order; one without a heading comes first when text stands above all headings."""
    lines = body.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    slugs, path = Slugs(), list[tuple[int, str]]()
    anchor: str | None = None
    blocks: list[Block] = []
    for item in _parts(lines):
        if isinstance(item, Block):
            blocks.append(item)
            continue
        if blocks or path:
            yield _section(path, anchor, blocks)
        level, words = item
        blocks, anchor = [], slugs.slug(words)
        path = [*(outer for outer in path if outer[0] < level), (level, words)]
    if blocks or path:
        yield _section(path, anchor, blocks)


def _section(path: list[tuple[int, str]], anchor: str | None, blocks: list[Block]) -> Section:
    names = [words for _, words in path]
    return Section(
        heading=PATH_SEPARATOR.join(names), words=names[-1] if names else "", anchor=anchor, blocks=tuple(blocks)
    )


def _parts(lines: list[str]) -> Iterator[Block | tuple[int, str]]:
    """Blocks, and headings as (level, words), in order; lines that the parser gives to no block are prose."""
    tokens = _block_parser().parse("\n".join(lines))
    at = 0
    for index, token in enumerate(tokens):
        if token.level or token.map is None or token.nesting < 0:
            continue
        first, end = max(at, token.map[0]), token.map[1]
        yield from _prose(lines[at:first])
        at = max(at, end)
        words = _heading(tokens, index)
        if words is None:
            yield from _block(tokens, index, lines[first:at])
        elif words:
            yield int(token.tag[1]), words
    yield from _prose(lines[at:])


def _heading(tokens: list[Token], index: int) -> str | None:
    """The words of the heading that opens here; None when it is none."""
    token = tokens[index]
    if token.type != "heading_open":
        return None
    content = tokens[index + 1].content
    if len(content) > LONGEST_HEADING or "\n" in content:
        return None
    words = plain_heading(content)
    return words if words or not content else None


def _block(tokens: list[Token], index: int, own: list[str]) -> Iterator[Block]:
    while own and not own[-1].strip():
        own.pop()
    match tokens[index].type:
        case "bullet_list_open" | "ordered_list_open":
            yield Block(kind=Kind.ITEMS, lines=tuple(own), starts=_item_starts(tokens, index))
        case "table_open":
            yield Block(kind=Kind.TABLE, lines=tuple(own))
        case "fence":
            yield Block(kind=Kind.FENCE, lines=tuple(own))
        case "code_block":
            yield Block(kind=Kind.CODE, lines=tuple(own))
        case _:
            yield from _prose(own)


def _item_starts(tokens: list[Token], index: int) -> tuple[int, ...]:
    """Lines, counted from the list's first, at which its own items begin."""
    starts: list[int] = []
    for at in range(index + 1, len(tokens)):
        token = tokens[at]
        if token.level == 0:
            break
        if token.type == "list_item_open" and token.level == 1 and token.map is not None:
            starts.append(token.map[0])
    return tuple(start - starts[0] for start in starts)


def _prose(lines: list[str]) -> Iterator[Block]:
    kept = [line for line in lines if line.strip()]
    if kept:
        yield Block(kind=Kind.PROSE, lines=tuple(kept))
