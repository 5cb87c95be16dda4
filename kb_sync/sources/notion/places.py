"""Which pages are ours: those of the configured databases and data sources, and those below the configured pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from core.errors import DocumentRejected
from kb_sync.kit.http import Malformed, Refused
from kb_sync.sources.notion.api import NotionApi, Seen
from kb_sync.sources.notion.blocks import UNSHARED, Tree
from kb_sync.sources.notion.payloads import Page, Parent
from kb_sync.sources.notion.settings import NotionSettings

DEEPEST_TREE: Final = 100
MOST_OF_TREE: Final = 500_000
"""Blocks of one page that are looked through for pages: far more than a document may have, for what is not found is gone."""

HIGHEST: Final = 100
"""Steps up that are looked at; nobody nests pages deeper."""


class Places:
    """Finds pages from the top, and looks upwards from a page."""

    def __init__(self, api: NotionApi, settings: NotionSettings) -> None:
        self._api = api
        self._settings = settings

    def data_sources(self) -> tuple[str, ...]:
        """Those that are named, and those of the databases that are."""
        found = [*self._settings.data_sources]
        for database in self._settings.databases:
            found += self._api.data_sources(database)
        return tuple(dict.fromkeys(found))

    def trees(self) -> Iterator[Seen]:
        """The named pages with all pages below them.

        A named page that cannot be seen raises ``WebError``, for what is below it is not gone; one below that went meanwhile is
        passed over.
        """
        waiting, known = list(self._settings.pages), set(self._settings.pages)
        while waiting:
            id = waiting.pop(0)
            try:
                seen = self._api.page(id)
                if seen.page.in_trash or seen.page.archived:
                    continue
                tree = Tree(self._api, deepest=DEEPEST_TREE, most=MOST_OF_TREE)
                tree.nodes(id)
            except DocumentRejected as error:
                raise Malformed(f"the pages below {id} cannot be found: {error.safe_message}") from None
            except Refused as error:
                if error.status not in UNSHARED or id in self._settings.pages:
                    raise
                continue
            yield seen
            waiting += [each for each in tree.subpages if each not in known]
            known.update(tree.subpages)

    def holds(self, page: Page) -> bool:
        """Whether a page that was not listed is one of ours; ``WebError`` unless what lies above it is just not shared."""
        if page.id in self._settings.pages:
            return True
        parent = page.parent
        if parent.data_source_id or parent.database_id:
            is_named = parent.data_source_id in self._settings.data_sources
            return is_named or parent.database_id in self._settings.databases
        for _ in range(HIGHEST):
            if parent.page_id in self._settings.pages:
                return True
            above = self._above(parent)
            if above is None:
                return False
            parent = above
        return False

    def _above(self, parent: Parent) -> Parent | None:
        """What a page or block lies in itself; None at the top."""
        try:
            if parent.page_id:
                return self._api.page(parent.page_id).page.parent
            return self._api.block(parent.block_id).parent if parent.block_id else None
        except Refused as error:
            if error.status in UNSHARED:
                return None
            raise
