"""The stories of the firewall fail where the firewall is broken: each mutant is caught by at least one."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.core.tools.mutants import MUTANTS, broken
from tests.core.tools.scenarios_running import STORIES
from tests.core.tools.world import House


async def caught_by(house: House) -> str | None:
    """The first story that fails."""
    for name, told in STORIES.items():
        try:
            async with asyncio.timeout(5):
                await told(house)
        except Exception:
            return name
    return None


@pytest.mark.parametrize("name", MUTANTS)
async def test_mutant_is_caught(name: str, tmp_path: Path) -> None:
    with broken(list(MUTANTS).index(name), MUTANTS[name], tmp_path) as house:
        assert await caught_by(house) is not None, f"no story notices: {name}"


async def test_the_real_source_loaded_the_same_way_passes(tmp_path: Path) -> None:
    with broken(len(MUTANTS), (), tmp_path) as house:
        assert await caught_by(house) is None
