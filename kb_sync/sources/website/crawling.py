"""Which pages there are, by following links from the first page, breadth first and within bounds."""

from __future__ import annotations

import gzip
import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from kb_sync.formats.lazily import FORMATS
from kb_sync.kit.http import Page, Refused, Web, WebError
from kb_sync.kit.packed import Damaged, TooMuch, unpacked
from kb_sync.sources.website.addresses import Site, canonical
from kb_sync.sources.website.finding import Findings, Found
from kb_sync.sources.website.page import facts
from kb_sync.sources.website.robots import NOT_FOLLOWED, NOT_SHOWN, Robots

HELD_BYTES = 30_000_000
"""Pages that were fetched for their links are kept for reading up to this sum; others are fetched again."""

REMEMBERED_BYTES = 200_000_000
NO_LONGER = (401, 403, 404, 410)
"""Answers that are clear: what such a page links to is not missed."""

PAGE_SUFFIXES = ("", ".html", ".htm", ".xhtml", ".php", ".asp", ".aspx", ".jsp")
FILE = "links.json.gz"


@dataclass(frozen=True, slots=True)
class Known:
    """A page of an earlier night: by what the server knows it, and where it led."""

    etag: str
    modified: str
    links: tuple[str, ...]
    is_shown: bool = True


def conditions(etag: str, modified: str) -> dict[str, str]:
    """Headers that ask for a page only if it is another one; dates count when there is no ETag (RFC 9110 13.1.3)."""
    asked = {"If-None-Match": etag, "If-Modified-Since": modified}
    return {name: value for name, value in asked.items() if value and value.isascii() and value.isprintable()}


class Crawl:
    """One walk over a site; ``folder`` keeps the links of each page for the next one."""

    def __init__(self, web: Web, site: Site, robots: Robots, folder: Path) -> None:
        self._web, self._site, self._robots = web, site, robots
        self._file = folder / FILE
        self._known = _remembered(self._file)
        self._new: dict[str, Known] = {}
        self._findings = Findings()
        self._held = 0

    def findings(self) -> Findings:
        """All pages within reach; ``WebError`` when the first page cannot be read or the site goes away."""
        settings = self._site.settings
        start = canonical(settings.url)
        waiting, seen = deque([(start, 0)]), {start}
        while waiting:
            address, depth = waiting.popleft()
            if len(self._findings.pages) >= settings.max_pages:
                self._findings.is_complete = False
                break
            links = self._visit(address, seen, is_first=address == start)
            if depth >= settings.depth:
                continue
            for link in links:
                if link not in seen and self._is_wanted(link):
                    seen.add(link)
                    waiting.append((link, depth + 1))
        _remember(self._file, self._new)
        return self._findings

    def _is_wanted(self, address: str) -> bool:
        suffix = _suffix(address)
        return (
            (suffix in PAGE_SUFFIXES or suffix in FORMATS) and self._site.has(address) and self._robots.allows(address)
        )

    def _visit(self, address: str, seen: set[str], *, is_first: bool) -> tuple[str, ...]:
        """Where a page leads to; it is listed on the way, also when it cannot be read just now."""
        if _suffix(address) not in PAGE_SUFFIXES:
            self._list(Found(address=address))
            return ()
        known = self._known.get(address, Known("", "", ()))
        try:
            page = self._web.get(address, headers=conditions(known.etag, known.modified))
        except WebError as error:
            if is_first or error.is_outage:
                raise
            if not (isinstance(error, Refused) and error.status in NO_LONGER):
                self._findings.is_complete = False
            self._list(Found(address=address))
            return ()
        if page.is_unchanged:
            self._new[address] = known
            if known.is_shown:
                self._list(Found(address=address, seen=(known.etag, known.modified)))
            return known.links
        return self._fetched(address, page, seen)

    def _fetched(self, address: str, page: Page, seen: set[str]) -> tuple[str, ...]:
        final = canonical(page.url)
        if final != address and final in seen:
            return ()
        seen.add(final)
        told = facts(page, self._robots.robot)
        links = () if told.robots & NOT_FOLLOWED else tuple(link for link in told.links if self._site.is_here(link))
        if page.etag or page.last_modified:
            self._new[address] = Known(page.etag, page.last_modified, links, not told.robots & NOT_SHOWN)
        if not told.robots & NOT_SHOWN:
            self._held += len(page.body)
            self._list(Found(address=address, page=page if self._held <= HELD_BYTES else None))
        return links

    def _list(self, found: Found) -> None:
        if self._site.has(found.address):
            self._findings.pages[found.address] = found


def _suffix(address: str) -> str:
    return PurePosixPath(unquote(urlsplit(address).path)).suffix.lower()


def _remembered(file: Path) -> Mapping[str, Known]:
    """What the last walk wrote; nothing when it is missing or damaged, for it only spares calls."""
    try:
        said: Any = json.loads(unpacked([file.read_bytes()], limit_bytes=REMEMBERED_BYTES))
        names = said["addresses"]
        return {
            names[at]: Known(etag, modified, tuple(names[link] for link in links), bool(is_shown))
            for at, etag, modified, links, is_shown in said["pages"]
        }
    except (OSError, ValueError, TypeError, KeyError, IndexError, TooMuch, Damaged):
        return {}


def _remember(file: Path, pages: Mapping[str, Known]) -> None:
    numbers: dict[str, int] = {}

    def number(address: str) -> int:
        return numbers.setdefault(address, len(numbers))

    rows = [
        [number(at), each.etag, each.modified, [number(link) for link in each.links], each.is_shown]
        for at, each in pages.items()
    ]
    raw = gzip.compress(json.dumps({"addresses": list(numbers), "pages": rows}).encode(), 5, mtime=0)
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_suffix(".new")
    beside.write_bytes(raw)
    beside.replace(file)
