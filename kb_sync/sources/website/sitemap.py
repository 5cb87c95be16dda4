"""Sitemaps: lists of pages, lists of such lists, packed or not; pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from io import BytesIO
from typing import Any, Final

from kb_sync.kit import packed

LARGEST_BYTES: Final = 52_428_800
"""Unpacked (sitemaps.org: 50 MB and 50 000 addresses a file)."""

MOST_ENTRIES: Final = 50_000
GZIP_MARK = b"\x1f\x8b"


class NotASitemap(ValueError):
    """It is something else, or damaged; ``is_page``: it is HTML, as sites answer that have a page for everything."""

    def __init__(self, problem: str, *, is_page: bool = False) -> None:
        super().__init__(problem)
        self.is_page = is_page


@dataclass(frozen=True, slots=True)
class Listed:
    """An address with what the sitemap tells of its last change ("" nothing)."""

    address: str
    lastmod: str = ""


@dataclass(frozen=True, slots=True)
class Sitemap:
    """``pages``, or, of an index, ``sitemaps``."""

    pages: tuple[Listed, ...] = ()
    sitemaps: tuple[str, ...] = ()


def read_sitemap(raw: bytes) -> Sitemap:
    """A sitemap or an index of some; ``NotASitemap``."""
    plain = _unpacked(raw) if raw.startswith(GZIP_MARK) else raw
    if b"<html" in plain[:2_000].lower() or plain[:100].lstrip().lower().startswith(b"<!doctype html"):
        raise NotASitemap("is an HTML page", is_page=True)
    etree = import_module("lxml.etree")
    try:
        found = list(_entries(etree, plain))
    except etree.XMLSyntaxError as error:
        raise NotASitemap(f"is no readable XML (line {error.lineno or 1})") from error
    if len(found) > MOST_ENTRIES:
        raise NotASitemap(f"lists more than {MOST_ENTRIES:,} addresses")
    pages = tuple(Listed(address, lastmod) for kind, address, lastmod in found if kind == "url")
    return Sitemap(pages=pages, sitemaps=tuple(address for kind, address, _ in found if kind == "sitemap"))


def _unpacked(raw: bytes) -> bytes:
    try:
        return packed.unpacked([raw], limit_bytes=LARGEST_BYTES)
    except packed.TooMuch:
        raise NotASitemap("is larger than 50 MB unpacked") from None
    except packed.Damaged:
        raise NotASitemap("is packed and damaged") from None


def _entries(etree: Any, plain: bytes) -> Iterator[tuple[str, str, str]]:
    """(url or sitemap, address, lastmod) of each entry; entities of its own are left alone, and nothing else is fetched."""
    is_root, kind, address, lastmod = True, "", "", ""
    steps = etree.iterparse(
        BytesIO(plain),
        events=("start", "end"),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
    )
    for event, element in steps:
        name = etree.QName(element).localname
        if event == "start":
            if is_root and name not in ("urlset", "sitemapindex"):
                raise NotASitemap(f"begins with <{name[:40]}> instead of <urlset>")
            is_root = False
            continue
        parent = element.getparent()
        kind = "" if parent is None else etree.QName(parent).localname
        if name == "loc" and kind in ("url", "sitemap"):
            address = (element.text or "").strip()
        elif name == "lastmod" and kind in ("url", "sitemap"):
            lastmod = (element.text or "").strip()[:40]
        elif name in ("url", "sitemap"):
            if address:
                yield name, address, lastmod
            address = lastmod = ""
            element.clear()
            while element.getprevious() is not None and parent is not None:
                del parent[0]
