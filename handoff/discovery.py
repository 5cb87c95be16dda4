"""Desks found by folder: every folder under ``desks`` offers ``plugin``.

The list is closed: it is what ships in this package.  Configuration can only name the kinds found here, never a module.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

import handoff.desks
from handoff import AnyDeskPlugin, DeskPlugin


@cache
def desk_plugins() -> dict[str, AnyDeskPlugin]:
    """The desks by kind, in the order of their folders' names."""
    found: dict[str, AnyDeskPlugin] = {}
    for module in sorted(pkgutil.iter_modules(handoff.desks.__path__), key=lambda module: module.name):
        folder = importlib.import_module(f"{handoff.desks.__name__}.{module.name}")
        plugin = getattr(folder, "plugin", None)
        if not isinstance(plugin, DeskPlugin):
            raise TypeError(f"{folder.__name__} offers no `plugin`")
        if plugin.kind in found:
            raise ValueError(f"two desks call themselves {plugin.kind!r}")
        found[plugin.kind] = plugin
    return found
