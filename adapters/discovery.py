"""Plugs found by folder: every folder of this package that is a channel offers ``plugin`` or ``plugins``.

The list is closed: it is what ships in this package.  Configuration can only name the kinds found here, never a module.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from functools import cache
from types import ModuleType
from typing import Final

import adapters
from adapters import AnyChannelPlugin, ChannelPlugin
from core.plugs import FoundPlugs, folders_of

NOT_CHANNELS: Final = frozenset(("shared",))


@cache
def channel_plugins() -> Mapping[str, AnyChannelPlugin]:
    """The channels by kind, in the order of their folders' names; each is loaded when it is asked for."""
    return FoundPlugs(channel_folders(), _offered)


def channel_folders() -> tuple[str, ...]:
    """The folders that are channels, by name."""
    return tuple(name for name in folders_of(adapters) if name not in NOT_CHANNELS)


def _offered(folder: str) -> tuple[AnyChannelPlugin, ...]:
    return tuple(plugins_of(importlib.import_module(f"{adapters.__name__}.{folder}")))


def plugins_of(folder: ModuleType) -> Iterator[AnyChannelPlugin]:
    """What one folder offers; ``TypeError`` when that is nothing."""
    offered = getattr(folder, "plugins", None) or (getattr(folder, "plugin", None),)
    for plugin in offered:
        if not isinstance(plugin, ChannelPlugin):
            raise TypeError(f"{folder.__name__} offers no `plugin` and no `plugins`")
        yield plugin
