"""The scene for every test of this folder."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.handoff.desks.freshdesk.scene import Scene, freshdesk


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    async with freshdesk() as made:
        yield made
