"""A stage for every test of the bridge."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.handoff.bridge.stage import Stage, ledger, stage_on


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with ledger(tmp_path) as store:
        made = stage_on(store)
        yield made
        await made.bridge.close()
