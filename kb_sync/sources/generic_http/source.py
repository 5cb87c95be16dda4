"""Articles of any service that lists them as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from core import ids
from core.errors import DocumentRejected, SourceUnavailable
from core.ports.knowledge import Listing, Loaded, SourceDocument, SourceProblem
from kb_sync import SourceContext
from kb_sync.documents import DocumentMaker
from kb_sync.files import Doubts
from kb_sync.kit.http import Page, Web
from kb_sync.kit.problems import listing, one_item
from kb_sync.sources.generic_http.paging import Pages
from kb_sync.sources.generic_http.projection import Found, audience, item_id, look_up, moment, parsed, project
from kb_sync.sources.generic_http.settings import GenericHttpSettings
from kb_sync.sources.generic_http.spool import Place, Spool, Writer

OVERLAP = timedelta(minutes=2)
"""Clocks are rounded, and lists change while they are read: what changed so shortly before is looked at again."""

MOST_ITEMS = 1_000_000


class GenericHttpSource:
    """core.ports.knowledge.Source on a JSON list; its items hold their text, or ``detail_url`` does."""

    kind = "generic_http"

    def __init__(self, context: SourceContext, settings: GenericHttpSettings) -> None:
        self.id = context.id
        self.tenant = context.tenant
        self.parallel = settings.parallel
        self.settings = settings
        self.maker = DocumentMaker(context, settings, url_prefix=settings.url_prefix)
        self._clock = context.clock
        self._spool = Spool(context.folder)
        headers = {name: value.get_secret_value() for name, value in settings.headers.items()}
        self._web = Web(
            headers={"Accept": "application/json", **headers},
            allow=(settings.url,),
            per_host_s=settings.pause_s,
            sleep=context.sleep,
        )
        shown = settings.model_dump_json(exclude={"headers", "parallel", "pause_s"})
        self._mark = ids.digest(shown)

    def listing(self, cursor: str = "") -> Listing:
        """Everything there is; with ``since`` what changed since the cursor, and everything every so often."""
        known = _Known.read(cursor, self._mark)
        since = known.since if self.settings.since and not self._is_complete_due(known) else None
        with listing(), self._spool.written() as writer:
            listed = self._listed(writer, since)
        later = _Known(
            mark=self._mark,
            since=max((at for at in (known.since, listed.newest) if at is not None), default=None),
            complete_at=known.complete_at if since else self._clock(),
        )
        return Listing(
            items=tuple(listed.items), is_complete=since is None, gone=tuple(listed.gone), cursor=later.written
        )

    def close(self) -> None:
        """Let go of the connections and of the listing."""
        self._web.close()
        self._spool.clear()

    def ask(self, address: str, *, etag: str = "") -> Page:
        """One call; a 304 when it is still what the ETag says."""
        return self._web.get(address, headers={"If-None-Match": etag} if etag else {})

    def _is_complete_due(self, known: _Known) -> bool:
        since = self.settings.since
        if since is None or known.since is None or known.complete_at is None:
            return True
        return self._clock() - known.complete_at >= timedelta(hours=since.complete_every_h)

    def _listed(self, writer: Writer, since: datetime | None) -> _Listed:
        """All pages; those that are found by counting twice, for what moved to a page already read was missed."""
        listed = _Listed()
        pages = Pages(self.settings, self._page, self._since_params(since))
        if self._read(pages, listed, writer) > 1 and pages.are_counted:
            self._read(pages, listed, writer)
        return listed

    def _read(self, pages: Pages, listed: _Listed, writer: Writer) -> int:
        """Takes what was not taken yet; the number of pages."""
        passed: set[str] = set()
        number = 0
        for number, items in enumerate(pages, start=1):
            before = len(passed)
            for place, item in enumerate(items, start=1):
                found = project(self.settings.fields, item)
                name = item_id(found) or f"page {number}, item {place}"
                passed.add(name)
                if name not in listed.seen:
                    self._take(listed, writer, found, name)
            if pages.are_counted and len(passed) == before:
                break
            if len(listed.seen) > MOST_ITEMS:
                raise SourceUnavailable(f"the list has more than {MOST_ITEMS:,} items")
        return number

    def _since_params(self, since: datetime | None) -> Mapping[str, str]:
        asked = self.settings.since
        if asked is None or since is None:
            return {}
        at = since - OVERLAP
        return {asked.param: str(int(at.timestamp())) if asked.format == "unix" else f"{at:%Y-%m-%dT%H:%M:%SZ}"}

    def _page(self, address: str) -> tuple[Page, Any]:
        page = self.ask(address)
        return page, page.json()

    def _take(self, listed: _Listed, writer: Writer, found: Found, name: str) -> None:
        listed.seen.add(name)
        if item_id(found) is None:
            listed.items.append(_Nameless(external_id=name))
            return
        changed_at = moment(found)
        if changed_at is not None and (listed.newest is None or changed_at > listed.newest):
            listed.newest = changed_at
        if found.get("deleted") not in (None, False, "", 0):
            listed.gone.append(name)
            return
        mark = ids.digest(self._mark, json.dumps(found, sort_keys=True))
        is_told = self.settings.detail_url is None or self._is_told(found, changed_at)
        listed.items.append(
            GenericItem(
                external_id=name, version=mark if is_told else "", mark=mark, place=writer.add(found), source=self
            )
        )

    def _is_told(self, found: Found, changed_at: datetime | None) -> bool:
        """Whether the list tells when the text behind ``detail_url`` changes: a change of this minute may not be the last."""
        if "version" in found:
            return True
        return changed_at is not None and self._clock() - changed_at > OVERLAP


@dataclass(slots=True)
class _Listed:
    """What a listing has found so far."""

    items: list[SourceDocument] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    newest: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """The cursor: the newest change seen, by the service's clock, and when everything was listed, by ours."""

    mark: str
    since: datetime | None = None
    complete_at: datetime | None = None

    @classmethod
    def read(cls, cursor: str, mark: str) -> _Known:
        """Of other settings, or not ours: nothing is known."""
        try:
            found = json.loads(cursor) if cursor else {}
            if found.get("mark") == mark:
                return cls(mark=mark, since=_time(found["since"]), complete_at=_time(found["complete_at"]))
        except (ValueError, TypeError, AttributeError, KeyError):
            pass
        return cls(mark=mark)

    def written(self) -> str:
        """As text; "" as long as no item told when it changed."""
        if self.since is None or self.complete_at is None:
            return ""
        times = {"since": self.since.isoformat(), "complete_at": self.complete_at.isoformat()}
        return json.dumps({"mark": self.mark, **times})


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Nameless:
    """An item without an id; ``external_id`` is its place in the list."""

    external_id: str
    version: str = ""

    def load(self, known: str = "") -> Loaded:
        """Never."""
        raise DocumentRejected("it has no id at fields.id (a text or a number)")


@dataclass(frozen=True, slots=True, kw_only=True)
class GenericItem:
    """One item; ``mark`` changes with whatever the list told of it, ``place`` is where that lies."""

    external_id: str
    version: str
    mark: str
    place: Place
    source: GenericHttpSource

    def load(self, known: str = "") -> Loaded:
        """Take it from the list, or ask for it.

        What cannot be read stays as it was; but what the list tells to be for some people only is taken away then, for it may
        have been for everybody before.
        """
        if known and known == self.version:
            return Loaded(documents=(), version=known, is_unchanged=True)
        listed = self.place.read()
        try:
            return self._loaded(listed, known)
        except DocumentRejected as error:
            if audience(self.source.settings, listed, lambda _doubt: None) == "public":
                raise
            problem = f"{error.safe_message}; it is not for everybody, so it was taken away until it can be read"
            return Loaded(
                documents=(),
                problems=(SourceProblem(external_id=self.external_id, problem=problem, is_skipped=False),),
                is_withheld=True,
            )

    def _loaded(self, found: Found, known: str) -> Loaded:
        source, settings, version = self.source, self.source.settings, self.version
        if settings.detail_url is not None:
            former, _, etag = known.partition(" ")
            with one_item():
                page = source.ask(self._address(settings.detail_url), etag=etag if former == self.mark else "")
                if page.is_unchanged:
                    return Loaded(documents=(), version=known, is_unchanged=True)
                detail = look_up(settings.detail_item, page.json())
            found = {**found, **project(settings.fields, detail)}
            version = version or (f"{self.mark} {page.etag}" if page.etag else "")
        doubts = Doubts(self.external_id)
        made = parsed(settings, found)
        for note in made.notes:
            doubts.add(note)
        document = source.maker.of_item(made, name=self.external_id, doubt=doubts.add)
        return Loaded(documents=(document,), problems=tuple(doubts.problems), version=version)

    def _address(self, template: str) -> str:
        if self.external_id in (".", ".."):
            raise DocumentRejected("its id cannot stand in an address")
        return template.replace("{id}", quote(self.external_id, safe=""))
