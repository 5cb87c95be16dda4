"""The channels that are under the contract, found by the file names of their descriptors."""

from __future__ import annotations

import importlib
from pathlib import Path

from tests.contracts.channel_descriptor import ChannelDescriptor

FOLDER = Path(__file__).resolve().parents[1] / "channels"
MODULES = sorted(f"tests.channels.{path.parent.name}.{path.stem}" for path in FOLDER.glob("*/descriptor*.py"))
"""Not imported yet: a descriptor that does not import fails its own channel's tests and nobody else's."""


def short(module: str) -> str:
    """``slack``, ``twilio-sms``: how tests are called."""
    return module.removeprefix("tests.channels.").replace(".descriptor", "").replace("_", "-")


def descriptor_of(module: str) -> ChannelDescriptor:
    """The descriptor that a module offers."""
    found = importlib.import_module(module).DESCRIPTOR
    assert isinstance(found, ChannelDescriptor)
    return found
