"""The pages of a list, one after the other, until there is no next one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx

from core.errors import SourceUnavailable
from kb_sync.kit.http import Page
from kb_sync.sources.generic_http.projection import kind_of, look_up
from kb_sync.sources.generic_http.settings import GenericHttpSettings

MOST_PAGES = 100_000
_LINK = re.compile(r'<([^<>]*)>((?:\s*;\s*[\w*-]+\s*=\s*(?:"[^"]*"|[^\s",;]*))*)')
_NEXT = re.compile(r';\s*rel\s*=\s*(?:"(?:[^"]*\s)?next(?:\s[^"]*)?"|next(?![^\s;]))', re.IGNORECASE)


class Pages:
    """Lists of items; ``SourceUnavailable`` when one cannot be read: what it would have listed is not gone.

    ``ask`` gets the address of a page.  Counted pages (by number or offset) end when their count is reached, with the first
    empty one, or when the reader stops: some services answer the last page again and again.
    """

    def __init__(
        self, settings: GenericHttpSettings, ask: Callable[[str], tuple[Page, Any]], params: Mapping[str, str]
    ) -> None:
        self._settings = settings
        self._ask = ask
        self._base = httpx.URL(settings.url).copy_merge_params({**settings.params, **params})
        self.are_counted = bool(settings.paging.page_param or settings.paging.offset_param)

    def __iter__(self) -> Iterator[list[Any]]:
        address: str | None = self._counted(0, 0) if self.are_counted else str(self._base)
        seen: set[str] = set()
        count = 0
        while address is not None:
            if address in seen:
                raise SourceUnavailable("the pages of the list lead round in a circle; mend `paging`")
            if len(seen) == MOST_PAGES:
                raise SourceUnavailable(f"the list has {MOST_PAGES:,} pages and more; mend `paging`")
            seen.add(address)
            page, whole = self._ask(address)
            items = self._items(whole, len(seen))
            yield items
            count += len(items)
            address = self._following(page, whole)
            if self.are_counted and items and len(seen) < self._page_count(page, whole):
                address = self._counted(len(seen), count)

    def _items(self, whole: Any, number: int) -> list[Any]:
        items = look_up(self._settings.items, whole)
        if not isinstance(items, list):
            raise SourceUnavailable(
                f"page {number} of the list has {kind_of(items)} at `items` ({self._settings.items}) and not a list"
            )
        return items

    def _page_count(self, page: Page, whole: Any) -> int:
        """How many pages there are; as many as are allowed when it is not told."""
        paging = self._settings.paging
        told: Any = None
        if paging.page_count:
            told = look_up(paging.page_count, whole)
        elif paging.page_count_header:
            told = page.headers.get(paging.page_count_header)
        else:
            return MOST_PAGES
        try:
            return int(told)
        except (TypeError, ValueError):
            raise SourceUnavailable("a page of the list does not tell the number of pages; mend `paging`") from None

    def _counted(self, pages: int, items: int) -> str:
        paging = self._settings.paging
        if paging.page_param:
            return str(self._base.copy_set_param(paging.page_param, str(paging.first_page + pages)))
        return str(self._base.copy_set_param(paging.offset_param or "", str(items)))

    def _following(self, page: Page, whole: Any) -> str | None:
        paging = self._settings.paging
        if paging.cursor:
            cursor = look_up(paging.cursor, whole)
            if cursor in (None, "", False):
                return None
            return str(self._base.copy_set_param(paging.cursor_param, str(cursor)))
        if paging.link_header:
            link = next((to for to, rest in _LINK.findall(page.headers.get("link", "")) if _NEXT.search(rest)), None)
        elif paging.next:
            link = look_up(paging.next, whole)
        else:
            return None
        return self._address(page.url, link) if link not in (None, "", False) else None

    def _address(self, base: str, link: Any) -> str:
        """The address of a link; the calls carry credentials, so it stays with the service."""
        try:
            address = httpx.URL(base).join(str(link))
        except (httpx.InvalidURL, ValueError):
            address = httpx.URL("")
        if _origin(address) != _origin(self._base):
            raise SourceUnavailable(
                "the address of the next page is not of the scheme, host and port of `url`; it is not followed, for the "
                "calls carry your headers"
            )
        return str(address)


def _origin(url: httpx.URL) -> tuple[str, str, int]:
    return url.scheme, url.host, url.port or (443 if url.scheme == "https" else 80)
