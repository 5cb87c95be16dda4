"""Knowledge: documents in, passages out, in generations that are swapped whole.

A generation is (documents, chunker, embedder, dimension): built beside the live one, then made live in one step.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol, runtime_checkable

from core.ids import digest
from core.ports.channel import RawRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One item of a source, normalised to Markdown.

    ``id`` is ids.document_id(tenant, source, external_id); citations return ``external_id``.  ``hash`` covers all that a reader
    or the chunker sees.  ``audience`` is who may read it ("public" by default).  ``origin`` is the item of the source that it
    came from: many documents share one when the item is a file of lines.
    """

    id: str
    tenant: str
    source: str
    external_id: str
    title: str
    url: str | None
    body: str
    hash: str
    language: str | None
    audience: str
    category: str
    updated_at: datetime | None
    synced_at: datetime
    origin: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """About 500 tokens of one document, never across headings.

    ``heading`` is the path "A › B"; ``anchor`` the link fragment of the nearest heading; ``ordinal`` its place in the document.
    """

    id: str
    document_id: str
    external_id: str
    source: str
    ordinal: int
    title: str
    heading: str
    anchor: str | None
    url: str | None
    text: str
    language: str | None
    audience: str
    category: str

    @property
    def fingerprint(self) -> str:
        """Hash of all that a reply or its citation takes from the chunk, and of who may read it.

        Its place in the document is no part: a paragraph added above leaves what stands here as it was.
        """
        return digest(self.title, self.heading, self.anchor or "", self.url or "", self.text, self.audience)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchQuery:
    """What to look for.

    ``text`` is the contact's own question; ``earlier`` are the contact's messages before it, newest first, weaker the older
    they are; ``hints`` are words of the last reply, weaker still; ``synonyms`` stand beside words of the question that the
    operator says mean the same; ``alike`` says of which: words of the question, folded, each with single words that stand for
    it as well.  ``audiences`` bounds what may be found, inside the query.
    """

    text: str
    earlier: tuple[str, ...] = ()
    hints: str = ""
    synonyms: tuple[str, ...] = ()
    alike: tuple[tuple[str, tuple[str, ...]], ...] = ()
    audiences: tuple[str, ...] = ("public",)
    language: str | None = None
    limit: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A found chunk; ``score`` is comparable within one result.

    ``features`` say why: ``bm25`` (0 when only its meaning matched), ``cosine`` (-1 to 1; absent without vectors), ``coverage``
    and ``title`` (shares of the question's telling words, by weight), and what a ranker adds.
    """

    chunk: Chunk
    score: float
    features: Mapping[str, float] = field(default_factory=dict)


class Advice(StrEnum):
    """What an assessment advises: the passages answer, the question wants to be asked back, or they do not answer."""

    ANSWER = "answer"
    CLARIFY = "clarify"
    DECLINE = "decline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """How far the passages can be trusted to answer the question.

    ``confidence`` is the calibrated probability (0-1) that the best passages answer it; ``vague`` the probability that the
    question cannot be answered before it is asked back.  ``because`` are the weightiest reasons in plain words, ``signals``
    the numbers they came from.
    """

    confidence: float
    vague: float
    advice: Advice
    because: tuple[str, ...] = ()
    signals: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """Passages, best first; ``generation`` names the index they come from ("" when there is none).

    ``terms`` are the telling words of ``SearchQuery.text``, lower-case, with their weight in this index (rare is heavy).
    ``assessment`` is None until somebody has looked at the passages.
    """

    generation: str
    passages: tuple[Passage, ...]
    terms: Mapping[str, float] = field(default_factory=dict)
    assessment: Assessment | None = None


class KnowledgeIndex(Protocol):
    """A readable generation of one tenant; thread-safe."""

    generation: str
    chunk_count: int

    def search(self, query: SearchQuery) -> SearchResult:
        """Search, synchronously: the caller runs it in a pool, never on the event loop."""

    def chunks(self, ids: Sequence[str]) -> Mapping[str, str]:
        """id → ``Chunk.fingerprint`` of those that are in the index, synchronously too."""

    def hide(self, documents: Collection[str]) -> None:
        """Find these documents (``Chunk.document_id``) no more, from the next search on, in every process and after a restart."""

    def close(self) -> None:
        """Let go of files; safe twice."""


class IndexEngine(Protocol):
    """Builds and opens generations on disk."""

    name: str

    def build(self, folder: Path, generation: str, chunks: Iterable[Chunk], former: Path | None = None) -> int:
        """Build a complete generation in an empty folder and return the number of chunks; interrupted means unusable.

        ``former`` is the folder of another generation, whose work on chunks that did not change may be used.
        """

    def extend(
        self, folder: Path, generation: str, former: Path, *, gone: Collection[str], chunks: Iterable[Chunk]
    ) -> int | None:
        """Build the generation in the folder ``former`` once more, without some documents and with some chunks.

        ``gone`` (ids) are the documents that were removed or changed, ``chunks`` those of the ones that were added or changed.
        The folder is empty; what stands in it afterwards is as complete as after ``build`` and answers alike, whatever becomes of
        ``former``.  Returns the number of all chunks, or None when it must be built whole (``former`` cannot be used, hides
        documents that would stay, or is too small or too much changed to be worth it): then nothing was written and no chunk
        taken.
        """

    def open(self, folder: Path, generation: str) -> KnowledgeIndex:
        """Open a built generation; ``KnowledgeUnavailable`` when it is missing or damaged."""

    def published(self, folder: Path, generation: str) -> None:
        """The generation is live from now on: where others may ask for it by a name, that names it; safe twice."""

    def drop(self, folder: Path, generation: str) -> None:
        """Remove what was built of a generation, also by a build that did not end; safe when there is nothing."""


class Knowledge(Protocol):
    """What a turn asks; answers from the live generation of its tenant, off the loop."""

    async def search(self, query: SearchQuery) -> SearchResult:
        """The best passages; ``KnowledgeUnavailable`` when no generation can be read."""

    async def chunks(self, ids: Sequence[str]) -> Mapping[str, str]:
        """id → ``Chunk.fingerprint`` in the live generation; one that is gone is missing.

        It gives away no words, and a chunk that changed its audience has another fingerprint: what was remembered with one
        may be used as long as it stays the same.  ``KnowledgeUnavailable`` as in ``search``.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """One built index; ``state`` is building, live, retired, failed, refused or withdrawn.

    Retired ones were live and may be again; a refused one did not pass the gate; a withdrawn one was live until somebody went
    back to an earlier one.  ``signature`` tells what it was made of: engine, chunker and the fingerprint of the documents.
    """

    id: str
    tenant: str
    state: str
    signature: str
    documents: int
    chunks: int
    created_at: datetime
    live_at: datetime | None

    @property
    def is_former(self) -> bool:
        """Whether it was live and may be again."""
        return self.state in ("retired", "withdrawn")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceProblem:
    """One document that could not be used, in plain words, with the place; or, not ``is_skipped``, one with a doubt.

    ``origin`` is the item of the source that it came from; a sync fills it in.
    """

    external_id: str
    problem: str
    is_skipped: bool = True
    origin: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRun:
    """One sync of one source; ``outcome`` is running, ok, partial (documents skipped), refused or failed.

    Refused: so many documents are gone that they stay until somebody agrees; ``held`` is how many.  ``fresh_at`` is when the
    source was last read to its end, in this run or an earlier one: its documents are that fresh.  ``skipped`` counts documents;
    ``problems`` holds the first few hundred.  ``stale`` is how many documents are of an earlier day because their item could not
    be read since.  ``cursor`` is what the next listing begins from, and ``basis`` what documents were read with (settings and
    reader): with another one neither cursor nor versions count.
    """

    tenant: str
    source: str
    kind: str
    started_at: datetime
    finished_at: datetime | None
    outcome: str
    seen: int = 0
    added: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0
    skipped: int = 0
    problems: tuple[SourceProblem, ...] = ()
    error: str | None = None
    fresh_at: datetime | None = None
    held: int = 0
    stale: int = 0
    cursor: str = ""
    basis: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What one item of a source held: documents, and the parts of it that cannot be used.

    ``version`` is what to remember of the item ("" nothing: it is loaded again next time).  ``is_unchanged``: the item is as it
    was when the known version was remembered, and nothing was read.  ``is_withheld``: it may not be read by those who could read
    it, or nobody can tell by whom: what is stored of it goes at once, however much that is, and without a doubt about it.
    """

    documents: tuple[Document, ...]
    problems: tuple[SourceProblem, ...] = ()
    version: str = ""
    is_unchanged: bool = False
    is_withheld: bool = False


class SourceDocument(Protocol):
    """One listed item of a source; ``load`` may be slow and may raise ``DocumentRejected``."""

    @property
    def external_id(self) -> str:
        """The source's own name for the item."""

    @property
    def version(self) -> str:
        """What the listing tells of its state (a revision, a date of change); equal means unchanged, "" that it does not tell."""

    def load(self, known: str = "") -> Loaded:
        """Read and normalise it; a file of JSON lines yields many documents.

        ``known`` is the version remembered of it ("" when there is none): a source that can ask "has it changed since" does.
        ``SourceUnavailable`` when the source as a whole went away meanwhile.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What there is now.

    ``is_complete``: what is not listed is gone; else only ``gone`` (external ids of items) is, and the rest stays as it was.
    ``cursor`` is asked once the items were all taken: what the next listing begins from ("" from the beginning).
    """

    items: Iterable[SourceDocument]
    is_complete: bool = True
    gone: Iterable[str] = ()
    cursor: Callable[[], str] = lambda: ""


class Source(Protocol):
    """One configured knowledge source; synchronous, used by one sync at a time, its items loaded in several threads.

    ``parallel`` is how many of its items may be loaded at once.
    """

    id: str
    kind: str
    tenant: str
    parallel: int

    def listing(self, cursor: str = "") -> Listing:
        """List what there is now, or what changed since ``cursor``; ``SourceUnavailable`` when it cannot be listed at all.

        A cursor that the source no longer understands gives a complete listing.
        """

    def close(self) -> None:
        """Let go of connections; safe twice and before use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceNews:
    """What a vendor's call tells of a source's items, by external id; ``answer`` is the body it wants back.

    ``gone`` must not be answered from any more; ``changed`` are read again soon; neither: nothing to do.
    """

    changed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    answer: bytes = b""


@runtime_checkable
class SupportsHearing(Protocol):
    """A source whose vendor calls when an item changes (``POST /webhooks/kb/{tenant}/{source}``)."""

    def hear(self, request: RawRequest) -> SourceNews:
        """What a call says; no I/O.  ``InboundRejected`` when the vendor did not sign it or nobody can read it."""

    def item(self, external_id: str) -> SourceDocument:
        """One item, to be loaded outside a listing."""
