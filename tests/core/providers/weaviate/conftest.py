"""A connection to the Weaviate of all tests with tenants that nobody else has, and a server of our own that may be killed."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import replace

import pytest

from config.addresses import weaviate_at
from core.providers.weaviate import WeaviateServer, collections
from tests.services import servers
from tests.services.fixtures import made
from tests.services.server import Server, forget

KEY = "s3cret-key"
WITH_KEYS = {
    "AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED": "false",
    "AUTHENTICATION_APIKEY_ENABLED": "true",
    "AUTHENTICATION_APIKEY_ALLOWED_KEYS": KEY,
    "AUTHENTICATION_APIKEY_USERS": "frontdesk",
}


@pytest.fixture(scope="session")
def process() -> Iterator[Server]:
    """Asks for a key; who kills or stops it starts it again."""
    plain = made(servers.weaviate)
    ours = replace(plain, environment={**plain.environment, **WITH_KEYS})
    try:
        ours.start()
        yield ours
    finally:
        forget(ours)


@pytest.fixture
def keyed(process: Server) -> Iterator[WeaviateServer]:
    """A connection to it that shows the key."""
    connected = WeaviateServer(weaviate_at(servers.weaviate_address(process).replace("//", f"//:{KEY}@")))
    yield connected
    connected.close()


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
