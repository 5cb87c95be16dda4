"""What the index finds for every question of a suite: the material that rankers and calibrations are fitted on and measured with.

The documents are parsed, cut and indexed as a sync would do it, the queries come from the engine's own rewrite step.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from core import ids
from core.ports.knowledge import Chunk, Document, IndexEngine, KnowledgeIndex, SearchQuery, SearchResult
from core.settings import EngineSettings
from core.steps.recall import Memory
from core.steps.rewrite import rewrite
from evals.suite import Question, Suite
from kb_sync.chunking import chunk
from kb_sync.formats import Parsed
from kb_sync.formats.jsonl import json_lines
from kb_sync.job import ChunkSettings

TENANT = "evals"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """A question, what was asked of the index, and what it found (not yet ranked again, not assessed)."""

    question: Question
    query: SearchQuery
    result: SearchResult

    @property
    def ranked(self) -> tuple[str, ...]:
        """External ids of the found documents, best first, each once."""
        return tuple(dict.fromkeys(p.chunk.external_id for p in self.result.passages))


def documents(suite: Suite) -> Iterator[Document]:
    """The suite's documents as the folder source would store them."""
    synced = datetime(2026, 1, 1, tzinfo=UTC)
    for parsed in json_lines(suite.documents.read_bytes()):
        if not isinstance(parsed, Parsed):
            continue
        name = parsed.id or ""
        yield Document(
            id=ids.document_id(TENANT, suite.name, name),
            tenant=TENANT,
            source=suite.name,
            external_id=name,
            title=parsed.title,
            url=parsed.meta.get("url"),
            body=parsed.body,
            hash="",
            language=None,
            audience="public",
            category="",
            updated_at=None,
            synced_at=synced,
        )


def chunks(suite: Suite, settings: ChunkSettings | None = None) -> list[Chunk]:
    """The suite's chunks."""
    cut = settings or ChunkSettings()
    return [piece for doc in documents(suite) for piece in chunk(doc, tokens=cut.tokens, overlap=cut.overlap)]


@contextmanager
def indexed(suite: Suite, engine: IndexEngine) -> Iterator[KnowledgeIndex]:
    """An index of the suite's documents, in a folder that is gone afterwards."""
    with built(engine, chunks(suite)) as index:
        yield index


@contextmanager
def built(engine: IndexEngine, pieces: Sequence[Chunk]) -> Iterator[KnowledgeIndex]:
    """An index of these chunks, in a folder that is gone afterwards."""
    with TemporaryDirectory(prefix="frontdesk-suite-") as folder:
        place = Path(folder, "g1")
        place.mkdir()
        engine.build(place, "g1", pieces)
        index = engine.open(place, "g1")
        try:
            yield index
        finally:
            index.close()


def query_of(question: Question, settings: EngineSettings) -> SearchQuery:
    """The query that the engine would ask without a model."""
    contact = tuple(text for role, text in reversed(question.history) if role == "contact")
    last_reply = next((text for role, text in reversed(question.history) if role == "bot"), "")
    memory = Memory(contact=contact, last_reply=last_reply)
    return rewrite(question.text, memory, settings, language="en", is_verified=False)


def searched(index: KnowledgeIndex, questions: Sequence[Question], *, limit: int = 30) -> list[Candidates]:
    """What the index finds for each question."""
    settings = EngineSettings()
    queries = [replace(query_of(question, settings), limit=limit) for question in questions]
    return [
        Candidates(question=q, query=query, result=index.search(query))
        for q, query in zip(questions, queries, strict=True)
    ]
