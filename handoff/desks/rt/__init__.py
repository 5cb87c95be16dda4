"""Request Tracker as a desk: tickets of a queue, by REST 2 (RT 5.0.3 itself is what the tests run, November 2026)."""

from __future__ import annotations

from handoff import DeskPlugin
from handoff.desks.rt.helpdesk import RtHelpdesk
from handoff.desks.rt.settings import RtSettings

plugin = DeskPlugin(
    kind="rt",
    settings=RtSettings,
    helpdesk=RtHelpdesk.build,
)
