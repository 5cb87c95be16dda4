"""The embedded index: BM25 with stemming on tantivy and vectors in numpy, fused, one folder per generation."""

from core.providers.embedded.engine import EmbeddedEngine
from core.providers.embedded.index import EmbeddedIndex

__all__ = ["EmbeddedEngine", "EmbeddedIndex"]
