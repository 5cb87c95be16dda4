"""The calls to a help centre's API (Help Center API docs, November 2026).

What was read is never followed as an address: the next page is asked for by its cursor, always where the API is configured.
Every method raises ``WebError``: ``Malformed`` when an answer is not what Zendesk documents.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, TypeVar

import msgspec

from kb_sync.kit.http import Malformed, Page, Refused, Web
from kb_sync.sources.zendesk_guide.login import Login
from kb_sync.sources.zendesk_guide.wire import Article, Category, Listed, Locales, Meta, Section, Translation

V2: Final = "/api/v2/help_center"
PAGE_SIZE: Final = "100"
EXPORT_PAGE: Final = 1_000
"""Articles of one answer of the incremental export; fewer mean that it is the last."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Listed articles; ``at`` is Zendesk's own time.  A bare number is an article whose facts nobody can read."""

    articles: tuple[Listed | int, ...]
    at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What changed; ``end`` (Unix seconds) is where the next export begins, ``at`` Zendesk's own time."""

    articles: tuple[Listed | int, ...]
    end: int
    at: datetime | None


class GuideApi:
    """The help centre of one account; thread-safe."""

    def __init__(self, web: Web, base: str, login: Login) -> None:
        self._web = web
        self._base = base
        self._login = login

    def locales(self) -> Locales:
        """The languages that are switched on."""
        return _read(self._get(f"{V2}/locales"), Locales)

    def articles(self, locale: str) -> Iterator[Batch]:
        """All articles in a language, drafts too, page by page; they cannot be skipped nor doubled by what changes meanwhile."""
        for page, told in self._pages(f"{V2}/{locale}/articles"):
            yield Batch(articles=_listed(told), at=_date(page))

    def export(self, start: int) -> Export | None:
        """Articles that were updated since, ``None`` when Zendesk does not get on: more than a page of them in one second."""
        found: dict[int, Listed | int] = {}
        while True:
            page = self._get(f"{V2}/incremental/articles", {"start_time": str(start)})
            told = _object(page)
            articles, end = _listed(told), told.get("end_time")
            found.update({_id(article): article for article in articles})
            end = start if end is None and not articles else end
            if not isinstance(end, int) or end < 0:
                raise Malformed("Zendesk's list of changes does not say when it ends")
            if len(articles) < EXPORT_PAGE:
                return Export(articles=tuple(found.values()), end=max(start, end), at=_date(page))
            if end <= start:
                return None
            start = end

    def article(self, number: str) -> Article:
        """One article in its own language; ``Refused`` with 404 when it was deleted or archived."""
        return _converted(_object(self._get(f"{V2}/articles/{number}")).get("article"), Article)

    def translations(self, number: str) -> tuple[Translation, ...]:
        """An article's texts in all its languages."""
        found: list[Translation] = []
        for _, told in self._pages(f"{V2}/articles/{number}/translations"):
            found += _converted(told.get("translations"), list[Translation])
        return tuple(found)

    def sections(self, locale: str) -> dict[int, Section]:
        """The sections, by id."""
        return {each.id: each for each in self._all(f"{V2}/{locale}/sections", "sections", Section)}

    def categories(self, locale: str) -> dict[int, Category]:
        """The categories, by id."""
        return {each.id: each for each in self._all(f"{V2}/{locale}/categories", "categories", Category)}

    def _all(self, path: str, name: str, shape: type[T]) -> list[T]:
        return [_converted(each, shape) for _, told in self._pages(path) for each in _list(told, name)]

    def _pages(self, path: str) -> Iterator[tuple[Page, dict[str, Any]]]:
        cursor, asked = "", {"page[size]": PAGE_SIZE}
        while True:
            page = self._get(path, {**asked, **({"page[after]": cursor} if cursor else {})})
            told = _object(page)
            yield page, told
            meta = _converted(told.get("meta") or {}, Meta)
            if not meta.has_more:
                return
            if not meta.after_cursor or meta.after_cursor == cursor:
                raise Malformed("Zendesk's list goes on, but does not say where")
            cursor = meta.after_cursor

    def _get(self, path: str, params: Mapping[str, str] | None = None) -> Page:
        header = self._login.header()
        try:
            return self._asked(path, params, header)
        except Refused as error:
            if error.status != 401 or not self._login.can_renew:
                raise
        return self._asked(path, params, self._login.header(instead_of=header))

    def _asked(self, path: str, params: Mapping[str, str] | None, header: str) -> Page:
        return self._web.get(
            self._base + path, headers={"Authorization": header, "Accept": "application/json"}, params=params
        )


def _object(page: Page) -> dict[str, Any]:
    told = page.json()
    if not isinstance(told, dict):
        raise Malformed("Zendesk's answer is not what its documentation says")
    return told


def _read(page: Page, shape: type[T]) -> T:
    return _converted(_object(page), shape)


def _converted(given: Any, shape: type[T]) -> T:
    try:
        return msgspec.convert(given, shape)
    except msgspec.ValidationError:
        raise Malformed("Zendesk's answer is not what its documentation says") from None


def _list(told: dict[str, Any], name: str) -> list[Any]:
    found = told.get(name)
    if not isinstance(found, list):
        raise Malformed(f"Zendesk's answer holds no {name}")
    return found


def _listed(told: dict[str, Any]) -> tuple[Listed | int, ...]:
    return tuple(_one(each) for each in _list(told, "articles"))


def _one(given: Any) -> Listed | int:
    """An article as it is listed; one with an odd field is known by its number at least."""
    try:
        return msgspec.convert(given, Listed)
    except msgspec.ValidationError:
        number = given.get("id") if isinstance(given, dict) else None
    if not isinstance(number, int):
        raise Malformed("Zendesk's list holds an article without an id")
    return number


def _id(article: Listed | int) -> int:
    return article if isinstance(article, int) else article.id


def _date(page: Page) -> datetime | None:
    """Zendesk's clock."""
    try:
        at = parsedate_to_datetime(page.headers.get("Date", ""))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
