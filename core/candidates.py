"""Knowledge gap candidates: what agents had to answer themselves, kept for review.  Never knowledge before somebody says so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

OPEN: Final = "open"
"""Nobody has looked at it yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A passage that the contact was shown and that did not do."""

    document_id: str
    external_id: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One resolved episode in which a person answered; ``id`` is a digest of conversation and episode.

    All texts are redacted (``core.guard.pii``, every kind, and the contact's name).  ``questions`` are the contact's words, the
    opening first; ``answers`` the agent's public replies in order; ``cited`` what the bot had shown.  ``reason`` is why it was
    handed over, "" when a person took it.  ``tags`` are the case's at the desk.
    """

    id: str
    tenant: str
    conv: str
    episode: int
    questions: tuple[str, ...]
    answers: tuple[str, ...]
    cited: tuple[Source, ...]
    reason: str
    language: str | None
    tags: tuple[str, ...]
    learned_at: datetime
    state: str = OPEN


class CandidateStore(Protocol):
    """Where candidates lie; synchronous, used from worker threads, safe across processes."""

    def put_candidate(self, candidate: Candidate) -> bool:
        """Insert; False when that id is known, and what is known stays."""

    def has_candidate(self, tenant: str, id: str) -> bool:
        """Whether that id is known."""

    def candidates(self, tenant: str, *, state: str = OPEN, limit: int = 200) -> tuple[Candidate, ...]:
        """Those in a state, newest first."""
