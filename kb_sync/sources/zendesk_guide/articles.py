"""One article as documents: its text in each language, who may read it, and what keeps it out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from html import escape

from core.errors import DocumentRejected, SourceUnavailable
from core.ports.knowledge import Document, Loaded, SourceProblem
from kb_sync import SourceContext
from kb_sync.documents import DocumentMaker, Doubt
from kb_sync.formats.lazily import html
from kb_sync.kit import problems
from kb_sync.kit.http import Refused
from kb_sync.sources.zendesk_guide.api import GuideApi
from kb_sync.sources.zendesk_guide.places import Places
from kb_sync.sources.zendesk_guide.settings import ZendeskGuideSettings
from kb_sync.sources.zendesk_guide.wire import Article, Listed, Translation
from kb_sync.text import one_line


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """An article in one language."""

    locale: str
    title: str
    body: str
    url: str | None
    updated: str | None


def is_wanted(settings: ZendeskGuideSettings, entry: Listed) -> bool:
    """Whether its labels let it in."""
    has = set(entry.label_names)
    return (not settings.labels or bool(has & set(settings.labels))) and not has & set(settings.without_labels)


def audience_of(settings: ZendeskGuideSettings, entry: Listed) -> str | None:
    """Who may read it; None when its user segments are all unknown to the settings, so that nobody may.

    It is for everyone who is in any of its segments, so the audience of one of them is always right, if narrower.
    """
    if not entry.segments:
        return settings.audience
    return next((settings.audiences[each] for each in entry.segments if each in settings.audiences), None)


class ArticleReader:
    """Reads articles; thread-safe."""

    def __init__(self, api: GuideApi, places: Places, context: SourceContext, settings: ZendeskGuideSettings) -> None:
        self._api = api
        self._places = places
        self._settings = settings
        self._maker = DocumentMaker(context, settings)

    def load(self, number: str, *, version: str) -> Loaded:
        """All documents of an article: none when it is a draft, left out by its label, or closed to everybody we know.

        What may not be read is no document and never a skipped one: what was published of it before must go.
        """
        with problems.one_item():
            article = self._article(number)
            if not is_wanted(self._settings, article):
                return Loaded(documents=(), version=version)
            audience = audience_of(self._settings, article)
            if audience is None:
                return Loaded(documents=(), problems=(closed(number, article),), is_withheld=True)
            category = self._places.category(article.section_id)
            texts = tuple(self._texts(number, article))
        shared = {"audience": audience, **({"category": category} if category else {})}
        return self._made(number, texts, shared, version)

    def _article(self, number: str) -> Article:
        try:
            return self._api.article(number)
        except Refused as error:
            if error.status == 401:
                raise SourceUnavailable(problems.said(error)) from error
            raise

    def _texts(self, number: str, article: Article) -> Iterator[Text]:
        """Its texts in the languages to read; the article itself brings the one it was written in."""
        wanted = self._places.locales()
        own = article.locale.lower()
        if own in wanted and not (article.draft or article.outdated):
            yield _text(article, updated=article.edited_at)
        if set(wanted) - {own}:
            for each in self._api.translations(number):
                locale = each.locale.lower()
                if locale != own and locale in wanted and not (each.draft or each.outdated or each.hidden):
                    yield _text(each, updated=each.updated_at)

    def _made(self, number: str, texts: Iterable[Text], shared: Mapping[str, str], version: str) -> Loaded:
        documents: list[Document] = []
        found: list[SourceProblem] = []
        for text in texts:
            name = f"{number}/{text.locale}"
            doubts: list[str] = []
            try:
                documents.append(self._document(number, text, shared, doubts.append))
            except DocumentRejected as error:
                found.append(SourceProblem(external_id=name, problem=error.safe_message))
            found += [SourceProblem(external_id=name, problem=each, is_skipped=False) for each in doubts]
        return Loaded(documents=tuple(documents), problems=tuple(found), version=version)

    def _document(self, number: str, text: Text, shared: Mapping[str, str], doubt: Doubt) -> Document:
        """The title goes in front as the heading it is on the page, so that headings of the text itself stay where they are."""
        page = f"<main><h1>{escape(text.title)}</h1>{text.body}</main>"
        parsed = html(page.encode("utf-8", "replace"))
        given = {"url": text.url, "updated": text.updated}
        meta = {**shared, "language": text.locale, **{key: value for key, value in given.items() if value}}
        return self._maker.of_item(
            replace(parsed, title=one_line(text.title), meta=meta),
            name=f"{number}/{text.locale}",
            origin=number,
            doubt=doubt,
        )


def _text(given: Article | Translation, *, updated: str | None) -> Text:
    return Text(
        locale=given.locale.lower(), title=given.title or "", body=given.body or "", url=given.html_url, updated=updated
    )


def closed(number: str, article: Listed) -> SourceProblem:
    """The problem of an article that nobody we know may read; what was published of it goes."""
    segments = ", ".join(str(each) for each in article.segments)
    problem = f"it is only for the user segment {segments}, which has no audience; name it in `audiences` to use it"
    return SourceProblem(external_id=number, problem=problem, is_skipped=False)
