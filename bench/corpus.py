"""A large corpus and questions about it, recombined from the passages of the retrieval dev suites; the same bytes for a seed."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.ports.knowledge import Chunk
from core.words import stop_words, words
from evals.candidates import documents
from evals.suite import load

SUITES = ("golden_dev", "techqa", "wixqa", "tau_knowledge_banking", "mtrag_un")
PIECE_CHARS = 640
"""Two pieces make a chunk of about 150 words, as in the baselines."""

CHUNKS_PER_DOCUMENT = 5
_END = re.compile(r"\n\s*\n|(?<=[.!?])\s+")


@dataclass(frozen=True, slots=True)
class Corpus:
    """Pieces of real documents by document, with their titles."""

    pieces: tuple[tuple[str, ...], ...]
    titles: tuple[str, ...]

    @classmethod
    def read(cls, data: Path) -> Corpus:
        """The documents of the retrieval dev suites."""
        found = [(doc.title, _pieces(doc.body)) for name in SUITES for doc in documents(load(data / name))]
        kept = [(title, pieces) for title, pieces in found if pieces]
        return cls(tuple(pieces for _, pieces in kept), tuple(title for title, _ in kept))

    def chunks(self, count: int, seed: int = 7) -> Iterator[Chunk]:
        """So many chunks, the same for the same seed."""
        chance = random.Random(seed)
        for number in range(count):
            document, place = divmod(number, CHUNKS_PER_DOCUMENT)
            title = self.titles[document % len(self.titles)]
            text = "\n\n".join(chance.choice(chance.choice(self.pieces)) for _ in range(2))
            yield _chunk(document, place, f"{title} ({document})", text)

    def questions(self, count: int, seed: int = 8) -> list[str]:
        """Questions of six to ten telling words that stand in one piece."""
        chance = random.Random(seed)
        made: list[str] = []
        while len(made) < count:
            telling = [w for w in words(chance.choice(chance.choice(self.pieces))) if w not in stop_words("en")]
            if len(set(telling)) >= 10:
                made.append(" ".join(chance.sample(sorted(set(telling)), chance.randint(6, 10))))
        return made


def _pieces(text: str) -> tuple[str, ...]:
    now = ""
    made: list[str] = []
    for part in _END.split(text):
        if now and len(now) + len(part) > PIECE_CHARS:
            made.append(now)
            now = ""
        now = f"{now} {part.strip()}".strip()
    return tuple(piece for piece in [*made, now] if piece)


def _chunk(document: int, place: int, title: str, text: str) -> Chunk:
    return Chunk(
        id=f"k_{document}_{place}",
        document_id=f"d_{document}",
        external_id=f"scale-{document}",
        source="scale",
        ordinal=place,
        title=title,
        heading="",
        anchor=None,
        url=None,
        text=text,
        language="en",
        audience="public",
        category="",
    )
