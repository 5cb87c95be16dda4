"""Channels: one folder per kind of transport, each a plug that the composition root finds by its folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel

from core.ports.channel import Capabilities, Channel, Files, LiveEvents, Memory

SettingsT_contra = TypeVar("SettingsT_contra", bound=BaseModel, contravariant=True)
SettingsT = TypeVar("SettingsT", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelContext:
    """What the composition root gives a channel beside its settings; nothing in it is global.

    ``webhook_url`` is where the vendor reaches this account (``server.public.base_url`` + ``/webhooks/<account>``); None
    when no base_url is configured.
    """

    account: str
    tenant: str
    live: LiveEvents
    files: Files
    memory: Memory
    clock: Callable[[], datetime]
    webhook_url: str | None = None


class BuildChannel(Protocol[SettingsT_contra]):
    """Makes a channel of its settings, without I/O."""

    def __call__(self, context: ChannelContext, settings: SettingsT_contra) -> Channel:
        """The channel of one account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelPlugin(Generic[SettingsT]):
    """What a channel's folder offers: the YAML word, the model of its account block, and how to build it.

    ``capabilities`` are the widest of the kind; a built channel narrows them by its account's settings.
    """

    kind: str
    settings: type[SettingsT]
    build: BuildChannel[SettingsT]
    capabilities: Capabilities


AnyChannelPlugin = ChannelPlugin[Any]
"""A plug whose settings model is known only to itself."""
