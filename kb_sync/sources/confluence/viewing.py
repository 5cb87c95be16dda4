"""Who may view a page: everybody who may see the space, unless the page or anything above it says otherwise.

The API tells only a page's own restriction, not the inherited ones, and neither changes the page's version.  So each page that
is listed is asked for its own, and whatever lies above it once per listing.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum, auto
from typing import Final

from core.errors import DocumentRejected
from kb_sync.kit.http import Refused
from kb_sync.sources.confluence.api import ConfluenceApi
from kb_sync.sources.confluence.payloads import Above, Page

HIGHEST: Final = 100
"""Pages are not nested deeper; a tree that is has a loop."""

HIDDEN: Final = (401, 403, 404)
"""Statuses of what our account may not see."""


class Viewers(Enum):
    """Who may view a page: all who may see the space, some of them, or nobody can tell."""

    ALL = auto()
    SOME = auto()
    UNKNOWN = auto()


class _Endless(Exception):
    """The way up comes back to where it was."""


class Viewing:
    """What one listing learns of restrictions; thread-safe, since each answer may be asked for twice."""

    def __init__(self, api: ConfluenceApi) -> None:
        self._api = api
        self._above: dict[str, Above] = {}
        self._restricted: dict[str, bool] = {}

    def know(self, page: Page) -> None:
        """A listed page: where it lies need not be asked for."""
        self._above[page.id] = Above(id=page.id, parent_id=page.parent_id, parent_type=page.parent_type)

    def viewers(self, page: Page) -> Viewers:
        """Who may view it; ``DocumentRejected`` when a call failed, which says nothing."""
        if self._is_restricted(page.id):
            return Viewers.SOME
        try:
            return Viewers.SOME if any(self._is_restricted(each) for each in self._ancestors(page)) else Viewers.ALL
        except _Endless:
            return Viewers.UNKNOWN
        except DocumentRejected as error:
            if isinstance(error.__cause__, Refused) and error.__cause__.status in HIDDEN:
                return Viewers.UNKNOWN
            raise

    def _is_restricted(self, id: str) -> bool:
        known = self._restricted.get(id)
        if known is None:
            known = self._restricted[id] = self._api.is_restricted(id)
        return known

    def _ancestors(self, page: Page) -> Iterator[str]:
        parent, kind = page.parent_id, page.parent_type
        for _ in range(HIGHEST):
            if parent is None:
                return
            yield parent
            above = self._above.get(parent)
            if above is None:
                above = self._above[parent] = self._api.above(parent, kind or "page")
            parent, kind = above.parent_id, above.parent_type
        raise _Endless
