"""Web sites under the contract: with a sitemap, and with links alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contracts.remote_contract import RemotePlace, RemoteSourceContract
from tests.kb_sync.serving import Serving
from tests.kb_sync.website_place import LinkedPlace, WebsitePlace


class TestSitemap(RemoteSourceContract):
    """By the sitemap."""

    @pytest.fixture
    def place(self, serving: Serving, tmp_path: Path) -> Iterator[RemotePlace]:
        made = WebsitePlace(serving, tmp_path)
        yield made
        made.close()


class TestLinks(RemoteSourceContract):
    """By links: the pages are fetched on the way, so the listing carries their words."""

    @pytest.fixture
    def place(self, serving: Serving, tmp_path: Path) -> Iterator[RemotePlace]:
        made = LinkedPlace(serving, tmp_path)
        yield made
        made.close()
