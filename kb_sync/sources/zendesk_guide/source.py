"""A Zendesk help centre as documents: one for each article and language."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from core.errors import DocumentRejected
from core.ids import digest
from core.ports.channel import RawRequest
from core.ports.knowledge import Listing, Loaded, SourceDocument, SourceNews, SourceProblem
from kb_sync import SourceContext
from kb_sync.kit import problems
from kb_sync.kit.http import Web
from kb_sync.sources.zendesk_guide import hearing
from kb_sync.sources.zendesk_guide.api import GuideApi
from kb_sync.sources.zendesk_guide.articles import ArticleReader, audience_of, closed, is_wanted
from kb_sync.sources.zendesk_guide.cursor import Cursor
from kb_sync.sources.zendesk_guide.login import Login
from kb_sync.sources.zendesk_guide.places import Places
from kb_sync.sources.zendesk_guide.settings import ZendeskGuideSettings
from kb_sync.sources.zendesk_guide.wire import Listed

OVERLAP_S: Final = 60
"""Changes are asked for from so much earlier: Zendesk's times are whole seconds, and its lists may lag behind them."""

SETTLED: Final = timedelta(seconds=2)
"""An article that was edited less than this before it was listed may be edited again within the same second of its clock."""

LIMIT_BYTES: Final = 50_000_000
"""A page of a hundred articles with pictures inside their text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuideItem:
    """One listed article; ``segments`` are the user segments it is for, as text, "" when nobody told yet or it is for everyone.

    ``closed`` is the problem of one that nobody we know may read: nothing is asked of it.
    """

    external_id: str
    reader: ArticleReader
    version: str = ""
    segments: str = ""
    closed: SourceProblem | None = None

    def load(self, known: str = "") -> Loaded:
        """Read it in all its languages; nothing is asked when the listing tells that it is as it was.

        What cannot be read keeps its documents, unless it may have been for more people when they were made.
        """
        if known and known == self.version:
            return Loaded(documents=(), version=known, is_unchanged=True)
        if self.closed is not None:
            return Loaded(documents=(), problems=(self.closed,), is_withheld=True)
        try:
            return self.reader.load(self.external_id, version=self.version)
        except DocumentRejected as error:
            if not self.segments or known.startswith(f"{self.segments}:"):
                raise
            problem = f"{error.safe_message}; it is not for everyone, so nothing of it is shown until it can be read"
            return Loaded(
                documents=(),
                problems=(SourceProblem(external_id=self.external_id, problem=problem, is_skipped=False),),
                is_withheld=True,
            )


class ZendeskGuideSource:
    """core.ports.knowledge.Source and SupportsHearing on a help centre.

    A listing is what changed since the cursor, and every ``sweep_h`` hours everything, for the export of changes does not tell
    what was deleted or archived (Help Center API docs, November 2026).
    """

    kind = "zendesk_guide"
    parallel = 2

    def __init__(self, context: SourceContext, settings: ZendeskGuideSettings) -> None:
        self.id = context.id
        self.tenant = context.tenant
        self._settings = settings
        self._clock = context.clock
        self._web = Web(
            allow=() if settings.api_url is None else (settings.api_url,),
            per_host_s=60 / settings.requests_per_minute,
            limit_bytes=LIMIT_BYTES,
            sleep=context.sleep,
        )
        self._api = GuideApi(self._web, settings.base, Login(self._web, settings, context.clock))
        self._places = Places(self._api, settings)
        self._reader = ArticleReader(self._api, self._places, context, settings)

    def listing(self, cursor: str = "") -> Listing:
        """Changes since ``cursor``, or everything."""
        former = Cursor.read(cursor)
        with problems.listing():
            self._places.forget()
            if former is not None and self._is_enough(former):
                changes = self._changes(former)
                if changes is not None:
                    return changes
            return self._everything()

    def hear(self, request: RawRequest) -> SourceNews:
        """What a webhook says; its words are not believed beyond which article to read again."""
        return hearing.hear(self._settings, request)

    def item(self, external_id: str) -> SourceDocument:
        """One article."""
        return GuideItem(external_id=external_id, reader=self._reader)

    def close(self) -> None:
        """Close the connections."""
        self._web.close()

    def _is_enough(self, former: Cursor) -> bool:
        """Whether changes will do: all was listed not long ago."""
        return 0 <= self._clock().timestamp() - former.swept < self._settings.sweep_h * 3_600

    def _everything(self) -> Listing:
        began_at = self._clock()
        vendor_at: datetime | None = None
        found: dict[int, _Seen] = {}
        for locale in self._places.locales():
            for batch in self._api.articles(locale):
                vendor_at = vendor_at or batch.at
                for entry in batch.articles:
                    if isinstance(entry, int):
                        found.setdefault(entry, _Seen()).states.append("")
                    elif is_wanted(self._settings, entry) and not (entry.draft or entry.outdated):
                        found.setdefault(entry.id, _Seen()).add(entry, self._state(entry, batch.at))
        since = max(0, int((vendor_at or began_at).timestamp()) - OVERLAP_S)
        cursor = Cursor(since=since, swept=int(began_at.timestamp()))
        items = tuple(self._item(number, found[number]) for number in sorted(found))
        return Listing(items=items, cursor=lambda: str(cursor))

    def _changes(self, former: Cursor) -> Listing | None:
        """What was updated since; None when only a complete listing will do."""
        export = self._api.export(former.since)
        if export is None:
            return None
        items: list[GuideItem] = []
        gone: list[str] = []
        for entry in export.articles:
            seen = _Seen()
            if isinstance(entry, int):
                items.append(self._item(entry, seen))
            elif self._is_gone(entry):
                gone.append(str(entry.id))
            else:
                seen.add(entry, self._state_of_all(entry, export.at))
                items.append(self._item(entry.id, seen))
        cursor = replace(former, since=max(0, export.end - OVERLAP_S))
        return Listing(items=tuple(items), is_complete=False, gone=tuple(gone), cursor=lambda: str(cursor))

    def _is_gone(self, entry: Listed) -> bool:
        """Whether nothing of it is to be read; where there are several languages, a draft in one says nothing of the others."""
        return not is_wanted(self._settings, entry) or (self._is_only(entry) and (entry.draft or entry.outdated))

    def _is_only(self, entry: Listed) -> bool:
        """Whether its language is the only one that is read."""
        return self._places.locales() == (entry.locale.lower(),)

    def _state_of_all(self, entry: Listed, at: datetime | None) -> str:
        """The state that the complete listing finds; the export tells it only where there is one language."""
        return self._state(entry, at) if self._is_only(entry) else ""

    def _state(self, entry: Listed, at: datetime | None) -> str:
        """The state of an article in one language, "" when it cannot be told; ``at`` is Zendesk's time when it was listed.

        ``edited_at`` moves with the text (``updated_at`` also with votes and comments: Help Center API docs, November 2026);
        the rest is what a document takes from elsewhere.
        """
        edited_at = _moment(entry.edited_at)
        if edited_at is None or (at is not None and at - edited_at < SETTLED):
            return ""
        category = self._places.category(entry.section_id)
        return digest(entry.locale, entry.edited_at or "", entry.html_url or "", category)

    def _item(self, number: int, seen: _Seen) -> GuideItem:
        entry = seen.entry
        is_closed = entry is not None and audience_of(self._settings, entry) is None
        return GuideItem(
            external_id=str(number),
            reader=self._reader,
            version=seen.version,
            segments=seen.segments,
            closed=closed(str(number), entry) if entry is not None and is_closed else None,
        )


@dataclass(slots=True)
class _Seen:
    """What the lists say of one article: an entry of it, and its state in each language."""

    entry: Listed | None = None
    states: list[str] = field(default_factory=list)

    def add(self, entry: Listed, state: str) -> None:
        self.entry = entry
        self.states.append(state)

    @property
    def segments(self) -> str:
        return "" if self.entry is None else ",".join(str(each) for each in sorted(self.entry.segments))

    @property
    def version(self) -> str:
        """Who it is for, and a digest of the rest; "" when the state is unknown in one language."""
        is_known = bool(self.states) and all(self.states)
        return f"{self.segments}:{digest(*sorted(self.states))}" if is_known else ""


def _moment(given: str | None) -> datetime | None:
    try:
        at = datetime.fromisoformat(given or "")
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
