"""Sources found by folder: every folder of ``kb_sync.sources`` offers ``plugin``.

The list is closed: it is what ships in this package.  Configuration can only name the kinds found here, never a module.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from kb_sync import AnySourcePlugin, SourcePlugin, sources


@cache
def source_plugins() -> dict[str, AnySourcePlugin]:
    """The sources by kind, in the order of their folders' names."""
    found: dict[str, AnySourcePlugin] = {}
    for folder in source_folders():
        plugin = getattr(importlib.import_module(f"{sources.__name__}.{folder}"), "plugin", None)
        if not isinstance(plugin, SourcePlugin):
            raise TypeError(f"{sources.__name__}.{folder} offers no `plugin`")
        if plugin.kind in found:
            raise ValueError(f"two sources call themselves {plugin.kind!r}")
        found[plugin.kind] = plugin
    return found


def source_folders() -> tuple[str, ...]:
    """The folders that are sources, by name."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(sources.__path__) if module.ispkg))
