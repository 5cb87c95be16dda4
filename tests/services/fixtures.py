"""Fixtures: one server of a kind for all tests of a worker, whose data tests keep apart by names of their own."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from typing import Final

import pytest

from tests.services import servers
from tests.services.server import Server, forget

TRIES: Final = 3


def _serving(name: str, make: Callable[[], Server], address: Callable[[Server], str]) -> Iterator[str]:
    if (standing := servers.given(name)) is not None:
        yield standing
        return
    server = started(make)
    try:
        yield address(server)
    finally:
        forget(server)


def started(make: Callable[[], Server]) -> Server:
    """A server that is up; made anew where somebody took one of its ports before it did."""
    for _ in range(TRIES - 1):
        server = made(make)
        try:
            server.start()
        except RuntimeError:
            forget(server)
        else:
            return server
    server = made(make)
    server.start()
    return server


def made(make: Callable[[], Server]) -> Server:
    """A server that is not started yet; skips the test, or fails it where servers are required."""
    try:
        return make()
    except servers.NotHere as reason:
        if os.environ.get("FRONTDESK_REQUIRE_SERVICES"):
            pytest.fail(str(reason))
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def mongodb_server() -> Iterator[str]:
    """The address of a MongoDB-compatible server, without the name of a database."""
    yield from _serving("mongodb", servers.mongodb, servers.mongodb_address)


@pytest.fixture
def mongodb(mongodb_server: str) -> str:
    """The address of an empty database."""
    base, _, query = mongodb_server.partition("?")
    return f"{base.rstrip('/')}/t{secrets.token_hex(6)}" + (f"?{query}" if query else "")


@pytest.fixture(scope="session")
def weaviate() -> Iterator[str]:
    """The address of a Weaviate, as in the YAML; tests name their tenants apart."""
    yield from _serving("weaviate", servers.weaviate, servers.weaviate_address)


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """The address of a Redis; tests name their keys apart."""
    yield from _serving("redis", servers.redis, servers.redis_address)
