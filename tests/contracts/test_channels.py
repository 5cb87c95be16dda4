"""Every channel keeps the ChannelContract.

A channel is a module ``tests/channels/<folder>/descriptor*.py``; it is imported when its tests run, so that a descriptor that
does not import fails its own channel's tests and nobody else's.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from adapters.discovery import channel_plugins
from tests.contracts.channel_contract import ChannelContract, VendorContract
from tests.contracts.channel_descriptors import MODULES, descriptor_of, short
from tests.contracts.channel_world import World, world_of

WITHOUT_VENDOR = {"tests.channels.web.descriptor"}
"""Web chat sends to nobody else's server: its messages stand in the ledger, and its own tests walk them over HTTP."""
WITH_VENDOR = [module for module in MODULES if module not in WITHOUT_VENDOR]


class TestChannels(ChannelContract):
    """With what it receives, and how it speaks."""

    @pytest.fixture(params=MODULES, ids=short)
    async def world(self, request: pytest.FixtureRequest) -> AsyncIterator[World]:
        async with world_of(descriptor_of(request.param)) as world:
            yield world


class TestVendors(VendorContract):
    """Towards its vendor."""

    @pytest.fixture(params=WITH_VENDOR, ids=short)
    async def world(self, request: pytest.FixtureRequest) -> AsyncIterator[World]:
        async with world_of(descriptor_of(request.param)) as world:
            yield world


@pytest.mark.parametrize("module", MODULES, ids=short)
def test_only_web_has_no_vendor(module: str) -> None:
    assert (descriptor_of(module).vendor is None) == (module in WITHOUT_VENDOR)


def test_every_plugin_has_a_descriptor() -> None:
    assert {descriptor_of(module).kind for module in MODULES} == set(channel_plugins())
