"""The firewall keeps its promises."""

from __future__ import annotations

import pytest

from tests.core.tools.scenarios_running import STORIES
from tests.core.tools.world import House


@pytest.mark.parametrize("name", STORIES)
async def test_story(name: str) -> None:
    await STORIES[name](House())
