"""Plugs found by folder: every folder of this package that is a channel offers ``plugin`` or ``plugins``.

The list is closed: it is what ships in this package.  Configuration can only name the kinds found here, never a module.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache
from types import ModuleType
from typing import Final

import adapters
from adapters import AnyChannelPlugin, ChannelPlugin

NOT_CHANNELS: Final = frozenset(("shared",))


@cache
def channel_plugins() -> dict[str, AnyChannelPlugin]:
    """The channels by kind, in the order of their folders' names."""
    found: dict[str, AnyChannelPlugin] = {}
    for folder in channel_folders():
        for plugin in plugins_of(importlib.import_module(f"{adapters.__name__}.{folder}")):
            if plugin.kind in found:
                raise ValueError(f"two channels call themselves {plugin.kind!r}")
            found[plugin.kind] = plugin
    return found


def channel_folders() -> tuple[str, ...]:
    """The folders that are channels, by name."""
    names = (module.name for module in pkgutil.iter_modules(adapters.__path__) if module.ispkg)
    return tuple(sorted(name for name in names if name not in NOT_CHANNELS))


def plugins_of(folder: ModuleType) -> Iterator[AnyChannelPlugin]:
    """What one folder offers; ``TypeError`` when that is nothing."""
    offered = getattr(folder, "plugins", None) or (getattr(folder, "plugin", None),)
    for plugin in offered:
        if not isinstance(plugin, ChannelPlugin):
            raise TypeError(f"{folder.__name__} offers no `plugin` and no `plugins`")
        yield plugin
