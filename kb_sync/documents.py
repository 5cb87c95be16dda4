"""From what an item says to a document: what it leaves out comes from the settings of its source."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Protocol
from urllib.parse import quote, urljoin, urlsplit

from core import ids
from core.errors import DocumentRejected
from core.ports.knowledge import Document
from kb_sync import SourceContext
from kb_sync.formats import Parsed
from kb_sync.text import one_line

LONGEST_ID = 500
LONGEST_WORD = 100
LONGEST_URL = 2_000
SHOWN_WORDS = 80
PAGES = (".md", ".markdown")
"""A site shows these without their suffix."""

_LANGUAGE = re.compile(r"([A-Za-z]{2,3})([-_][A-Za-z0-9-]+)?")

Doubt = Callable[[str], None]
"""Told what an admin should know although the document is used."""


class Shelf(Protocol):
    """What a source's settings say of all its documents."""

    @property
    def audience(self) -> str:
        """Who may read them, unless an item says otherwise."""

    @property
    def category(self) -> str:
        """Their category, unless an item says otherwise."""

    @property
    def language(self) -> str | None:
        """Their language, unless an item says otherwise."""


class DocumentMaker:
    """Makes the documents of one source; ``url_prefix`` is what relative addresses are below."""

    def __init__(self, context: SourceContext, settings: Shelf, *, url_prefix: str | None = None) -> None:
        self._context = context
        self._settings = settings
        self._url_prefix = url_prefix

    def of_file(self, parsed: Parsed, *, path: str, doubt: Doubt) -> Document:
        """A file that is one document; its id is its relative path unless it gives itself one."""
        pure = PurePosixPath(path)
        page = pure.with_suffix("") if pure.suffix.lower() in PAGES else pure
        title = parsed.title or pure.stem.replace("-", " ").replace("_", " ").strip().capitalize()
        url = self._below_prefix(quote(str(page)))
        return self._document(parsed, name=parsed.id or path, origin=path, title=title, url=url, doubt=doubt)

    def of_line(self, parsed: Parsed, *, path: str, doubt: Doubt) -> Document:
        """One of the documents of a file of lines."""
        return self._document(
            parsed,
            name=parsed.id or "",
            origin=path,
            title=parsed.title or _first_words(parsed.body),
            url=None,
            doubt=doubt,
        )

    def of_item(
        self, parsed: Parsed, *, name: str, origin: str = "", title: str = "", url: str | None = None, doubt: Doubt
    ) -> Document:
        """An item that a service lists; ``parsed.meta`` may hold url, language, audience, category and updated.

        ``origin`` is the listed item, ``name`` itself unless the item holds several documents; ``title`` stands in for one that
        is missing.  ``DocumentRejected`` when it holds no text.
        """
        shown = parsed.title or title or _first_words(parsed.body)
        return self._document(parsed, name=name, origin=origin or name, title=shown, url=url, doubt=doubt)

    def _document(
        self, parsed: Parsed, *, name: str, origin: str, title: str, url: str | None, doubt: Doubt
    ) -> Document:
        if not parsed.body.strip():
            raise DocumentRejected("it holds no text")
        if len(name) > LONGEST_ID:
            raise DocumentRejected(f"its id is longer than {LONGEST_ID} characters")
        settings, meta = self._settings, parsed.meta
        url = self._url(meta["url"], doubt) or url if "url" in meta else url
        language = _language(meta["language"], doubt) if "language" in meta else settings.language
        audience = one_line(meta.get("audience", ""), limit=LONGEST_WORD) or settings.audience
        category = one_line(meta.get("category", ""), limit=LONGEST_WORD) or settings.category
        updated_at = _moment(meta["updated"], doubt) if "updated" in meta else None
        seen = (title, url or "", parsed.body, language or "", audience, category, str(updated_at or ""), origin)
        return Document(
            id=ids.document_id(self._context.tenant, self._context.id, name),
            tenant=self._context.tenant,
            source=self._context.id,
            external_id=name,
            title=title,
            url=url,
            body=parsed.body,
            hash=ids.digest(*seen),
            language=language,
            audience=audience,
            category=category,
            updated_at=updated_at,
            synced_at=self._context.clock(),
            origin=origin,
        )

    def _below_prefix(self, path: str) -> str | None:
        prefix = self._url_prefix
        return None if prefix is None else f"{prefix.rstrip('/')}/{path}"

    def _url(self, given: str, doubt: Doubt) -> str | None:
        """An address that a browser may open; a relative one is below the prefix."""
        prefix = self._url_prefix
        try:
            url = urljoin(prefix.rstrip("/") + "/", given.strip()) if prefix else given.strip()
            is_web = urlsplit(url).scheme in ("http", "https") and bool(urlsplit(url).hostname)
        except ValueError:
            is_web = False
        if is_web and len(url) <= LONGEST_URL and not re.search(r"[\s<>\"]", url):
            return url
        doubt("its `url` is not a web address (http:// or https://) and is left out")
        return None


def _first_words(body: str) -> str:
    """A stand-in for a missing title."""
    line = one_line(body.lstrip("#>*- \n").split("\n", 1)[0], limit=SHOWN_WORDS + 1)
    return line if len(line) <= SHOWN_WORDS else line[:SHOWN_WORDS].rsplit(" ", 1)[0] + "…"


def _language(given: str, doubt: Doubt) -> str | None:
    found = _LANGUAGE.fullmatch(given.strip())
    if found is None:
        doubt("its `language` is not a code like en or de-AT and is left out")
        return None
    return found.group(1).lower()


def _moment(given: str, doubt: Doubt) -> datetime | None:
    try:
        found = datetime.fromisoformat(given.strip())
    except ValueError:
        doubt("its `updated` is not a date like 2026-03-31 and is left out")
        return None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
