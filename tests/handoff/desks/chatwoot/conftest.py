"""The scene for every test of this folder."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.handoff.desks.chatwoot.scene import Scene, chatwoot


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    async with chatwoot() as made:
        yield made
