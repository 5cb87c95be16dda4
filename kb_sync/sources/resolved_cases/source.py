"""Drafts that somebody has reviewed as documents; all others wait."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from core.errors import DocumentRejected, SourceUnavailable
from core.guard import pii
from core.guard.pii import Pii
from core.ports.knowledge import Listing, Loaded, SourceDocument
from kb_sync import SourceContext
from kb_sync.documents import PAGES, DocumentMaker
from kb_sync.files import Doubts, files, read
from kb_sync.formats import Parsed
from kb_sync.formats.markdown import markdown
from kb_sync.reviewing import REJECTED, is_reviewed, state_of
from kb_sync.sources.resolved_cases.settings import ResolvedCasesSettings

WAITS = "it waits for review: `reviewed: true` in its front matter lets the assistant answer from it"


class ResolvedCasesSource:
    """core.ports.knowledge.Source on a folder of drafts (``kb_sync.gaps.drafting``).

    Only files that say ``reviewed: true`` become documents.  Personal data is struck out once more, since people edit drafts.
    """

    kind = "resolved_cases"
    parallel = 2

    def __init__(self, context: SourceContext, settings: ResolvedCasesSettings) -> None:
        self.id = context.id
        self.tenant = context.tenant
        self._root = settings.root
        self._maker = DocumentMaker(context, settings)
        kept = frozenset(found.canonical for text in settings.keep for found in pii.find(text))
        self._may_stand: Callable[[Pii], bool] = lambda found: found.canonical in kept

    def listing(self, cursor: str = "") -> Listing:
        """Every draft there is."""
        return Listing(items=self._items())

    def close(self) -> None:
        """Nothing is held open."""

    def _items(self) -> Iterator[SourceDocument]:
        try:
            for name, path in files(self._root.resolve(), _is_page):
                yield Case(external_id=name, path=path, maker=self._maker, may_stand=self._may_stand)
        except OSError as error:
            raise SourceUnavailable(f"the folder {self._root} cannot be read: {error.strerror}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One draft; ``may_stand`` tells which personal data is the company's own."""

    external_id: str
    path: Path
    maker: DocumentMaker
    may_stand: Callable[[Pii], bool]
    version: str = ""

    def load(self, known: str = "") -> Loaded:
        """Read it; nothing but a doubt while it waits for review, nothing at all once it is rejected."""
        parsed = markdown(read(self.path))
        doubts = Doubts(self.external_id)
        if state_of(parsed.meta) == REJECTED:
            return Loaded(documents=())
        if not is_reviewed(parsed.meta):
            doubts.add(WAITS)
            return Loaded(documents=(), problems=tuple(doubts.problems))
        for note in parsed.notes:
            doubts.add(note)
        document = self.maker.of_file(self._redacted(parsed, doubts), path=self.external_id, doubt=doubts.add)
        return Loaded(documents=(document,), problems=tuple(doubts.problems))

    def _redacted(self, parsed: Parsed, doubts: Doubts) -> Parsed:
        struck = [found for text in (parsed.title, parsed.body) for found in self._personal(text)]
        if not struck:
            return parsed
        kinds = ", ".join(sorted({found.kind for found in struck}))
        doubts.add(f"{len(struck)} personal detail(s) were struck out ({kinds}); `keep` names those that may stand")
        title, body = (pii.replaced(text, self._personal(text)) for text in (parsed.title, parsed.body))
        return replace(parsed, title=title, body=body)

    def _personal(self, text: str) -> list[Pii]:
        """What must not stand; ``DocumentRejected`` for a text that is too long to be searched whole."""
        if len(text) > pii.MAX_CHARS:
            raise DocumentRejected(f"the text is longer than {pii.MAX_CHARS:,} characters; divide the article")
        return [found for found in pii.find(text) if not self.may_stand(found)]


def _is_page(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in PAGES
