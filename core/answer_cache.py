"""Answers that may be given again: which turns may use them, which may leave one, and when one has gone stale.

An answer is kept for (tenant, audiences, language, variant, question) and depends on the fingerprints of the chunks it cites:
one of them edited, moved to another audience or removed, and the answer is gone, whatever generation is live; all others stay.
Nothing that was said to one contact alone is ever kept.  Pure but for the ports it asks.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from core.domain import Citation, Contact
from core.errors import KnowledgeUnavailable
from core.ids import digest
from core.questions import QuestionKey, is_about_own
from core.words import fold

if TYPE_CHECKING:
    from core.ports.knowledge import Knowledge, Passage

LEAST_NAME_CHARS = 3
"""A shorter part of a name stands in every text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheSettings:
    """How answers are kept: bounds are per tenant.

    ``similarity`` (a cosine, 0-1) lets questions in other words share an answer when a model embeds them; None: only equal
    ones do.  ``wait_s`` is how long a turn waits for another that works on the same question (0: not at all).
    """

    enabled: bool = True
    ttl_s: float = 86_400.0
    entries: int = 2_000
    size_bytes: int = 16_777_216
    similarity: float | None = None
    wait_s: float = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """What is asked for, and by whom in the widest sense.

    ``audiences`` is all that the contact may be answered from; ``variant`` is the digest of the settings the turn runs under,
    experiments applied: other settings are other answers.  ``vector`` embeds the question, empty where nothing does.
    """

    tenant: str
    audiences: frozenset[str]
    variant: str
    question: QuestionKey
    vector: tuple[float, ...] = ()

    @property
    def scope(self) -> str:
        """All but the question: answers of different scopes never meet."""
        return digest(self.tenant, *sorted(self.audiences), "", self.variant, self.question.language)

    @property
    def id(self) -> str:
        """The same for equal questions of one scope."""
        return digest(self.scope, *self.question.words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An answer as it was given; ``chunks`` maps the id of every chunk it cites to its fingerprint then."""

    text: str
    citations: tuple[Citation, ...]
    chunks: Mapping[str, str]
    made_at: datetime
    model: str
    generation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """An entry that was found, the lookup it was kept for, and how alike the two questions are (1: equal)."""

    entry: Entry
    kept_for: Lookup
    similarity: float = 1.0


class AnswerCache(Protocol):
    """Keeps answers; may lose any of them at any time.  Raises nothing: a cache that is out of reach has nothing."""

    async def get(self, lookup: Lookup, *, similarity: float | None = None) -> Hit | None:
        """The answer to an equal question; with ``similarity`` and a vector, else the one to the nearest that is so alike."""

    async def put(self, lookup: Lookup, entry: Entry) -> None:
        """Keep an answer, in place of an older one to an equal question."""

    async def forget(self, hit: Hit) -> None:
        """Drop the entry of a hit, unless it was replaced meanwhile."""


async def standing(
    cache: AnswerCache, lookup: Lookup, knowledge: Knowledge, *, similarity: float | None = None
) -> Hit | None:
    """The kept answer, if all it cites still stands as it did; one that does not is forgotten.

    While the knowledge cannot be read nothing can be said to stand, and nothing is forgotten.
    """
    hit = await cache.get(lookup, similarity=similarity)
    if hit is None:
        return None
    try:
        now = await knowledge.chunks(tuple(hit.entry.chunks))
    except KnowledgeUnavailable:
        return None
    if dict(now) == dict(hit.entry.chunks):
        return hit
    await cache.forget(hit)
    return None


def cited_chunks(citations: Iterable[Citation], passages: Iterable[Passage]) -> dict[str, str]:
    """id → fingerprint of the chunks a reply cites; nothing when one of them is not of this turn's passages."""
    known = {passage.chunk.id: passage.chunk.fingerprint for passage in passages}
    cited = [citation.chunk_id for citation in citations]
    return {id: known[id] for id in cited} if known.keys() >= set(cited) else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedFacts:
    """What decides whether a turn may be answered from the cache, known before the search.

    ``is_alone``: it starts a topic and leans on nothing said before.  ``has_state``: a flow runs, or a call waits for a yes.
    ``has_personal_data``: the finder of personal data found some in the question.
    """

    text: str
    question: QuestionKey
    contact: Contact
    is_alone: bool
    is_spoken: bool = True
    has_state: bool = False
    has_files: bool = False
    has_personal_data: bool = False
    is_upset: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredFacts:
    """What decides besides whether its answer may be kept.

    ``is_answer``: the verdict was a plain answer, no clarifying question, offer of a person or handoff.  ``has_findings``: the
    guard changed or held back anything.  ``is_whole``: nothing failed, was cut or fell back on the way.
    """

    text: str
    chunks: Mapping[str, str] = field(default_factory=dict)
    is_answer: bool
    is_whole: bool = True
    has_findings: bool = False
    has_tools: bool = False
    has_personal_data: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """Whether something may be done, and the first thing that forbids it, a short constant ("" when nothing does)."""

    is_allowed: bool
    because: str = ""


def is_askable(asked: AskedFacts) -> Ruling:
    """Whether the turn may be answered from the cache: a general question of anybody's, on its own."""
    return _ruling(
        (not asked.is_spoken, "people answer"),
        (asked.has_state, "something is under way"),
        (asked.has_files, "files"),
        (not asked.is_alone, "context"),
        (not asked.question.is_usable, "no single question"),
        (asked.has_personal_data or _names_contact(asked.text, asked.contact), "personal data"),
        (is_about_own(asked.text), "own matter"),
        (asked.is_upset, "mood"),
    )


def is_cacheable(asked: AskedFacts, answered: AnsweredFacts) -> Ruling:
    """Whether the turn's answer may be given to others: it stands on the knowledge alone and names nobody."""
    may_ask = is_askable(asked)
    if not may_ask.is_allowed:
        return may_ask
    return _ruling(
        (not answered.is_answer, "no answer"),
        (not answered.is_whole, "not whole"),
        (answered.has_tools, "tools"),
        (answered.has_findings, "guard"),
        (not answered.chunks or not answered.text.strip(), "nothing cited"),
        (answered.has_personal_data or _names_contact(answered.text, asked.contact), "personal data"),
    )


def _ruling(*obstacles: tuple[bool, str]) -> Ruling:
    because = next((name for is_there, name in obstacles if is_there), "")
    return Ruling(is_allowed=not because, because=because)


def _names_contact(text: str, contact: Contact) -> bool:
    """Whether a text holds what we know of the contact; finders of personal data know no names."""
    plain = fold(text)
    known = [contact.email or "", contact.customer_account or "", *re.split(r"[\s,]+", contact.name or "")]
    return any(
        len(fact) >= LEAST_NAME_CHARS and re.search(rf"(?<!\w){re.escape(fold(fact))}(?!\w)", plain) for fact in known
    )


def nearest(lookup: Lookup, others: Sequence[Lookup], *, at_least: float) -> tuple[int, float] | None:
    """Which of the others asks the most alike, and how alike (a cosine); None when none reaches ``at_least``.

    Vectors are only asked about questions that share language, numbers, codes, negations, question words, directions and
    names: to an embedding "with" and "without" are much the same.
    """
    may_match = [n for n, other in enumerate(others) if _is_comparable(lookup, other)]
    if not may_match:
        return None
    rows = b"".join(packed(others[n].vector) for n in may_match)
    best, likeness = closest(lookup.vector, rows)
    return (may_match[best], likeness) if likeness >= at_least else None


def packed(vector: Sequence[float]) -> bytes:
    """A vector as 32-bit floats, four bytes each."""
    return array("f", vector).tobytes()


def closest(asked: Sequence[float], rows: bytes) -> tuple[int, float]:
    """Which of the packed vectors, one after the other in ``rows``, is nearest, and its cosine; at least one is given."""
    import numpy as np  # noqa: PLC0415  only who embeds questions needs it

    vectors = np.frombuffer(rows, dtype=np.float32).reshape(-1, len(asked))
    vector = np.array(asked, dtype=np.float32)
    lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(vector)
    cosines = np.divide(vectors @ vector, lengths, out=np.zeros(len(vectors), dtype=np.float32), where=lengths > 0)
    best = int(np.argmax(cosines))
    return best, round(float(cosines[best]), 4)


def _is_comparable(one: Lookup, other: Lookup) -> bool:
    has_vectors = bool(one.vector) and len(one.vector) == len(other.vector)
    return has_vectors and one.scope == other.scope and one.question.musts == other.question.musts
