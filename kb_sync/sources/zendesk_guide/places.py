"""The languages of a help centre, and the names of its sections: asked for once a listing, by whoever needs them first."""

from __future__ import annotations

import threading

from kb_sync.sources.zendesk_guide.api import GuideApi
from kb_sync.sources.zendesk_guide.settings import ZendeskGuideSettings


class Places:
    """Thread-safe; raises ``WebError`` when Zendesk cannot be asked."""

    def __init__(self, api: GuideApi, settings: ZendeskGuideSettings) -> None:
        self._api = api
        self._settings = settings
        self._lock = threading.RLock()
        self._locales: tuple[str, ...] | None = None
        self._names: dict[int, str] | None = None
        self._first = ""

    def forget(self) -> None:
        """Ask anew at the next question."""
        with self._lock:
            self._locales = self._names = None

    def locales(self) -> tuple[str, ...]:
        """The languages to read, sorted."""
        with self._lock:
            if self._locales is None:
                given = tuple(sorted(set(self._settings.locales)))
                if given:
                    self._locales, self._first = given, self._settings.locales[0]
                else:
                    told = self._api.locales()
                    self._first = told.default_locale.lower()
                    self._locales = tuple(sorted({self._first, *(each.lower() for each in told.locales)}))
            return self._locales

    def category(self, section_id: int | None) -> str:
        """The name of an article's section, or of the category above it; "" when it has none.

        It is asked for in one language only (the centre's own, or the first of ``locales``), so that one name stands for a
        section in rules and filters.
        """
        if section_id is None:
            return ""
        with self._lock:
            if self._names is None:
                self.locales()
                self._names = self._named()
            return self._names.get(section_id, "")

    def _named(self) -> dict[int, str]:
        sections = self._api.sections(self._first)
        if self._settings.category_from == "section":
            return {number: section.name for number, section in sections.items()}
        categories = self._api.categories(self._first)
        above = {number: categories.get(section.category_id or 0) for number, section in sections.items()}
        return {number: found.name for number, found in above.items() if found is not None}
