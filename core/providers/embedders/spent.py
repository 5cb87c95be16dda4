"""What an embedder has used so far."""

from __future__ import annotations

from dataclasses import dataclass

from core.ports.embedding import Embedder


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """Since the process began: ``texts`` and ``tokens`` that were embedded, ``requests`` made, ``kept`` texts that the cache
    knew, ``cost`` by the configured price.
    """

    texts: int = 0
    tokens: int = 0
    requests: int = 0
    kept: int = 0
    cost: float = 0.0

    def __add__(self, more: Spent) -> Spent:
        return Spent(
            texts=self.texts + more.texts,
            tokens=self.tokens + more.tokens,
            requests=self.requests + more.requests,
            kept=self.kept + more.kept,
            cost=self.cost + more.cost,
        )

    def since(self, before: Spent) -> Spent:
        """What came on top of an earlier figure."""
        return Spent(
            texts=self.texts - before.texts,
            tokens=self.tokens - before.tokens,
            requests=self.requests - before.requests,
            kept=self.kept - before.kept,
            cost=self.cost - before.cost,
        )


def spent_by(embedder: Embedder | None) -> Spent:
    """What it has used; nothing for those that do not count."""
    spent = getattr(embedder, "spent", None)
    return spent if isinstance(spent, Spent) else Spent()
