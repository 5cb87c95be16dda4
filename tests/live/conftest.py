"""A Redis that a test may kill, stop and start again."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from tests.services import servers
from tests.services.fixtures import made
from tests.services.server import Server, forget


@pytest.fixture
def own_redis() -> Iterator[Server]:
    """A Redis of the test's own, started; ``servers.redis_address`` tells where."""
    server = made(servers.redis)
    server.start()
    try:
        yield server
    finally:
        if server.process is not None:
            server.send(signal.SIGCONT)
        forget(server)
