"""The ChannelContract notices channels that do not keep it, and the example that keeps it passes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.contracts.broken_channel import BREAKAGES, Breakage
from tests.contracts.channel_contract import ChannelContract, VendorContract, scenarios
from tests.contracts.channel_world import World, world_of
from tests.contracts.paper_descriptor import paper_descriptor

SCENARIOS = {**scenarios(ChannelContract()), **scenarios(VendorContract())}


class TestPaperChannel(ChannelContract):
    """The channel that the breakages break is whole."""

    @pytest.fixture
    async def world(self) -> AsyncIterator[World]:
        async with world_of(paper_descriptor()) as world:
            yield world


class TestPaperVendor(VendorContract):
    """And so is what it says."""

    @pytest.fixture
    async def world(self) -> AsyncIterator[World]:
        async with world_of(paper_descriptor()) as world:
            yield world


@pytest.mark.parametrize("breakage", BREAKAGES, ids=lambda b: f"{b.build.__name__}-{b.found_by}")
async def test_the_contract_finds_a_broken_channel(breakage: Breakage) -> None:
    """It may fail in any way but by never ending."""
    async with world_of(breakage.descriptor()) as world:
        with pytest.raises((Exception, pytest.fail.Exception)) as caught:
            async with asyncio.timeout(30):
                await SCENARIOS[breakage.found_by](world)
    assert not isinstance(caught.value, TimeoutError)


def test_each_breakage_is_found_by_a_scenario_that_exists() -> None:
    assert {breakage.found_by for breakage in BREAKAGES} <= set(SCENARIOS)


def test_the_contract_is_not_shrinking() -> None:
    assert len(scenarios(ChannelContract())) >= 40 and len(scenarios(VendorContract())) >= 28
