"""A fetched page: what it says of itself, and its main content as Markdown; pure.

A page that marks its content (<main>, one <article>) is read by formats/html.py, which keeps headings, tables and code as they
are.  Of the others trafilatura tells the content from menus, banners and footers; where it would lose a table or most of the
words (it does on short pages), the page is taken as formats/html.py reads it, frame and all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from importlib import import_module
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from core.errors import DocumentRejected
from kb_sync.formats import Parsed
from kb_sync.formats.lazily import CONTENT_TYPES, FORMATS
from kb_sync.kit.http import Page
from kb_sync.sources.website.addresses import canonical
from kb_sync.sources.website.robots import directives
from kb_sync.text import clean, one_line

HTML = ("text/html", "application/xhtml+xml")
UNTOLD = ("", "application/octet-stream", "binary/octet-stream")
DATES = ("article:modified_time", "last-modified", "dcterms.modified", "dc.date.modified", "og:updated_time")
"""What a page tells of its last change; the header Last-Modified is often the time of the call."""

SIGN_IN_CHARS = 600
"""A page with a field for a password and no more words than this is there to log in."""

KEPT_SHARE = 0.25
SHORTEST_CHARS = 200
TABLE_RULE = re.compile(r"^\|(?:\s*:?-+:?\s*\|)+\s*$", re.MULTILINE)
HEADING = re.compile(r"^#{1,6} ", re.MULTILINE)
SHAPES: tuple[tuple[re.Pattern[str], Callable[[int], int]], ...] = (
    (TABLE_RULE, lambda tables: tables),
    (HEADING, lambda headings: min(headings, 1)),
)
"""What must be left of the tables and headings of a whole page; some headings belong to its frame."""

MARKED = re.compile(rb"<main[\s>]|role\s*=\s*[\"']?main\b", re.IGNORECASE)
ARTICLE = re.compile(rb"<article[\s>]", re.IGNORECASE)
UNSEEN = [
    "//*[@hidden]",
    '//*[@aria-hidden="true"]',
    "//template|//noscript|//dialog",
    *(
        f'//*[contains(translate(@style, " ", ""), "{style}")]'
        for style in ("display:none", "visibility:hidden", "font-size:0", "opacity:0")
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the head and the links of an HTML page tell; ``links`` are canonical addresses, each once."""

    canonical: str = ""
    updated: str = ""
    robots: frozenset[str] = frozenset()
    asks_password: bool = False
    links: tuple[str, ...] = ()


def kind_of(page: Page) -> str:
    """Its content type, lower-case; told by its name or its first bytes when the server does not."""
    kind = page.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in UNTOLD:
        return kind
    parser = FORMATS.get(PurePosixPath(unquote(urlsplit(page.url).path)).suffix.lower())
    named = next((known for known, read in CONTENT_TYPES.items() if read is parser), "")
    return named or ("text/html" if page.body.lstrip()[:1] == b"<" else kind)


def facts(page: Page, robot: str) -> Facts:
    """What a page says of itself; of one that is not HTML only its headers are asked."""
    headers = page.headers
    tags = headers.getall("x-robots-tag", []) if hasattr(headers, "getall") else [headers.get("x-robots-tag", "")]
    by_header = frozenset(directives(tags, robot))
    tree = _tree(page) if kind_of(page) in HTML and page.body.strip() else None
    if tree is None:
        return Facts(robots=by_header)
    metas = {_meta_name(meta): str(meta.get("content") or "") for meta in tree.iter("meta")}
    by_meta = directives([metas.get("robots", ""), metas.get(robot.lower(), "")], robot)
    base = next((str(each.get("href")) for each in tree.iter("base") if each.get("href")), "")
    base = canonical(base, page.url) or page.url
    named = [each for each in tree.iter("link") if "canonical" in str(each.get("rel") or "").lower().split()]
    return Facts(
        canonical=canonical(str(named[0].get("href") or ""), base) if named and named[0].get("href") else "",
        updated=next((_date(metas[name]) for name in DATES if _date(metas.get(name, ""))), ""),
        robots=by_header | by_meta,
        asks_password=any(str(each.get("type")).lower() == "password" for each in tree.iter("input")),
        links=_links(tree, base),
    )


def _tree(page: Page) -> Any:
    try:
        return import_module("lxml.html").document_fromstring(_text(page))
    except (ValueError, import_module("lxml.etree").LxmlError):
        return None


def _text(page: Page) -> bytes:
    """The bytes as UTF-8, if the header tells what they are; a page knows its own encoding less well (RFC 9110 8.3)."""
    told = re.search(r"charset\s*=\s*[\"']?([\w.:-]+)", page.headers.get("content-type", ""), re.IGNORECASE)
    if told is None or told.group(1).lower() in ("utf-8", "utf8"):
        return page.body
    try:
        return page.body.decode(told.group(1)).encode("utf-8")
    except (LookupError, UnicodeError):
        return page.body


def _meta_name(meta: Any) -> str:
    return str(meta.get("name") or meta.get("property") or meta.get("http-equiv") or "").strip().lower()


def _date(said: str) -> str:
    """A date that can be read, else ""."""
    try:
        return datetime.fromisoformat(said.strip()).isoformat()
    except ValueError:
        return ""


def _links(tree: Any, base: str) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for each in tree.iter("a", "area"):
        if each.get("href") and "nofollow" not in str(each.get("rel") or "").lower().split():
            found.setdefault(canonical(str(each.get("href")), base))
    found.pop("", None)
    return tuple(found)


def content(page: Page, told: Facts) -> Parsed:
    """The page as Markdown; ``DocumentRejected`` when it is of no format that is read, or a login page."""
    kind = kind_of(page)
    if kind not in CONTENT_TYPES:
        raise DocumentRejected(f"its type, {kind[:60] or 'which is not told'}, is none that is read")
    if kind not in HTML:
        parsed = CONTENT_TYPES[kind](page.body)
        return replace(parsed, meta={}) if kind == "text/markdown" else parsed
    raw = _text(page)
    parsed = CONTENT_TYPES[kind](raw)
    if told.asks_password and len(parsed.body) < SIGN_IN_CHARS:
        raise DocumentRejected("it is a page to log in; what stood there before stays")
    if not MARKED.search(raw) and len(ARTICLE.findall(raw)) != 1:
        parsed = _without_frame(raw, parsed)
    return replace(parsed, meta=_with(parsed.meta, updated=told.updated))


@cache
def _choices() -> Any:
    """Short pages are looked at as well: below its usual 250 characters it would give all words without their shape."""
    choices = deepcopy(import_module("trafilatura.settings").DEFAULT_CONFIG)
    choices.set("DEFAULT", "MIN_EXTRACTED_SIZE", str(SHORTEST_CHARS // 2))
    return choices


def _with(meta: Mapping[str, str], **more: str) -> dict[str, str]:
    return {**meta, **{name: said for name, said in more.items() if said}}


def _without_frame(raw: bytes, framed: Parsed) -> Parsed:
    """The content by trafilatura, unless too much would be lost."""
    found = import_module("trafilatura").extract(
        raw,
        output_format="markdown",
        include_comments=False,
        include_tables=True,
        include_links=True,
        include_formatting=True,
        prune_xpath=UNSEEN,
        config=_choices(),
    )
    body = clean(found or "")
    if len(body) < max(SHORTEST_CHARS, len(framed.body) * KEPT_SHARE):
        return framed
    if any(len(shape.findall(body)) < least(len(shape.findall(framed.body))) for shape, least in SHAPES):
        return framed
    first, _, rest = body.partition("\n")
    is_title = first.startswith("# ")
    title = one_line(first[2:]) if is_title else framed.title
    return replace(framed, title=title or framed.title, body=rest.strip() if is_title else body)
