"""A connection to the Weaviate of the tests, and tenants that nobody else has."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest

from config.addresses import weaviate_at
from core.providers.weaviate import WeaviateServer, collections


@pytest.fixture(scope="module")
def server(weaviate: str) -> Iterator[WeaviateServer]:
    connected = WeaviateServer(weaviate_at(weaviate))
    yield connected
    connected.close()


@pytest.fixture
def tenant(server: WeaviateServer) -> Iterator[str]:
    name = f"t{secrets.token_hex(6)}"
    yield name
    for each in collections.of_tenant(server, name):
        collections.delete(server, each)
