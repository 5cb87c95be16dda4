"""Sources found by folder: every folder of ``kb_sync.sources`` offers ``plugin``.

The list is closed: it is what ships in this package.  Configuration can only name the kinds found here, never a module.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache

from core.plugs import FoundPlugs, folders_of
from kb_sync import AnySourcePlugin, SourcePlugin, sources


@cache
def source_plugins() -> Mapping[str, AnySourcePlugin]:
    """The sources by kind, in the order of their folders' names; each is loaded when it is asked for."""
    return FoundPlugs(folders_of(sources), _offered)


def _offered(folder: str) -> tuple[AnySourcePlugin, ...]:
    plugin = getattr(importlib.import_module(f"{sources.__name__}.{folder}"), "plugin", None)
    if not isinstance(plugin, SourcePlugin):
        raise TypeError(f"{sources.__name__}.{folder} offers no `plugin`")
    return (plugin,)
