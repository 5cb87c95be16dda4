"""A town on each store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contracts.rigs import document_rig
from tests.identity.world import Town, chats, town


@pytest.fixture(params=["sqlite", "documents", "documents with lost answers"])
async def here(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Town]:
    if request.param == "sqlite":
        async with town(tmp_path) as made:
            yield made
        return
    rig = document_rig(seed=7 if "lost" in request.param else None)
    yield Town(store=rig.store, clock=rig.clock, channels=chats())
