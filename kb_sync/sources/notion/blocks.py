"""Notion's blocks to Markdown: headings, lists, tables, code, quotes; what a toggle hides until it is opened too."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from core.errors import DocumentRejected
from kb_sync.formats import markdown_table
from kb_sync.kit.http import Refused
from kb_sync.sources.notion.api import Block, NotionApi
from kb_sync.sources.notion.payloads import RichText
from kb_sync.text import one_line

DEEPEST: Final = 30
MOST_BLOCKS: Final = 20_000
INDENT: Final = "   "
LISTS: Final = frozenset(("bulleted_list_item", "numbered_list_item", "to_do"))
FILES: Final = frozenset(("image", "video", "audio", "file", "pdf"))
LINKS: Final = frozenset(("bookmark", "embed", "link_preview"))
CLOSED: Final = frozenset(("child_page", "child_database", "template", "meeting_notes", "transcription"))
"""Pages of their own, drafts of blocks, and what was said in meetings: not part of what the page tells."""

SILENT: Final = frozenset(("breadcrumb", "table_of_contents", "divider", "link_to_page"))
UNSHARED: Final = (403, 404)

_BACKTICKS: Final = re.compile(r"`{3,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A block with those below it."""

    type: str
    own: Mapping[str, Any]
    below: tuple[Node, ...] = ()


@dataclass(slots=True)
class Tree:
    """Reads the blocks of one page; ``doubts`` are what could not be read of it, ``subpages`` the pages that lie in it."""

    api: NotionApi
    doubts: list[str] = field(default_factory=list)
    subpages: list[str] = field(default_factory=list)
    deepest: int = DEEPEST
    most: int = MOST_BLOCKS
    read: int = 0

    def nodes(self, id: str, depth: int = 0) -> tuple[Node, ...]:
        """What lies below a page or block; ``WebError``, and ``DocumentRejected`` for a page that is too large."""
        if depth > self.deepest:
            raise DocumentRejected(f"its blocks are nested more than {self.deepest} deep")
        found = []
        for block in self.api.children(id):
            self.read += 1
            if self.read > self.most:
                raise DocumentRejected(f"it has more than {self.most:,} blocks; divide it")
            if block.type == "child_page":
                self.subpages.append(block.id)
            if block.type not in CLOSED | SILENT:
                found.append(Node(type=block.type, own=block.own, below=self._below(block, depth)))
        return tuple(found)

    def _below(self, block: Block, depth: int) -> tuple[Node, ...]:
        if not block.has_children:
            return ()
        original = _original(block)
        if original is None:
            return self.nodes(block.id, depth + 1)
        try:
            return self.nodes(original, depth + 1)
        except Refused as error:
            if error.status not in UNSHARED:
                raise
            self.doubts.append("a synced block is missing: its original is not shared with the integration")
            return ()


def _original(block: Block) -> str | None:
    """The block that a copy shows; None for anything that is no copy."""
    origin = block.own.get("synced_from") if block.type == "synced_block" else None
    id = origin.get("block_id") if isinstance(origin, dict) else None
    return id if isinstance(id, str) else None


def markdown(nodes: Sequence[Node]) -> str:
    """Blocks apart by blank lines, the items of a list by line ends."""
    return "\n\n".join(_blocks(nodes))


def words(rich: object) -> str:
    """A rich text as plain words."""
    return "".join(run.plain_text for run in _runs(rich))


def _runs(rich: object) -> list[RichText]:
    try:
        return msgspec.convert(rich or [], list[RichText])
    except msgspec.ValidationError:
        raise DocumentRejected("Notion tells a text in another shape than it documents") from None


def _blocks(nodes: Sequence[Node]) -> Iterator[str]:
    at = 0
    while at < len(nodes):
        if nodes[at].type in LISTS:
            end = next((place for place in range(at, len(nodes)) if nodes[place].type not in LISTS), len(nodes))
            yield "\n".join(_items(nodes[at:end]))
            at = end
            continue
        shown = _KINDS.get(nodes[at].type, _other)(nodes[at])
        yield from (part for part in shown if part.strip())
        at += 1


def _items(nodes: Iterable[Node]) -> Iterator[str]:
    number = 0
    for node in nodes:
        number = number + 1 if node.type == "numbered_list_item" else 0
        mark = f"{number}." if number else "-"
        done = ("[x] " if node.own.get("checked") else "[ ] ") if node.type == "to_do" else ""
        yield f"{mark} {done}{_styled(node)}"
        below = (
            "\n".join(_blocks(node.below)) if all(each.type in LISTS for each in node.below) else markdown(node.below)
        )
        if below:
            yield _indented(below, INDENT)


def _heading(node: Node) -> Iterator[str]:
    level = int(node.type[-1]) if node.type[-1].isdigit() else 1
    title = one_line(words(node.own.get("rich_text")))
    if title:
        yield f"{'#' * level} {title}"
    yield from _blocks(node.below)


def _toggle(node: Node) -> Iterator[str]:
    yield _marked("**", words(node.own.get("rich_text")), "**")
    yield from _blocks(node.below)


def _quote(node: Node) -> Iterator[str]:
    inner = "\n\n".join(part for part in (_styled(node), markdown(node.below)) if part)
    yield _indented(inner, "> ", is_always=True)


def _code(node: Node) -> Iterator[str]:
    text = words(node.own.get("rich_text"))
    longest = max((len(found) for found in _BACKTICKS.findall(text)), default=2)
    fence = "`" * (longest + 1)
    language = str(node.own.get("language") or "").replace("plain text", "").replace(" ", "-")
    yield f"{fence}{language}\n{text}\n{fence}"
    yield words(node.own.get("caption"))


def _table(node: Node) -> Iterator[str]:
    rows = [node.own.get("cells") for node in node.below if node.type == "table_row"]
    yield markdown_table(
        [[one_line(words(cell), limit=10_000) for cell in row] for row in rows if isinstance(row, list)]
    )


def _equation(node: Node) -> Iterator[str]:
    yield _marked("`", str(node.own.get("expression") or ""), "`")


def _caption(node: Node) -> Iterator[str]:
    """Of a file; its address is of no use, since it ends within the hour (Notion API docs, 2026-11)."""
    yield words(node.own.get("caption"))


def _address(node: Node) -> Iterator[str]:
    url = str(node.own.get("url") or "")
    yield _linked(words(node.own.get("caption")) or url, url)


def _other(node: Node) -> Iterator[str]:
    """Paragraphs, and whatever else has words or blocks below it: columns, synced blocks, kinds not known here."""
    yield _styled(node)
    yield from _blocks(node.below)


def _styled(node: Node) -> str:
    """A block's rich text with its links, bold words and code."""
    return "".join(_run(run) for run in _runs(node.own.get("rich_text")))


def _run(run: RichText) -> str:
    text = run.plain_text
    if run.annotations.code:
        text = _marked("`", text, "`")
    if run.annotations.bold:
        text = _marked("**", text, "**")
    return _linked(text, run.href or "")


def _linked(text: str, url: str) -> str:
    is_web = url.startswith(("https://", "http://")) and not re.search(r"[\s<>()]", url)
    return _marked("[", text, f"]({url})") if is_web else text


def _marked(before: str, text: str, after: str) -> str:
    """Marks stand at the words, not at the white space around them."""
    inner = text.strip()
    if not inner:
        return text
    lead, _, trail = text.partition(inner)
    return f"{lead}{before}{inner}{after}{trail}"


def _indented(text: str, mark: str, *, is_always: bool = False) -> str:
    return "\n".join(f"{mark}{line}".rstrip() if line or is_always else "" for line in text.split("\n"))


_KINDS: Final[Mapping[str, Callable[[Node], Iterator[str]]]] = {
    "toggle": _toggle,
    "quote": _quote,
    "callout": _quote,
    "code": _code,
    "table": _table,
    "equation": _equation,
    **dict.fromkeys((f"heading_{level}" for level in range(1, 7)), _heading),
    **dict.fromkeys(FILES, _caption),
    **dict.fromkeys(LINKS, _address),
}
