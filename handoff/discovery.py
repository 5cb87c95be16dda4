"""Desks found by folder: every folder under ``desks`` offers ``plugin``.

The list is closed: it is what ships in this package.  Configuration can only name the kinds found here, never a module.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache

import handoff.desks
from core.plugs import FoundPlugs, folders_of
from handoff import AnyDeskPlugin, DeskPlugin


@cache
def desk_plugins() -> Mapping[str, AnyDeskPlugin]:
    """The desks by kind, in the order of their folders' names; each is loaded when it is asked for."""
    return FoundPlugs(folders_of(handoff.desks), _offered)


def _offered(folder: str) -> tuple[AnyDeskPlugin, ...]:
    plugin = getattr(importlib.import_module(f"{handoff.desks.__name__}.{folder}"), "plugin", None)
    if not isinstance(plugin, DeskPlugin):
        raise TypeError(f"{handoff.desks.__name__}.{folder} offers no `plugin`")
    return (plugin,)
