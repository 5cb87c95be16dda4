"""HTML to Markdown: the main content with its headings, lists, tables and code; nothing hidden, nothing active."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from bs4 import BeautifulSoup, Tag
from bs4.dammit import EncodingDetector
from bs4.element import NavigableString, PageElement, PreformattedString
from lxml import etree

from core.errors import DocumentRejected
from kb_sync.formats import Parsed, markdown_table, notes
from kb_sync.text import clean, decode, one_line

DROPPED = (
    "script", "style", "noscript", "template", "nav", "aside", "form", "button", "iframe", "svg", "object", "dialog",
)  # fmt: skip
PAGE_FRAME = ("header", "footer")
"""Of a page; inside an article they belong to it."""

HIDDEN_STYLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d])|opacity\s*:\s*0(?![.\d])", re.IGNORECASE
)
BLOCKS = {"p", "div", "section", "article", "main", "blockquote", "figure", "figcaption", "dl", "dt", "dd", "address",
          "header", "footer", "details", "summary"}  # fmt: skip
SPACES = re.compile(r"\s+")
XML_DECLARATION = re.compile(r"\A\s*<\?xml[^>]*>")
DEEPEST = 100
"""What lies deeper is taken as plain words."""

MOST_NESTED = 1_000
"""A page nested deeper is refused: building its tree takes time quadratic in the depth, minutes from 20 000 on."""


def html(raw: bytes) -> Parsed:
    """An HTML page."""
    decoded = decode(raw, declared=EncodingDetector.find_declared_encoding(raw, is_html=True))
    # The doctype in front keeps the parser from guessing that a text without any tag is the name of a file.
    text = "<!doctype html>" + XML_DECLARATION.sub("", decoded.text)
    _check_depth(text)
    soup = BeautifulSoup(text, "lxml")
    title = one_line(soup.title.get_text()) if soup.title else ""
    root = _main(soup)
    _remove_unseen(root)
    first = root.find("h1")
    if isinstance(first, Tag):
        title = one_line(first.get_text(" ")) or title
        first.decompose()
    language = soup.html.get("lang") if soup.html else None
    meta = {"language": str(language).split("-")[0]} if language else {}
    return Parsed(body=clean("".join(_blocks(root, 0))), title=title, meta=meta, notes=notes(decoded.note))


class _Depth:
    """Follows the parser through a page, building nothing."""

    def __init__(self) -> None:
        self._depth = 0

    def start(self, tag: str | bytes, attrib: Mapping[str | bytes, str | bytes]) -> None:
        self._depth += 1
        if self._depth > MOST_NESTED:
            raise DocumentRejected(f"its tags are nested more than {MOST_NESTED:,} deep")

    def end(self, tag: str | bytes) -> None:
        self._depth -= 1

    def data(self, data: str | bytes) -> None:
        """Words are of no interest."""

    def comment(self, text: str | bytes) -> None:
        """Nor are comments."""

    def close(self) -> None:
        """Nothing was built."""


def _check_depth(text: str) -> None:
    parser = etree.HTMLParser(target=_Depth())
    parser.feed(text)
    parser.close()


def _main(soup: BeautifulSoup) -> Tag:
    """The part of a page that is about something; the whole of it when nothing is marked as such."""
    marked = soup.find("main") or soup.find(role="main")
    if isinstance(marked, Tag):
        return marked
    articles = soup.find_all("article", limit=2)
    if len(articles) == 1:
        return articles[0]
    root = soup.body or soup
    for tag in root.find_all(PAGE_FRAME):
        if not tag.decomposed and not tag.find_parent("article"):
            tag.decompose()
    return root


def _remove_unseen(root: Tag) -> None:
    for tag in root.find_all(True):
        if not tag.decomposed and _is_unseen(tag):
            tag.decompose()


def _is_unseen(tag: Tag) -> bool:
    is_hidden = tag.has_attr("hidden") or tag.get("aria-hidden") == "true"
    return is_hidden or tag.name in DROPPED or HIDDEN_STYLE.search(str(tag.get("style") or "")) is not None


def _blocks(parent: Tag, depth: int) -> Iterable[str]:
    """Children of a block as Markdown, blocks apart by blank lines."""
    for child in parent.children:
        if isinstance(child, Tag):
            yield from _block(child, depth + 1)
        else:
            yield _words(child)


def _block(tag: Tag, depth: int) -> Iterable[str]:
    name = tag.name
    if depth > DEEPEST:
        yield SPACES.sub(" ", tag.get_text(" "))
    elif name in ("h1", "h2", "h3", "h4", "h5", "h6"):
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
        yield "\n\n" + "".join(_blocks(tag, depth)).strip() + "\n\n"
    else:
        yield _inline(tag, "".join(_blocks(tag, depth)))


def _inline(tag: Tag, text: str) -> str:
    if tag.name == "img":
        return one_line(str(tag.get("alt") or ""))
    if "\n\n" in text or not text.strip():
        return text
    href = str(tag.get("href") or "")
    if tag.name in ("strong", "b"):
        return _marked("**", text, "**")
    if tag.name in ("code", "kbd", "samp"):
        return _marked("`", text, "`")
    if tag.name == "a" and href.startswith(("http://", "https://")) and not SPACES.search(href):
        return _marked("[", text, f"]({href})")
    return text


def _marked(before: str, text: str, after: str) -> str:
    """Marks stand at the words, not at the white space around them."""
    words = text.strip()
    lead, _, trail = text.partition(words)
    return f"{lead}{before}{words}{after}{trail}"


def _items(tag: Tag, depth: int, indent: str) -> Iterable[str]:
    number = 0
    for child in tag.find_all(True, recursive=False):
        number += child.name == "li"
        mark = f"{number}." if tag.name == "ol" else "-"
        inner = "".join(_nested(child, depth + 1, indent + "   ")).strip()
        if inner:
            yield f"{indent}{mark} {inner}\n" if child.name == "li" else f"{indent}   {inner}\n"


def _nested(item: Tag, depth: int, indent: str) -> Iterable[str]:
    for child in item.children:
        if not isinstance(child, Tag):
            yield _words(child)
        elif child.name in ("ul", "ol") and depth < DEEPEST:
            yield "\n" + "".join(_items(child, depth, indent))
        else:
            yield SPACES.sub(" ", "".join(_block(child, depth)))


def _table(tag: Tag) -> str:
    """A table below its caption, as wide as its widest row; one that only lays out other tables gives its text."""
    if tag.find("table") is not None:
        return SPACES.sub(" ", tag.get_text(" "))
    caption = _cell(tag.caption) + "\n\n" if tag.caption else ""
    rows = [[_cell(cell) for cell in row.find_all(["th", "td"])] for row in tag.find_all("tr")]
    return caption + markdown_table([row for row in rows if row])


def _cell(cell: Tag) -> str:
    return one_line(cell.get_text(" "), limit=10_000)


def _words(node: PageElement) -> str:
    """A text node as a reader sees it; comments and processing instructions are none."""
    if isinstance(node, PreformattedString) or not isinstance(node, NavigableString):
        return ""
    return SPACES.sub(" ", node)
