from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.core.providers.models.wire_server import WireServer, running


@pytest.fixture
async def server() -> AsyncIterator[WireServer]:
    async with running() as started:
        yield started
