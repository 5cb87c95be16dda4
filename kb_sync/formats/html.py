"""HTML to Markdown: the main content with its headings, lists, tables and code; nothing hidden, nothing active."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable

from bs4 import BeautifulSoup, MarkupResemblesLocatorWarning, Tag, XMLParsedAsHTMLWarning
from bs4.element import NavigableString, PageElement, PreformattedString

from kb_sync.formats import Parsed
from kb_sync.text import clean, decode, one_line

DROPPED = (
    "script", "style", "noscript", "template", "nav", "header", "footer", "aside", "form", "button", "iframe", "svg",
    "object", "dialog",
)  # fmt: skip
HIDDEN_STYLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0|opacity\s*:\s*0(?![.\d])", re.I
)
BLOCKS = {"p", "div", "section", "article", "main", "blockquote", "figure", "figcaption", "dl", "dt", "dd", "address"}
SPACES = re.compile(r"\s+")
DEEPEST = 200


def html(raw: bytes) -> Parsed:
    """An HTML page."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)
        warnings.simplefilter("ignore", MarkupResemblesLocatorWarning)
        soup = BeautifulSoup(decode(raw), "lxml")
    title = one_line(soup.title.get_text()) if soup.title else ""
    root = soup.find("main") or soup.find("article") or soup.body or soup
    _remove_unseen(root)
    first = root.find("h1")
    if isinstance(first, Tag):
        title = one_line(first.get_text(" ")) or title
        first.decompose()
    language = soup.html.get("lang") if soup.html else None
    meta = {"language": str(language).split("-")[0]} if language else {}
    return Parsed(body=clean("".join(_blocks(root, 0))), title=title, meta=meta)


def _remove_unseen(root: Tag) -> None:
    for tag in root.find_all(DROPPED):
        tag.decompose()
    for tag in root.find_all(True):
        if tag.decomposed:
            continue
        style = str(tag.get("style") or "")
        if tag.has_attr("hidden") or tag.get("aria-hidden") == "true" or HIDDEN_STYLE.search(style):
            tag.decompose()


def _blocks(parent: Tag, depth: int) -> Iterable[str]:
    """Children of a block as Markdown, blocks apart by blank lines."""
    if depth > DEEPEST:
        yield SPACES.sub(" ", parent.get_text(" "))
        return
    for child in parent.children:
        if isinstance(child, Tag):
            yield from _block(child, depth + 1)
        else:
            yield _words(child)


def _block(tag: Tag, depth: int) -> Iterable[str]:
    name = tag.name
    if name in ("h1", "h2", "h3", "h4", "h5", "h6"):
        yield f"\n\n{'#' * int(name[1])} {one_line(tag.get_text(' '))}\n\n"
    elif name in ("ul", "ol"):
        yield "\n\n" + "".join(_items(tag, depth, "")) + "\n"
    elif name == "table":
        yield "\n\n" + _table(tag) + "\n\n"
    elif name == "pre":
        yield f"\n\n```\n{tag.get_text().strip()}\n```\n\n"
    elif name == "br":
        yield "\n"
    elif name in BLOCKS:
        yield "\n\n"
        yield from _blocks(tag, depth)
        yield "\n\n"
    else:
        yield from _inline(tag, depth)


def _inline(tag: Tag, depth: int) -> Iterable[str]:
    text = "".join(_blocks(tag, depth))
    if tag.name in ("strong", "b") and text.strip():
        yield f"**{text.strip()}**"
    elif tag.name == "code" and text.strip():
        yield f"`{text.strip()}`"
    elif tag.name == "img":
        yield one_line(str(tag.get("alt") or ""))
    elif tag.name == "a" and str(tag.get("href") or "").startswith(("http://", "https://")) and text.strip():
        yield f"[{text.strip()}]({tag['href']})"
    else:
        yield text


def _items(tag: Tag, depth: int, indent: str) -> Iterable[str]:
    for number, item in enumerate(tag.find_all("li", recursive=False), start=1):
        mark = f"{number}." if tag.name == "ol" else "-"
        inner = "".join(_nested(item, depth + 1, indent + "   "))
        yield f"{indent}{mark} {inner.strip()}\n"


def _nested(item: Tag, depth: int, indent: str) -> Iterable[str]:
    for child in item.children:
        if isinstance(child, Tag) and child.name in ("ul", "ol") and depth < DEEPEST:
            yield "\n" + "".join(_items(child, depth, indent))
        elif isinstance(child, Tag):
            yield SPACES.sub(" ", "".join(_block(child, depth)))
        else:
            yield _words(child)


def _table(tag: Tag) -> str:
    rows = []
    for row in tag.find_all("tr"):
        cells = [one_line(cell.get_text(" ")).replace("|", "/") for cell in row.find_all(["th", "td"])]
        if cells:
            rows.append("| " + " | ".join(cells) + " |")
            if len(rows) == 1:
                rows.append("|" + "---|" * len(cells))
    return "\n".join(rows)


def _words(node: PageElement) -> str:
    """A text node as a reader sees it; comments and processing instructions are none."""
    if isinstance(node, PreformattedString) or not isinstance(node, NavigableString):
        return ""
    return SPACES.sub(" ", node)
