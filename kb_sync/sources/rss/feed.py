"""A feed as entries: RSS 0.9 to 2.0 and Atom, also the careless ones; pure."""

from __future__ import annotations

from calendar import timegm
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from io import BytesIO
from typing import Any
from urllib.parse import urljoin

from core import ids
from kb_sync.documents import LONGEST_ID

FEED_ENDS = (b"</rss>", b"</feed>", b"</rdf:RDF>", b"</RDF>")
FOLLOWING = ("next", "prev-archive")
"""Links to older entries (RFC 5005)."""

END_BYTES = 2_000
"""Hosters add comments and counters behind the last tag."""


class NotAFeed(ValueError):
    """It is something else, or a feed that is cut off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry; ``content`` is of type ``content_type`` (text/html or text/plain), ``id`` the feed's own or its address."""

    id: str
    title: str
    title_type: str
    content: str
    content_type: str
    url: str
    language: str
    category: str
    updated: str

    @property
    def version(self) -> str:
        """Digest of all of it."""
        return ids.digest(
            self.title, self.content, self.content_type, self.url, self.language, self.category, self.updated
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """Entries in the feed's order; ``following`` is the address of the next page ("" none)."""

    entries: tuple[Entry, ...]
    following: str


def read_feed(raw: bytes, *, url: str, content_type: str) -> Feed:
    """The feed that was fetched from ``url``; ``NotAFeed``."""
    if b"<!ENTITY" in raw:
        raise NotAFeed("declares entities of its own, which are not taken")
    parsed = import_module("feedparser").parse(
        BytesIO(raw),  # bytes alone could be taken for an address and be fetched
        sanitize_html=False,  # it would strip the styles that tell hidden words
        response_headers={"content-location": url, "content-type": content_type},
    )
    if not parsed.get("version"):
        raise NotAFeed("is an HTML page and no feed" if b"<html" in raw[:2_000].lower() else "is no feed")
    if parsed.bozo and not any(end in raw[-END_BYTES:] for end in FEED_ENDS):
        raise NotAFeed("is a feed that ends in the middle")
    language = parsed.feed.get("language") or ""
    following = next(
        (link.get("href", "") for link in parsed.feed.get("links", ()) if link.get("rel") in FOLLOWING), ""
    )
    entries = tuple(_entry(each, language) for each in parsed.entries)
    return Feed(entries=entries, following=urljoin(url, following) if following else "")


def _entry(given: Mapping[str, Any], language: str) -> Entry:
    contents = [*given.get("content", ()), given.get("summary_detail") or {}]
    content: Mapping[str, Any] = next((each for each in contents if str(each.get("value", "")).strip()), {})
    title, url = given.get("title_detail") or {}, str(given.get("link", ""))
    text, content_type = str(content.get("value", "")), str(content.get("type", "text/plain"))
    name = str(given.get("id") or url) or f"entry-{ids.digest(str(title.get('value', '')), text)[:24]}"
    tags = [str(tag.get("term") or "") for tag in given.get("tags", ())]
    dated = next((name for name in ("updated_parsed", "published_parsed") if name in given), "")
    return Entry(
        id=name if len(name) <= LONGEST_ID else f"entry-{ids.digest(name)[:24]}",
        title=str(title.get("value", "")),
        title_type=str(title.get("type", "text/plain")),
        content=text,
        content_type="text/plain" if content_type == "text/plain" else "text/html",
        url=url,
        language=str(content.get("language") or title.get("language") or language or ""),
        category=next((tag for tag in tags if tag), ""),
        updated=_moment(given[dated] if dated else None),
    )


def _moment(parsed: Any) -> str:
    """A date in UTC, "" without one that can be read."""
    try:
        return "" if parsed is None else datetime.fromtimestamp(timegm(parsed), UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return ""
