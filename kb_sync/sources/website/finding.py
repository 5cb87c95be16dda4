"""Which pages there are, by the sitemaps of a site."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from core.errors import SourceUnavailable
from kb_sync.kit.http import Page, Refused, Web
from kb_sync.sources.website.addresses import Site, canonical
from kb_sync.sources.website.robots import Robots
from kb_sync.sources.website.sitemap import LARGEST_BYTES, Listed, NotASitemap, Sitemap, read_sitemap

MOST_SITEMAPS: Final = 1_000
MISSING = (404, 410)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A page of the site: ``page`` when it was fetched already, ``seen`` its ETag and date if it is known by them."""

    address: str
    lastmod: str = ""
    page: Page | None = None
    seen: tuple[str, str] = ("", "")


@dataclass(slots=True)
class Findings:
    """Pages by address, in order; ``is_complete``: there are no others."""

    pages: dict[str, Found] = field(default_factory=dict)
    is_complete: bool = True


def by_sitemaps(web: Web, site: Site, robots: Robots) -> Findings | None:
    """The pages that the sitemaps list, None when the site has none; ``WebError`` and ``SourceUnavailable``."""
    return _Reading(web, site, robots).findings()


class _Reading:
    """One reading of all sitemaps."""

    def __init__(self, web: Web, site: Site, robots: Robots) -> None:
        self._web, self._site, self._robots = web, site, robots
        self._listed: list[Listed] = []
        self._is_complete = True
        self._read = 0

    def findings(self) -> Findings | None:
        settings = self._site.settings
        waiting = deque((place, False) for place in settings.sitemaps or self._robots.sitemaps or (self._usual(),))
        seen: set[str] = set()
        while waiting:
            place, is_inner = waiting.popleft()
            if place in seen:
                continue
            seen.add(place)
            found = self._sitemap(place, is_inner=is_inner)
            waiting.extend((inner, True) for inner in found.sitemaps)
            if len(seen) + len(waiting) > MOST_SITEMAPS:
                raise SourceUnavailable(f"the site has more than {MOST_SITEMAPS:,} sitemaps; name some in `sitemaps`")
        return self._chosen() if self._read else None

    def _usual(self) -> str:
        return f"{self._site.settings.origin}/sitemap.xml"

    def _sitemap(self, place: str, *, is_inner: bool) -> Sitemap:
        """One of them; nothing when it is missing, or a page that a site shows for anything."""
        is_guessed = not self._site.settings.sitemaps and place == self._usual() and not self._robots.sitemaps
        try:
            page = self._web.get(place, limit_bytes=LARGEST_BYTES)
            found = read_sitemap(page.body)
        except Refused as error:
            if error.status not in MISSING or place in self._site.settings.sitemaps:
                raise
            self._is_complete = self._is_complete and is_guessed
            return Sitemap()
        except NotASitemap as error:
            if is_guessed and error.is_page:
                return Sitemap()
            raise SourceUnavailable(f"the sitemap {place.partition('?')[0]} {error}") from error
        if is_inner and found.sitemaps:
            raise SourceUnavailable(f"the sitemap {place.partition('?')[0]} is an index within an index")
        self._read += 1
        self._listed += found.pages
        return found

    def _chosen(self) -> Findings:
        """Those of the site, each once."""
        findings, settings = Findings(is_complete=self._is_complete), self._site.settings
        elsewhere = ""
        for each in self._listed:
            address = canonical(each.address)
            if address and not self._site.is_here(address):
                elsewhere = elsewhere or address
            elif address and self._site.has(address) and self._robots.allows(address):
                findings.pages.setdefault(address, Found(address=address, lastmod=each.lastmod))
        if elsewhere and not findings.pages:
            raise SourceUnavailable(f"its sitemap lists pages of another host, such as {elsewhere}; name that in `url`")
        if len(findings.pages) > settings.max_pages:
            raise SourceUnavailable(
                f"its sitemap lists {len(findings.pages):,} pages and `max_pages` is {settings.max_pages:,}; "
                "raise it, or narrow down with `include`"
            )
        return findings
