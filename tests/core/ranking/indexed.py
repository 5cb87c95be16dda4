"""An index of a hundred garden pages, small enough to be searched by counting words."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from core.ports.knowledge import Chunk, Passage, SearchQuery, SearchResult
from core.words import stems
from tests.core.ranking.found import chunk

PLANTS = ("rose", "fern", "tulip", "maple", "birch", "lilac", "daisy", "orchid", "cactus", "clover")
TROUBLES = ("mildew", "aphids", "rust", "rot", "slugs", "blight", "mites", "thrips", "galls", "canker")


class GardenIndex:
    """Page ``n`` is about one trouble of one plant; BM25 is how many stems a page shares with the question."""

    generation = "g1"
    chunk_count = 100

    def __init__(self, *, has_cosine: bool = False) -> None:
        self._has_cosine = has_cosine
        self._chunks = [self._page(number) for number in range(self.chunk_count)]

    @staticmethod
    def topic(number: int) -> tuple[str, str]:
        return PLANTS[number % 10], TROUBLES[number // 10 % 10]

    def _page(self, number: int) -> Chunk:
        plant, trouble = self.topic(number)
        text = f"Treat {trouble} on a {plant} with soap. Cut the leaves and wait {number} days."
        return chunk(f"doc{number}", text, title=f"{plant}: {trouble}")

    def search(self, query: SearchQuery) -> SearchResult:
        wanted = set(stems(query.text))
        shared = [(len(wanted & set(stems(page.text))), page) for page in self._chunks]
        best = sorted((hit for hit in shared if hit[0]), key=lambda hit: (-hit[0], hit[1].id))[: query.limit]
        passages = tuple(
            Passage(chunk=page, score=float(count), features=self._features(count)) for count, page in best
        )
        return SearchResult(generation="g1", passages=passages)

    def _features(self, count: int) -> dict[str, float]:
        return {"bm25": float(count), **({"cosine": count / 10} if self._has_cosine else {})}

    def chunks(self, ids: Sequence[str]) -> dict[str, str]:
        return {page.id: page.fingerprint for page in self._chunks if page.id in ids}

    def hide(self, documents: Collection[str]) -> None:
        self._chunks = [page for page in self._chunks if page.document_id not in documents]

    def close(self) -> None:
        self._chunks = []
