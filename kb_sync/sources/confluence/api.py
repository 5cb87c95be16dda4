"""Confluence Cloud's REST API: v2, and v1 for restrictions (Confluence Cloud REST docs, checked 2026-11)."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any, Final, TypeVar
from urllib.parse import parse_qs, quote, urlsplit

import msgspec

from core.errors import SourceUnavailable
from kb_sync.kit import problems
from kb_sync.kit.http import Malformed, Web
from kb_sync.sources.confluence.payloads import Above, Label, Listed, Page, Restriction, Space
from kb_sync.sources.confluence.settings import ConfluenceSettings

V2: Final = "/wiki/api/v2"
V1: Final = "/wiki/rest/api"
PAGE_SIZE: Final = 250
"""The most that a listing gives at once."""

CALL_BYTES: Final = 20_000_000
PLACES: Final[Mapping[str, str]] = {
    "page": "pages", "folder": "folders", "whiteboard": "whiteboards", "database": "databases", "embed": "embeds",
}  # fmt: skip
"""Where the things that a page can lie below are asked for, by ``parentType``."""

T = TypeVar("T")


class ConfluenceApi:
    """One site; thread-safe.  What is asked for one page raises ``DocumentRejected``, else ``SourceUnavailable``."""

    def __init__(self, settings: ConfluenceSettings, *, sleep: Callable[[float], None]) -> None:
        self._url = settings.api_url
        headers = {"Authorization": _authorization(settings), "Accept": "application/json"}
        self._web = Web(headers=headers, allow=(settings.api_url,), limit_bytes=CALL_BYTES, sleep=sleep)

    def space(self, key: str) -> Space:
        """A space by its key; one that cannot be seen is an error, for its pages are not gone."""
        found = list(self._listed(f"{V2}/spaces", {"keys": key}, Space, problems.listing))
        space = next((each for each in found if each.key.lower() == key.lower()), None)
        if space is None:
            raise SourceUnavailable(f"there is no space {key}, or the account of the token may not see it")
        return space

    def pages(self, space: str, *, sort: str, limit: int = PAGE_SIZE) -> Iterator[Page]:
        """The current pages of a space without their bodies, in an order; ``limit`` are asked for at once."""
        asked = {"space-id": space, "status": "current", "sort": sort, "limit": str(limit)}
        return self._listed(f"{V2}/pages", asked, Page, problems.listing)

    def page(self, id: str) -> Page:
        """One page with its body in storage format."""
        return self._one(f"{V2}/pages/{quote(id, safe='')}", Page, {"body-format": "storage"})

    def labels(self, id: str) -> frozenset[str]:
        """The names of a page's labels."""
        path = f"{V2}/pages/{quote(id, safe='')}/labels"
        found = self._listed(path, {"limit": str(PAGE_SIZE)}, Label, problems.one_item)
        return frozenset(label.name for label in found)

    def is_restricted(self, id: str) -> bool:
        """Whether a page (or a folder) itself names people or groups who alone may view it."""
        found = self._one(f"{V1}/content/{quote(id, safe='')}/restriction/byOperation/read", Restriction).restrictions
        return bool(found.user.results or found.group.results)

    def above(self, id: str, kind: str) -> Above:
        """Where a page, or a folder or the like, lies itself."""
        return self._one(f"{V2}/{PLACES.get(kind, 'pages')}/{quote(id, safe='')}", Above)

    def close(self) -> None:
        """Let go of connections."""
        self._web.close()

    def _one(self, path: str, kind: type[T], params: Mapping[str, str] | None = None) -> T:
        with problems.one_item():
            return _read(self._web.get(self._url + path, params=params).json(), kind, path)

    def _listed(
        self, path: str, params: Mapping[str, str], kind: type[T], guard: Callable[[], AbstractContextManager[None]]
    ) -> Iterator[T]:
        """All pages of a listing.  Of the address of the next one only the cursor is used: it may begin elsewhere."""
        asked, seen = dict(params), set[str]()
        while True:
            with guard():
                answer = _read(self._web.get(self._url + path, params=asked).json(), Listed, path)
                found = [_read(each, kind, path) for each in answer.results]
                cursor = _cursor(answer.links.next)
                if cursor in seen or (answer.links.next and not cursor):
                    raise Malformed(f"{path} pages in a circle")
            yield from found
            if not cursor:
                return
            seen.add(cursor)
            asked["cursor"] = cursor


def moment(page: Page) -> datetime:
    """When the newest version of a page was made; ``SourceUnavailable`` when it cannot be read."""
    try:
        found = datetime.fromisoformat(page.version.created_at)
    except ValueError:
        raise SourceUnavailable(f"the page {page.id} has no time of change that can be read") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _authorization(settings: ConfluenceSettings) -> str:
    token = settings.token.get_secret_value()
    if settings.email is None:
        return f"Bearer {token}"
    return "Basic " + base64.b64encode(f"{settings.email}:{token}".encode()).decode()


def _cursor(following: str) -> str:
    try:
        return next(iter(parse_qs(urlsplit(following).query).get("cursor", ())), "")
    except ValueError:
        return ""


def _read(given: Any, kind: type[T], path: str) -> T:
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        raise Malformed(f"{path} answers in another shape than Confluence's: {error}") from None
