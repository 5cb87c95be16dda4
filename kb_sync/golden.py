"""Golden questions: what a release of the knowledge must find and answer, asked of it before anybody else asks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from core.errors import KnowledgeUnavailable
from core.ports.knowledge import KnowledgeIndex

LOOKED_AT = 5
"""The right document must be among so many: what an answer is made of."""


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """One message before a question; ``role`` is contact or bot."""

    role: str
    text: str


class GoldenQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a file of questions (docs/evals.md); further keys are for ``frontdesk eval``.

    ``relevant`` are external ids of the documents that answer it.
    """

    id: str
    question: str
    answerable: bool
    relevant: tuple[str, ...] = ()
    history: tuple[Said, ...] = ()


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """What an index makes of a question: its best documents (external ids, best first), and whether it would be answered.

    ``quote`` begins the best passage.
    """

    documents: tuple[str, ...]
    is_answered: bool
    quote: str = ""


Ask = Callable[[KnowledgeIndex, GoldenQuestion], Answered]
"""Asks an open index as a contact would be answered from it; given by the composition root, which knows how."""


def golden_questions(path: Path) -> tuple[GoldenQuestion, ...]:
    """The questions of a file; ``KnowledgeUnavailable`` names the line that is none."""
    decoder = msgspec.json.Decoder(GoldenQuestion)
    found = []
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise KnowledgeUnavailable(f"the golden questions {path} cannot be read: {error.strerror}") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            found.append(decoder.decode(line))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise KnowledgeUnavailable(f"{path}, line {number} is no golden question: {error}") from error
    return tuple(found)


def is_right(question: GoldenQuestion, answered: Answered) -> bool:
    """Whether the answer stands on a right document; one that should not be answered is right when it is not."""
    if not question.answerable:
        return not answered.is_answered
    return answered.is_answered and bool(answered.documents) and answered.documents[0] in question.relevant


def is_found(question: GoldenQuestion, answered: Answered) -> bool:
    """Whether a right document is among those that an answer is made of."""
    return not set(question.relevant).isdisjoint(answered.documents[:LOOKED_AT])
