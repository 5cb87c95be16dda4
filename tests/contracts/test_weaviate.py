"""The index on a real Weaviate keeps the contracts of every index, with and without vectors."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator

import pytest

from config.addresses import weaviate_at
from core.ports.embedding import Embedder
from core.ports.knowledge import IndexEngine
from core.providers.embedders.static import StaticEmbedder
from core.providers.weaviate import WeaviateEngine, WeaviateServer, collections
from tests.contracts.extension_contract import ExtensionContract
from tests.contracts.index_contract import IndexContract
from tests.contracts.vector_contract import VectorContract

EngineOf = Callable[[Embedder | None], IndexEngine]


@pytest.fixture(scope="module")
def server(weaviate: str) -> Iterator[WeaviateServer]:
    connected = WeaviateServer(weaviate_at(weaviate))
    yield connected
    connected.close()


@pytest.fixture
def engine_of(server: WeaviateServer) -> Iterator[EngineOf]:
    """Makes engines of a tenant that nobody else has."""
    tenant = f"t{secrets.token_hex(6)}"
    yield lambda embedder: WeaviateEngine(server, tenant, embedder, whole_below=0, pauses=())
    for name in collections.of_tenant(server, tenant):
        collections.delete(server, name)


class TestIndex(IndexContract):
    @pytest.fixture
    def engine(self, engine_of: EngineOf) -> IndexEngine:
        return engine_of(StaticEmbedder())


class TestExtended(ExtensionContract):
    @pytest.fixture
    def engine(self, engine_of: EngineOf) -> IndexEngine:
        return engine_of(StaticEmbedder())


class TestVectors(VectorContract):
    @pytest.fixture(autouse=True)
    def engines(self, engine_of: EngineOf) -> None:
        self.made = engine_of

    def engine_of(self, embedder: Embedder | None) -> IndexEngine:
        return self.made(embedder)
