"""The built-in desk: an inbox for teams without a helpdesk, served on the internal listener."""

from __future__ import annotations

from pathlib import Path

from handoff import DeskPlugin
from handoff.desks.builtin.desk import BuiltinDesk
from handoff.desks.builtin.settings import BuiltinDeskSettings

PAGE = Path(__file__).parent / "page"
"""The static files of the page; the internal listener serves them."""

plugin = DeskPlugin(
    kind="builtin",
    settings=BuiltinDeskSettings,
    build=BuiltinDesk.build,
)
