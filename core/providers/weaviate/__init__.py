"""The index on a Weaviate: one collection per tenant and generation, searched by BM25 and vectors, scored as the embedded one.

Importing it imports the vendor's client, which takes most of a second: only an installation that names a Weaviate should.
"""

from core.providers.weaviate.engine import WeaviateEngine
from core.providers.weaviate.index import WeaviateIndex
from core.providers.weaviate.server import WeaviateServer

__all__ = ["WeaviateEngine", "WeaviateIndex", "WeaviateServer"]
