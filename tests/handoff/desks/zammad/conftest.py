"""The scene for every test of this folder."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.handoff.desks.zammad.scene import Scene, zammad


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    async with zammad() as made:
        yield made
